"""Where a person is, from what they typed. No network; the index is built by ``index.py``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from needlepoint.places.context import Context
from needlepoint.places.joining import join, likeliest
from needlepoint.places.knowledge import read_knowledge
from needlepoint.places.lookup import INDEX_FILE, SERVED, PlaceIndex, Reading
from needlepoint.places.mentions import Mention, Message, find_mentions
from needlepoint.places.text import words
from needlepoint.places.typos import repaired

MAX_OFFERED = 5
# A reading in the country that is known already is taken, unless another is so much likelier:
# "London" of somebody in the US is not London, Kentucky.
ELSEWHERE = 500.0
# Fewer words in capitals only are no shouting: "NC".
SHOUTED_WORDS = 2
# "Leeds or near York".
_EITHER = frozenset({"or", "and"})
MAX_BETWEEN = 3
_CORRECTIONS = frozenset(
    ("no", "not", "sorry", "actually", "mean", "meant", "wait", "oops", "instead", "now", "moved")
)
_ELSEWHERE_WORDS = _CORRECTIONS | {"but", "moving"}


@dataclass(frozen=True)
class Place:
    """A place.

    Attributes:
        key: place key: ``US-NC``, ``CA-ON``, ``GB-WLS``, ``AU``, or a country that needs a part
        name: as shown to the person: "Tulsa, Oklahoma"
        latitude: in degrees, None if only a large area is known
        longitude: in degrees, None if only a large area is known
    """

    key: str
    name: str
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True)
class Found:
    """What a message says about where the person is.

    Attributes:
        places: none if it names no place; one if it is clear; several, most likely first, to ask
        is_bare: the message says nothing but the place
    """

    places: tuple[Place, ...]
    is_bare: bool


def find_place(text: str, within: str | None = None) -> Found:
    """Return the place that a message names.

    Args:
        text: what the person typed, of any length; the first 500 characters are read
        within: the place key that is known already, to settle what has several meanings

    Raises:
        FileNotFoundError: the index has not been built; the message says how to.
        DataError: ``data/referral/places.yml`` cannot be used.
    """
    index = open_index()
    message = _message(text)
    mentions = join(find_mentions(message, index, read_knowledge()), message, read_knowledge())
    context = Context(message, mentions, index)
    if not context.is_bare and (slip := repaired(message, mentions, index)):
        mended = sorted([*mentions, slip], key=lambda mention: mention.first)
        mentions = join(mended, message, read_knowledge())
        context = Context(message, mentions, index)
    named = [mention for mention in mentions if context.is_place(mention)]
    places = tuple(_place(reading) for reading in _meant(named, message, context, within))
    return Found(places, bool(places) and context.is_bare)


@lru_cache(maxsize=1)
def open_index(path: Path = INDEX_FILE) -> PlaceIndex:
    """Return the index, opened once.

    Raises:
        FileNotFoundError: it has not been built; the message says how to.
    """
    return PlaceIndex(path)


def _message(text: str) -> Message:
    typed = tuple(words(text))
    letters = "".join(word.text for word in typed)
    return Message(typed, len(typed) >= SHOUTED_WORDS and letters.isupper())


def _meant(
    named: Sequence[Mention], message: Message, context: Context, within: str | None
) -> Sequence[Reading]:
    """Return what is meant of all that is named, most likely first."""
    denied = [m for m in named if context.is_denied(m) or _is_left(m, named, message)]
    left = [reading for mention in denied for reading in likeliest(mention.readings)]
    positive = [mention for mention in named if mention not in denied]
    chosen = _chosen(positive, message, context)
    around = [mention for mention in positive if mention not in chosen]
    meant = []
    for mention in chosen:
        near = (other for other in around if not _is_elsewhere(other, mention, message))
        meant.append(_choices(_fitting(mention.readings, near), left, within))
    return _by_key(reading for choices in meant for reading in choices)[:MAX_OFFERED]


def _is_elsewhere(one: Mention, other: Mention, message: Message) -> bool:
    """Tell whether they are two places: "from Ireland but in Boston", "Texas, now in Boston"."""
    between = message.words[one.end : other.first] or message.words[other.end : one.first]
    return not _ELSEWHERE_WORDS.isdisjoint(word.plain for word in between)


def _is_left(mention: Mention, named: Sequence[Mention], message: Message) -> bool:
    """Tell whether it is the first place in "from Leeds to Cardiff"."""
    after = [other for other in named if other.first > mention.first]
    before = message.words[mention.first - 1].plain if mention.first else ""
    return bool(after) and before == "from" and message.words[after[0].first - 1].plain == "to"


def _chosen(positive: Sequence[Mention], message: Message, context: Context) -> Sequence[Mention]:
    """Return where the person says to be, else all of "Leeds or York", else what is said last.

    A town with its state counts for more than a name alone, unless that corrects it.
    """
    positive = [m for m in positive if not context.is_landmark(m)] or positive
    positive = [m for m in positive if not _only_surrounds(m, positive)]
    homes = [mention for mention in positive if context.is_home(mention)]
    if homes:
        return homes[-1:]
    settled = [mention for mention in positive if mention.is_joined or mention.code]
    if settled and not _CORRECTIONS.intersection(word.plain for word in message.words):
        return settled[-1:]
    last = len(positive) - 1
    while last > 0:
        between = message.words[positive[last - 1].end : positive[last].first]
        if not between or between[0].plain not in _EITHER or len(between) > MAX_BETWEEN:
            break
        last -= 1
    return positive[last:] if positive else ()


def _only_surrounds(mention: Mention, others: Iterable[Mention]) -> bool:
    """Tell whether it is the country or state of another place that is named."""
    best = likeliest(mention.readings)[0]
    if best.kind not in ("country", "part", "area") or best.latitude is not None:
        return False
    towns = (likeliest(other.readings)[0] for other in others if other is not mention)
    return any(t.kind == "city" and f"{t.key}-".startswith(f"{best.key}-") for t in towns)


def _fitting(readings: Sequence[Reading], around: Iterable[Mention]) -> Sequence[Reading]:
    """Return the readings in a state or country that is named, too; all, if there are none."""
    keys = {r.key for m in around for r in likeliest(m.readings) if r.kind != "city"}
    inside = [r for r in readings if any(f"{r.key}-".startswith(f"{key}-") for key in keys)]
    return inside or readings


def _choices(
    readings: Sequence[Reading], denied: Sequence[Reading], within: str | None
) -> Sequence[Reading]:
    """Return the readings worth asking about, most likely first."""
    if within is not None:
        inside = [r for r in readings if r.key == within or r.key.startswith(f"{within}-")]
        best = max(reading.weight for reading in readings)
        readings = [r for r in inside if r.weight * ELSEWHERE >= best] or readings
    # A former name of a town abroad is not meant where the name is a town's own.
    if any(reading.form != "other" for reading in readings):
        readings = [reading for reading in readings if reading.form != "other"]
    likely = likeliest(readings)
    # "Portland, not Oregon"; but "not Leeds, Bradford" may be in England all the same.
    named = {r.name for r in readings}
    keys = {r.key for r in denied if r.kind in ("country", "part") or r.name in named}
    return [reading for reading in likely if reading.key not in keys] or likely


def _by_key(readings: Iterable[Reading]) -> list[Reading]:
    """Return one reading for each place key; of countries that are not served, one in all."""
    chosen: dict[str, Reading] = {}
    for reading in readings:
        group = reading.key if reading.key.split("-")[0] in SERVED else ""
        known = chosen.get(group)
        if known is None:
            chosen[group] = reading
        elif known.kind == "area" and known.latitude is None and _is_same(known, reading):
            chosen[group] = reading  # the town has a position, the area of the same name has none
    return list(chosen.values())


def _is_same(area: Reading, town: Reading) -> bool:
    return town.latitude is not None and (area.key, area.name) == (town.key, town.name)


def _place(reading: Reading) -> Place:
    return Place(reading.key, reading.shown, reading.latitude, reading.longitude)
