"""The conversations of the web channel: messages, history, feedback, deletion. No Sanic here."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.core.lock_store import LockError, LockStore
from rasa.shared.core.events import BotUttered, Event

from needlepoint import names
from needlepoint.channels.admission import Admission
from needlepoint.channels.guard import is_payload, offered_payloads, without_payload
from needlepoint.channels.idempotency import Finishing, Turns
from needlepoint.channels.opening import opening_buttons
from needlepoint.channels.records import Records, RecordsError
from needlepoint.channels.refusals import RefusalError, busy
from needlepoint.channels.rest import TROUBLE, OnMessage
from needlepoint.channels.revoked import is_revoked, revoke
from needlepoint.channels.said import Turn, identified, not_kept, read_turns, trouble
from needlepoint.channels.sessions import deleted
from needlepoint.channels.web_answers import CHANNEL, Answer, WebOutput, answers, moment
from needlepoint.channels.web_input import Message, Opinion, unknown_answer
from needlepoint.feedback import feedback_of, store_feedback
from needlepoint.observability.metrics import count_feedback
from needlepoint.stores.database import DatabaseTrackerStore
from needlepoint.stores.deletion import end_conversation
from needlepoint.stores.failures import NotStoredError
from needlepoint.stores.forget import forget, primary
from needlepoint.stores.lock import whole_turn

HISTORY = 200  # messages
MAX_SUGGESTIONS = 4
# A message does not wait longer to hear whether its conversation was deleted.
REVOKED_LIMIT = 1.0  # seconds
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
        admission: Admission,
    ) -> None:
        """Take Rasa's handler of messages, its agent, and the life of a session in seconds."""
        self._admission = admission
        self._on_new_message = on_new_message
        self._agent = agent
        self._records = records
        self._session_seconds = session_seconds
        self._turns = Turns()
        self._finishing = Finishing()

    def suggestions(self) -> list[dict[str, str]]:
        """Return the questions to begin with, as buttons."""
        return opening_buttons(self._agent())[:MAX_SUGGESTIONS]

    async def check(self, conversation: str) -> None:
        """Make sure that a conversation can be gone on with.

        Raises:
            RefusalError: it was deleted.
        """
        await self._read(conversation)

    async def say(self, conversation: str, message: Message) -> list[Answer]:
        """Return the answers to a message, which is handled once however often it comes.

        One that could not be stored is answered, with a note that says so.

        Raises:
            RefusalError: too many messages wait, the conversation was deleted, the payload was not
                offered or nobody can tell now, or Rasa failed before it said anything; then nothing
                is stored, and the message may come again.
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
            RefusalError: the conversation was deleted or has no such answer, others are busy in
                it, or the database is away.
        """
        await self._finishing.finish(self._rate(conversation, opinion))

    async def delete(self, conversation: str) -> None:
        """Delete all that is stored of a conversation, and make its tokens useless.

        Raises:
            RefusalError: the conversation was deleted before, others are busy in it, or not all of
                it could be deleted now; but the first, the token is still good for another try.
        """
        await self._finishing.finish(self._delete(conversation))

    async def _say(self, conversation: str, message: Message) -> list[Answer]:
        with self._admission.place():
            async with self._alone(conversation):
                return await self._say_once(conversation, message)

    @asynccontextmanager
    async def _alone(self, conversation: str) -> AsyncIterator[None]:
        """Keep all others out of a conversation, in all workers.

        What was deleted meanwhile is only known inside: who looks before may store after it.

        Raises:
            RefusalError: the others take too long.
        """
        try:
            async with self._turns.turn(conversation), whole_turn(self._locks, conversation):
                yield
        except LockError:
            raise busy() from None

    async def _say_once(self, conversation: str, message: Message) -> list[Answer]:
        turns, offered = await self._at_hand(conversation)
        for turn in reversed(turns):
            if turn.id == message.id:
                return answers(conversation, turn)
        if turns and await self._was_handled(conversation, message.id):
            # Longer ago than what is at hand: many have spoken since, or a client was slow.
            for turn in await self._read(conversation):
                if turn.id == message.id:
                    return answers(conversation, turn)
        output = WebOutput()
        turn = Turn(message.id, message.text, time.time(), output.said)
        asked = UserMessage(
            await self._readable(conversation, message, offered),
            output,
            conversation,
            input_channel=CHANNEL,
            metadata={names.CLIENT_ID: message.id, names.SHOWN: message.text},
        )
        await self._handle(asked, output)
        if any(said.response in names.DATA_DELETED for said in output.said):
            with suppress(RecordsError):  # logged there; what was deleted is deleted
                await self._records.run(revoke, conversation, self._session_seconds)
        return answers(conversation, turn)

    async def _was_handled(self, conversation: str, message_id: str) -> bool:
        """Tell whether the store has a message, if it is one that can tell at once."""
        store = primary(self._ready().tracker_store)
        return isinstance(store, DatabaseTrackerStore) and await store.has_message(
            conversation, message_id
        )

    @property
    def _locks(self) -> LockStore | None:
        return getattr(self._agent(), "lock_store", None)

    async def _at_hand(self, conversation: str) -> tuple[list[Turn], set[str]]:
        """Return the last turns of a conversation, and what was offered in it lately.

        A store gives Rasa no more than the last session, or less, at the same cost however long a
        conversation is.
        """
        store = primary(self._ready().tracker_store)
        try:
            tracker = await store.retrieve(conversation)
        except Exception:  # a store may fail in its own ways
            logger.exception("A conversation could not be read.")
            # Better a question without its past than an emergency without an answer.
            return [], set()
        if tracker is None or not tracker.events:
            if await self._is_revoked(conversation):
                raise deleted()
            return [], set()
        return read_turns(tracker.events), offered_payloads(_buttons(tracker.events))

    async def _handle(self, asked: UserMessage, output: WebOutput) -> None:
        try:
            await self._on_new_message(asked)
        except LockError:
            raise
        except NotStoredError:
            output.said.append(not_kept(time.time()))
        except Exception:  # whatever failed, the patient sees a text
            logger.exception("A message could not be handled.")
            if not output.said:
                raise RefusalError("trouble", TROUBLE) from None
            # What was said before it failed may be the number to call.
            output.said.append(trouble(time.time()))

    async def _rate(self, conversation: str, opinion: Opinion) -> None:
        async with self._alone(conversation):
            for turn in await self._read(conversation):
                for answer_id, said in identified(conversation, turn):
                    if answer_id == opinion.answer:
                        given = (opinion.answer, said.response, opinion.value, opinion.comment)
                        await self._record(store_feedback, conversation, *given)
                        count_feedback(opinion.value)
                        return
        raise unknown_answer()

    async def _delete(self, conversation: str) -> None:
        async with self._alone(conversation):
            agent = self._ready()
            await self._read(conversation)
            try:
                await forget(agent.tracker_store, conversation)
            except Exception:  # a store may fail in its own ways
                logger.exception("A conversation could not be deleted.")
                raise _not_stored() from None
            await self._record(end_conversation, conversation, self._session_seconds)

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

    async def _readable(self, conversation: str, message: Message, offered: set[str]) -> str:
        """Return what Rasa reads: an intent only if it was offered as a button."""
        text = message.text if message.payload is None else message.payload
        if not is_payload(text):
            return text
        wanted = text.strip()
        known = {*offered, *(button["payload"] for button in self.suggestions())}
        try:
            if wanted in known or wanted in await self._ever_offered(conversation):
                return text
        except CannotReadError:
            if message.payload is not None:
                raise busy() from None
        if message.payload is not None:
            raise RefusalError(
                "forbidden_payload", "That button is not offered here. Please type your question."
            )
        return without_payload(text)

    async def _ever_offered(self, conversation: str) -> set[str]:
        turns = await self._read(conversation)
        buttons = (button for turn in turns for said in turn.said for button in said.buttons)
        return {button.get("payload", "") for button in buttons}

    def _ready(self) -> Agent:
        agent = self._agent()
        if agent is None or not agent.is_ready():
            raise busy()
        return agent


def _not_stored() -> RefusalError:
    return RefusalError(
        "trouble", "That could not be done just now. Please try again in a few minutes."
    )


def _buttons(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    """Yield the bot's messages as plain data; of the others nothing is asked."""
    for event in events:
        if isinstance(event, BotUttered):
            yield {"event": event.type_name, "data": event.data}
