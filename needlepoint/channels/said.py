"""What was said in a conversation, for channels that show each message whole: web and Slack."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rasa.core.channels.channel import OutputChannel
from rasa.shared.core.events import BotUttered, Event, UserUttered

from needlepoint import names
from needlepoint.channels.rest import NOT_KEPT, TROUBLE

# The responses of answers that are none of the domain's.
TROUBLE_RESPONSE, NOT_KEPT_RESPONSE = "trouble", "not_kept"
ASKS = (names.ASK_PREFIX, names.UTTER_WHICH)
NOTICES = (
    names.UTTER_GO_ON,
    names.UTTER_SAFETY_DISCLAIMER,
    names.UTTER_REQUEST_TROUBLE,
    names.UTTER_DELETE_TROUBLE,
    TROUBLE_RESPONSE,
    NOT_KEPT_RESPONSE,
)


@dataclass(frozen=True)
class Said:
    """A message of the bot.

    Attributes:
        text: its words
        buttons: each with title and payload
        response: the name of its response, or "" if it has none
        about: what the answer generator says of it; see ``nlg.AnswerGenerator``
        at: when, in seconds since 1970
    """

    text: str
    buttons: Sequence[Mapping[str, Any]]
    response: str
    about: Mapping[str, Any]
    at: float


@dataclass
class Turn:
    """A message of a person, and what the bot said to it.

    Attributes:
        id: of the message, given by the client
        shown: what the person wrote, or the title of the button
        at: when, in seconds since 1970
        said: what the bot said, in order
    """

    id: str
    shown: str
    at: float
    said: list[Said] = field(default_factory=list)


class Collected(OutputChannel):
    """Collects what the bot says, each message whole."""

    channel: str

    def __init__(self) -> None:
        self.said: list[Said] = []

    @classmethod
    def name(cls) -> str:
        """The channel's name, for responses that are of one channel only."""
        return cls.channel

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Collect a message."""
        self.said.append(_said(message.get("text"), message, message, message.get("timestamp")))

    async def send_text_message(self, recipient_id: str, text: str, **kwargs: Any) -> None:
        """Collect a message that is only text."""
        self.said.append(_said(text, {}, {}, None))


def read_turns(events: Iterable[Event]) -> list[Turn]:
    """Return the turns of a conversation, oldest first."""
    turns: list[Turn] = []
    for event in events:
        if isinstance(event, UserUttered):
            metadata = event.metadata or {}
            turn_id = metadata.get(names.CLIENT_ID) or event.message_id or ""
            turns.append(
                Turn(turn_id, metadata.get(names.SHOWN, event.text) or "", event.timestamp)
            )
        elif isinstance(event, BotUttered) and turns:
            said = _said(event.text, event.data, event.metadata, event.timestamp)
            turns[-1].said.append(said)
    return turns


def trouble(at: float) -> Said:
    """Return what is said when Rasa fails, or says nothing: never silence."""
    return Said(TROUBLE, (), TROUBLE_RESPONSE, {}, at)


def not_kept(at: float) -> Said:
    """Return what is said under an answer that could not be stored."""
    return Said(NOT_KEPT, (), NOT_KEPT_RESPONSE, {}, at)


def identified(conversation: str, turn: Turn) -> Iterator[tuple[str, Said]]:
    """Yield what the bot said in a turn, each with the id that it always has."""
    said = [one for one in turn.said if one.text] or [trouble(turn.at)]
    for index, one in enumerate(said):
        key = f"{conversation} {turn.id} {index}"
        yield hashlib.sha256(key.encode()).hexdigest()[:32], one


def kind(said: Said) -> str:
    """Return what kind of message it is: emergency, notice, question or answer."""
    if said.about.get("urgent"):
        return "emergency"
    if said.response.startswith(NOTICES):
        return "notice"
    # Named like a question of the bot, it is one of the person.
    if said.response.startswith(ASKS) and said.response != names.UTTER_ASK_SOURCE:
        return "question"
    return "answer"


def _said(
    text: str | None, data: Mapping[str, Any], metadata: Mapping[str, Any], at: float | None
) -> Said:
    return Said(
        # An empty line would be read as the end of a message.
        re.sub(r"\n\s*\n", "\n", text or "").strip(),
        data.get("buttons") or (),
        metadata.get("utter_action") or "",
        metadata.get("metadata") or {},
        time.time() if at is None else at,
    )
