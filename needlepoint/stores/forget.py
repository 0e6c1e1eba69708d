"""Deleting a conversation from a tracker store; Rasa's own stores have no way to."""

from collections.abc import Iterable
from typing import Any

from rasa.core.tracker_store import FailSafeTrackerStore, TrackerStore
from rasa.shared.core.events import BotUttered, Event

from needlepoint.names import DATA_DELETED


class CannotForgetError(RuntimeError):
    """A tracker store that cannot delete a conversation; the text says which."""


def primary(store: TrackerStore) -> TrackerStore:
    """Return the store itself, whose failures Rasa would hide: it gives None in place of them."""
    return store._tracker_store if isinstance(store, FailSafeTrackerStore) else store


def tells_deletion(events: Iterable[Event]) -> bool:
    """Tell whether a person was told in these events that what they said is deleted.

    The action has deleted it then; a store keeps none of these events, else the words come back.
    """
    said = (event for event in events if isinstance(event, BotUttered))
    return any((event.metadata or {}).get("utter_action") in DATA_DELETED for event in said)


async def forget(store: TrackerStore, conversation: str) -> None:
    """Delete a conversation.

    Raises:
        CannotForgetError: the store has no coroutine ``delete``.
    """
    store = primary(store)
    deletes: Any = getattr(store, "delete", None)
    if deletes is None:
        raise CannotForgetError(
            f"{type(store).__name__} cannot delete a conversation; use a tracker store with a "
            "coroutine delete(sender_id), as needlepoint.stores.memory.MemoryTrackerStore."
        )
    await deletes(conversation)
