"""The sources that answers name, read from ``data/sources.yml``."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

SOURCES_FILE = Path("data/sources.yml")
FIELDS = ("title", "publisher", "year", "url")


@dataclass(frozen=True)
class Source:
    """An article, study or guideline.

    Attributes:
        title: what a patient reads
        publisher: who stands behind it
        year: of publication, or None where the text bears no date
        url: where to read it, or None where there is no public address
    """

    title: str
    publisher: str
    year: int | None
    url: str | None

    def short(self) -> str:
        """Return one phrase for the line under an answer: title and, if known, year."""
        return f"{self.title} ({self.year})" if self.year else self.title

    def full(self) -> str:
        """Return one line for "where did you get that": title, publisher, year, address."""
        publisher = f"{self.publisher}, {self.year}" if self.year else self.publisher
        line = f"- {self.title} ({publisher})"
        return f"{line}: {self.url}" if self.url else line

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data, for a channel that shows sources in its own way."""
        return asdict(self)


def read_sources(path: Path = SOURCES_FILE) -> dict[str, Source]:
    """Return all sources by key.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: an entry lacks a field or has one too many; the message names it.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries: Mapping[str, Any] = (content or {}).get("sources") or {}
    sources = {}
    for key, entry in entries.items():
        if not isinstance(entry, dict) or set(entry) != set(FIELDS):
            raise ValueError(f"{path}: source '{key}' must have exactly: {', '.join(FIELDS)}.")
        sources[key] = Source(**entry)
    return sources


def sources_line(sources: Iterable[Source]) -> str:
    """Return the line under an answer, as "Sources: A (2017); B."."""
    return f"Sources: {'; '.join(source.short() for source in sources)}."


def sources_list(sources: Iterable[Source]) -> str:
    """Return the sources in full, one a line."""
    return "\n".join(source.full() for source in sources)
