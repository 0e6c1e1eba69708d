"""Conversations in the project's database: they outlive a restart, and are read from memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from datetime import timedelta
from time import monotonic
from typing import Any

from rasa.shared.core.events import Event
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import delete, func, insert, select
from sqlalchemy.engine import Engine

from needlepoint.database.engine import connect, reader
from needlepoint.database.tables import ConversationEvent, now
from needlepoint.stores.memory import MemoryTrackerStore

KEPT_IN_MEMORY = 5000  # conversations; about 50 KiB each
PURGE_EVERY = 3600.0  # seconds


class DatabaseTrackerStore(MemoryTrackerStore):
    """Writes the new events of each turn, and reads a conversation only when it is not in memory.

    So a turn costs what is new in it, not what was said before. For one Rasa process: another one
    would not see what this one has in memory. Set in ``endpoints.yml`` as ``tracker_store``, with
    ``keep_days``: after so many days without a message a conversation is deleted.
    """

    def __init__(self, *args: object, keep_days: float = 30, **kwargs: object) -> None:
        """Open the database that ``NEEDLEPOINT_DATABASE_URL`` names.

        Raises:
            DatabaseUrlError: the URL is none.
            sqlalchemy.exc.OperationalError: the database cannot be reached or written.
        """
        super().__init__(*args, **kwargs)
        # A power cut may cost the last seconds of a chat; requests and feedback are stored apart.
        self._engine: Engine = connect(sync="NORMAL")
        self._keep = timedelta(days=keep_days)
        self._next_purge = 0.0

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store what is new in ``tracker``; only then is it in memory, too.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: it could not be stored.
        """
        known = self._events.get(tracker.sender_id, ())
        new = list(tracker.events)[len(known) :]
        await asyncio.to_thread(self._append, tracker.sender_id, new)
        self._events.pop(tracker.sender_id, None)  # the newest last
        await super().save(tracker)
        while len(self._events) > KEPT_IN_MEMORY:
            self._events.pop(next(iter(self._events)))
        if monotonic() >= self._next_purge:
            self._next_purge = monotonic() + PURGE_EVERY
            for conversation in await asyncio.to_thread(self._purge):
                self._events.pop(conversation, None)

    async def delete(self, sender_id: str) -> None:
        """Forget a conversation.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: it could not be deleted.
        """
        await asyncio.to_thread(self._delete, sender_id)
        await super().delete(sender_id)

    async def keys(self) -> list[str]:
        """Return the ids of all conversations."""
        return await asyncio.to_thread(self._ids)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Return the last session of a conversation, or None."""
        if sender_id not in self._events:
            events = await asyncio.to_thread(self._read, sender_id)
            if not events:
                return None
            self._events[sender_id] = tuple(events)
        tracker = await super().retrieve(sender_id)
        if tracker is not None:
            # What is new is counted from what was given out.
            self._events[sender_id] = tuple(tracker.events)
        return tracker

    async def retrieve_full_tracker(self, sender_id: str) -> DialogueStateTracker | None:
        """Return all sessions of a conversation, or None."""
        events = await asyncio.to_thread(self._read, sender_id)
        if not events:
            return None
        return DialogueStateTracker.from_events(sender_id, events, self.domain.slots)

    def _append(self, conversation: str, events: Iterable[Event]) -> None:
        rows = [
            {"conversation": conversation, "data": json.dumps(event.as_dict())} for event in events
        ]
        if rows:
            with self._engine.begin() as connection:
                connection.execute(insert(ConversationEvent), rows)

    def _read(self, conversation: str) -> list[Event]:
        wanted = ConversationEvent.conversation == conversation
        query = select(ConversationEvent.data).where(wanted).order_by(ConversationEvent.id)
        with reader(self._engine).connect() as connection:
            found: list[dict[str, Any]] = [
                json.loads(data) for (data,) in connection.execute(query)
            ]
        events = (Event.from_parameters(parameters) for parameters in found)
        return [event for event in events if event is not None]

    def _delete(self, conversation: str) -> None:
        wanted = ConversationEvent.conversation == conversation
        with self._engine.begin() as connection:
            connection.execute(delete(ConversationEvent).where(wanted))

    def _purge(self) -> list[str]:
        """Delete the conversations that are over, and return their ids."""
        row = ConversationEvent
        over = select(row.conversation).group_by(row.conversation)
        over = over.having(func.max(row.stored_at) < now() - self._keep)
        with self._engine.begin() as connection:
            ids = list(connection.execute(over).scalars())
            for conversation in ids:
                connection.execute(delete(row).where(row.conversation == conversation))
        return ids

    def _ids(self) -> list[str]:
        with reader(self._engine).connect() as connection:
            return list(
                connection.execute(select(ConversationEvent.conversation).distinct()).scalars()
            )
