"""How our components write into Rasa's parse result."""

from collections.abc import Iterable
from typing import Any

from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from needlepoint.names import FAMILY, TOPICS

Entity = dict[str, Any]


def put_first(
    message: Message, intent: str, confidence: float, without: Iterable[str] = ()
) -> None:
    """Make an intent that of the message, and the first of its topics.

    Args:
        message: the message
        intent: which
        confidence: how sure it is, from 0 to 1
        without: intents that are no topics of the message beside it
    """
    top = {"name": intent, "confidence": confidence}
    ranking = [p for p in message.get(INTENT_RANKING_KEY, []) if p["name"] != intent]
    topic = {"intent": intent, "confidence": confidence, "text": message.get(TEXT)}
    passed_over = (intent, *without)
    topics = [t for t in message.get(TOPICS, []) if t["intent"] not in passed_over]
    message.set(INTENT, top, add_to_output=True)
    message.set(INTENT_RANKING_KEY, [top, *ranking], add_to_output=True)
    message.set(TOPICS, [topic, *topics], add_to_output=True)


def set_family(message: Message, family: str) -> None:
    """Say of which family a message out of scope is, by an entity over all of it."""
    others = [e for e in message.get(ENTITIES, []) if e["entity"] != FAMILY]
    entity = {
        "entity": FAMILY,
        "value": family,
        "start": 0,
        "end": len(message.get(TEXT)),
        "extractor": "IntentHead",
    }
    message.set(ENTITIES, [*others, entity], add_to_output=True)
