"""Conversations in memory, without turning each into text and back at every turn."""

from __future__ import annotations

from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.events import Event
from rasa.shared.core.trackers import DialogueStateTracker

from needlepoint.stores.bounded import session_start
from needlepoint.stores.forget import tells_deletion


class MemoryTrackerStore(InMemoryTrackerStore):
    """Rasa's in-memory store, but that it keeps the events themselves.

    Rasa's own writes the whole conversation as JSON and reads it again in each turn: of the ten
    first turns of a conversation, that took a third of the time. For trying things out: a restart
    forgets all; ``DatabaseTrackerStore`` keeps them.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._events: dict[str, tuple[Event, ...]] = {}

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keep the events of ``tracker``, if the person has not had them deleted."""
        await self.stream_events(tracker)
        events = tuple(tracker.events)
        before = self._events.get(tracker.sender_id, ())
        if tells_deletion(events):
            await self.delete(tracker.sender_id)
            return
        start = session_start(before)
        # Rasa retrieves the last session and saves that: those before it stay.
        if start and events and events[0] is before[start]:
            events = before[:start] + events
        self._events[tracker.sender_id] = events

    async def delete(self, sender_id: str) -> None:
        """Forget a conversation."""
        self._events.pop(sender_id, None)

    async def keys(self) -> list[str]:
        """Return the ids of all conversations."""
        return list(self._events)

    async def _retrieve(
        self, sender_id: str, fetch_all_sessions: bool
    ) -> DialogueStateTracker | None:
        events = self._events.get(sender_id)
        if events is None:
            return None
        kept = events if fetch_all_sessions else events[session_start(events) or 0 :]
        return DialogueStateTracker.from_events(sender_id, kept, self.domain.slots)
