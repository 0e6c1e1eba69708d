"""Answers what came from Slack: takes it from the inbox, has Rasa answer, posts the answer."""

from __future__ import annotations

import asyncio
import logging
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.core.lock_store import LockError

from needlepoint import names
from needlepoint.channels import slack_blocks as kit
from needlepoint.channels import slack_inbox as inbox
from needlepoint.channels.opening import opening_buttons
from needlepoint.channels.records import Records, RecordsError
from needlepoint.channels.rest import OnMessage
from needlepoint.channels.said import (
    Collected,
    Said,
    Turn,
    identified,
    not_kept,
    read_turns,
    trouble,
)
from needlepoint.channels.slack_api import Api, CannotPostError
from needlepoint.channels.slack_confirmation import confirm
from needlepoint.channels.slack_home import welcome
from needlepoint.channels.slack_inbox import Claim
from needlepoint.channels.slack_incoming import Incoming, Place
from needlepoint.channels.slack_texts import Texts
from needlepoint.referral.clinic import Clinic
from needlepoint.referral.requests import conversation_hash
from needlepoint.stores.failures import NotStoredError
from needlepoint.stores.forget import primary

CHANNEL = "slack"  # a rich one in endpoints.yml: sources come as data
IN_HAND = 32  # at once; most of them wait for Slack
AT_ONCE = 2  # by Rasa
LOOK = 1.0  # seconds between looks into the inbox, beside those when something came
RENEW = 5.0  # seconds
PURGE = 3600.0  # seconds
MAX_QUESTION = 300  # characters of it, over its answer
STOP_LIMIT = 8.0  # seconds for what is in hand
PATIENCE = 10  # times in hand; then the person is told
PAUSE, LONGEST_PAUSE = 2.0, 60.0  # seconds between them
logger = logging.getLogger(__name__)


class SlackOutput(Collected):
    """Collects what the bot says in Slack."""

    channel = CHANNEL


class Worker:
    """Answers, until it is stopped; each conversation in order, several at once."""

    def __init__(
        self,
        on_new_message: OnMessage,
        agent: Callable[[], Agent | None],
        records: Records,
        api: Api,
        texts: Texts,
        clinic: Clinic,
        max_length: int,
    ) -> None:
        """Take Rasa's handler of messages and its agent, the database, Slack, and the words.

        Args:
            clinic: that confirms requests to be called back
            max_length: of a message, in characters; what is behind is not read
        """
        self._on_new_message = on_new_message
        self._agent = agent
        self._records = records
        self._api = api
        self._texts = texts
        self._clinic = clinic
        self._max_length = max_length
        self._came = asyncio.Event()
        self._in_hand: dict[int, asyncio.Task[None]] = {}
        # More than one, so that all do not wait for a slow action; few, so that what comes is
        # acknowledged soon.
        self._rasa = asyncio.Semaphore(AT_ONCE)

    def wake(self) -> None:
        """Look into the inbox now: something came."""
        self._came.set()

    async def run(self) -> None:
        """Answer, until this is cancelled."""
        renewed = purged = time.monotonic()
        while True:
            self._came.clear()
            await self._take()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._came.wait(), LOOK)
            if self._in_hand and time.monotonic() - renewed > RENEW:
                renewed = time.monotonic()
                await self._note(inbox.renew, list(self._in_hand))
            if time.monotonic() - purged > PURGE:
                purged = time.monotonic()
                await self._note(inbox.purge)

    async def stop(self) -> None:
        """Finish what is in hand, or put it back for another worker."""
        tasks = dict(self._in_hand)
        if tasks:
            await asyncio.wait(tasks.values(), timeout=STOP_LIMIT)
        for number, task in tasks.items():
            if not task.done():
                task.cancel()
                await self._note(inbox.put_back, number, 0)

    async def _take(self) -> None:
        room, agent = IN_HAND - len(self._in_hand), self._agent()
        if room <= 0 or agent is None or not agent.is_ready():
            return
        try:
            claims = await self._records.run(inbox.claim, room)
        except RecordsError:
            return  # logged there; the next look is in a second
        for claim in claims:
            self._in_hand[claim.number] = asyncio.ensure_future(self._work(claim))

    async def _work(self, claim: Claim) -> None:
        try:
            await self._answer_or_put_back(claim)
        finally:
            self._in_hand.pop(claim.number, None)
            self.wake()

    async def _answer_or_put_back(self, claim: Claim) -> None:
        try:
            await self._answer(claim)
        except Exception as error:  # noqa: BLE001  (whatever failed: tried again, or told)
            passes = getattr(error, "is_passing", True)
            who = conversation_hash(claim.incoming.conversation)
            logger.error("Slack, conversation %s: not answered: %s", who, _named(error))
            if passes and claim.attempts + 1 < PATIENCE:
                pause = min(PAUSE * 2**claim.attempts, LONGEST_PAUSE)
                await self._note(inbox.put_back, claim.number, pause)
                return
            await self._note(inbox.fail, claim.number)
            # Where they read it alone.
            user = claim.incoming.place.user
            await self._tell(claim.incoming.conversation, Place(user, user))

    async def _answer(self, claim: Claim) -> None:
        conversation, place = claim.incoming.conversation, claim.incoming.place
        for number, (content, is_private) in enumerate(await self._messages(claim)):
            if number < claim.posted:
                continue
            was_tried = claim.attempts > 0 and number == claim.posted
            if not (was_tried and await self._is_there(place, content)):
                await self.send(place, content, is_private)
            await self._records.run(inbox.count_posted, claim.number, number + 1)
        # Last: nothing comes before the number to call.
        if await self._records.run(inbox.has_failed, conversation):
            await self._tell(conversation, place)
        await self._records.run(inbox.finish, claim.number)

    async def _messages(self, claim: Claim) -> list[tuple[kit.Block, bool]]:
        """Return the messages that answer what came, each with whether others must not read it."""
        incoming, before = claim.incoming, self._lines(claim)
        if not (incoming.text or incoming.confirms):
            suggestions = opening_buttons(self._agent())
            return [(welcome(self._texts, suggestions, incoming.id, before), False)]
        of_buttons = incoming.conversation if incoming.is_apart else None
        messages = []
        for key, said in identified(incoming.conversation, await self._turn(claim)):
            has_form = said.response == names.UTTER_ASK_REQUEST_NAME
            content = kit.message(said, key, self._texts, before, has_form, of_buttons)
            messages.append((content, kit.is_private(said)))
            before = []
        return messages

    async def _turn(self, claim: Claim) -> Turn:
        """Return what the bot says to something, which it is asked once."""
        incoming = claim.incoming
        turn = Turn(incoming.id, incoming.question or incoming.text, time.time())
        if claim.said is not None:
            turn.said += [Said(**one) for one in claim.said]
            return turn
        if claim.attempts:
            # It may have answered, and been killed before that was noted.
            for before in reversed(await self._turns_before(incoming.conversation)):
                if before.id == incoming.id:
                    return before
        output = SlackOutput()
        async with self._rasa:
            await self._ask(incoming, output)
        turn.said += output.said
        # Not every turn is in the conversation afterwards: one that deletes it is not.
        await self._note(inbox.keep_said, claim, [asdict(one) for one in turn.said])
        return turn

    async def _ask(self, incoming: Incoming, output: SlackOutput) -> None:
        agent: Any = self._agent()
        if incoming.confirms:
            stored = names.UTTER_REQUEST_KEPT
            if self._clinic.delivers:
                stored = names.UTTER_REQUEST_SENT
            await confirm(agent, output, incoming.conversation, stored, incoming.confirms)
            return
        shown = incoming.question or incoming.text
        asked = UserMessage(
            incoming.text[: self._max_length],
            output,
            incoming.conversation,
            input_channel=CHANNEL,
            metadata={names.CLIENT_ID: incoming.id, names.SHOWN: shown},
        )
        await self._handle(asked, output)

    async def _turns_before(self, conversation: str) -> Sequence[Turn]:
        agent: Any = self._agent()
        tracker = await primary(agent.tracker_store).retrieve_full_tracker(conversation)
        return read_turns(tracker.events) if tracker else []

    async def _handle(self, asked: UserMessage, output: SlackOutput) -> None:
        try:
            await self._on_new_message(asked)
        except LockError:
            raise  # somebody else works on the conversation; it is tried again
        except NotStoredError:
            output.said.append(not_kept(time.time()))
        except Exception:  # whatever failed, the person gets an answer
            who = conversation_hash(asked.sender_id)
            logger.exception("Slack, conversation %s: a message could not be handled.", who)
            output.said.append(trouble(time.time()))

    def _lines(self, claim: Claim) -> list[kit.Block]:
        """Return what stands over the first message of an answer."""
        incoming, lines = claim.incoming, []
        if incoming.place.is_public and claim.is_first:
            lines.append(kit.context(self._texts["public_hint"]))
        if incoming.question:
            asked = textwrap.shorten(incoming.question, MAX_QUESTION, placeholder="…")
            lines.append(kit.asked(asked, self._texts))
        if len(incoming.text) > self._max_length:
            lines.append(kit.context(self._texts["too_long"].format(limit=self._max_length)))
        return lines

    async def send(self, place: Place, content: Mapping[str, Any], is_private: bool) -> None:
        """Send a message to where it belongs.

        Args:
            place: where what it answers came from
            content: as ``slack_blocks`` makes it
            is_private: others must not read it

        Raises:
            CannotPostError: Slack did not take it.
        """
        if place.response_url:
            own = {key: content[key] for key in ("text", "blocks")}
            try:
                await self._api.respond(
                    place.response_url,
                    {**own, "response_type": "ephemeral", "replace_original": False},
                )
                return
            except CannotPostError as error:
                # It is good for five answers and half an hour.
                logger.warning("An answer goes by direct message instead: %s", error.code)
                await self._api.post(place.user, None, content)
        elif place.is_whispered or (place.is_public and is_private):
            await self._whisper(place, content)
        else:
            await self._api.post(place.channel, place.thread, content)

    async def _whisper(self, place: Place, content: Mapping[str, Any]) -> None:
        """Show something to one person only, in a channel that others read."""
        fields = {key: content[key] for key in ("text", "blocks")}
        if place.thread:
            fields["thread_ts"] = place.thread
        await self._api.call("chat.postEphemeral", channel=place.channel, user=place.user, **fields)

    async def _is_there(self, place: Place, content: Mapping[str, Any]) -> bool:
        if place.response_url or place.is_whispered:
            return False
        return await self._api.is_posted(place.channel, place.thread, content)

    async def _tell(self, conversation: str, place: Place) -> None:
        """Tell the person that an answer could not be sent."""
        try:
            await self.send(place, kit.notice(self._texts["not_sent"]), is_private=False)
            await self._records.run(inbox.tell, conversation)
        except (CannotPostError, RecordsError) as error:
            # With the next answer that can be sent.
            who = conversation_hash(conversation)
            logger.error("Slack, conversation %s: not told so: %s", who, _named(error))

    async def _note(self, function: Callable[..., Any], *arguments: Any) -> None:
        with suppress(RecordsError):  # logged there; the lease ends by itself
            await self._records.run(function, *arguments)


def _named(error: Exception) -> str:
    # Other texts may have what a person wrote.
    return str(error) if isinstance(error, CannotPostError) else type(error).__name__
