"""The checks of ``data/safety``: rules that can be used, and texts for all that they find."""

from collections.abc import Iterator
from pathlib import Path

from needlepoint.content.project import Problem, Project, Response
from needlepoint.content.wording import MAX_GRADE, Wording
from needlepoint.content.yaml_lines import BrokenFileError, DataError
from needlepoint.names import UTTER_RED_FLAG
from needlepoint.safety.caution_texts import CautionText, read_caution_texts
from needlepoint.safety.numbers import EVERYWHERE, Numbers, read_numbers
from needlepoint.safety.rules import Rules, read_rules

MAX_CAUTION_WORDS = 32  # it comes on top of an answer


def check_safety(project: Project) -> Iterator[Problem]:
    """The rules can be used, and each advice, caution and country has its texts."""
    folder = project.root / "data" / "safety"
    try:
        rules = read_rules(folder)
        cautions = read_caution_texts(folder / "cautions")
        numbers = read_numbers(folder / "numbers.yml")
    except DataError as error:
        yield Problem(error.path, error.line, error.reason)
    except BrokenFileError:
        return  # said already, when the project was read
    except FileNotFoundError as error:
        yield Problem(Path(error.filename), 1, "is missing")
    else:
        yield from _check_advice(project, rules)
        yield from _check_countries(folder / "numbers.yml", rules, numbers)
        wording = Wording.of(project)
        for name, caution in cautions.items():
            file = folder / "cautions" / f"{name}.yml"
            yield from _check_caution(project, wording, file, caution)


def _check_advice(project: Project, rules: Rules) -> Iterator[Problem]:
    texts = [r for r in project.responses() if r.name == UTTER_RED_FLAG]
    present = {_condition(response) for response in texts}
    for advice in sorted({sign.advice for sign in rules.signs if sign.advice}):
        for about in ("self", "other"):
            if frozenset({("advice", advice), ("about", about)}) not in present:
                path = project.root / "data" / "safety" / "answers.yml"
                yield Problem(path, 1, f"{UTTER_RED_FLAG} has no text for {advice}, {about}")


def _condition(response: Response) -> frozenset[tuple[str, str]]:
    conditions = response.content.get("condition") or []
    return frozenset((c.get("name", ""), c.get("value", "")) for c in conditions)


def _check_countries(path: Path, rules: Rules, numbers: dict[str, Numbers]) -> Iterator[Problem]:
    known = {sign.name for sign in rules.signs if sign.label == "country"}
    for country in sorted(known ^ (set(numbers) - {EVERYWHERE})):
        yield Problem(path, 1, f"{country} must be here and in countries.yml")


def _check_caution(
    project: Project, wording: Wording, path: Path, caution: CautionText
) -> Iterator[Problem]:
    sources = project.file("data/sources.yml")
    keys = set((sources.data.get("sources") or {}) if sources else {})
    answers = {response.name for response in project.responses()}
    texts = [("note", caution.note), *((t, line.text) for t, line in caution.lines.items())]
    for where, text in texts:
        for message in wording.problems(text, MAX_GRADE, MAX_CAUTION_WORDS):
            yield Problem(path, 1, f"{where}: {message}")
    for topic, line in caution.lines.items():
        if f"utter_{topic}" not in answers:
            yield Problem(path, 1, f"has a line for {topic}, which has no answer")
        for key in sorted(set(line.sources) - keys):
            yield Problem(path, 1, f"the source '{key}' is not in data/sources.yml")
