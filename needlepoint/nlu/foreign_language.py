"""The Rasa component that recognises messages in other languages than English."""

from __future__ import annotations

from typing import Any

from lingua import Language, LanguageDetector, LanguageDetectorBuilder
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.constants import SPACY_DOCS
from rasa.nlu.utils.spacy_utils import SpacyModel, SpacyNLP
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from spacy.tokens import Doc

from needlepoint.names import OUT_OF_SCOPE
from needlepoint.nlu.intent_head import IntentHead
from needlepoint.nlu.results import put_first, set_family

# Those with a line of their own in utter_out_of_scope, and English.
LANGUAGES = (
    Language.ENGLISH,
    Language.SPANISH,
    Language.FRENCH,
    Language.GERMAN,
    Language.PORTUGUESE,
    Language.ITALIAN,
    Language.POLISH,
    Language.CHINESE,
    Language.VIETNAMESE,
    Language.ARABIC,
    Language.RUSSIAN,
)


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False, model_from="SpacyNLP"
)
class ForeignLanguage(IntentClassifier, GraphComponent):
    """Puts a message that is not in English out of scope; its family is then the language.

    English with many slips looks foreign to a detector. So three things must come together: the
    intent head has not understood it, most of its words are no common English ones, and the
    detector is clear.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        """What was understood, and the words, come from these."""
        return [SpacyNLP, IntentHead]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """When a message counts as foreign; measured on real English questions: none did."""
        return {
            # An intent from this confidence on was understood.
            "understood": 0.6,
            # Of the words of an English message, at least so many are common English words.
            "common_words": 0.5,
            # How much surer the detector must be of one language than of the next.
            "distance": 0.2,
        }

    def __init__(self, config: dict[str, Any], detector: LanguageDetector) -> None:
        self._config = {**self.get_default_config(), **config}
        self._detector = detector

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ForeignLanguage:
        """Create the component; the detector brings its own models."""
        distance = {**cls.get_default_config(), **config}["distance"]
        builder = LanguageDetectorBuilder.from_languages(*LANGUAGES)
        builder = builder.with_minimum_relative_distance(distance)
        # Not at the first foreign message: that one would wait two seconds.
        return cls(config, builder.with_preloaded_language_models().build())

    def process(self, messages: list[Message], model: SpacyModel) -> list[Message]:
        """Set intent and family of each message in another language."""
        spelling = model.model.get_pipe("needlepoint_spelling")
        for message in messages:
            doc: Doc | None = message.get(SPACY_DOCS[TEXT])
            if not doc or self._is_understood(message.get(INTENT) or {}):
                continue
            words = [token.lower_ for token in doc if token.is_alpha]
            common = sum(spelling.is_common(word) for word in words)
            if words and common <= self._config["common_words"] * len(words):
                language = self._detector.detect_language_of(message.get(TEXT))
                if language not in (None, Language.ENGLISH):
                    put_first(message, OUT_OF_SCOPE, 1.0)
                    set_family(message, language.name.lower())
        return messages

    def _is_understood(self, intent: dict[str, Any]) -> bool:
        is_known = intent.get("name") not in (None, OUT_OF_SCOPE)
        return is_known and intent.get("confidence", 0.0) >= self._config["understood"]
