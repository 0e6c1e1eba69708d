"""The intent model: sentence vectors and n-grams in, calibrated probabilities out. No Rasa here."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from needlepoint.nlu.ngrams import CHARACTERS, WORDS, Ngrams, matrix, rows
from needlepoint.nlu.softmax import FloatArray, Softmax, fit_softmax, softmax

# Every fifth example is kept back to measure how sure the model may be; the fit without them takes
# most of the way, the fit with them the rest.
CALIBRATION_STRIDE = 5
FIRST_STEPS, LAST_STEPS = 60, 25


@dataclass(frozen=True)
class Settings:
    """What was tuned on held-out questions; the defaults are the tuned values.

    Attributes:
        inverse_penalty: strength of the fit, scikit-learn's ``C``
        word_weight: length of the word n-gram part beside the unit-length sentence vector
        character_weight: the same for the character n-grams
        word_minimum: in how many examples a word n-gram must stand to count; what hardly any holds
            adds size and time, and no accuracy
        character_minimum: the same for the character n-grams
        balance: how far small intents are made up for: 0 not at all, 1 until all weigh the same
        sharpest: the lowest temperature that calibration may choose. With few examples, 1 keeps the
            confidence of unknown questions apart from that of known ones
    """

    inverse_penalty: float = 20.0
    word_weight: float = 1.0
    character_weight: float = 1.0
    balance: float = 0.5
    word_minimum: int = 3
    character_minimum: int = 6
    sharpest: float = 0.1


class IntentModel:
    """Finds the intent of a text from its sentence vector and its words."""

    def __init__(
        self,
        intents: list[str],
        words: Ngrams,
        characters: Ngrams,
        weights: Softmax,
        temperature: float,
        settings: Settings,
    ) -> None:
        self.intents = intents
        self._words = words
        self._characters = characters
        self._weights = weights
        self._temperature = temperature
        self._settings = settings

    @classmethod
    def train(
        cls,
        texts: Sequence[str],
        vectors: FloatArray,
        intents: Sequence[str],
        settings: Settings,
    ) -> "IntentModel":
        """Fit the model.

        Args:
            texts: the example questions
            vectors: their sentence vectors, shape (examples, dimensions), any length
            intents: the intent of each
            settings: see there

        Raises:
            ValueError: fewer than two intents, or counts that differ.
        """
        if not len(texts) == len(vectors) == len(intents):
            raise ValueError("texts, vectors and intents must be of the same number")
        names, classes = np.unique(np.asarray(intents), return_inverse=True)
        if len(names) < 2:
            raise ValueError("training needs examples of at least two intents")
        words = Ngrams.fit(WORDS, texts, settings.word_minimum)
        characters = Ngrams.fit(CHARACTERS, texts, settings.character_minimum)
        dense = unit_length(vectors)
        sparse = matrix(texts, _kinds(words, characters, settings))

        kept = _kept_back(classes)
        weight = _row_weights(classes, settings.balance)
        count, penalty = len(names), settings.inverse_penalty
        first = fit_softmax(
            dense[~kept], sparse[~kept], classes[~kept], count, weight[~kept], penalty, FIRST_STEPS
        )
        temperature = _calibrate(
            first.logits(dense[kept], sparse[kept]), classes[kept], settings.sharpest
        )
        weights = fit_softmax(
            dense, sparse, classes, count, weight, penalty, LAST_STEPS, start=first
        )
        return cls(names.tolist(), words, characters, weights, temperature, settings)

    def predict(self, texts: Sequence[str], vectors: FloatArray) -> FloatArray:
        """Return the probability of each of ``intents``, shape (texts, intents)."""
        kinds = _kinds(self._words, self._characters, self._settings)
        logits = self._weights.logits_of(unit_length(vectors), rows(texts, kinds))
        return softmax(logits / self._temperature)

    def save(self, folder: Path) -> None:
        """Write the model to ``folder`` as JSON and plain arrays: nothing that can run code."""
        description = {
            "intents": self.intents,
            "temperature": self._temperature,
            "settings": vars(self._settings),
            "words": self._words.vocabulary,
            "characters": self._characters.vocabulary,
        }
        (folder / "model.json").write_text(json.dumps(description), encoding="utf-8")
        np.savez(
            folder / "weights.npz",
            dense=self._weights.dense,
            sparse=self._weights.sparse,
            bias=self._weights.bias,
            word_rarity=self._words.rarity,
            character_rarity=self._characters.rarity,
        )

    @classmethod
    def load(cls, folder: Path) -> "IntentModel":
        """Read what ``save`` wrote.

        Raises:
            FileNotFoundError: there is no model in ``folder``.
        """
        description = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            weights = Softmax(arrays["dense"], arrays["sparse"], arrays["bias"])
            words = Ngrams(WORDS, description["words"], arrays["word_rarity"])
            characters = Ngrams(CHARACTERS, description["characters"], arrays["character_rarity"])
        return cls(
            description["intents"],
            words,
            characters,
            weights,
            description["temperature"],
            Settings(**description["settings"]),
        )


def unit_length(vectors: FloatArray) -> FloatArray:
    """Scale the rows of ``vectors`` to length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: FloatArray = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return scaled


def _kept_back(classes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Mark every fifth example of each class, or none of a class that has fewer than five."""
    kept = np.zeros(len(classes), dtype=bool)
    for number in np.unique(classes):
        kept[np.flatnonzero(classes == number)[CALIBRATION_STRIDE - 1 :: CALIBRATION_STRIDE]] = True
    return kept


def _row_weights(classes: npt.NDArray[np.int64], balance: float) -> FloatArray:
    """Return the weight of each example, 1 on average: less for one of a large intent."""
    weights = np.bincount(classes)[classes].astype(np.float32) ** -balance
    scaled: FloatArray = weights / weights.mean()
    return scaled


def _kinds(
    words: Ngrams, characters: Ngrams, settings: Settings
) -> tuple[tuple[Ngrams, float], ...]:
    return (words, settings.word_weight), (characters, settings.character_weight)


def _calibrate(logits: FloatArray, classes: npt.NDArray[np.int64], sharpest: float) -> float:
    """Return the temperature that makes the probabilities of unseen examples most honest."""
    if not len(classes):  # too few examples to keep any back
        return 1.0

    def surprise(temperature: float) -> float:
        probabilities = softmax(logits / temperature)[np.arange(len(classes)), classes]
        return -float(np.log(np.maximum(probabilities, 1e-12)).mean())

    return float(minimize_scalar(surprise, bounds=(sharpest, 5.0), method="bounded").x)
