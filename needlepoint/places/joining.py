"""Mentions that belong together: a town and its state, a state and its country, a postal code."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from needlepoint.places.knowledge import Knowledge
from needlepoint.places.lookup import Reading
from needlepoint.places.mentions import Mention, Message
from needlepoint.places.words import FAMOUS

# In "Ontario CA", that CA is Canada's code is less likely than that it is California.
ISO_SHARE = 0.02
# A suburb and its city are not farther apart, in degrees.
SUBURB = 0.7
# Readings that are so much less likely than the likeliest are not considered.
RATIO = 12.0
# What may stand between the two, and what may follow the state in "salem or please".
_BETWEEN = frozenset(
    ("in", "near", "of", "the", "area", "just", "by", "outside", "county", "region", "which", "is")
)
_AFTER = frozenset(
    ("please", "pls", "plz", "thanks", "thank", "thx", "ty", "area", "region", "usa", "us")
)


def join(mentions: Sequence[Mention], message: Message, knowledge: Knowledge) -> list[Mention]:
    """Return the mentions with those that belong together made one; weak ones alone fall away."""
    joined: list[Mention] = []
    for mention in mentions:
        both = _joined(joined[-1], mention, message, knowledge) if joined else None
        if both is not None:
            joined[-1] = both
        elif not mention.is_weak:
            joined.append(mention)
    alone = (_without_codes(mention) for mention in joined)
    return [mention for mention in alone if mention.readings]


def _without_codes(mention: Mention) -> Mention:
    """Return a mention without the ISO codes, which count only after a town: "Munich DE"."""
    return replace(mention, readings=tuple(r for r in mention.readings if r.form != "iso"))


def likeliest(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    """Return the readings that are not far less likely than the likeliest, likeliest first."""
    ordered = sorted(readings, key=lambda reading: -reading.weight)
    return tuple(r for r in ordered if r.weight * RATIO >= ordered[0].weight)


def _joined(
    left: Mention, right: Mention, message: Message, knowledge: Knowledge
) -> Mention | None:
    between = message.words[left.end : right.first]
    if any(word.plain not in _BETWEEN for word in between):
        return None
    if right.is_weak and not _ends_clause(right, message, knowledge):
        return None
    new_sentence = message.words[right.first].gap == "."
    if left.code or right.code:
        readings = _with_code(left, right)
    elif new_sentence:
        readings = _inside(left.readings, _larger(right.readings))
    else:
        # "Time in Norway" is no town, and "Berlin Wall" none near Berlin.
        is_word = between and left.readings[0].common and not message.is_capital(left.first)
        readings = () if is_word else _inside(left.readings, right.readings)
        if not readings and not right.is_weak:
            readings = _inside(right.readings, _larger(left.readings))
    if not readings:
        return None
    code = left.code or right.code
    return Mention(left.first, right.end, readings, is_joined=True, code=code)


def _larger(readings: Iterable[Reading]) -> list[Reading]:
    return [reading for reading in readings if reading.kind != "city"]


def _ends_clause(mention: Mention, message: Message, knowledge: Knowledge) -> bool:
    word = message.words[mention.end - 1].plain
    rest = message.words[mention.end :]
    if not rest or rest[0].gap or rest[0].plain in _AFTER or rest[0].plain.isdigit():
        return True
    return word not in knowledge.lists["wordy"]


def _with_code(left: Mention, right: Mention) -> tuple[Reading, ...]:
    code, other = (left, right) if left.code else (right, left)
    keys = {reading.key for reading in code.readings}
    same = tuple(r for r in other.readings if r.key in keys)
    towns = tuple(r for r in same if r.latitude is not None)
    is_zip = code.readings[0].form == "zip"
    # Five digits before a town abroad are a postal code of there.
    if is_zip and code is left and not likeliest(other.readings)[0].key.startswith("US"):
        return other.readings
    if same and (is_zip or not towns):
        wanted = {reading.key for reading in same}
        return tuple(r for r in code.readings if r.key in wanted)
    if towns:
        return towns
    return _inside(code.readings, other.readings)


def _inside(inner: Sequence[Reading], outer: Sequence[Reading]) -> tuple[Reading, ...]:
    """Return the inner readings that are in one of the outer."""
    cities = set(likeliest(r for r in outer if r.kind == "city" and r.weight >= FAMOUS))
    by_key = defaultdict(list)
    for around in outer:
        if around.kind != "city" or around in cities:
            by_key[around.key].append(around)
    found = []
    for place in inner:
        near = by_key.get(place.key, []) + by_key.get(place.key.split("-")[0], [])
        holders = [around for around in near if _contains(around, place)]
        if holders:
            share = ISO_SHARE if all(r.form == "iso" for r in holders) else 1
            found.append(replace(place, weight=place.weight * share))
    return tuple(found)


def _contains(outer: Reading, inner: Reading) -> bool:
    if inner.form == "iso" or inner.kind == "country":
        return False
    if outer.kind == "area" and outer.latitude is None and outer.weight < FAMOUS:
        return False  # a district that is named after its town: "Leeds, Bradford" are two towns
    is_in = inner.key == outer.key or inner.key.startswith(f"{outer.key}-")
    if outer.kind == "country":
        return is_in
    if inner.kind == "part":
        return is_in and inner.key != outer.key
    if outer.kind == "city":
        is_smaller = inner.weight < outer.weight and inner.name != outer.name
        return is_in and is_smaller and _is_near(outer, inner)
    return is_in and (inner.kind == "city" or outer.name != inner.name)


def _is_near(one: Reading, other: Reading) -> bool:
    if one.latitude is None or other.latitude is None:
        return False
    assert one.longitude is not None and other.longitude is not None
    north, east = one.latitude - other.latitude, one.longitude - other.longitude
    return abs(north) <= SUBURB and abs(east) <= SUBURB * 2
