"""Our walk through the n-grams gives scikit-learn's numbers."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from needlepoint.nlu.ngrams import CHARACTERS, WORDS, Ngrams, matrix, rows

TEXTS = ["does it hurt", "How much is it?", "it hurts, it HURTS a lot", "déjà vu 10 needles", "I"]
NEW = ["does it hurt it hurts hurt", "much ado", "", "zzz"]


@pytest.mark.parametrize("kind", [WORDS, CHARACTERS])
@pytest.mark.parametrize("minimum", [1, 2])
def test_same_as_scikit(kind, minimum):
    reference = TfidfVectorizer(
        analyzer=kind.analyzer,
        ngram_range=(kind.shortest, kind.longest),
        min_df=minimum,
        sublinear_tf=True,
        dtype=np.float32,
    ).fit(TEXTS)
    ours = Ngrams.fit(kind, TEXTS, minimum)
    expected = reference.transform(TEXTS + NEW).toarray() * 0.5
    found = matrix(TEXTS + NEW, [(ours, 0.5)])
    np.testing.assert_allclose(found.toarray(), expected, atol=1e-6)


def test_kinds_stand_side_by_side():
    words, characters = Ngrams.fit(WORDS, TEXTS, 1), Ngrams.fit(CHARACTERS, TEXTS, 1)
    both = matrix(TEXTS, [(words, 1.0), (characters, 0.5)]).toarray()
    width = len(words.vocabulary)
    np.testing.assert_allclose(both[:, :width], matrix(TEXTS, [(words, 1.0)]).toarray())
    np.testing.assert_allclose(both[:, width:], matrix(TEXTS, [(characters, 0.5)]).toarray())


def test_no_texts_no_rows():
    assert matrix([], [(Ngrams.fit(WORDS, TEXTS, 1), 1.0)]).shape[0] == 0


def test_nothing_common_is_an_error():
    with pytest.raises(ValueError):
        Ngrams.fit(WORDS, TEXTS, 9)


def test_rows_are_those_of_the_matrix():
    kinds = [(Ngrams.fit(WORDS, TEXTS, 1), 1.0), (Ngrams.fit(CHARACTERS, TEXTS, 1), 0.5)]
    expected = matrix(TEXTS + NEW, kinds).toarray()
    for (columns, values), row in zip(rows(TEXTS + NEW, kinds), expected, strict=True):
        found = np.zeros_like(row)
        found[columns] = values
        np.testing.assert_allclose(found, row)
