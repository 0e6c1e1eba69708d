"""Deleting a conversation from a tracker store; Rasa's own stores have no way to."""

from typing import Any

from rasa.core.tracker_store import FailSafeTrackerStore, InMemoryTrackerStore, TrackerStore


class CannotForgetError(RuntimeError):
    """A tracker store that cannot delete a conversation; the text says which."""


def primary(store: TrackerStore) -> TrackerStore:
    """Return the store itself, whose failures Rasa would hide: it gives None in place of them."""
    return store._tracker_store if isinstance(store, FailSafeTrackerStore) else store


async def forget(store: TrackerStore, conversation: str) -> None:
    """Delete a conversation.

    Raises:
        CannotForgetError: the store has no coroutine ``delete``.
    """
    if isinstance(store, FailSafeTrackerStore):
        # What could not be saved at some time lies in a store of Rasa's own.
        fallback = store._fallback_tracker_store
        if isinstance(fallback, InMemoryTrackerStore):
            fallback.store.pop(conversation, None)
        store = primary(store)
    deletes: Any = getattr(store, "delete", None)
    if deletes is None:
        raise CannotForgetError(
            f"{type(store).__name__} cannot delete a conversation; use a tracker store with a "
            "coroutine delete(sender_id), as needlepoint.stores.memory.MemoryTrackerStore."
        )
    await deletes(conversation)
