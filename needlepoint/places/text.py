"""What somebody typed, as words that can be looked up. No place is known here."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# Nobody needs more to say where they are, so an endless message costs no more than this.
MAX_CHARACTERS = 500
# "Calif." is one of the longest.
LONGEST_SHORT_FORM = 5
# Letters that Unicode does not take apart into a letter and its accent.
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ı": "i", "ð": "d", "þ": "th"}
)
_WORD = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W_]+(?:['’‘`´ʻ][^\W_]+)*\.?", re.UNICODE)
_POSSESSIVE = ("'s", "’s", "‘s", "`s", "´s")
_APOSTROPHES = re.compile(r"['’‘`´ʻ]")
# "St Louis" is "Saint Louis", in what is typed and in what is looked up; "MT" alone is Montana.
_BEFORE_NAMES = {"st": "saint", "ste": "sainte", "mt": "mount", "ft": "fort"}
# What is written with a full stop before a name.
_TITLES = frozenset({"dr", "mr", "mrs", "ms", "prof"})


@dataclass(frozen=True)
class Word:
    """One word.

    Attributes:
        text: as it was typed, without marks
        plain: in lower case without accents, as names are stored
        gap: what parts it from the word before: "" for a space, else "," or "."
        dotted: it is written with full stops, as "N.C." or "Mass."
        start: where it starts in the text that was read
        end: where it ends
        is_possessive: it ends in 's
    """

    text: str
    plain: str
    gap: str
    dotted: bool
    start: int
    end: int
    is_possessive: bool = False

    @property
    def is_upper(self) -> bool:
        """Tell whether all of it is in capitals."""
        return self.text.isupper()

    @property
    def is_title(self) -> bool:
        """Tell whether it begins with a capital."""
        return self.text[:1].isupper()


def fold(text: str) -> str:
    """Return a name in lower case, without accents and marks, as it is stored and looked up."""
    return joined(words(text, limit=None))


def joined(some: Sequence[Word]) -> str:
    """Return words as one name, as it is stored and looked up."""
    before = (_BEFORE_NAMES.get(word.plain, word.plain) for word in some[:-1])
    return " ".join((*before, *(word.plain for word in some[-1:])))


def words(text: str, limit: int | None = MAX_CHARACTERS) -> list[Word]:
    """Return the words of the first ``limit`` characters of a text, in order."""
    # Of compatibility forms (wide letters, ligatures) the plain ones; marks that turn the writing
    # around, and emoji, are no letters and fall away.
    text = unicodedata.normalize("NFKC", text[:limit])
    found: list[Word] = []
    before = 0
    for match in _WORD.finditer(text):
        typed = _APOSTROPHES.sub("", match.group())
        bare = typed.replace(".", "")
        possessive = match.group().rstrip(".").endswith(_POSSESSIVE)
        dotted = typed.endswith(".")
        gap = _gap(text[before : match.start()], found)
        found.append(Word(bare, _plain(bare), gap, dotted, match.start(), match.end(), possessive))
        before = match.end()
    return found


def _gap(between: str, before: list[Word]) -> str:
    if any(mark in between for mark in ".!?;\n"):
        return "."
    if any(mark in between for mark in ",:()/|–—&+") or " - " in between:
        return ","
    if not before or not before[-1].dotted:
        return ""
    # A full stop ends a sentence after a long word; after a short one it may only shorten it.
    shortened = before[-1].plain
    if len(shortened) == 1 or shortened in _TITLES or shortened in _BEFORE_NAMES:
        return ""
    return "," if len(shortened) <= LONGEST_SHORT_FORM else "."


def _plain(word: str) -> str:
    lower = word.lower().translate(_LETTERS)
    apart = unicodedata.normalize("NFKD", lower)
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
