"""A long name of a place with one slip in it: a letter left out, added, wrong or swapped."""

from collections.abc import Iterator, Sequence
from string import ascii_lowercase

from needlepoint.places.knowledge import read_knowledge
from needlepoint.places.lookup import PlaceIndex, Reading
from needlepoint.places.mentions import LONGEST_NAME, Mention, Message
from needlepoint.places.words import KNOWN, MIN_LETTERS, squeezed


def repaired(message: Message, mentions: Sequence[Mention], index: PlaceIndex) -> Mention | None:
    """Return the mention that the words left over are, if one slip away, or None.

    Words that are English, or that leave anything else unsaid, are no misspelt place.
    """
    fillers = read_knowledge().lists["fillers"]
    named = {at for mention in mentions for at in range(mention.first, mention.end)}
    left = [
        at
        for at, word in enumerate(message.words)
        if at not in named and word.plain not in fillers and not word.plain.isdigit()
    ]
    if not left or left[-1] - left[0] >= LONGEST_NAME:
        return None
    first, end = left[0], left[-1] + 1
    name = " ".join(word.plain for word in message.words[first:end])
    is_english = all(index.is_english(word.plain) for word in message.words[first:end])
    if len(name) < MIN_LETTERS or not name.isascii() or is_english:
        return None
    # Two letters for one, or one for two, is forgiven besides.
    squeezed_name = squeezed(name)
    names = index.respelled([squeezed_name]) or index.respelled(_slips(squeezed_name))
    found = index.readings(names)
    readings = tuple(r for some in found.values() for r in some if _is_known(r))
    return Mention(first, end, readings) if readings else None


def _is_known(reading: Reading) -> bool:
    return reading.form == "name" and not reading.common and reading.weight >= KNOWN


def _slips(name: str) -> Iterator[str]:
    for at in range(len(name) + 1):
        head, tail = name[:at], name[at:]
        yield from (head + letter + tail for letter in ascii_lowercase)
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in ascii_lowercase)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
