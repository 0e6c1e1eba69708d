"""The intent model learns, is the same each time, and comes back from disk as it was."""

import numpy as np
import pytest

from needlepoint.nlu.model import IntentModel, Settings, unit_length
from needlepoint.nlu.softmax import softmax

WORDS = {"cost": "price money pay", "pain": "hurt sting ache", "time": "long minutes hours"}


def examples(count=60):
    random = np.random.default_rng(7)
    texts, intents, vectors = [], [], []
    for number in range(count):
        intent = sorted(WORDS)[number % 3]
        texts.append(" ".join(random.choice(WORDS[intent].split(), 3)))
        intents.append(intent)
        vectors.append(np.eye(8)[number % 3] + random.normal(0, 0.3, 8))
    return texts, np.array(vectors, dtype=np.float32), intents


@pytest.fixture(scope="module")
def model():
    return IntentModel.train(*examples(), Settings())


def test_learns_what_it_was_shown(model):
    texts, vectors, intents = examples()
    best = [model.intents[i] for i in model.predict(texts, vectors).argmax(axis=1)]
    assert best == intents


def test_words_alone_can_decide(model):
    nothing = np.zeros((1, 8), dtype=np.float32)
    probabilities = model.predict(["price to pay"], nothing)[0]
    assert model.intents[probabilities.argmax()] == "cost"


def test_probabilities_sum_to_one(model):
    texts, vectors, _ = examples(9)
    np.testing.assert_allclose(model.predict(texts, vectors).sum(axis=1), 1, rtol=1e-5)


def test_training_twice_gives_the_same_model(model):
    again = IntentModel.train(*examples(), Settings())
    texts, vectors, _ = examples(9)
    np.testing.assert_array_equal(model.predict(texts, vectors), again.predict(texts, vectors))


def test_saved_and_loaded_is_the_same(model, tmp_path):
    model.save(tmp_path)
    loaded = IntentModel.load(tmp_path)
    texts, vectors, _ = examples(9)
    expected = model.predict(texts, vectors)
    np.testing.assert_allclose(loaded.predict(texts, vectors), expected, rtol=1e-4, atol=1e-9)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".npz"}


def test_a_rare_intent_is_not_drowned():
    texts, vectors, intents = examples(90)
    rare = [i for i, intent in enumerate(intents) if intent != "time" or i < 9]
    texts, intents = [texts[i] for i in rare], [intents[i] for i in rare]
    drowned = IntentModel.train(texts, vectors[rare], intents, Settings(balance=0))
    balanced = IntentModel.train(texts, vectors[rare], intents, Settings(balance=1))
    column = balanced.intents.index("time")
    unsure = np.ones((1, 8), dtype=np.float32)
    assert balanced.predict(["x"], unsure)[0, column] > drowned.predict(["x"], unsure)[0, column]


def test_refuses_a_single_intent():
    with pytest.raises(ValueError, match="at least two intents"):
        IntentModel.train(["a", "b"], np.ones((2, 4), dtype=np.float32), ["x", "x"], Settings())


def test_an_intent_of_one_example_can_be_learnt():
    texts, vectors, intents = examples(31)
    one = [i for i, intent in enumerate(intents) if intent != "time"] + [intents.index("time")]
    model = IntentModel.train(
        [texts[i] for i in one], vectors[one], [intents[i] for i in one], Settings()
    )
    assert "time" in model.intents


def test_refuses_counts_that_differ():
    with pytest.raises(ValueError, match="same number"):
        IntentModel.train(["a"], np.ones((2, 4), dtype=np.float32), ["x", "y"], Settings())


def test_unit_length_leaves_zeros():
    scaled = unit_length(np.array([[3.0, 4.0], [0.0, 0.0]]))
    np.testing.assert_allclose(scaled, [[0.6, 0.8], [0.0, 0.0]])


def test_softmax_stands_large_scores():
    np.testing.assert_allclose(softmax(np.array([[1000.0, 1000.0]])), [[0.5, 0.5]])
