"""What the bot has said in this conversation, read from the events of a Rasa tracker."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from needlepoint.names import ANSWER_PREFIX, SAME_SUBJECT, UTTER_SAFETY_DISCLAIMER

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """One message of the bot.

    Attributes:
        response: the name of the response, as ``utter_faq_cost``; "" if it had none
        metadata: what the answer generator put there; see ``nlg.AnswerGenerator``
    """

    response: str
    metadata: Mapping[str, Any]


def said_in_session(events: Iterable[Event]) -> list[Said]:
    """Return the bot's messages since the session began, oldest first.

    Args:
        events: the events of a tracker as plain data, oldest first
    """
    said: list[Said] = []
    for event in events:
        if event.get("event") == "action" and event.get("name") == "action_session_start":
            said = []
        elif event.get("event") == "bot":
            metadata = event.get("metadata") or {}
            said.append(Said(metadata.get("utter_action") or "", metadata.get("metadata") or {}))
    return said


def last_answer(said: Iterable[Said]) -> str | None:
    """Return the response name of the topic that the conversation is at, or None.

    That is the last answer, unless something of another subject was said since.
    """
    subjects = [
        message.response
        for message in said
        if message.response not in SAME_SUBJECT
        and not message.response.startswith(UTTER_SAFETY_DISCLAIMER)
    ]
    return subjects[-1] if subjects and subjects[-1].startswith(ANSWER_PREFIX) else None


def told_more(said: Iterable[Said], answer: str) -> bool:
    """Tell whether the longer text of ``answer`` has been given since the answer itself."""
    told = False
    for message in said:
        if message.response == answer:
            told = False
        elif message.metadata.get("more_of") == answer:
            told = True
    return told
