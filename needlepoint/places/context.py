"""What the words around a name say: is it a place at all, and is the person there?"""

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from string import digits

from needlepoint.places.joining import likeliest
from needlepoint.places.knowledge import Knowledge, read_knowledge
from needlepoint.places.lookup import SERVED, PlaceIndex, Reading
from needlepoint.places.mentions import Mention, Message
from needlepoint.places.words import FAMOUS, KNOWN

# A small town whose name is in the dictionary: more often the word, or a person.
SMALL = 200_000
_WORDS_BEFORE = 5
_SAID_WITH_CODES = frozenset(
    ("zip", "zipcode", "postcode", "postal", "code", "near", "live", "around")
)
# After these an English word is more often no place: "for Christmas", "of Hope".
_LOOSE = frozenset(("of", "for", "at", "to", "through", "off", "across"))
_DISTANCE = re.compile(
    r"\b(?:hours?|h|minutes?|mins?|miles?|km|drive|river|border|bridge|bay|far|away|north|south|east"
    r"|west|close|next|outside|near)(?: (?:from|of|to|the|downtown))*$"
)


class Context:
    """A message with its mentions.

    Attributes:
        is_bare: it says nothing but the place
    """

    def __init__(self, message: Message, mentions: Sequence[Mention], index: PlaceIndex) -> None:
        self._message, self._index = message, index
        self._knowledge = read_knowledge()
        self._lists = self._knowledge.lists
        # Small letters that are English words, as in "battle of hastings", are not the place.
        clear = [m for m in mentions if self._is_clear(m)] or mentions
        named = {at for mention in clear for at in range(mention.first, mention.end)}
        rest = [word.plain for at, word in enumerate(message.words) if at not in named]
        self._is_alone = not rest
        self.is_bare = bool(mentions) and all(self._says_nothing(word) for word in rest)

    def is_place(self, mention: Mention) -> bool:
        """Tell whether a mention is of a place, not of a person or of something else."""
        if self._follows(mention, self._lists["people"]):
            return False
        if mention.code:
            return self._is_postcode(mention)
        readings = likeliest(mention.readings)
        if mention.is_joined:
            return self.is_bare or self._is_clear(mention) or self._after_preposition(mention)
        if readings[0].form == "airport":
            return self._is_airport(mention, readings[0])
        if readings[0].form == "short":
            return self._is_short_form(mention)
        if readings[0].common:
            return self._is_common_place(mention, readings)
        return self.is_bare or self._is_name(mention, readings)

    def is_denied(self, mention: Mention) -> bool:
        """Tell whether the message says that the person is not, or no longer, there."""
        before = self._before(mention)
        if re.search(r"\bnot (?:\w+ ){0,2}far\b", before):
            return False
        return bool(_ending(self._knowledge, "denials").search(before))

    def is_home(self, mention: Mention) -> bool:
        """Tell whether the message says that the person is, or lives, there."""
        return bool(_ending(self._knowledge, "homes").search(self._before(mention)))

    def is_landmark(self, mention: Mention) -> bool:
        """Tell whether it only says where another place is: "half an hour from Boston"."""
        return bool(_DISTANCE.search(self._before(mention)))

    def _says_nothing(self, word: str) -> bool:
        is_number = word.isdigit() and len(word) <= 4
        return is_number or word in self._lists["fillers"]

    def _is_clear(self, mention: Mention) -> bool:
        """Tell whether the name is more than an English word in small letters."""
        is_word = mention.readings[0].common and mention.readings[0].kind == "city"
        return not is_word or self._message.is_capital(mention.first)

    def _is_never_alone(self, mention: Mention) -> bool:
        return self._message.words[mention.first].plain in self._lists["never_alone"]

    def _is_airport(self, mention: Mention, best: Reading) -> bool:
        """Tell whether an airport's code is one: "AVL", "avl", "by MSP airport"; not "an MRI"."""
        word = self._message.words[mention.first]
        if self._is_never_alone(mention) or self._index.is_english(word.plain):
            return False
        served = best.key.split("-")[0] in SERVED
        return self.is_bare or (served and self._after_preposition(mention, _LOOSE))

    def _is_short_form(self, mention: Mention) -> bool:
        """Tell whether a short form without a town is a place: "in NC", "NC", "the UK"."""
        if self._after_preposition(mention):
            return True
        is_country = all(reading.kind == "country" for reading in mention.readings)
        return (self.is_bare or is_country) and not self._is_never_alone(mention)

    def _is_postcode(self, mention: Mention) -> bool:
        """Tell whether it is a postal code, and no code of a bill, a vertebra or a point."""
        said = {word.plain for word in self._message.words}
        if self.is_bare and mention.code == "half":
            word = self._message.words[mention.first].plain
            odd = {word, word.rstrip(digits)} & self._lists["not_postcodes"]
            return not odd or bool(said & _SAID_WITH_CODES)
        if self.is_bare or mention.is_joined or not mention.readings[0].name.isdigit():
            return mention.code == "whole"
        is_last = mention.end == len(self._message.words)
        return (
            is_last
            or self._is_apart(mention)
            or self._after_preposition(mention)
            or bool(said & _SAID_WITH_CODES)
        )

    def _is_common_place(self, mention: Mention, readings: Sequence[Reading]) -> bool:
        """Tell whether an English word is a place here: "in Reading", "Turkey", "bath"."""
        best = readings[0]
        after = self._after_preposition(mention)
        capital = self._message.is_capital(mention.first)
        if best.kind in ("country", "part") or best.kind == "area" and best.weight >= FAMOUS:
            return after or self.is_bare or (capital and not self._starts(mention))
        if after and self.is_home(mention):
            return True
        if capital and self._after_preposition(mention, _LOOSE):
            return True
        if not self.is_bare or not (after or self._is_alone):
            return False
        served = [r.weight for r in mention.readings if r.key.split("-")[0] in SERVED]
        return capital or max(served, default=0) >= KNOWN

    def _is_name(self, mention: Mention, readings: Sequence[Reading]) -> bool:
        """Tell whether a name that is no English word is a place in the middle of a sentence."""
        best = readings[0]
        if best.kind in ("country", "part"):
            return True
        word = self._message.words[mention.first]
        in_dictionary = mention.end == mention.first + 1 and self._index.is_english(word.plain)
        may_be_word = in_dictionary and not self._message.is_capital(mention.first)
        if best.kind == "area" and best.weight >= KNOWN and not may_be_word:
            return True
        if self._after_preposition(mention):
            return not may_be_word or best.weight >= SMALL
        if best.form != "name":
            return False
        capital = self._message.is_capital(mention.first) and not self._starts(mention)
        is_clear = capital or self._is_apart(mention)
        return best.weight >= (KNOWN if is_clear else FAMOUS)

    def _starts(self, mention: Mention) -> bool:
        return mention.first == 0 or self._message.words[mention.first].gap == "."

    def _is_apart(self, mention: Mention) -> bool:
        """Tell whether it begins a message and marks part it from the rest: "Tulsa, born there"."""
        words = self._message.words
        return mention.first == 0 and mention.end < len(words) and bool(words[mention.end].gap)

    def _after_preposition(self, mention: Mention, but: Collection[str] = frozenset()) -> bool:
        position = mention.first - 1
        words = self._message.words
        while position > 0 and words[position].plain in self._lists["modifiers"]:
            if words[position].plain in self._lists["prepositions"]:
                break
            position -= 1
        before = words[position].plain if position >= 0 else ""
        return before in self._lists["prepositions"] and before not in but

    def _follows(self, mention: Mention, phrases: Iterable[str]) -> bool:
        before = self._before(mention)
        return any(before == phrase or before.endswith(f" {phrase}") for phrase in phrases)

    def _before(self, mention: Mention) -> str:
        """Return the words before a mention in the same part of the sentence."""
        start = mention.first
        words = self._message.words
        while start > 0 and mention.first - start < _WORDS_BEFORE and not words[start].gap:
            start -= 1
        return " ".join(word.plain for word in words[start : mention.first])


@lru_cache(maxsize=8)
def _ending(knowledge: Knowledge, section: str) -> re.Pattern[str]:
    """Return the pattern of a phrase of a list at the end, but for small words."""
    small = knowledge.lists["prepositions"] | knowledge.lists["modifiers"] | {"the", "a", "one"}
    phrases = "|".join(sorted(knowledge.lists[section], key=len, reverse=True))
    return re.compile(rf"(?:^| )(?:{phrases})(?: (?:{'|'.join(sorted(small))}))*$")
