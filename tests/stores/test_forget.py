"""A conversation can be deleted from our store, and nobody else's is touched."""

import pytest
from rasa.core.tracker_store import FailSafeTrackerStore, InMemoryTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from needlepoint.stores.forget import CannotForgetError, forget, primary
from needlepoint.stores.memory import MemoryTrackerStore


async def saved(store, *senders):
    wrapped = FailSafeTrackerStore(store)
    for sender in senders:
        await wrapped.save(DialogueStateTracker.from_events(sender, [UserUttered("hi")]))
    return wrapped


async def test_it_is_gone_and_others_are_not():
    store = await saved(MemoryTrackerStore(Domain.empty()), "me", "you")
    await forget(store, "me")
    assert await store.retrieve_full_tracker("me") is None
    assert await store.retrieve_full_tracker("you")
    await forget(store, "me")


async def test_a_store_that_cannot_delete_says_so():
    store = await saved(InMemoryTrackerStore(Domain.empty()), "me")
    with pytest.raises(CannotForgetError, match="InMemoryTrackerStore cannot delete"):
        await forget(store, "me")


async def test_the_store_behind_rasas_is_found():
    store = MemoryTrackerStore(Domain.empty())
    assert primary(FailSafeTrackerStore(store)) is store
    assert primary(store) is store
