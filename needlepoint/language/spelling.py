"""A spaCy pipe that repairs misspelt words for reading; what a person wrote is never changed.

A word that neither English (82,765 words with their frequencies, from symspellpy) nor the example
questions know is read as the nearest word that they know, if one is near; "sooo" as "so"; and what
``data/language/shorthand.yml`` has, as it says there. The reading is in ``token._.spelling``: None
for words taken as they are, empty for signs that say nothing. The encoder and the intent head read
it.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path

import yaml
from spacy.language import Language
from spacy.tokens import Doc, Token
from symspellpy import SymSpell, Verbosity

# Of English words of this length at least, so much may be wrong: in shorter ones, one slip more
# often makes another word than a misspelling.
DISTANCES = ((7, 2), (4, 1))
# In the corpus that symspellpy's dictionary was counted in, of about a million million words, a
# common one stands so often. Rarer "words" are names, foreign words and slips.
COMMON = 10_000_000
# Unicode's categories of symbols, of modifiers of emoji, and of what joins them.
SIGNS = frozenset({"So", "Sk", "Cf", "Mn", "Cn"})
# How much more likely a word is here than in English at large, when it is in the examples.
OWN_WEIGHT = 1_000_000

SHORTHAND_FILE = Path("data/language/shorthand.yml")
# No English word has a letter three times in a row.
_ELONGATED = re.compile(r"([a-z])\1{2,}")

Token.set_extension("spelling", default=None, force=True)


class Spelling:
    """The pipe.

    ``own`` has the words of the example questions and how often each stands there, ``shorthand``
    what short forms and emoji are read as.
    """

    def __init__(self, own: dict[str, int], shorthand: Mapping[str, str]) -> None:
        self._shorthand = shorthand
        self._speller = SymSpell(max_dictionary_edit_distance=2, prefix_length=7)
        english = resources.files("symspellpy") / "frequency_dictionary_en_82_765.txt"
        self._speller.load_dictionary(str(english), term_index=0, count_index=1)
        self._common = {word for word, count in self._speller.words.items() if count >= COMMON}
        self._common.update(own)
        for word, count in own.items():
            self._speller.create_dictionary_entry(word, count * OWN_WEIGHT)

    def __call__(self, doc: Doc) -> Doc:
        """Set ``token._.spelling`` of each word of ``doc`` that is read otherwise; return it."""
        for token in doc:
            if token.lower_ in self._shorthand:
                token._.spelling = self._shorthand[token.lower_]
            elif token.is_alpha:
                token._.spelling = self.repair(token.lower_)
            elif _is_sign(token.text):
                token._.spelling = ""
        return doc

    def is_common(self, word: str) -> bool:
        """Tell whether ``word`` (lower case) is common, in English or in the example questions."""
        return word in self._common

    def repair(self, word: str) -> str | None:
        """Return the known word nearest to ``word`` (lower case), or None to take it as it is."""
        if _ELONGATED.search(word):
            return self._shortened(word)
        distance = next((far for length, far in DISTANCES if len(word) >= length), 0)
        if distance == 0 or word in self._speller.words or not word.isascii():
            return None
        found = self._speller.lookup(word, Verbosity.TOP, max_edit_distance=distance)
        return found[0].term if found else None

    def _shortened(self, word: str) -> str | None:
        """Return the word that "soooo" or "reallyyy" stands for, or else the nearest to it."""
        double, single = (_ELONGATED.sub(letters, word) for letters in (r"\1\1", r"\1"))
        known = next((form for form in (double, single) if form in self._speller.words), None)
        return known or self.repair(single)


def read_as(token: Token) -> str:
    """Return what a token is read as; empty, if it says nothing."""
    return token.text if token._.spelling is None else str(token._.spelling)


def reading(tokens: Iterable[Token]) -> list[str]:
    """Return the words of a document or span as they are to be read, without white space."""
    words = (read_as(token) for token in tokens if not token.is_space)
    return [word for word in words if word]


def _is_sign(text: str) -> bool:
    """Tell whether a token is an emoji or the like: no letter, no digit, no English mark."""
    return all(unicodedata.category(character) in SIGNS for character in text)


def read_shorthand(path: Path = SHORTHAND_FILE) -> dict[str, str]:
    """Return what each short form is read as.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: an entry is no text for a text; the message names it.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    shorthand: dict[str, str] = (content or {}).get("shorthand") or {}
    for short, word in shorthand.items():
        if not (isinstance(short, str) and isinstance(word, str)):
            raise ValueError(f"{path}: put {short!r} and {word!r} in quotes.")
    return shorthand


@Language.factory(
    "needlepoint_spelling",
    default_config={"own": {}, "shorthand": {}},
    assigns=["token._.spelling"],
)
def create_spelling(
    nlp: Language, name: str, own: dict[str, int], shorthand: dict[str, str]
) -> Spelling:
    """Create the pipe; ``own`` and ``shorthand`` as in ``Spelling``."""
    return Spelling(own, shorthand)


def count_words(texts: Iterable[str], at_least: int) -> dict[str, int]:
    """Return the words that stand ``at_least`` so often in ``texts``, with their counts."""
    counts: dict[str, int] = {}
    for text in texts:
        for word in text.lower().split():
            letters = word.strip(".,;:!?()\"'")
            if letters.isalpha() and letters.isascii():
                counts[letters] = counts.get(letters, 0) + 1
    return {word: count for word, count in counts.items() if count >= at_least}
