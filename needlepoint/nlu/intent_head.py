"""The Rasa component around the intent model."""

from __future__ import annotations

from collections.abc import Sequence
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
from needlepoint.names import OUT_OF_SCOPE, SMALL_TALK, TOPIC_PREFIX, TOPICS, URGENT_INTENTS
from needlepoint.nlu.component import ModelComponent
from needlepoint.nlu.model import IntentModel, Settings
from needlepoint.nlu.questions import split_questions
from needlepoint.nlu.softmax import FloatArray

Prediction = dict[str, Any]


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
            [example.get(INTENT) for example in examples],
            settings,
        )
        return self._store(trained)

    def process(self, messages: list[Message], model: SpacyModel) -> list[Message]:
        """Set ``intent``, ``intent_ranking`` and ``topics`` of each message."""
        for message in messages:
            ranking, topics = self._read(message, model)
            top = ranking[0] if ranking else {"name": None, "confidence": 0.0}
            message.set(INTENT, top, add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
            message.set(TOPICS, topics, add_to_output=True)
        return messages

    def _read(
        self, message: Message, model: SpacyModel
    ) -> tuple[list[Prediction], list[Prediction]]:
        text, vector = message.get(TEXT) or "", _vector(message)
        if vector is None or not any(character.isalnum() for character in text):
            return [], []
        whole = self._rank([_reading(message)], vector[None, :])[0]
        parts = split_questions(text)
        if len(parts) > 1:
            # The encoder is uncased, and the training texts came through SpacyNLP in lower case.
            docs = [model.model(part.lower()) for part in parts]
            readings = [" ".join(reading(doc)) for doc in docs]
            rankings = self._rank(readings, np.stack([doc.vector for doc in docs]))
            order = self._order(rankings)
            if order:
                topics = [_topic(rankings[i], parts[i]) for i in order]
                return rankings[order[0]], _without_repeats(topics)
        return whole, [_topic(whole, text)]

    def _rank(self, texts: Sequence[str], vectors: FloatArray) -> list[list[Prediction]]:
        rankings = []
        for probabilities in self._trained.predict(texts, vectors):
            best = np.argsort(-probabilities, kind="stable")
            ranking = [
                {"name": self._trained.intents[i], "confidence": float(probabilities[i])}
                for i in best
            ]
            ranking = decline(ranking, self._config["out_of_scope_share"])
            rankings.append(ranking[: self._config["ranking_length"]])
        return rankings

    def _order(self, parts: list[list[Prediction]]) -> list[int]:
        """Return which parts to take as questions of their own; none: the message is one.

        Manners count only where nothing else is said.
        """
        if any(part[0]["confidence"] < self._config["split_confidence"] for part in parts):
            return []
        if len({part[0]["name"] for part in parts}) == 1:
            return []
        return [i for i, part in enumerate(parts) if part[0]["name"] not in SMALL_TALK]


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


def _topic(ranking: list[Prediction], text: str) -> Prediction:
    return {"intent": ranking[0]["name"], "confidence": ranking[0]["confidence"], "text": text}


def _without_repeats(topics: list[Prediction]) -> list[Prediction]:
    """Keep the first question of each intent: a patient wants each answer once."""
    first: dict[str, Prediction] = {}
    for topic in topics:
        first.setdefault(topic["intent"], topic)
    return list(first.values())
