"""Where in a message names of places stand, whatever they may mean there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from needlepoint.places.codes import Code, code_at
from needlepoint.places.knowledge import Knowledge
from needlepoint.places.lookup import SERVED, PlaceIndex, Reading
from needlepoint.places.text import Word, joined
from needlepoint.places.words import KNOWN

# "Truth or Consequences New Mexico" needs no more.
LONGEST_NAME = 5
# What only a postal code is looked up as.
_CODE_FORMS = frozenset({"zip", "uk", "canada"})
_KINDS_SAID = {
    "state": "part",
    "province": "part",
    "country": "country",
    "republic": "country",
    "city": "city",
    "town": "city",
    "village": "city",
}


@dataclass(frozen=True)
class Message:
    """The words of a message.

    Attributes:
        words: in order
        is_shouting: all is in capitals, so that they tell nothing
    """

    words: tuple[Word, ...]
    is_shouting: bool

    def is_capital(self, position: int) -> bool:
        """Tell whether the word begins with a capital that tells something."""
        return not self.is_shouting and self.words[position].is_title

    def is_upper(self, position: int) -> bool:
        """Tell whether the word is in capitals that tell something."""
        return not self.is_shouting and self.words[position].is_upper


@dataclass(frozen=True)
class Mention:
    """Some words that may name a place.

    Attributes:
        first: the position of its first word
        end: of its last word, exclusive
        readings: what it may mean
        is_weak: it counts only as the state after a town, as "or" in "salem or"
        is_joined: it is a town with the state or country that it is in
        code: it is a postal code: "whole" or "half"
    """

    first: int
    end: int
    readings: tuple[Reading, ...]
    is_weak: bool = False
    is_joined: bool = False
    code: str = ""


def find_mentions(message: Message, index: PlaceIndex, knowledge: Knowledge) -> list[Mention]:
    """Return the mentions in a message from left to right: the longest names, without overlap."""
    words = message.words
    codes = {first: code for first in range(len(words)) if (code := code_at(words, first))}
    names = {(first, end): name for first, end, name in _spans(words)}
    wanted = {name for code in codes.values() for _, some in code.lookups for name in some}
    readings = index.readings(wanted.union(names.values()))
    mentions: list[Mention] = []
    first = 0
    while first < len(words):
        mention = _code_mention(first, codes.get(first), readings)
        for end in range(min(first + LONGEST_NAME, len(words)), first, -1):
            if mention is None and (first, end) in names:
                found = readings.get(names[first, end], [])
                mention = _name_mention(message, first, end, found, knowledge)
        if mention is not None:
            mentions.append(mention)
        first = mention.end if mention else first + 1
    return mentions


def _spans(words: Sequence[Word]) -> Iterator[tuple[int, int, str]]:
    for first in range(len(words)):
        for end in range(first + 1, min(first + LONGEST_NAME, len(words)) + 1):
            if end > first + 1 and words[end - 1].gap:
                break
            yield first, end, joined(words[first:end])


def _code_mention(
    first: int, code: Code | None, readings: dict[str, list[Reading]]
) -> Mention | None:
    found: list[Reading] = []
    for form, names in code.lookups if code else ():
        exact = ([r for r in readings.get(name, ()) if r.form == form] for name in names)
        found += next(filter(None, exact), [])
    if code is None or not found:
        return None
    return Mention(first, code.end, tuple(found), code="whole" if code.is_whole else "half")


def _name_mention(
    message: Message, first: int, end: int, found: Sequence[Reading], knowledge: Knowledge
) -> Mention | None:
    lists, word = knowledge.lists, message.words[first]
    one = end == first + 1
    capital = message.is_upper(first) or (word.dotted and message.is_capital(first))
    if one and word.is_possessive:
        return None
    names = (reading for reading in found if reading.form not in _CODE_FORMS)
    readings = tuple(reading for reading in names if _is_admitted(reading, message, first))
    if not readings:
        return None
    if one and word.plain in lists["wordy"]:
        return Mention(first, end, readings, is_weak=not capital)
    if one and word.plain in lists["fillers"] and readings[0].kind == "city":
        return None
    if all(reading.form == "iso" for reading in readings):
        return Mention(first, end, readings, is_weak=True)
    return Mention(first, end, _as_said(message, first, end, readings))


def _is_admitted(reading: Reading, message: Message, first: int) -> bool:
    """Tell whether a town abroad, or an airport, is written so that it may be meant.

    Small towns abroad are called as many other things; airports' codes are in capitals or alone.
    """
    served = reading.key.split("-")[0] in SERVED
    if reading.form == "airport":
        return message.is_upper(first) or (served and len(message.words) == 1)
    small = reading.kind in ("city", "area") and not served and reading.weight < KNOWN
    return not small or message.is_capital(first)


def _as_said(
    message: Message, first: int, end: int, readings: tuple[Reading, ...]
) -> tuple[Reading, ...]:
    """Return the readings of the kind that is said: "Washington state", "the city of York"."""
    words = message.words
    before = [word.plain for word in words[max(first - 2, 0) : first]]
    after = [word.plain for word in words[end : end + 2] if word.plain != "the"]
    said = before[0] if before[1:] == ["of"] else after[0] if after else ""
    fitting = tuple(reading for reading in readings if reading.kind == _KINDS_SAID.get(said))
    return fitting or readings
