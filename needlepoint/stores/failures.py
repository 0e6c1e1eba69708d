"""What becomes of a turn that cannot be stored: it is answered, and the person is told so.

Rasa's own wrapper of a tracker store keeps such a turn in memory and tells nobody: it is lost with
the process, and until then it is a past that no other worker knows.
"""

from __future__ import annotations

import logging

from rasa.core.agent import Agent
from rasa.core.tracker_store import FailSafeTrackerStore, TrackerStore
from rasa.shared.core.trackers import DialogueStateTracker

from needlepoint.stores.conversations import StaleWriterError
from needlepoint.stores.database import StoreError
from needlepoint.stores.forget import primary

_UNREAD = "_needlepoint_unread"
logger = logging.getLogger(__name__)


class NotStoredError(RuntimeError):
    """A turn was answered and could not be stored; the log says why."""


class TellingTrackerStore(FailSafeTrackerStore):
    """Lets a turn go on where its past cannot be read, and raises where it cannot be stored."""

    def __init__(self, tracker_store: TrackerStore) -> None:
        """Wrap the store of the settings."""
        super().__init__(tracker_store, _log)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Return what the store has; where it fails, an empty tracker that is never stored."""
        try:
            return await self._tracker_store.retrieve(sender_id)
        except Exception as error:  # noqa: BLE001  (a store may fail in its own ways)
            self.on_tracker_store_retrieve_error(error)
        # Stored, it would begin a new session, and what the person said before would be forgotten.
        tracker = self.init_tracker(sender_id)
        setattr(tracker, _UNREAD, True)
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store what is new in ``tracker``.

        Raises:
            NotStoredError: it could not be stored, or its past could not be read.
        """
        if hasattr(tracker, _UNREAD):
            raise NotStoredError("Its past could not be read.")
        try:
            await self._tracker_store.save(tracker)
        except Exception as error:  # noqa: BLE001  (a store may fail in its own ways)
            self.on_tracker_store_error(error)
            raise NotStoredError(type(error).__name__) from None


def tell_failures(agent: Agent) -> None:
    """Have ``agent`` raise ``NotStoredError`` at the end of a turn that could not be stored.

    Each channel asks for it.
    """
    if not isinstance(agent.tracker_store, TellingTrackerStore):
        agent.tracker_store = TellingTrackerStore(primary(agent.tracker_store))
    if agent.processor is not None:
        agent.processor.tracker_store = agent.tracker_store


def _log(error: Exception) -> None:
    # What others say may have words of a person in it.
    is_ours = isinstance(error, StoreError | StaleWriterError)
    logger.error("%s", error if is_ours else f"A tracker store failed: {type(error).__name__}")
