"""Postal codes in a message: of the US, UK, Canada and Ireland, whole or the first half."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from needlepoint.places.text import Word

_ZIP = re.compile(r"\d{5}")
_UK = re.compile(r"([a-z]{1,2})(\d[a-z\d]?)\d[a-z]{2}")
_UK_HALF = re.compile(r"([a-z]{1,2})(\d[a-z\d]?)")
_CANADA = re.compile(r"([abceghj-nprstvxy]\d[a-z])\d[a-z]\d")
_CANADA_HALF = re.compile(r"[abceghj-nprstvxy]\d[abceghj-nprstv-z]")
_IRELAND = re.compile(r"([ac-fhknprtv-y]\d[\dw])[\dac-fhknprtv-y]{4}")
_IRELAND_HALF = re.compile(r"[ac-fhknprtv-y]\d[\dw]")
# Of the half postcodes that end in a letter, few of London look as those of Canada do.
_LONDON_LETTER = re.compile(r"(?:e1w|n1[cp]|w1[a-hj-kst-w]|(?:ec|sw|wc|se|nw)\d[a-z])")
# E, N and W are in London up to these, and in Ireland above.
_LONDON_LAST = {"e": 20, "n": 22, "w": 14}


@dataclass(frozen=True)
class Code:
    """A postal code.

    Attributes:
        end: of its words, exclusive
        lookups: what to look up: the form in the index, and the beginnings, longest first
        is_whole: it is not only the first half
    """

    end: int
    lookups: tuple[tuple[str, tuple[str, ...]], ...]
    is_whole: bool


def code_at(words: Sequence[Word], first: int) -> Code | None:
    """Return the postal code that begins with the word at ``first``, if one does."""
    word = words[first].plain
    if _ZIP.fullmatch(word):
        return Code(first + _zip_words(words, first), (("zip", (word,)),), True)
    for end in (first + 2, first + 1):
        if end <= len(words) and all(not each.gap for each in words[first + 1 : end]):
            whole = tuple(_whole("".join(each.plain for each in words[first:end])))
            if whole:
                return Code(end, whole, True)
    half = tuple(_half(word))
    return Code(first + 1, half, False) if half else None


def _zip_words(words: Sequence[Word], first: int) -> int:
    """Return of how many words a ZIP code is: in ZIP+4, four digits follow its hyphen."""
    rest = words[first + 1 : first + 2]
    close = rest and rest[0].start == words[first].end + 1
    return 2 if close and re.fullmatch(r"\d{4}", rest[0].plain) else 1


def _whole(code: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    if match := _CANADA.fullmatch(code):
        yield "canada", _beginnings(match[1])
    elif match := _UK.fullmatch(code):
        yield "uk", (match[1] + match[2], match[1])
    elif _IRELAND.fullmatch(code):
        yield "short", ("irl",)


def _half(code: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    if _IRELAND_HALF.fullmatch(code) and not _is_london(code):
        yield "short", ("irl",)
        return
    if _CANADA_HALF.fullmatch(code):
        yield "canada", _beginnings(code)
    match = _UK_HALF.fullmatch(code)
    if match and (not code[-1].isalpha() or _LONDON_LETTER.fullmatch(code)):
        yield "uk", (code, match[1])


def _is_london(code: str) -> bool:
    number = code[1:]
    return number.isdigit() and number[0] != "0" and int(number) <= _LONDON_LAST.get(code[0], 0)


def _beginnings(code: str) -> tuple[str, ...]:
    return code, code[:2], code[:1]
