"""What the bot says about each caution, read from ``data/safety/cautions``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from needlepoint.content.yaml_lines import YamlFile, read_yaml
from needlepoint.safety.rules import CAUTIONS, SAFETY


@dataclass(frozen=True)
class Line:
    """What a caution changes in the answers to some topics; ``sources`` are keys."""

    text: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class CautionText:
    """The words for one caution.

    Attributes:
        title: completes "you told me that ...", as "you take a blood thinner"
        note: said when a person only tells that they have it
        lines: by topic, as ``faq_cupping``
    """

    title: str
    note: str
    lines: Mapping[str, Line]


def read_caution_texts(folder: Path = SAFETY / "cautions") -> dict[str, CautionText]:
    """Return the texts of every caution, by its name.

    Raises:
        FileNotFoundError: a caution has no file.
        DataError: a file lacks a text or has a topic twice; the message has file and line.
    """
    return {name: _texts(read_yaml(folder / f"{name}.yml")) for name in CAUTIONS}


def _texts(file: YamlFile) -> CautionText:
    data: Mapping[str, Any] = file.data
    for key in ("title", "note"):
        if not isinstance(data.get(key), str):
            raise file.error(f"{key} must be a text", key)
    lines: dict[str, Line] = {}
    for number, entry in enumerate(data.get("lines") or []):
        if not isinstance(entry, dict) or not entry.get("topics") or not entry.get("text"):
            raise file.error("a line must have topics and a text", "lines", number)
        line = Line(entry["text"], tuple(entry.get("sources") or ()))
        for topic in entry["topics"]:
            if topic in lines:
                raise file.error(f"{topic} has a line already", "lines", number)
            lines[topic] = line
    return CautionText(data["title"], data["note"], lines)


def listed(phrases: Iterable[str]) -> str:
    """Join phrases for a sentence: "a", "a and b", "a, b and c"."""
    *first, last = phrases
    return f"{', '.join(first)} and {last}" if first else last
