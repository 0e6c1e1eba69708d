"""What ``data/referral/places.yml`` says about places and about how people name them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from needlepoint.content.yaml_lines import YamlFile, read_mapping
from needlepoint.places.text import fold

PLACES_FILE = Path("data/referral/places.yml")
BY_KEY = ("names", "abbreviations")
CITIES = ("nicknames", "uk_postcodes", "canada_postcodes")
ASKED = "ask"
WORD_LISTS = (
    "wordy",
    "never_alone",
    "fillers",
    "prepositions",
    "modifiers",
    "denials",
    "homes",
    "people",
    "not_postcodes",
)
SECTIONS = (*BY_KEY, *CITIES, ASKED, *WORD_LISTS)
# A town or the place key alone, of which only the key is known.
Target = tuple[str | None, str]


@dataclass(frozen=True, eq=False)
class Knowledge:
    """The file, checked. All words and names are folded.

    Attributes:
        names: other names of whole places, by name: their place keys
        abbreviations: short forms, the same way
        targets: per section of ``CITIES``, by name or code: the city, if any, and the place key
        asked: names that must be asked about, with the place keys to choose from
        lists: the lists of words, by section
    """

    names: Mapping[str, tuple[str, ...]]
    abbreviations: Mapping[str, tuple[str, ...]]
    targets: Mapping[str, Mapping[str, Target]]
    asked: Mapping[str, tuple[str, ...]]
    lists: Mapping[str, frozenset[str]]


@lru_cache(maxsize=4)
def read_knowledge(path: Path = PLACES_FILE) -> Knowledge:
    """Read the file.

    Raises:
        DataError: it is missing or not as its own comments say; the message has file and line.
    """
    file = read_mapping(path)
    if set(file.data) != set(SECTIONS):
        odd = sorted(set(file.data) ^ set(SECTIONS))
        raise file.error(f"these sections are missing or unknown: {', '.join(odd)}")
    names, abbreviations = (_by_name(file, section) for section in BY_KEY)
    asked = {fold(str(name)): tuple(_strings(file, ASKED, name)) for name in _entries(file, ASKED)}
    return Knowledge(
        names,
        abbreviations,
        {section: _targets(file, section) for section in CITIES},
        asked,
        {section: frozenset(map(fold, _strings(file, section))) for section in WORD_LISTS},
    )


def _by_name(file: YamlFile, section: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key in _entries(file, section):
        for name in _strings(file, section, key):
            found[fold(name)] = (*found.get(fold(name), ()), key)
    return found


def _targets(file: YamlFile, section: str) -> dict[str, Target]:
    targets: dict[str, Target] = {}
    for name in _entries(file, section):
        parts = tuple(_strings(file, section, name))
        if not 1 <= len(parts) <= 2:
            raise file.error(f"{name} must have [city, place key] or [place key]", section, name)
        targets[fold(name)] = (parts[0] if len(parts) == 2 else None, parts[-1])
    return targets


def _entries(file: YamlFile, section: str) -> Mapping[str, Any]:
    entries = file.data[section]
    if not isinstance(entries, dict):
        raise file.error(f"{section} must have one entry per line", section)
    for name in entries:
        if not isinstance(name, str):
            raise file.error(f"put {name!r} in quotes", section, name)
    return entries


def _strings(file: YamlFile, *key: str) -> Iterator[str]:
    values: Any = file.data
    for part in key:
        values = values[part]
    if not isinstance(values, list):
        raise file.error("must be a list", *key)
    for number, value in enumerate(values):
        if not isinstance(value, str) or not fold(value):
            raise file.error(f"put {value!r} in quotes", *key, number)
        yield value
