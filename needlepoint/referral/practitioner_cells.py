"""What may stand in each cell of a practitioner's row, and how it is stored."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

import phonenumbers
import pycountry
import zipcodes
from phonenumbers import NumberParseException, PhoneNumberFormat

from needlepoint.database import tables
from needlepoint.referral.languages import read_languages

GENDERS = ("woman", "man", "nonbinary")
YEARS = range(1990, 2100)  # of a licence; others are slips of the hand
UK_NATIONS = ("ENG", "SCT", "WLS", "NIR")
# What no cell needs, and what may deceive: control characters, characters that cannot be seen, and
# those that turn the direction of the text around them. Joiners (U+200C, U+200D) and plain marks
# (U+200E, U+200F) stay: Persian, emoji and mixed texts need them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_POSTAL_CODES = {
    "US": re.compile(r"\d{5}(-\d{4})?"),
    "CA": re.compile(r"[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z] ?\d[ABCEGHJ-NPRSTV-Z]\d"),
    "GB": re.compile(r"(GIR ?0AA|[A-PR-UWYZ][A-HK-Y]?\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2})"),
}
_POSTAL_EXAMPLES = {"US": "28801", "CA": "M5V 2T6", "GB": "CF10 1EP"}
# Libraries whose functions carry no types.
ZIPS: Any = zipcodes
SUBDIVISIONS: Any = pycountry.subdivisions
_REGION_EXAMPLES = {"US": ("state", "NC"), "CA": ("province", "ON")}
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")
_URL_TEXT = re.compile(r"[^\s\"<>\\^`{|}\x00-\x1f\x7f-\U0010ffff]+")


class CellError(ValueError):
    """A cell that cannot be used; ``str()`` says what to do."""


def read_text(text: str, limit: int) -> str:
    """Return a text on one line, with single spaces.

    A text such as "=HYPERLINK(...)" is kept: it is only ever shown as text, and no spreadsheet is
    written here that could run it.

    Raises:
        CellError: it is too long, or has characters that nobody sees.
    """
    hidden = _HIDDEN.search(text)
    if hidden:
        raise CellError(
            f"has the hidden character U+{ord(hidden[0]):04X} at place {hidden.start() + 1}; "
            "clear the cell and type it again"
        )
    line = " ".join(unicodedata.normalize("NFC", text).split())
    if len(line) > limit:
        raise CellError(f"has {len(line)} characters; shorten it to {limit}")
    return line


def read_gender(text: str) -> str:
    """Return the gender in the project's words."""
    if text.lower() not in GENDERS:
        raise CellError(f"{_quoted(text)} must be {', '.join(GENDERS)} or empty")
    return text.lower()


def read_date(text: str) -> date:
    """Return the last day of a licence."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        reason = f"{_quoted(text)} is no date; write year-month-day, as 2027-12-31"
        raise CellError(reason) from None
    if day.year not in YEARS:
        raise CellError(f"the year {day.year} cannot be right; check it")
    return day


def read_language_list(text: str) -> tuple[str, ...]:
    """Return the ISO codes of languages that are separated by ";"."""
    codes = []
    for name in _items(text):
        code = read_languages().code(name)
        if code is None:
            raise CellError(
                f"the language {_quoted(name)} is not known; write its name in English or its ISO "
                "code, as Spanish or es, and ';' between two"
            )
        codes.append(code)
    return tuple(dict.fromkeys(codes))


def read_specialities(text: str) -> tuple[str, ...]:
    """Return what is separated by ";", in small letters."""
    limit = tables.Speciality.__table__.c.name.type.length
    names = [name.lower() for name in _items(text)]
    for name in names:
        if len(name) > limit:
            raise CellError(
                f"one of the specialities has {len(name)} characters; shorten it to {limit}, or "
                "put ';' between two"
            )
    return tuple(dict.fromkeys(names))


def read_country(text: str) -> str:
    """Return the two letters of a country."""
    code = text.upper()
    if pycountry.countries.get(alpha_2=code) is None:
        hint = "GB" if code == "UK" else "two letters, as US, CA or GB"
        raise CellError(f"{_quoted(text)} is no country code; write {hint}")
    return code


def read_region(text: str, country: str) -> str | None:
    """Return the code of a state, province or nation; countries beyond US, CA, GB need none."""
    code = text.upper().removeprefix(f"{country}-")
    if country == "GB" and code not in UK_NATIONS:
        raise CellError(f"{_quoted(text)} must be one of {', '.join(UK_NATIONS)}")
    if country in _REGION_EXAMPLES and not SUBDIVISIONS.get(code=f"{country}-{code}"):
        kind, example = _REGION_EXAMPLES[country]
        raise CellError(f"{_quoted(text)} is no {kind}; write its two letters, as {example}")
    return code or None


def read_postal_code(text: str, country: str) -> str | None:
    """Return a postal code as its country writes it."""
    if country not in _POSTAL_CODES:
        return text or None
    code = text.upper()
    example = _POSTAL_EXAMPLES[country]
    if not _POSTAL_CODES[country].fullmatch(code):
        hint = f" (a spreadsheet may have dropped a zero: 0{code}?)" if len(code) == 4 else ""
        where = f"is no postal code of {country}; write it as {example}"
        raise CellError(f"{_quoted(text)} {where}{hint if country == 'US' else ''}")
    if country == "US":
        if not ZIPS.is_real(code):
            raise CellError(f"there is no ZIP code {code}; check its digits")
        return code
    # The last three characters stand apart, in both countries.
    code = code.replace(" ", "")
    return f"{code[:-3]} {code[-3:]}"


def read_degrees(limit: int) -> Callable[[str], float]:
    """Return what reads a number of degrees from ``-limit`` to ``limit``."""

    def read(text: str) -> float:
        try:
            degrees = float(text)
        except ValueError:
            degrees = float("nan")
        if not isfinite(degrees):
            reason = f"{_quoted(text)} is no number; write degrees with a point, as 35.59"
            raise CellError(reason)
        if abs(degrees) > limit:
            raise CellError(f"{text} must be from -{limit} to {limit}")
        return degrees

    return read


def read_phone(text: str, country: str) -> str:
    """Return a phone number of a country as "+18285550100"."""
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException:
        number = None
    # The numbers that films use are valid, those of landlines: examples can have them.
    if number is None or not phonenumbers.is_valid_number_for_region(number, country):
        raise CellError(f"{_quoted(text)} is no phone number of {country}; check its digits")
    if number.extension:
        raise CellError(f"{_quoted(text)} has an extension; give a number that needs none")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def read_url(text: str) -> str:
    """Return a web address that begins with https and hides nothing."""
    if not text.lower().startswith("https://"):
        raise CellError(f"{_quoted(text)} must begin with https://")
    if not _URL_TEXT.fullmatch(text):
        raise CellError("has a character that no web address has; copy it from the browser again")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise CellError(f"{_quoted(text)} is no web address; copy it from the browser") from None
    if parts.username is not None or "@" in parts.netloc:
        raise CellError("must have no user name (what stands before '@'); remove it")
    if not _HOST.fullmatch(host):
        raise CellError(f"{_quoted(host)} is no name of a web site; check the address")
    return text


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(";") if item.strip()]


def _quoted(text: str) -> str:
    """Return a text in quotes, cut where it is long."""
    return f"'{text}'" if len(text) <= 40 else f"'{text[:40]}...'"
