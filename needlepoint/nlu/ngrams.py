"""Weighted n-grams of texts as the rows of a sparse matrix."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from needlepoint.nlu.softmax import FloatArray


@dataclass(frozen=True)
class Kind:
    """Which n-grams: of ``word`` or of ``char_wb`` (inside words), from how long to how long."""

    analyzer: str
    shortest: int
    longest: int


WORDS = Kind("word", 1, 2)
CHARACTERS = Kind("char_wb", 3, 4)


class Ngrams:
    """scikit-learn's n-grams and weights, read off one text at a time.

    ``TfidfVectorizer.transform`` gives the same numbers, but checks and sorts so much that one
    short question takes it 2 ms; here it is a walk through a dictionary.
    """

    def __init__(self, kind: Kind, vocabulary: Mapping[str, int], rarity: FloatArray) -> None:
        """Take the column of each n-gram, and for each column its rarity (scikit's ``idf_``)."""
        self.vocabulary = vocabulary
        self.rarity = rarity
        self._analyze = _vectorizer(kind).build_analyzer()

    @classmethod
    def fit(cls, kind: Kind, texts: Sequence[str], minimum: int) -> "Ngrams":
        """Learn the n-grams that stand in at least ``minimum`` of ``texts``.

        Raises:
            ValueError: there are none.
        """
        vectorizer = _vectorizer(kind, minimum).fit(texts)
        columns = {term: int(column) for term, column in vectorizer.vocabulary_.items()}
        return cls(kind, columns, vectorizer.idf_.astype(np.float32))

    def matrix(self, texts: Sequence[str], weight: float) -> csr_matrix:
        """Return the rows of ``texts``, each of length ``weight``: shape (texts, n-grams).

        A text in which no n-gram is known gives a row of zeros.
        """
        columns: list[int] = []
        values: list[FloatArray] = []
        ends = [0]
        for text in texts:
            known = [self.vocabulary[t] for t in self._analyze(text) if t in self.vocabulary]
            counts = Counter(known)
            columns.extend(counts)
            row = self.rarity[list(counts)] * (1 + np.log(list(counts.values()), dtype=np.float32))
            values.append(row * (weight / max(float(np.linalg.norm(row)), 1e-9)))
            ends.append(len(columns))
        data = np.concatenate(values) if values else np.zeros(0, dtype=np.float32)
        shape = (len(texts), len(self.vocabulary))
        return csr_matrix((data.astype(np.float32), columns, ends), shape=shape)


def _vectorizer(kind: Kind, minimum: int = 1) -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer=kind.analyzer,
        ngram_range=(kind.shortest, kind.longest),
        min_df=minimum,
        sublinear_tf=True,
        dtype=np.float32,
    )
