"""Conversations in the project's database: for several Rasa workers, at the same cost per turn."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from needlepoint.database.engine import connect
from needlepoint.names import CLIENT_ID
from needlepoint.observability.metrics import observe, stage
from needlepoint.observability.pseudonym import pseudonym
from needlepoint.stores.bounded import bound
from needlepoint.stores.conversations import (
    KEEP_DAYS,
    NEW,
    Head,
    Recent,
    Version,
    append,
    conversation_ids,
    delete_conversation,
    has_message,
    purge_conversations,
    read_all,
    read_recent,
    version_of,
)
from needlepoint.stores.forget import tells_deletion
from needlepoint.stores.lock import fence

MAX_EVENTS = 40
KEPT_IN_MEMORY = 5000  # conversations; about 20 KiB each
THREADS = 5  # as many as the engine keeps connections
PURGE_EVERY = 3600.0  # seconds
LIMIT = 5.0  # seconds; a database that hangs must not hang a turn, which asks it up to three times
_GIVEN = "_needlepoint_given"
Result = TypeVar("Result")
logger = logging.getLogger(__name__)


class StoreError(RuntimeError):
    """The database could not be read or written; the text says why, and holds nothing personal."""


@dataclass(frozen=True)
class _Kept:
    """A conversation in memory: what its version has.

    Attributes:
        packed: the head and the events after it, as bytes: Python looks through its objects again
            and again, and thousands of conversations are millions of objects
        held: the number of the lock under which it was the newest, if there was one
    """

    version: Version
    head_number: int
    packed: bytes
    held: int | None

    @property
    def parts(self) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
        """The head, and the events after it."""
        head, events = pickle.loads(self.packed)
        return head, events


def _packed(head: Sequence[Event], events: Sequence[Event]) -> bytes:
    return pickle.dumps((tuple(head), tuple(events)))


@dataclass(frozen=True)
class _Given:
    """What a tracker had when it was given out: what follows in it is new.

    Attributes:
        version: of the conversation
        head_count: how many of the tracker's events are the head
        head_number: of the last event that the head sums up
        count: of the tracker's events that are stored, with the head
    """

    version: Version
    head_count: int
    head_number: int
    count: int


_NOTHING = _Given(NEW, 0, 0, 0)


class DatabaseTrackerStore(TrackerStore):
    """Reads what is new, writes what is new, and gives Rasa no more events than it needs.

    What is in memory counts only while its version is the database's. Set in ``endpoints.yml`` as
    ``tracker_store``, with ``keep_days``: after so many days without a message a conversation is
    deleted, ``max_events``: with more than this, the older half is summed up, and
    ``answer_limit``: seconds that the database may take for an answer.
    """

    def __init__(
        self,
        domain: Domain | None,
        event_broker: EventBroker | None = None,
        keep_days: float = KEEP_DAYS,
        max_events: int = MAX_EVENTS,
        answer_limit: float = LIMIT,
        **kwargs: Any,
    ) -> None:
        """Open the database that ``NEEDLEPOINT_DATABASE_URL`` names.

        Raises:
            DatabaseUrlError: the URL is none.
            sqlalchemy.exc.OperationalError: the database cannot be reached or written.
        """
        super().__init__(domain, event_broker, **kwargs)
        # A power cut may cost the last seconds of a chat; requests and feedback are stored apart.
        self._engine: Engine = connect(sync="NORMAL")
        self._threads = ThreadPoolExecutor(THREADS, "conversations")
        self._keep = timedelta(days=keep_days)
        self._max_events = max_events
        self._answer_limit = answer_limit
        self._kept: dict[str, _Kept] = {}
        self._purging: asyncio.Task[None] | None = None

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store what is new in ``tracker``, and publish it; only then is it in memory, too.

        A turn in which the person has had all deleted is published, but not stored.

        Raises:
            StaleWriterError: another worker has changed the conversation since it was given out.
            StoreError: it could not be stored.
        """
        self._purge_by_the_hour()
        conversation = tracker.sender_id
        given: _Given | None = getattr(tracker, _GIVEN, None)
        events = list(tracker.events)
        new = events[given.count if given else 0 :]
        if not new:
            if given is None:
                # Rasa has found nothing, and begins: what another has begun by then is not seen.
                _mark(tracker, _NOTHING)
            return
        self._kept.pop(conversation, None)  # whatever happens, it is no more the newest
        if not tells_deletion(new):
            await self._store(tracker, given, events)
        observe(new, self.domain.intent_properties)
        if self.event_broker is not None:
            await self._stream_new_events(self.event_broker, new, conversation)

    async def delete(self, sender_id: str) -> None:
        """Forget a conversation.

        Raises:
            StoreError: it could not be deleted.
        """
        self._kept.pop(sender_id, None)
        await self._run("deleted", sender_id, lambda: delete_conversation(self._engine, sender_id))

    async def keys(self) -> list[str]:
        """Return the ids of all conversations."""
        return await self._run("listed", "", lambda: list(conversation_ids(self._engine)))

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Return what Rasa needs of the last session of a conversation, or None.

        Rasa asks several times in a turn. While one lock is held, nobody else writes; if it was
        lost, what was built on an old state cannot be stored.

        Raises:
            StoreError: it could not be read.
        """
        self._purge_by_the_hour()
        known, held = self._kept.get(sender_id), fence()
        if known is not None and held is not None and known.held == held:
            kept: _Kept | None = known
        else:
            kept = await self._run("read", sender_id, lambda: self._read(sender_id, known, held))
        if kept is None:
            self._kept.pop(sender_id, None)
            return None
        # Of two reads at once, the later one may be the older one.
        if kept is not known and self._kept.get(sender_id) is known:
            self._keep_in_memory(sender_id, kept)
        head, after = kept.parts
        events = [*head, *after]
        tracker = DialogueStateTracker.from_events(sender_id, events, self.domain.slots)
        _mark(tracker, _Given(kept.version, len(head), kept.head_number, len(events)))
        return tracker

    async def retrieve_full_tracker(self, conversation_id: str) -> DialogueStateTracker | None:
        """Return all sessions of a conversation, event by event, or None.

        Raises:
            StoreError: it could not be read.
        """
        return await self._run("read", conversation_id, lambda: self._whole(conversation_id))

    async def has_message(self, conversation_id: str, key: str) -> bool:
        """Tell whether a message with this ``CLIENT_ID`` is stored, however long ago.

        Raises:
            StoreError: it could not be read.
        """
        return await self._run(
            "read", conversation_id, lambda: has_message(self._engine, conversation_id, key)
        )

    async def _store(
        self, tracker: DialogueStateTracker, given: _Given | None, events: Sequence[Event]
    ) -> None:
        conversation, held = tracker.sender_id, fence()
        kept = await self._run(
            "stored", conversation, lambda: self._write(conversation, given, events, held)
        )
        self._keep_in_memory(conversation, kept)
        if given is None:
            given = _Given(kept.version, 0, kept.version.last - len(events), 0)
        _mark(tracker, _Given(kept.version, given.head_count, given.head_number, len(events)))

    def _write(
        self, conversation: str, given: _Given | None, events: Sequence[Event], held: int | None
    ) -> _Kept:
        if given is None:  # begun without a look at what is stored
            version = version_of(self._engine, conversation)
            given = _Given(version, 0, version.last, 0)
        old, own = events[: given.head_count], events[given.head_count :]
        head, gone = bound(old, own, self._max_events, self.domain.slots)
        number = given.head_number + gone
        new = [json.dumps(event.as_dict()) for event in events[given.count :]]
        keys = [_message_key(event) for event in events[given.count :]]
        stored = Head(number, lambda: _as_json(head))
        version = append(self._engine, conversation, given.version, new, stored, held, keys)
        return _Kept(version, number, _packed(head, own[gone:]), held)

    def _whole(self, conversation: str) -> DialogueStateTracker | None:
        version, found = read_all(self._engine, conversation)
        if not found:
            return None
        # In the thread, too: of hundreds of turns it would hold up all other conversations.
        events = _events(map(json.loads, found))
        tracker = DialogueStateTracker.from_events(conversation, events, self.domain.slots)
        _mark(tracker, _Given(version, 0, version.last - len(events), len(events)))
        return tracker

    def _read(self, conversation: str, known: _Kept | None, held: int | None) -> _Kept | None:
        if known is None:
            recent = read_recent(self._engine, conversation)
        else:
            recent = read_recent(self._engine, conversation, known.version, known.head_number)
        if recent is None:
            return None
        if known and recent.version == known.version:
            return known if held is None else replace(known, held=held)
        head, events = self._joined(recent, known)
        head, gone = bound(head, events, self._max_events, self.domain.slots)
        number = recent.head_number + gone
        return _Kept(recent.version, number, _packed(head, events[gone:]), held)

    def _joined(self, recent: Recent, known: _Kept | None) -> tuple[tuple[Event, ...], list[Event]]:
        new = _events(map(json.loads, recent.events))
        if known and recent.follows(known.version, known.head_number):
            head, events = known.parts
            return head, [*events, *new]
        return tuple(_events(json.loads(recent.head or "[]"))), new

    def _keep_in_memory(self, conversation: str, kept: _Kept) -> None:
        self._kept.pop(conversation, None)  # the newest last
        self._kept[conversation] = kept
        while len(self._kept) > KEPT_IN_MEMORY:
            self._kept.pop(next(iter(self._kept)))

    async def _run(
        self,
        done: str,
        conversation: str,
        call: Callable[[], Result],
        in_turn: bool = True,
    ) -> Result:
        """Return what ``call`` returns, in a thread of the store's own; within a turn, in time."""
        limit = self._answer_limit if in_turn else None
        which = f"Conversation {pseudonym(conversation)}" if conversation else "Conversations"
        try:
            with stage("store"):
                running = asyncio.get_running_loop().run_in_executor(self._threads, call)
                return await asyncio.wait_for(running, limit)
        except asyncio.TimeoutError:
            raise StoreError(f"{which} could not be {done} within {limit:g} s.") from None
        except SQLAlchemyError as error:
            raise StoreError(f"{which} could not be {done}: {_reason(error)}.") from None

    def _purge_by_the_hour(self) -> None:
        """Have conversations deleted whose time is over, beside the turns and not in them."""
        loop = asyncio.get_running_loop()
        task = self._purging
        if task is None or task.done() or task.get_loop() is not loop:
            self._purging = loop.create_task(self._purge())

    async def _purge(self) -> None:
        while True:
            try:
                purge = partial(purge_conversations, self._engine, self._keep)
                await self._run("purged", "", purge, in_turn=False)
            except StoreError as error:
                logger.error("%s", error)
            await asyncio.sleep(PURGE_EVERY)


def _message_key(event: Event) -> str | None:
    return (event.metadata or {}).get(CLIENT_ID) if isinstance(event, UserUttered) else None


def _mark(tracker: DialogueStateTracker, given: _Given) -> None:
    # On the tracker itself: one conversation may be given out several times at once.
    setattr(tracker, _GIVEN, given)


def _events(found: Iterable[dict[str, Any]]) -> list[Event]:
    events = map(Event.from_parameters, found)
    return [event for event in events if event is not None]


def _as_json(head: Sequence[Event]) -> str | None:
    return json.dumps([event.as_dict() for event in head]) if head else None


def _reason(error: SQLAlchemyError) -> str:
    """Return the driver's own words, without its lines of detail, which have values of rows."""
    words = str(error.orig).strip() if isinstance(error, DBAPIError) else type(error).__name__
    return words.split("\n")[0].rstrip(".")
