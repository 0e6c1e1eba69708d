"""The rows of a file of regulators: each complete and of the right kind, or an error."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NoReturn

import pycountry

from needlepoint.content.yaml_lines import YamlFile

LICENCES = ("yes", "no", "register", "varies")
SURE = ("seen", "unverified")
REQUIRED = ("place", "name", "licence", "check", "sure", "sources", "reviewed")
OPTIONAL = ("title", "body", "register", "note")
REGISTER_FIELDS = {"name", "url"}
_SUBDIVISIONS: Any = pycountry.subdivisions  # it has no types
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}|[{}]")


@dataclass(frozen=True)
class Register:
    """A register or directory, and its web address."""

    name: str
    url: str


@dataclass(frozen=True)
class Row:
    """The facts on one place; None is not known or not there. See ``regulators``."""

    place: str
    name: str
    licence: str
    title: str | None
    body: str | None
    register: Register | None
    check: str
    note: str | None
    sure: str
    sources: tuple[str, ...]
    reviewed: date

    def values(self) -> dict[str, str | None]:
        """Return what may stand in braces in a text about the place."""
        return {
            "name": self.name,
            "title": self.title,
            "body": self.body,
            "register": self.register.name if self.register else None,
            "url": self.register.url if self.register else None,
        }


def filled(text: str, values: Mapping[str, str | None]) -> str:
    """Return a text with the values that it names in braces, in one line.

    Raises:
        ValueError: it names one that is not known, or a brace has no partner.
    """

    def value(found: re.Match[str]) -> str:
        known = values.get(found[1] or "")
        if known is None:
            raise ValueError(f"there is no value for {found[0]}")
        return known

    return " ".join(_PLACEHOLDER.sub(value, text).split())


def licence_word(value: Any) -> str | None:
    """Return a kind of licence as a word, or None if it is none; YAML reads a bare yes as True."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if value in LICENCES else None


def read_rows(file: YamlFile, anywhere: str) -> Iterator[Row]:
    """Yield the rows of a file, completed by its defaults.

    Args:
        file: as read
        anywhere: the one place that is no ISO code

    Raises:
        DataError: a row lacks a field, has an unknown one, or one of the wrong kind.
    """
    defaults = file.data.get("defaults") or {}
    if not isinstance(defaults, dict):
        raise file.error("defaults must be fields with values", "defaults")
    _check_known(file, defaults, "defaults")
    rows = file.data.get("places")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise file.error("places must be a list, each as '- place: US-NC'", "places")
    for number, row in enumerate(rows):
        _check_known(file, row, "places", number)
        yield _Reader(file, number, {**defaults, **row}).row(anywhere)


def _check_known(file: YamlFile, fields: Mapping[str, Any], *where: str | int) -> None:
    known = (*REQUIRED, *OPTIONAL)
    for field in fields:
        if field not in known:
            raise file.error(f"'{field}' is not known; use {', '.join(known)}", *where, field)


@dataclass(frozen=True)
class _Reader:
    """One row before it is checked, with its defaults; ``number`` counts rows from 0."""

    file: YamlFile
    number: int
    fields: Mapping[str, Any]

    def row(self, anywhere: str) -> Row:
        for field in REQUIRED:
            if self.fields.get(field) is None:
                place = self.fields.get("place", "the place")
                raise self.file.error(f"{place} lacks {field}", "places", self.number)
        place = self.fields["place"]
        if place != anywhere and not _is_iso(place):
            self.fail("place", f"'{place}' is no ISO code, as US-NC, GB-WLS or IE")
        licence = licence_word(self.fields["licence"])
        if licence is None:
            self.fail("licence", f"licence must be one of: {', '.join(LICENCES)}")
        if licence == "yes" and not (self.fields.get("title") and self.fields.get("body")):
            self.fail("licence", f"{place} has a licence, so it needs a title and a body")
        if self.fields["sure"] not in SURE:
            self.fail("sure", f"sure must be one of: {', '.join(SURE)}")
        return Row(
            place=place,
            name=self.text("name"),
            licence=licence,
            title=self.optional_text("title"),
            body=self.optional_text("body"),
            register=self.register(),
            check=self.text("check"),
            note=self.optional_text("note"),
            sure=self.fields["sure"],
            sources=self.sources(),
            reviewed=self.reviewed(),
        )

    def fail(self, field: str, reason: str) -> NoReturn:
        raise self.file.error(reason, "places", self.number, field)

    def text(self, field: str) -> str:
        value = self.fields[field]
        if not isinstance(value, str) or not value.strip():
            self.fail(field, f"{field} must be a text")
        return value

    def optional_text(self, field: str) -> str | None:
        return None if self.fields.get(field) is None else self.text(field)

    def register(self) -> Register | None:
        value = self.fields.get("register")
        if value is None:
            return None
        if not isinstance(value, dict) or set(value) != REGISTER_FIELDS:
            self.fail("register", "register must have exactly: name, url")
        if not all(isinstance(v, str) for v in value.values()):
            self.fail("register", "name and url of a register must be texts")
        if not re.fullmatch(r"https?://\S+", value["url"]):
            self.fail("register", "the url of a register must begin with https:// or http://")
        return Register(**value)

    def sources(self) -> tuple[str, ...]:
        value = self.fields["sources"]
        if not isinstance(value, list) or not value or not all(isinstance(k, str) for k in value):
            self.fail("sources", "sources must be a list of keys, as [one, two]")
        return tuple(value)

    def reviewed(self) -> date:
        try:
            return date.fromisoformat(str(self.fields["reviewed"]))
        except ValueError:
            self.fail("reviewed", "reviewed must be a day, as 2026-11-20")


def _is_iso(place: Any) -> bool:
    # Both look-ups take small letters, too; keys of places have capitals only.
    if not isinstance(place, str) or place != place.upper():
        return False
    if "-" in place:
        return _SUBDIVISIONS.get(code=place) is not None
    return pycountry.countries.get(alpha_2=place) is not None
