"""Weighted n-grams of texts as the rows of a sparse matrix."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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


Row = tuple[list[int], FloatArray]
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

    def row(self, text: str, weight: float) -> Row:
        """Return the columns of the n-grams in ``text``, and their values: of length ``weight``.

        A text in which no n-gram is known gives none.
        """
        known = [self.vocabulary[t] for t in self._analyze(text) if t in self.vocabulary]
        counts = Counter(known)
        columns = list(counts)
        times = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))
        values = self.rarity[columns] * (1 + np.log(times))
        length = max(float(np.linalg.norm(values)), 1e-9)
        return columns, (values * (weight / length)).astype(np.float32)


def rows(texts: Sequence[str], kinds: Sequence[tuple[Ngrams, float]]) -> Iterator[Row]:
    """Yield the columns and values of each text, kind beside kind, as ``matrix`` has them."""
    for text in texts:
        columns: list[int] = []
        values = [np.zeros(0, dtype=np.float32)]
        offset = 0
        for ngrams, weight in kinds:
            places, row = ngrams.row(text, weight)
            columns.extend(place + offset for place in places)
            values.append(row)
            offset += len(ngrams.vocabulary)
        yield columns, np.concatenate(values)


def matrix(texts: Sequence[str], kinds: Sequence[tuple[Ngrams, float]]) -> csr_matrix:
    """Return the n-grams of ``texts``, kind beside kind: shape (texts, n-grams of all kinds).

    Args:
        texts: the rows
        kinds: the n-grams of each kind, and how long its part of a row is to be
    """
    columns: list[int] = []
    values = [np.zeros(0, dtype=np.float32)]
    ends = [0]
    for places, row in rows(texts, kinds):
        columns.extend(places)
        values.append(row)
        ends.append(len(columns))
    width = sum(len(ngrams.vocabulary) for ngrams, _ in kinds)
    return csr_matrix((np.concatenate(values), columns, ends), shape=(len(texts), width))


def _vectorizer(kind: Kind, minimum: int = 1) -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer=kind.analyzer,
        ngram_range=(kind.shortest, kind.longest),
        min_df=minimum,
        sublinear_tf=True,
        dtype=np.float32,
    )
