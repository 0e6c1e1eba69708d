"""The encoder gives PyTorch's vectors, aligned with spaCy's tokens."""

import hashlib
import json

import numpy as np
import pytest
import spacy

from needlepoint.language.build import PIPELINE, build_pipeline
from needlepoint.language.encoder import ASSETS, DIMENSIONS, mean_vector

REFERENCE = json.loads((ASSETS / "reference.json").read_text())


@pytest.fixture(scope="module")
def nlp():
    return build_pipeline()


def cosine(a, b):
    return float(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))


def test_assets_are_those_that_were_exported():
    for line in (ASSETS / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.parametrize("entry", REFERENCE, ids=lambda entry: entry["text"][:30])
def test_vectors_are_those_of_pytorch(nlp, entry):
    # The reference is the mean over all word pieces, not that over the words.
    pieces = nlp.get_pipe("needlepoint_encoder").piece_vectors([entry["text"]])[0]
    assert cosine(pieces.mean(axis=0), entry["vector"]) >= 0.98


def test_ten_sentences_are_kept_for_comparison():
    assert len(REFERENCE) == 10


def test_each_token_has_its_own_vector_in_context(nlp):
    first = nlp("the needle is thin")
    second = nlp("a thin needle hurts")
    assert first[1].text == second[2].text == "needle"
    assert 0.5 < cosine(first[1].vector, second[2].vector) < 0.999


def test_tokens_share_the_pieces_they_overlap(nlp):
    doc = nlp("electroacupuncture doesn't hurt")
    assert [token.text for token in doc] == ["electroacupuncture", "does", "n't", "hurt"]
    assert all(np.any(token.vector) for token in doc)


def test_white_space_and_nothing_have_zero_vectors(nlp):
    assert not nlp("").vector.any()
    assert nlp("   ").vector.shape == (DIMENSIONS,)
    assert not nlp("   ").vector.any()


def test_a_text_longer_than_the_model_reads_keeps_a_vector(nlp):
    doc = nlp("my back hurts " * 400)
    assert doc.vector.any()
    assert not doc[-1].vector.any()


def test_many_at_once_give_what_one_at_a_time_gives(nlp):
    texts = [entry["text"] for entry in REFERENCE]
    together = [doc.vector for doc in nlp.pipe(texts)]
    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_array_equal(vector, nlp(text).vector)


def test_a_span_is_the_mean_of_its_tokens(nlp):
    doc = nlp("does it hurt a lot")
    expected = mean_vector(np.stack([token.vector for token in doc[1:3]]))
    np.testing.assert_allclose(doc[1:3].vector, expected)


def test_the_built_pipeline_loads_by_its_path(nlp):
    # As Rasa's stock SpacyNLP does; the factory is found by its entry point.
    loaded = spacy.load(str(PIPELINE))
    np.testing.assert_array_equal(loaded("cost").vector, nlp("cost").vector)
    assert loaded.vocab.vectors_length == DIMENSIONS
