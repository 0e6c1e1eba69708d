"""Who regulates acupuncture where, ready to be said: ``data/referral/regulators``. No Rasa here.

A file has ``templates``, the sentences for each kind of licence; ``places``, each with its facts;
and ``defaults``, what is the same for most of its places::

    templates:
      yes: In {name}, acupuncturists are licensed by {body}. Their title is {title}. {check} {note}
    defaults:
      check: To check a licence, look at {register}, {url}.
      reviewed: 2026-11-20
    places:
    - place: US-NC                 # ISO code of a country or a part of it, or "anywhere"
      name: North Carolina
      licence: yes                 # no; register: one that nobody must be on; varies: by part
      title: L.Ac.                 # to look for; yes needs it
      body: the board of the state # who regulates; yes needs it
      register: {name: the list of the board, url: https://example.org}    # where known
      note: It has its own exam.   # if there is more to say
      sure: seen                   # unverified: words must be true either way
      sources: [us_state_licensing]

One file has ``before_booking``, too, which is said everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from needlepoint.content.yaml_lines import DataError, YamlFile, read_mapping
from needlepoint.referral.regulator_rows import Register, Row, filled, licence_word, read_rows

REGULATORS = Path("data/referral/regulators")
ANYWHERE = "anywhere"
BEFORE_BOOKING = "before_booking"
PLACEHOLDERS = ("name", "title", "body", "register", "url", "check", "note")
SECTIONS = {"templates", "defaults", "places", BEFORE_BOOKING}


@dataclass(frozen=True)
class Regulator:
    """What is said of a place.

    Attributes:
        key: ISO code of the place, as ``US-NC``, or ``anywhere``
        name: of the place, as it stands in a sentence
        licence: ``yes``, ``no``, ``register`` (nobody must be on it) or ``varies`` (by part)
        text: who regulates, which title to look for, and how to check it; a few sentences
        before_booking: what to check before booking; the same for all places
        register: where to look a person up, if an address is known
        sources: keys in ``data/sources.yml``
        reviewed: when someone last compared it with its sources
        sure: ``seen``, or ``unverified``: worded so that it is true either way
        path: the file that it stands in
        line: of that file, from 1
    """

    key: str
    name: str
    licence: str
    text: str
    before_booking: str
    register: Register | None
    sources: tuple[str, ...]
    reviewed: date
    sure: str
    path: Path
    line: int


@dataclass(frozen=True)
class Regulators:
    """All places, by key; ``anywhere`` is one of them."""

    places: Mapping[str, Regulator]

    def answer(self, key: str) -> Regulator:
        """Return what is said of a place; what to look for anywhere, if nothing is known of it."""
        return self.places.get(key, self.places[ANYWHERE])


def read_regulators(folder: Path = REGULATORS) -> Regulators:
    """Read all files of a folder.

    Raises:
        DataError: one is not as the head of this module describes; the message has file and line.
    """
    files = [read_mapping(path) for path in sorted(folder.glob("*.yml"))]
    for file in files:
        for section in set(file.data) - SECTIONS:
            raise file.error(
                f"'{section}' is not known; use {', '.join(sorted(SECTIONS))}", section
            )
    before_booking = _before_booking(folder, files)
    places: dict[str, Regulator] = {}
    for file in files:
        templates = _templates(file)
        for number, row in enumerate(read_rows(file, ANYWHERE)):
            if row.place in places:
                where = places[row.place]
                message = f"{row.place} stands in {where.path}, line {where.line}, too"
                raise file.error(message, "places", number)
            places[row.place] = _regulator(file, number, row, templates, before_booking)
    if ANYWHERE not in places:
        raise DataError(folder / "other.yml", 1, f"no file has the place '{ANYWHERE}'")
    return Regulators(places)


def _before_booking(folder: Path, files: list[YamlFile]) -> str:
    owners = [file for file in files if BEFORE_BOOKING in file.data]
    if len(owners) != 1:
        message = f"exactly one file must have {BEFORE_BOOKING}; {len(owners)} have it"
        raise DataError(folder / "other.yml", 1, message)
    text = owners[0].data[BEFORE_BOOKING]
    if not isinstance(text, str) or not text.strip():
        raise owners[0].error(f"{BEFORE_BOOKING} must be a text", BEFORE_BOOKING)
    return text


def _templates(file: YamlFile) -> dict[str, str]:
    templates = file.data.get("templates")
    if not isinstance(templates, dict):
        raise file.error("needs templates, a text for each kind of licence", "templates")
    texts = {}
    for licence, text in templates.items():
        word = licence_word(licence)
        if word is None or not isinstance(text, str):
            message = "templates must be texts for yes, no, register or varies"
            raise file.error(message, "templates")
        try:
            filled(text, dict.fromkeys(PLACEHOLDERS, ""))
        except ValueError as error:
            raise file.error(str(error), "templates", word) from None
        texts[word] = text
    return texts


def _regulator(
    file: YamlFile, number: int, row: Row, templates: Mapping[str, str], before_booking: str
) -> Regulator:
    if row.licence not in templates:
        message = f"templates have no text for licence: {row.licence}"
        raise file.error(message, "places", number, "licence")

    def fill(text: str, **more: str) -> str:
        try:
            return filled(text, {**row.values(), **more})
        except ValueError as error:
            raise file.error(f"{row.place}: {error}", "places", number) from None

    text = fill(templates[row.licence], check=fill(row.check), note=fill(row.note or ""))
    return Regulator(
        key=row.place,
        name=row.name,
        licence=row.licence,
        text=text,
        before_booking=before_booking,
        register=row.register,
        sources=row.sources,
        reviewed=row.reviewed,
        sure=row.sure,
        path=file.path,
        line=file.line("places", number),
    )
