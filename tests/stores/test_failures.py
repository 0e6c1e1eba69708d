"""A turn that cannot be stored is answered, is said not to be stored, and is kept nowhere."""

from types import SimpleNamespace

import pytest
from rasa.core.tracker_store import FailSafeTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered

from needlepoint.stores.failures import NotStoredError, TellingTrackerStore, tell_failures
from needlepoint.stores.memory import MemoryTrackerStore


class Store(MemoryTrackerStore):
    """A store whose database goes and comes."""

    reads = writes = True

    async def retrieve(self, sender_id):
        if not self.reads:
            raise OSError("Jo Planted is away")
        return await super().retrieve(sender_id)

    async def save(self, tracker):
        if not self.writes:
            raise OSError("the disk of Jo Planted is full")
        await super().save(tracker)


@pytest.fixture
def store():
    return Store(Domain.empty())


async def turn(store, text):
    """What Rasa does with a store in a turn."""
    tracker = await store.get_or_create_tracker("me", append_action_listen=False)
    tracker.update(UserUttered(text))
    await store.save(tracker)


def texts(tracker):
    return [event.text for event in tracker.events]


async def test_what_cannot_be_written_is_said_and_never_comes_back(store, caplog):
    telling = TellingTrackerStore(store)
    await turn(telling, "first")
    store.writes = False
    with pytest.raises(NotStoredError):
        await turn(telling, "lost")
    store.writes = True
    await turn(telling, "last")
    assert texts(await telling.retrieve("me")) == ["first", "last"]
    assert "OSError" in caplog.text and "Planted" not in caplog.text


async def test_a_turn_whose_past_cannot_be_read_goes_on_and_takes_no_place_in_it(store):
    telling = TellingTrackerStore(store)
    await turn(telling, "first")
    store.reads = False
    with pytest.raises(NotStoredError):
        await turn(telling, "lost")
    store.reads = True
    assert texts(await telling.retrieve("me")) == ["first"]


def test_it_takes_the_place_of_rasas_own_once(store):
    agent = SimpleNamespace(
        tracker_store=FailSafeTrackerStore(store), processor=SimpleNamespace(tracker_store=None)
    )
    tell_failures(agent)
    ours = agent.tracker_store
    tell_failures(agent)
    assert agent.processor.tracker_store is agent.tracker_store is ours
    assert ours._tracker_store is store
