"""The Rasa component that looks at every message for red flags, crises and cautions."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.nlu.constants import SPACY_DOCS
from rasa.nlu.utils.spacy_utils import SpacyModel, SpacyNLP
from rasa.shared.constants import INTENT_MESSAGE_PREFIX
from rasa.shared.nlu.constants import ENTITIES, INTENT, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from spacy.tokens import Doc, Span

from needlepoint.language.encoder import FloatArray
from needlepoint.language.spelling import reading
from needlepoint.names import (
    ABOUT_TALK,
    CRISIS,
    LOW_INTENTS,
    OUT_OF_SCOPE,
    REPORT_RED_FLAG,
    TELL_CAUTION,
    TOPIC_PREFIX,
    URGENT_INTENTS,
)
from needlepoint.nlu.component import ModelComponent
from needlepoint.nlu.model import IntentModel, Settings
from needlepoint.nlu.questions import is_question
from needlepoint.nlu.results import Entity, put_first
from needlepoint.safety.alarms import Alarm, Caution, cautions, country, first_alarm, is_explained

HARMLESS = "harmless"
# No questions beside what is found.
PASSED_OVER = (*URGENT_INTENTS, OUT_OF_SCOPE)
# Alarms are rare: making up for that, as for small intents, would raise them for nothing.
SETTINGS = Settings(balance=0.25)


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True, model_from="SpacyNLP"
)
class Triage(ModelComponent):
    """Overrides the intent of a message that needs help at once, whatever else it asks.

    The findings of the spaCy pipe ``needlepoint_clinical`` decide. A model of the examples of
    ``report_red_flag`` and ``crisis`` gives a second opinion: it may raise an alarm where the rules
    found no sign, and never lowers one.

    Entities: ``red_flag`` (the kind), ``urgency`` (A, B, C), ``advice`` (which fixed text),
    ``about`` (self, other) of an alarm; ``caution`` (its name; role self, other, asked; group the
    name again, so that each has a slot of its own); ``country``.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        """The findings and vectors are those of Rasa's stock spaCy component."""
        return [SpacyNLP]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """When the second opinion counts, and how sure an intent is to stand beside a caution."""
        return {
            # Of the examples of topics, so many are learnt from: every second.
            "harmless_stride": 2,
            # The second opinion alarms from these probabilities on: for the message as a whole, for
            # one of its sentences, which says less, and where its words are explained, by signs
            # that are excused, by a caution, of which many alarms speak too ("20 weeks pregnant"),
            # or by an intent about the conversation ("that's all, farewell"). Chosen on questions
            # of which 1 in 100 may alarm.
            "message_alarm": 0.7,
            "sentence_alarm": 0.9,
            "explained_alarm": 0.97,
            # From this confidence on, an intent about the conversation explains the words.
            "explaining_confidence": 0.85,
            # What a person has is more than a topic, or another intent, below these confidences.
            "topic_confidence": 0.5,
            "other_confidence": 0.3,
            # "Best cream for eczema": clearly something else.
            "outside_confidence": 0.9,
        }

    def train(self, training_data: TrainingData, model: SpacyModel) -> Resource:
        """Fit the second opinion and store it."""
        texts, vectors, kinds = [], [], []
        on_topics = 0
        for example in training_data.intent_examples:
            doc: Doc | None = example.get(SPACY_DOCS[TEXT])
            if not doc:
                continue
            kind = _kind(example)
            if kind == HARMLESS and example.get(INTENT).startswith(TOPIC_PREFIX):
                on_topics += 1
                if on_topics % self._config["harmless_stride"]:
                    continue
            # Of an alarming message, nobody has said which sentence alarms.
            for part in _parts(doc) if kind == HARMLESS else [doc]:
                texts.append(" ".join(reading(part)))
                vectors.append(_vector(part))
                kinds.append(kind)
        return self._store(IntentModel.train(texts, np.stack(vectors), kinds, SETTINGS))

    def process(self, messages: list[Message], model: SpacyModel) -> list[Message]:
        """Set entities, and override intent, ranking and topics where there is an alarm."""
        for message in messages:
            doc: Doc | None = message.get(SPACY_DOCS[TEXT])
            if doc:
                self._look_at(message, doc, model)
        return messages

    def _look_at(self, message: Message, doc: Doc, model: SpacyModel) -> None:
        findings = doc._.findings
        alarm = first_alarm(findings)
        # A button's payload is no sentence, but what stands in it may be a sign.
        is_payload = message.get(TEXT).startswith(INTENT_MESSAGE_PREFIX)
        found = cautions(findings)
        if alarm is None and not is_payload:
            explained = bool(found) or is_explained(findings) or self._is_about_talk(message)
            alarm = self._second_opinion(doc, model, explained)
        entities = [_caution_entity(caution, doc) for caution in found]
        place = country(findings)
        if place:
            entities.append(_entity("country", place, doc))
        if alarm:
            entities.extend(_alarm_entities(alarm, doc))
            intent = REPORT_RED_FLAG if alarm.urgency else CRISIS
            put_first(message, intent, 1.0, PASSED_OVER)
            if is_payload:
                # Otherwise Rasa would take the intent of the payload after all.
                message.set(TEXT, message.get(TEXT).lstrip(INTENT_MESSAGE_PREFIX))
        elif any(caution.role == "self" for caution in found):
            self._take_note(message)
        message.set(ENTITIES, message.get(ENTITIES, []) + entities, add_to_output=True)

    def _is_about_talk(self, message: Message) -> bool:
        intent = message.get(INTENT) or {}
        is_sure = intent.get("confidence", 0.0) >= self._config["explaining_confidence"]
        return is_sure and intent.get("name") in ABOUT_TALK

    def _second_opinion(self, doc: Doc, model: SpacyModel, explained: bool) -> Alarm | None:
        parts = _parts(doc)
        texts = [" ".join(reading(part)) for part in parts]
        probabilities = self._trained.predict(texts, np.stack([_vector(part) for part in parts]))
        harmless = self._trained.intents.index(HARMLESS)
        limits = np.full(len(parts), self._config["sentence_alarm"])
        limits[0] = self._config["message_alarm"]
        if explained:
            limits[:] = self._config["explained_alarm"]
        excess = 1 - probabilities[:, harmless] - limits
        worst = int(np.argmax(excess))
        if excess[worst] < 0:
            return None
        likely = probabilities[worst].copy()
        likely[harmless] = 0
        kind, _, urgency = self._trained.intents[int(np.argmax(likely))].partition(".")
        if kind == CRISIS:
            return Alarm(CRISIS, CRISIS, None, None, False)
        advice = model.model.get_pipe("needlepoint_clinical").advice(kind, urgency)
        return Alarm("red_flag", kind, urgency, advice, False)

    def _take_note(self, message: Message) -> None:
        """Answer a person who only says what they have, unless a topic answers it well."""
        intent = message.get(INTENT) or {}
        name, confidence = intent.get("name"), intent.get("confidence", 0.0)
        needed = "topic_confidence" if (name or "").startswith(TOPIC_PREFIX) else "other_confidence"
        is_answered = name not in (None, *LOW_INTENTS) and confidence >= self._config[needed]
        is_answered |= name == OUT_OF_SCOPE and confidence >= self._config["outside_confidence"]
        if not is_answered and not is_question(message.get(TEXT)):
            # Not below what is passed over: Rasa's FallbackClassifier would call that a doubt.
            confidence = max(confidence, self._config["topic_confidence"])
            put_first(message, TELL_CAUTION, confidence, PASSED_OVER)


def _kind(example: Message) -> str:
    """Return what the second opinion learns of an example: "kidney.B", "crisis", "harmless"."""
    intent = example.get(INTENT)
    if intent == CRISIS:
        return CRISIS
    if intent != REPORT_RED_FLAG:
        return HARMLESS
    about = (example.get(METADATA) or {}).get(INTENT) or {}
    return f"{about['red_flag']}.{about['urgency']}"


def _parts(doc: Doc) -> list[Doc | Span]:
    """Return the message, and then each of its sentences if it has several."""
    sentences = [s for s in doc.sents if any(token.is_alpha for token in s)]
    return [doc, *sentences] if len(sentences) > 1 else [doc]


def _vector(part: Doc | Span) -> FloatArray:
    return cast(FloatArray, part.vector)


def _alarm_entities(alarm: Alarm, doc: Doc) -> list[Entity]:
    values = {
        "red_flag": alarm.kind if alarm.urgency else None,
        "urgency": alarm.urgency,
        "advice": alarm.advice,
        "about": "other" if alarm.about_other else "self",
    }
    return [
        _entity(name, value, doc, alarm.start, alarm.end)
        for name, value in values.items()
        if value is not None
    ]


def _caution_entity(caution: Caution, doc: Doc) -> Entity:
    entity = _entity("caution", caution.name, doc, caution.start, caution.end)
    return {**entity, "role": caution.role, "group": caution.name}


def _entity(
    name: str, value: str, doc: Doc, start: int | None = None, end: int | None = None
) -> Entity:
    stretch = doc[start or 0 : len(doc) if end is None else end]
    return {
        "entity": name,
        "value": value,
        "start": stretch.start_char,
        "end": stretch.end_char,
        "extractor": Triage.__name__,
    }
