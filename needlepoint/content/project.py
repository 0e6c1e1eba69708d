"""All content files of a project, read once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from needlepoint.content.yaml_lines import BrokenFileError, YamlFile, read_yaml


@dataclass(frozen=True, order=True)
class Problem:
    """Something to mend: where it is, and what to do."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Response:
    """One text of a response, and where it stands; ``variation`` counts them from 0."""

    name: str
    file: YamlFile
    content: Mapping[str, Any]
    variation: int = 0

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The metadata of the variation; empty if it has none."""
        metadata = self.content.get("metadata")
        return metadata if isinstance(metadata, dict) else {}

    def problem(self, message: str, *key: str | int) -> Problem:
        """Return a problem at ``key`` below the variation."""
        line = self.file.line("responses", self.name, self.variation, *key)
        return Problem(self.file.path, line, message)


def _misshapen(file: YamlFile) -> Iterator[Problem]:
    """Yield what is not of the shape that Rasa's format has, as far as the checks rely on it."""
    if not isinstance(file.data, dict):
        yield Problem(file.path, 1, "has no keys at the top")
        return
    responses = file.data.get("responses", {})
    if not isinstance(responses, dict):
        yield Problem(file.path, file.line("responses"), "responses must be names with texts below")
        responses = {}
    for name, variations in responses.items():
        if not isinstance(variations, list) or not all(isinstance(v, dict) for v in variations):
            line = file.line("responses", name)
            yield Problem(file.path, line, f"{name} must be a list of texts, as '- text: ...'")
            continue
        for variation in variations:
            buttons = variation.get("buttons", [])
            if not isinstance(buttons, list) or not all(isinstance(b, dict) for b in buttons):
                line = file.line("responses", name, 0, "buttons")
                yield Problem(file.path, line, "buttons must be a list of titles and payloads")
            metadata = variation.get("metadata", {})
            for key in ("sources", "see_also"):
                if isinstance(metadata, dict) and not isinstance(metadata.get(key, []), list):
                    line = file.line("responses", name, 0, "metadata", key)
                    yield Problem(file.path, line, f"{key} must be a list, as [one, two]")
    for part in ("nlu", "rules"):
        blocks = file.data.get(part, [])
        if not isinstance(blocks, list) or not all(isinstance(b, dict) for b in blocks):
            yield Problem(file.path, file.line(part), f"{part} must be a list")
            continue
        for number, block in enumerate(blocks):
            steps = block.get("steps", [])
            if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
                line = file.line(part, number, "steps")
                yield Problem(file.path, line, "steps must be '- intent: ...' or '- action: ...'")


class Project:
    """The YAML files of the domain and of ``data/``; ``broken`` has those that cannot be read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: list[YamlFile] = []
        self.broken: list[Problem] = []
        for path in [root / "domain.yml", *sorted((root / "data").rglob("*.yml"))]:
            try:
                file = read_yaml(path)
            except BrokenFileError as error:
                self.broken.append(Problem(path, error.line, str(error)))
                continue
            problems = list(_misshapen(file))
            self.broken.extend(problems)
            if not problems:
                self.files.append(file)

    def file(self, name: str) -> YamlFile | None:
        """Return the file at a path below the root, if it could be read."""
        return next((file for file in self.files if file.path == self.root / name), None)

    def section(self, name: str) -> Iterator[tuple[YamlFile, Any]]:
        """Yield the files that have a top-level key, and its value."""
        for file in self.files:
            if file.data.get(name):
                yield file, file.data[name]

    def responses(self) -> Iterator[Response]:
        """Yield every text of every response."""
        for file, section in self.section("responses"):
            for name, variations in section.items():
                for number, variation in enumerate(variations):
                    yield Response(name, file, variation, number)

    def examples(self) -> Iterator[tuple[YamlFile, str, str, int]]:
        """Yield file, intent, text and line of every example question."""
        for file, section in self.section("nlu"):
            for position, block in enumerate(section):
                if not isinstance(block, dict) or "intent" not in block:
                    continue
                first = file.line("nlu", position, "examples") + 1
                for offset, line in enumerate(str(block.get("examples") or "").splitlines()):
                    if line.startswith("- "):
                        yield file, block["intent"], line[2:].strip(), first + offset

    def steps(self) -> Iterator[tuple[YamlFile, Mapping[str, Any], int]]:
        """Yield file, step and line of every step of every rule."""
        for file, section in self.section("rules"):
            for position, rule in enumerate(section):
                for number, step in enumerate(rule.get("steps") or []):
                    yield file, step, file.line("rules", position, "steps", number)
