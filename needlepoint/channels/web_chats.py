"""The conversations of the web channel: messages, history, feedback, deletion. No Sanic here."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.core.lock_store import LockError

from needlepoint.channels.guard import is_payload, without_payload
from needlepoint.channels.idempotency import Finishing, Turns
from needlepoint.channels.records import Records, RecordsError
from needlepoint.channels.refusals import RefusalError, busy
from needlepoint.channels.rest import TROUBLE, OnMessage
from needlepoint.channels.revoked import is_revoked, revoke
from needlepoint.channels.sessions import deleted
from needlepoint.channels.web_answers import (
    CHANNEL,
    CLIENT_ID,
    SHOWN,
    Answer,
    Turn,
    WebOutput,
    answers,
    identified,
    moment,
    read_turns,
    trouble,
)
from needlepoint.channels.web_input import Message, Opinion, unknown_answer
from needlepoint.feedback import delete_feedback, feedback_of, store_feedback
from needlepoint.referral.deletion import delete_requests
from needlepoint.stores.forget import forget, primary

HISTORY = 200  # messages
MAX_SUGGESTIONS = 4
# The buttons of its first text are what the widget offers before anything is said.
OPENING = "utter_greet"
# A message does not wait longer to hear whether its conversation was deleted.
REVOKED_LIMIT = 1.0  # seconds
KEPT = 2_000  # conversations whose turns are at hand
logger = logging.getLogger(__name__)


class CannotReadError(RefusalError):
    """The tracker store has failed, which is not the same as an empty conversation."""

    def __init__(self) -> None:
        super().__init__("trouble", "I cannot look that up just now. Please try again in a minute.")


class Chats:
    """What people do in their conversations, which are Rasa's trackers."""

    def __init__(
        self,
        on_new_message: OnMessage,
        agent: Callable[[], Agent | None],
        records: Records,
        session_seconds: int,
    ) -> None:
        """Take Rasa's handler of messages, its agent, and the life of a session in seconds."""
        self._on_new_message = on_new_message
        self._agent = agent
        self._records = records
        self._session_seconds = session_seconds
        self._turns = Turns()
        self._finishing = Finishing()
        # The turns of those who spoke last: to read a whole conversation for each message takes
        # longer, the longer it is. Changed only inside a turn.
        self._recent: dict[str, list[Turn]] = {}

    def suggestions(self) -> list[dict[str, str]]:
        """Return the questions to begin with, as buttons."""
        agent = self._agent()
        responses = agent.domain.responses if agent and agent.domain else {}
        first = next(iter(responses.get(OPENING) or [{}]))
        buttons = (first.get("buttons") or [])[:MAX_SUGGESTIONS]
        return [{"title": button["title"], "payload": button["payload"]} for button in buttons]

    async def check(self, conversation: str) -> None:
        """Make sure that a conversation can be gone on with.

        Raises:
            RefusalError: it was deleted.
        """
        await self._read(conversation)

    async def say(self, conversation: str, message: Message) -> list[Answer]:
        """Return the answers to a message, which is handled once however often it comes.

        Raises:
            RefusalError: the conversation was deleted, the payload was not offered, or Rasa failed
                before it said anything; then nothing is stored, and the message may come again.
        """
        return await self._finishing.finish(self._say(conversation, message))

    async def history(self, conversation: str) -> list[dict[str, Any]]:
        """Return the newest messages, oldest first.

        Raises:
            RefusalError: the conversation was deleted.
        """
        turns = await self._read(conversation)
        opinions: dict[str, str] = {}
        if turns:
            try:
                opinions = await self._records.run(feedback_of, conversation)
            except RecordsError:
                logger.error("A history is shown without its feedback.")
        messages: list[dict[str, Any]] = []
        for turn in turns:
            asked = {"from": "user", "id": turn.id, "text": turn.shown, "time": moment(turn.at)}
            messages.append(asked)
            for answer in answers(conversation, turn):
                feedback = opinions.get(answer["id"])
                messages.append({"from": "bot", **answer, "feedback": feedback})
        return messages[-HISTORY:]

    async def rate(self, conversation: str, opinion: Opinion) -> None:
        """Store what the person thinks of an answer.

        Raises:
            RefusalError: the conversation was deleted or has no such answer, or the database is
                away.
        """
        await self._finishing.finish(self._rate(conversation, opinion))

    async def delete(self, conversation: str) -> None:
        """Delete all that is stored of a conversation, and make its tokens useless.

        Raises:
            RefusalError: the conversation was deleted before, or not all of it could be deleted
                now; then the token is still good, so that it can be tried again.
        """
        await self._finishing.finish(self._delete(conversation))

    async def _say(self, conversation: str, message: Message) -> list[Answer]:
        async with self._turns.turn(conversation):
            turns = await self._at_hand(conversation)
            for turn in reversed(turns):
                if turn.id == message.id:
                    return answers(conversation, turn)
            output = WebOutput()
            turn = Turn(message.id, message.text, time.time(), output.said)
            asked = UserMessage(
                self._readable(message, turns),
                output,
                conversation,
                input_channel=CHANNEL,
                metadata={CLIENT_ID: message.id, SHOWN: message.text},
            )
            self._recent.pop(conversation, None)
            if await self._handle(asked, output):
                self._keep(conversation, [*turns, turn])
            return answers(conversation, turn)

    async def _at_hand(self, conversation: str) -> list[Turn]:
        found = self._recent.get(conversation)
        if found is not None:
            return found
        try:
            return await self._read(conversation)
        except CannotReadError:
            # Better a question without its past than an emergency without an answer.
            return []

    def _keep(self, conversation: str, turns: list[Turn]) -> None:
        self._recent[conversation] = turns
        while len(self._recent) > KEPT:
            self._recent.pop(next(iter(self._recent)))

    async def _handle(self, asked: UserMessage, output: WebOutput) -> bool:
        """Have Rasa answer, and tell whether it has stored what was said."""
        try:
            await self._on_new_message(asked)
            return True
        except LockError:
            raise busy() from None
        except Exception:  # whatever failed, the patient sees a text
            logger.exception("A message could not be handled.")
            if not output.said:
                raise RefusalError("trouble", TROUBLE) from None
            # What was said before it failed may be the number to call.
            output.said.append(trouble(time.time()))
            return False

    async def _rate(self, conversation: str, opinion: Opinion) -> None:
        async with self._turns.turn(conversation):
            for turn in await self._read(conversation):
                for answer_id, said in identified(conversation, turn):
                    if answer_id == opinion.answer:
                        given = (opinion.answer, said.response, opinion.value, opinion.comment)
                        await self._record(store_feedback, conversation, *given)
                        return
        raise unknown_answer()

    async def _delete(self, conversation: str) -> None:
        async with self._turns.turn(conversation):
            agent = self._ready()
            await self._read(conversation)
            self._recent.pop(conversation, None)
            try:
                await forget(agent.tracker_store, conversation)
            except Exception:  # a store may fail in its own ways
                logger.exception("A conversation could not be deleted.")
                raise _not_stored() from None
            await self._record(delete_requests, conversation)
            await self._record(delete_feedback, conversation)
            # Last: with the token, the person can have the rest deleted when a step failed.
            await self._record(revoke, conversation, self._session_seconds)

    async def _record(self, function: Callable[..., Any], *arguments: Any) -> None:
        try:
            await self._records.run(function, *arguments)
        except RecordsError:
            raise _not_stored() from None

    async def _read(self, conversation: str) -> list[Turn]:
        """Return the turns of a conversation that was not deleted.

        Raises:
            CannotReadError: the store has failed.
        """
        store = primary(self._ready().tracker_store)
        try:
            tracker = await store.retrieve_full_tracker(conversation)
        except Exception:  # a store may fail in its own ways
            logger.exception("A conversation could not be read.")
            raise CannotReadError from None
        turns = read_turns(tracker.events) if tracker else []
        # What was deleted has no turns, so that others need not wait for the database.
        if not turns and await self._is_revoked(conversation):
            raise deleted()
        return turns

    async def _is_revoked(self, conversation: str) -> bool:
        try:
            return await self._records.run(is_revoked, conversation, limit=REVOKED_LIMIT)
        except RecordsError:
            # There is nothing left to see in a deleted conversation, and the next message may be
            # an emergency.
            return False

    def _readable(self, message: Message, turns: list[Turn]) -> str:
        """Return what Rasa reads: an intent only if it was offered as a button."""
        text = message.text if message.payload is None else message.payload
        if not is_payload(text):
            return text
        buttons = [button for turn in turns for said in turn.said for button in said.buttons]
        offered = {button.get("payload") for button in [*buttons, *self.suggestions()]}
        if text.strip() in offered:
            return text
        if message.payload is not None:
            raise RefusalError(
                "forbidden_payload", "That button is not offered here. Please type your question."
            )
        return without_payload(text)

    def _ready(self) -> Agent:
        agent = self._agent()
        if agent is None or not agent.is_ready():
            raise busy()
        return agent


def _not_stored() -> RefusalError:
    return RefusalError(
        "trouble", "That could not be done just now. Please try again in a few minutes."
    )
