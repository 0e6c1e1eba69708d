"""The Rasa component around the intent model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.nlu.constants import SPACY_DOCS
from rasa.nlu.featurizers.dense_featurizer.spacy_featurizer import SpacyFeaturizer
from rasa.nlu.utils.spacy_utils import SpacyModel
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from needlepoint.language.spelling import reading
from needlepoint.names import (
    FAMILY,
    OUT_OF_SCOPE,
    SMALL_TALK,
    TOPIC_PREFIX,
    TOPICS,
    URGENT_INTENTS,
)
from needlepoint.nlu.component import ModelComponent
from needlepoint.nlu.model import IntentModel, Settings
from needlepoint.nlu.questions import split_questions
from needlepoint.nlu.results import set_family
from needlepoint.nlu.softmax import FloatArray

Prediction = dict[str, Any]
# The model learns the families of ``out_of_scope`` apart, as "out_of_scope/jobs".
FAMILY_MARK = "/"


@dataclass(frozen=True)
class Question:
    """A question, as it was read.

    Attributes:
        text: its words
        ranking: the intents it may have, most likely first
        family: of the families of ``out_of_scope``, the most likely one
    """

    text: str
    ranking: list[Prediction]
    family: str

    @property
    def intent(self) -> str:
        """The most likely intent."""
        name: str = self.ranking[0]["name"]
        return name

    @property
    def confidence(self) -> float:
        """How likely it is, from 0 to 1."""
        return float(self.ranking[0]["confidence"])

    def as_topic(self) -> dict[str, Any]:
        """Return the entry for ``topics`` in the parse result."""
        return {"intent": self.intent, "confidence": self.confidence, "text": self.text}


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True, model_from="SpacyNLP"
)
class IntentHead(ModelComponent):
    """Classifies each question of a message; fills ``intent``, ``intent_ranking``, ``topics``.

    ``topics`` is the list of ``{"intent", "confidence", "text"}``, one for each question, in
    order; ``intent`` is the first. A text in which nothing can be read (no letters, no vector)
    gets no intent and confidence 0, which Rasa's ``FallbackClassifier`` takes up.

    Emergencies are not its business: ``triage.Triage`` comes after it and overrides it.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        """The sentence vector comes from Rasa's stock featurizer."""
        return [SpacyFeaturizer]

    @staticmethod
    def required_packages() -> list[str]:
        """Packages that must be importable."""
        return ["sklearn", "scipy"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The tuned ``Settings``, the length of the ranking, and when to believe a split."""
        return {
            **vars(Settings()),
            "ranking_length": 10,
            # Each of several questions must be recognised this surely, or they are read as one.
            "split_confidence": 0.4,
            # Declined if, of what speaks for some topic or for none, more than this share speaks
            # for none. Chosen on held-out questions, to decline about 2 % of those on topics.
            "out_of_scope_share": 0.15,
        }

    def train(self, training_data: TrainingData, model: SpacyModel) -> Resource:
        """Fit the intent model on all examples but those for the triage, and store it."""
        examples = [
            example
            for example in training_data.intent_examples
            if example.get(INTENT) not in (None, *URGENT_INTENTS)
            and not _is_for_triage(example)
            and example.get(TEXT)
            and _vector(example) is not None
        ]
        settings = Settings(**{name: self._config[name] for name in vars(Settings())})
        trained = IntentModel.train(
            [_reading(example) for example in examples],
            np.stack([cast(FloatArray, _vector(example)) for example in examples]),
            [_label(example) for example in examples],
            settings,
        )
        return self._store(trained)

    def process(self, messages: list[Message], model: SpacyModel) -> list[Message]:
        """Set ``intent``, ``intent_ranking`` and ``topics``; a family where it is out of scope."""
        for message in messages:
            questions = self._read(message, model)
            ranking = questions[0].ranking if questions else []
            top = ranking[0] if ranking else {"name": None, "confidence": 0.0}
            message.set(INTENT, top, add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
            message.set(TOPICS, [question.as_topic() for question in questions], add_to_output=True)
            declined = [question for question in questions if question.intent == OUT_OF_SCOPE]
            if declined:
                set_family(message, declined[0].family)
        return messages

    def _read(self, message: Message, model: SpacyModel) -> list[Question]:
        """Return the questions of a message; none if there is nothing to read."""
        text, vector = message.get(TEXT) or "", _vector(message)
        if vector is None or not any(character.isalnum() for character in text):
            return []
        parts = split_questions(text)
        if len(parts) > 1:
            # The encoder is uncased, and the training texts came through SpacyNLP in lower case.
            docs = [model.model(part.lower()) for part in parts]
            readings = [" ".join(reading(doc)) for doc in docs]
            vectors = np.stack([doc.vector for doc in docs])
            questions = self._apart(self._questions(parts, readings, vectors))
            if questions:
                return questions
        return self._questions([text], [_reading(message)], vector[None, :])

    def _questions(
        self, texts: Sequence[str], readings: Sequence[str], vectors: FloatArray
    ) -> list[Question]:
        """Classify texts, each by what is read in it and by its vector."""
        probabilities = self._trained.predict(readings, vectors)
        return [self._question(*each) for each in zip(texts, probabilities, strict=True)]

    def _question(self, text: str, probabilities: FloatArray) -> Question:
        sums: dict[str, float] = {}
        family, highest = "", -1.0
        for label, probability in zip(self._trained.intents, probabilities.tolist(), strict=True):
            intent, _, kind = label.partition(FAMILY_MARK)
            sums[intent] = sums.get(intent, 0.0) + probability
            if kind and probability > highest:
                family, highest = kind, probability
        best = sorted(sums.items(), key=lambda entry: -entry[1])
        ranking = [{"name": intent, "confidence": confidence} for intent, confidence in best]
        ranking = decline(ranking, self._config["out_of_scope_share"])
        return Question(text, ranking[: self._config["ranking_length"]], family)

    def _apart(self, questions: list[Question]) -> list[Question]:
        """Return the questions that stand for themselves; none: the message is one.

        Manners count only where nothing else is said.
        """
        if any(q.confidence < self._config["split_confidence"] for q in questions):
            return []
        if len({question.intent for question in questions}) == 1:
            return []
        return _without_repeats(q for q in questions if q.intent not in SMALL_TALK)


def decline(ranking: list[Prediction], limit: float) -> list[Prediction]:
    """Put ``out_of_scope`` first where a topic leads only because no topic is a clear match.

    A question outside the scope is like many topics a little, so the best of them can win over
    ``out_of_scope``, though all of them together do not.

    Args:
        ranking: all intents, most likely first
        limit: the share of ``out_of_scope`` against all topics together, above which it leads
    """
    if not ranking[0]["name"].startswith(TOPIC_PREFIX):
        return ranking
    outside = next((p for p in ranking if p["name"] == OUT_OF_SCOPE), None)
    if outside is None:
        return ranking
    inside = sum(p["confidence"] for p in ranking if p["name"].startswith(TOPIC_PREFIX))
    share = outside["confidence"] / (outside["confidence"] + inside)
    if share <= limit:
        return ranking
    leader = {"name": OUT_OF_SCOPE, "confidence": max(share, ranking[0]["confidence"])}
    return [leader, *(p for p in ranking if p is not outside)]


def _vector(message: Message) -> FloatArray | None:
    """Return the sentence vector, shape (dimensions,), or None where no word was read."""
    _, sentence = message.get_dense_features(TEXT)
    if sentence is None or not np.any(sentence.features):
        return None
    return cast(FloatArray, sentence.features[0])


def _is_for_triage(example: Message) -> bool:
    about = (example.get(METADATA) or {}).get(INTENT) or {}
    return about.get("only_for") == "triage"


def _reading(message: Message) -> str:
    """Return the text of a message with its spelling repaired."""
    return " ".join(reading(message.get(SPACY_DOCS[TEXT])))


def _label(example: Message) -> str:
    """Return what the model learns of an example: its intent, with its family if it has one."""
    about = (example.get(METADATA) or {}).get(INTENT) or {}
    intent: str = example.get(INTENT)
    return f"{intent}{FAMILY_MARK}{about[FAMILY]}" if FAMILY in about else intent


def _without_repeats(questions: Iterable[Question]) -> list[Question]:
    """Keep the first question of each intent: a patient wants each answer once."""
    first: dict[str, Question] = {}
    for question in questions:
        first.setdefault(question.intent, question)
    return list(first.values())
