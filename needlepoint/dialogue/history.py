"""What the bot has said in this conversation, read from the events of a Rasa tracker."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from needlepoint.names import (
    ACTION_SESSION_START,
    ANSWER_PREFIX,
    CLINIC_ANSWERS,
    FIND_PRACTITIONER,
    REFERRAL_ANSWERS,
    SAME_SUBJECT,
    TOPIC_PREFIX,
    UTTER_SAFETY_DISCLAIMER,
)

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """One message of the bot.

    Attributes:
        response: the name of the response, as ``utter_faq_cost``; "" if it had none
        metadata: what the answer generator put there; see ``nlg.AnswerGenerator``
        text: its words
    """

    response: str
    metadata: Mapping[str, Any]
    text: str = ""


def said_in_session(events: Iterable[Event]) -> list[Said]:
    """Return the bot's messages since the session began, oldest first.

    Args:
        events: the events of a tracker as plain data, oldest first
    """
    said: list[Said] = []
    for event in events:
        if event.get("event") == "action" and event.get("name") == ACTION_SESSION_START:
            said = []
        elif event.get("event") == "bot":
            metadata = event.get("metadata") or {}
            response, about = metadata.get("utter_action"), metadata.get("metadata")
            said.append(Said(response or "", about or {}, event.get("text") or ""))
    return said


def said_in_turn(events: Iterable[Event]) -> list[Said]:
    """Return the bot's messages since the person's last one, oldest first."""
    latest: list[Event] = []
    for event in events:
        if event.get("event") == "user":
            latest.clear()
        latest.append(event)
    return said_in_session(latest)


def last_topic(said: Iterable[Said]) -> str | None:
    """Return the topic that the conversation is at, as ``faq_cost``, or None.

    That is what was answered last, unless something of another subject was said since.
    """
    subjects = [message.response for message in said if _is_subject(message.response)]
    return _topic(subjects[-1]) if subjects else None


def last_answer(said: Iterable[Said]) -> str | None:
    """Return the response name of the topic that the conversation is at, or None."""
    topic = last_topic(said)
    return f"utter_{topic}" if topic and topic.startswith(TOPIC_PREFIX) else None


def answered_topics(said: Iterable[Said]) -> list[str]:
    """Return the topics that were answered, oldest first; one answered twice in a row, once."""
    topics: list[str] = []
    for message in said:
        topic = _topic(message.response)
        if topic and topics[-1:] != [topic]:
            topics.append(topic)
    return topics


def just_asked(events: Iterable[Event], questions: Collection[str]) -> tuple[str, ...]:
    """Return which of ``questions`` the bot asked last, one after the other, oldest first.

    Args:
        events: the events of a tracker as plain data, oldest first
        questions: the names of responses
    """
    asked: list[str] = []
    for message in reversed(said_in_session(events)):
        if message.response not in questions:
            break
        asked.insert(0, message.response)
    return tuple(asked)


def times_in_a_row(said: Sequence[Said], response: str) -> int:
    """Return how often the bot said ``response`` just now, with nothing but disclaimers between."""
    times = 0
    for message in reversed(said):
        if message.response == response:
            times += 1
        elif not message.response.startswith(UTTER_SAFETY_DISCLAIMER):
            break
    return times


def is_just_said(said: Sequence[Said], text: str) -> bool:
    """Tell whether the bot's last message, but for disclaimers, has ``text``."""
    messages = [m for m in said if not m.response.startswith(UTTER_SAFETY_DISCLAIMER)]
    return bool(messages) and text in messages[-1].text


def _is_subject(response: str) -> bool:
    return response not in SAME_SUBJECT and not response.startswith(UTTER_SAFETY_DISCLAIMER)


def _topic(response: str) -> str | None:
    """Return the topic that a response answers, or None if it is no answer."""
    if response in REFERRAL_ANSWERS:
        return FIND_PRACTITIONER
    is_answer = response.startswith(ANSWER_PREFIX) or response in CLINIC_ANSWERS
    return response.removeprefix("utter_") if is_answer else None


def told_more(said: Iterable[Said], answer: str) -> bool:
    """Tell whether the longer text of ``answer`` has been given since the answer itself."""
    told = False
    for message in said:
        if message.response == answer:
            told = False
        elif message.metadata.get("more_of") == answer:
            told = True
    return told
