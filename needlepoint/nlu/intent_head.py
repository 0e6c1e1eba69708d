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
    FORGET,
    MEDICAL_ADVICE,
    OUT_OF_SCOPE,
    SMALL_TALK,
    TOPIC_PREFIX,
    TOPICS,
    URGENT_INTENTS,
)
from needlepoint.nlu.component import ModelComponent
from needlepoint.nlu.model import IntentModel, Settings
from needlepoint.nlu.questions import Piece, catchwords, cut, without_conjunction
from needlepoint.nlu.results import set_family
from needlepoint.nlu.softmax import FloatArray

Prediction = dict[str, Any]
# The model learns the families of ``out_of_scope`` apart, as "out_of_scope/jobs".
FAMILY_MARK = "/"
# So few words hardly say what they ask about.
SHORT = 4


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
            # One of several questions must be recognised this surely to count as one; below the
            # second, it is read with what was said before it.
            "split_confidence": 0.3,
            "sure_alone": 0.6,
            # Where the message as a whole is understood, a part must be this sure to be more than
            # a part of it: one on topics, one out of scope. A question for a doctor from "clear" on
            # is not cut at all.
            "clear_part": 0.5,
            "clear_outside": 0.75,
            "clear": 0.9,
            # Declined if, of what speaks for some topic or for none, more than this share speaks
            # for none. Chosen on held-out questions, to decline about 2 % of those on topics.
            "out_of_scope_share": 0.2,
            # The same for one of several questions.
            "part_out_of_scope_share": 0.5,
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
        if vector is None or not any(character.isalnum() for character in _reading(message)):
            return []
        if without_conjunction(text) != text:
            whole = self._read_texts([text], model)
        else:
            whole = self._questions([text], [_reading(message)], vector[None, :])
        pieces = cut(text)
        asked = [piece for piece in pieces if piece.asks]
        if len(asked) > 1:
            questions = self._several(pieces, model)
        elif len(asked) < len(pieces) and asked and not self._is_sure(whole[0]):
            # The story around a clear question may hide it.
            (question,) = self._read_texts([asked[0].text], model)
            is_clear = question.confidence >= self._config["clear"]
            is_topic = question.intent.startswith(TOPIC_PREFIX)
            return [question] if is_clear and is_topic else whole
        else:
            questions = self._several([Piece(item, True) for item in catchwords(text)], model)
            if not all(question.intent.startswith(TOPIC_PREFIX) for question in questions):
                questions = []
        return self._apart(questions, whole[0]) or whole

    def _apart(self, questions: list[Question], whole: Question) -> list[Question]:
        """Return the questions that are more than a part of what the whole message asks; or none.

        A story for a doctor stays one, whatever it asks on the way.
        """
        if whole.intent == MEDICAL_ADVICE and whole.confidence >= self._config["clear"]:
            return []
        if whole.confidence < self._config["sure_alone"]:
            return questions
        kept = [q for q in questions if q.intent == whole.intent or self._is_clear(q)]
        return kept if len(kept) > 1 or kept == questions else []

    def _is_clear(self, question: Question) -> bool:
        is_outside = question.intent == OUT_OF_SCOPE
        return question.confidence >= self._config["clear_outside" if is_outside else "clear_part"]

    def _several(self, pieces: Sequence[Piece], model: SpacyModel) -> list[Question]:
        """Return the questions among pieces; none, if the message is better read as one.

        A question that says too little alone is read with what was said before it. Manners count
        only where nothing else is said.
        """
        asked = [i for i, piece in enumerate(pieces) if piece.asks]
        found = self._read_texts([pieces[i].text for i in asked], model)
        unsure = [n for n, question in enumerate(found) if not self._is_sure(question)]
        unsure += [n for n, i in enumerate(asked) if _leans(pieces, i) and n not in unsure]
        together = self._read_texts([_with_context(pieces, asked[n]) for n in unsure], model)
        for n, question in zip(unsure, together, strict=True):
            # With the question before it, it may read as that one again.
            is_new = n == 0 or question.intent != found[n - 1].intent
            if is_new and (_leans(pieces, asked[n]) or question.confidence > found[n].confidence):
                found[n] = Question(found[n].text, question.ranking, question.family)
        known = [q for q in found if q.confidence >= self._config["split_confidence"]]
        kept = _without_repeats(q for q in known if q.intent not in SMALL_TALK)
        # What is to be forgotten is forgotten by the intent of the message, which is the first.
        kept.sort(key=lambda question: question.intent != FORGET)
        has_manners = any(question.intent in SMALL_TALK for question in known)
        return kept if len(kept) > 1 or (kept and has_manners) else []

    def _is_sure(self, question: Question) -> bool:
        is_vague = question.intent in (OUT_OF_SCOPE, MEDICAL_ADVICE)
        return question.confidence >= self._config["sure_alone"] and not is_vague

    def _read_texts(self, texts: Sequence[str], model: SpacyModel) -> list[Question]:
        if not texts:
            return []
        # The encoder is uncased, and the training texts came through SpacyNLP in lower case.
        lower = (without_conjunction(text).lower() for text in texts)
        docs = list(model.model.pipe(lower, disable=["needlepoint_clinical"]))
        readings = [" ".join(reading(doc)) for doc in docs]
        return self._questions(texts, readings, np.stack([doc.vector for doc in docs]))

    def _questions(
        self, texts: Sequence[str], readings: Sequence[str], vectors: FloatArray
    ) -> list[Question]:
        """Classify texts, each by what is read in it and by its vector."""
        probabilities = self._trained.predict(readings, vectors)
        # Beside other questions, one is less likely to be about something else.
        limit = self._config["out_of_scope_share" if len(texts) < 2 else "part_out_of_scope_share"]
        return [self._question(*each, limit) for each in zip(texts, probabilities, strict=True)]

    def _question(self, text: str, probabilities: FloatArray, limit: float) -> Question:
        sums: dict[str, float] = {}
        family, highest = "", -1.0
        for label, probability in zip(self._trained.intents, probabilities.tolist(), strict=True):
            intent, _, kind = label.partition(FAMILY_MARK)
            sums[intent] = sums.get(intent, 0.0) + probability
            if kind and probability > highest:
                family, highest = kind, probability
        best = sorted(sums.items(), key=lambda entry: -entry[1])
        ranking = [{"name": intent, "confidence": confidence} for intent, confidence in best]
        ranking = decline(ranking, limit)
        return Question(text, ranking[: self._config["ranking_length"]], family)


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


def _leans(pieces: Sequence[Piece], place: int) -> bool:
    """Tell whether a piece is a short question about the statement before it: "Is it allowed?"."""
    is_short = len(pieces[place].text.split()) <= SHORT
    return is_short and place > 0 and not pieces[place - 1].asks


def _with_context(pieces: Sequence[Piece], place: int) -> str:
    """Return a piece with the statements before it, or else with the question before it."""
    start = place
    while start > 0 and not pieces[start - 1].asks:
        start -= 1
    if start == place and place > 0:
        start -= 1
    return " ".join(piece.text for piece in pieces[start : place + 1])


def _without_repeats(questions: Iterable[Question]) -> list[Question]:
    """Keep the first question of each intent: a patient wants each answer once."""
    first: dict[str, Question] = {}
    for question in questions:
        first.setdefault(question.intent, question)
    return list(first.values())
