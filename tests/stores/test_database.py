"""Conversations in the database: given back as Rasa's own store does, also after a restart."""

import asyncio

import pytest
from rasa.core.tracker_store import TrackerStore
from rasa.core.utils import AvailableEndpoints
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from test_memory import SESSION, TURN

from needlepoint.stores.database import DatabaseTrackerStore


@pytest.fixture
def opened(database, monkeypatch):
    """Open the store, as often as a process starts."""
    monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", database)
    return lambda **options: DatabaseTrackerStore(Domain.empty(), **options)


def texts(tracker):
    return [event.text for event in tracker.events if isinstance(event, UserUttered)]


def save(store, *events):
    """A turn: what Rasa does with a store."""
    tracker = asyncio.run(store.retrieve("me")) or DialogueStateTracker.from_events("me", [])
    for event in events:
        tracker.update(event)
    asyncio.run(store.save(tracker))


def test_a_conversation_goes_on_after_a_restart(opened):
    first = opened()
    save(first, *SESSION, *TURN)
    save(first, UserUttered("why?"))
    second = opened()
    kept = asyncio.run(second.retrieve("me"))
    assert [e.as_dict() for e in kept.events] == [
        e.as_dict() for e in asyncio.run(first.retrieve("me")).events
    ]
    save(second, UserUttered("and how long?"))
    assert texts(asyncio.run(opened().retrieve("me"))) == ["does it hurt", "why?", "and how long?"]


def test_each_event_is_stored_once_over_sessions(opened):
    store = opened()
    save(store, *SESSION, *TURN)
    save(store, *SESSION, UserUttered("hello again"))
    save(store, UserUttered("bye"))
    assert texts(asyncio.run(store.retrieve("me"))) == ["hello again", "bye"]
    whole = asyncio.run(opened().retrieve_full_tracker("me"))
    assert texts(whole) == ["does it hurt", "hello again", "bye"]


def test_conversations_are_apart_and_can_be_deleted(opened):
    store = opened()
    save(store, *SESSION, *TURN)
    other = DialogueStateTracker.from_events("other", [UserUttered("hi")])
    asyncio.run(store.save(other))
    assert sorted(asyncio.run(store.keys())) == ["me", "other"]
    asyncio.run(store.delete("me"))
    assert asyncio.run(store.retrieve("me")) is None
    assert asyncio.run(opened().retrieve("me")) is None
    assert texts(asyncio.run(opened().retrieve("other"))) == ["hi"]


def test_what_could_not_be_stored_is_not_in_memory_either(opened, monkeypatch):
    store = opened()
    save(store, *SESSION, *TURN)

    def fail(*_):
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(store, "_append", fail)
        with pytest.raises(OSError, match="full"):
            save(store, UserUttered("lost"))
    save(store, UserUttered("kept"))
    assert texts(asyncio.run(store.retrieve("me"))) == ["does it hurt", "kept"]
    assert texts(asyncio.run(opened().retrieve("me"))) == ["does it hurt", "kept"]


def test_a_conversation_is_deleted_when_its_time_is_over(opened):
    save(opened(), *SESSION, *TURN)
    other = DialogueStateTracker.from_events("other", [UserUttered("hi")])
    store = opened(keep_days=30)
    asyncio.run(store.save(other))
    assert sorted(asyncio.run(store.keys())) == ["me", "other"]
    hasty = opened(keep_days=-1)  # as if it were tomorrow
    asyncio.run(hasty.save(other))
    assert asyncio.run(opened().keys()) == []


def test_the_endpoints_name_it(opened):
    endpoint = AvailableEndpoints.read_endpoints("endpoints.yml").tracker_store
    assert isinstance(TrackerStore.create(endpoint, Domain.empty()), DatabaseTrackerStore)
