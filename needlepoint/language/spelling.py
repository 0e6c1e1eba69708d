"""A spaCy pipe that repairs misspelt words for reading; what a person wrote is never changed.

A word that neither English (82,765 words with their frequencies, from symspellpy) nor the example
questions know is read as the nearest word that they know, if one is near. The reading is in
``token._.spelling``, which is None for words taken as they are; the encoder and the intent head
read it.
"""

from collections.abc import Iterable
from importlib import resources

from spacy.language import Language
from spacy.tokens import Doc, Token
from symspellpy import SymSpell, Verbosity

# Of English words of this length at least, so much may be wrong: in shorter ones, one slip more
# often makes another word than a misspelling.
DISTANCES = ((7, 2), (4, 1))
# In the corpus that symspellpy's dictionary was counted in, of about a million million words, a
# common one stands so often. Rarer "words" are names, foreign words and slips.
COMMON = 10_000_000
# How much more likely a word is here than in English at large, when it is in the examples.
OWN_WEIGHT = 1_000_000

Token.set_extension("spelling", default=None, force=True)


class Spelling:
    """The pipe; ``own`` has the words of the example questions and how often each stands there."""

    def __init__(self, own: dict[str, int]) -> None:
        self._speller = SymSpell(max_dictionary_edit_distance=2, prefix_length=7)
        english = resources.files("symspellpy") / "frequency_dictionary_en_82_765.txt"
        self._speller.load_dictionary(str(english), term_index=0, count_index=1)
        self._common = {word for word, count in self._speller.words.items() if count >= COMMON}
        for word, count in own.items():
            self._speller.create_dictionary_entry(word, count * OWN_WEIGHT)

    def __call__(self, doc: Doc) -> Doc:
        """Set ``token._.spelling`` of each misspelt word of ``doc`` and return it."""
        for token in doc:
            if token.is_alpha:
                token._.spelling = self.repair(token.lower_)
        return doc

    def is_common(self, word: str) -> bool:
        """Tell whether ``word`` (lower case) is a common English word."""
        return word in self._common

    def repair(self, word: str) -> str | None:
        """Return the known word nearest to ``word`` (lower case), or None to take it as it is."""
        distance = next((far for length, far in DISTANCES if len(word) >= length), 0)
        if distance == 0 or word in self._speller.words or not word.isascii():
            return None
        found = self._speller.lookup(word, Verbosity.TOP, max_edit_distance=distance)
        return found[0].term if found else None


def reading(tokens: Iterable[Token]) -> list[str]:
    """Return the words of a document or span as they are to be read, without white space."""
    return [token._.spelling or token.text for token in tokens if not token.is_space]


@Language.factory("needlepoint_spelling", default_config={"own": {}}, assigns=["token._.spelling"])
def create_spelling(nlp: Language, name: str, own: dict[str, int]) -> Spelling:
    """Create the pipe; ``own`` as in ``Spelling``."""
    return Spelling(own)


def count_words(texts: Iterable[str], at_least: int) -> dict[str, int]:
    """Return the words that stand ``at_least`` so often in ``texts``, with their counts."""
    counts: dict[str, int] = {}
    for text in texts:
        for word in text.lower().split():
            letters = word.strip(".,;:!?()\"'")
            if letters.isalpha() and letters.isascii():
                counts[letters] = counts.get(letters, 0) + 1
    return {word: count for word, count in counts.items() if count >= at_least}
