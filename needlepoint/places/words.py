"""Which names of places are English words, so that they need more than to stand in a sentence."""

import re
from functools import cache
from importlib import resources

# From this weight on (people times fame: about Buffalo), a place is what a name means, unless it
# is one word that every child knows, or begins with "the".
FAMOUS = 7_000_000
# From this weight on, a name that has a slip in it, or only its capital to show it, is recognised.
KNOWN = 500_000
# In shorter names a slip often makes another name.
MIN_LETTERS = 6
_DOUBLED = re.compile(r"(.)\1+")
# An English word has relatives ("reading": "readings"), the name of a town has none ("Leeds").
_ENDINGS = ("s", "es", "ed", "ing", "ly", "er", "d", "r")
_STEMS = (
    ("s", ""),
    ("es", ""),
    ("ing", ""),
    ("ing", "e"),
    ("e", "ing"),
    ("ies", "y"),
    ("y", "ies"),
)


@cache
def english() -> frozenset[str]:
    """Return the 82,765 English words of symspellpy; many names of people and places are there."""
    path = resources.files("symspellpy") / "frequency_dictionary_en_82_765.txt"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return frozenset(line.split()[0] for line in lines if line)


@cache
def easy() -> frozenset[str]:
    """Return the 3,000 English words of textstat that children of ten know."""
    path = resources.files("textstat") / "resources" / "en" / "easy_words.txt"
    return frozenset(path.read_text(encoding="utf-8").split())


def is_common(name: str, weight: float) -> bool:
    """Tell whether each word of a folded name is an everyday English word.

    Args:
        name: folded
        weight: how likely the place is meant, as people times fame
    """
    words = name.split()
    if weight >= FAMOUS:
        return words[0] in easy() and (len(words) == 1 or words[0] == "the")
    return all(word in easy() or has_relatives(word) for word in words)


def squeezed(name: str) -> str:
    """Return a folded name without spaces and with one letter for two: the commonest slips."""
    return _DOUBLED.sub(r"\1", name.replace(" ", ""))


def has_relatives(word: str) -> bool:
    """Tell whether a word and another form of it are in the dictionary."""
    if word not in english():
        return False
    forms = {word + ending for ending in _ENDINGS}
    forms.update(word.removesuffix(old) + new for old, new in _STEMS if word.endswith(old))
    return bool(forms & english())
