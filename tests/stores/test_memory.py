"""Our store gives back what Rasa's own in-memory store gives back."""

import asyncio

import pytest
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.slots import TextSlot
from rasa.shared.core.trackers import DialogueStateTracker

from needlepoint.stores.memory import MemoryTrackerStore

SESSION = [
    ActionExecuted("action_session_start"),
    SessionStarted(),
    ActionExecuted("action_listen"),
]
TURN = [
    UserUttered("does it hurt", {"name": "faq_does_it_hurt", "confidence": 0.9}),
    SlotSet("country", "GB"),
    ActionExecuted("utter_faq_does_it_hurt"),
    BotUttered("Most feel little.", {"buttons": []}, {"utter_action": "utter_faq_does_it_hurt"}),
    ActionExecuted("action_listen"),
]


@pytest.fixture
def domain():
    return Domain.empty()


@pytest.mark.parametrize("events", [SESSION, [*SESSION, *TURN], [*SESSION, *TURN, *SESSION], TURN])
@pytest.mark.parametrize("whole", [False, True])
def test_it_gives_back_what_rasas_own_gives_back(domain, events, whole):
    slots = [TextSlot("country", mappings=[{}])]
    domain.slots[:] = slots
    found = []
    for store in (InMemoryTrackerStore(domain), MemoryTrackerStore(domain)):
        tracker = DialogueStateTracker.from_events("me", events, slots)
        asyncio.run(store.save(tracker))
        retrieve = store.retrieve_full_tracker if whole else store.retrieve
        found.append(asyncio.run(retrieve("me")))
    rasas, ours = found
    assert [e.as_dict() for e in ours.events] == [e.as_dict() for e in rasas.events]
    assert ours.current_slot_values() == rasas.current_slot_values()
    assert ours.latest_action_name == rasas.latest_action_name


def test_what_was_deleted_is_not_stored_again(domain):
    store = MemoryTrackerStore(domain)
    told = BotUttered("I have deleted it.", {}, {"utter_action": "utter_no_data"})
    for events in (TURN, [*TURN, UserUttered("delete my data"), told]):
        asyncio.run(store.save(DialogueStateTracker.from_events("me", events)))
    assert asyncio.run(store.retrieve_full_tracker("me")) is None


def test_a_tracker_that_changes_later_does_not_change_the_store(domain):
    store = MemoryTrackerStore(domain)
    tracker = DialogueStateTracker.from_events("me", [*SESSION, *TURN])
    asyncio.run(store.save(tracker))
    tracker.update(UserUttered("and how long?"))
    kept = asyncio.run(store.retrieve("me"))
    assert kept.latest_message.text == "does it hurt"
    kept.update(UserUttered("why?"))
    assert asyncio.run(store.retrieve("me")).latest_message.text == "does it hurt"


def test_nobody_knows_a_conversation_that_is_not_there(domain):
    assert asyncio.run(MemoryTrackerStore(domain).retrieve("nobody")) is None


def test_earlier_sessions_stay_when_the_last_one_goes_on(domain):
    store = MemoryTrackerStore(domain)
    first = [SlotSet("x", 1), *SESSION, *TURN]
    asyncio.run(store.save(DialogueStateTracker.from_events("me", [*first, *SESSION])))
    for text in ("and how long?", "why?"):
        tracker = asyncio.run(store.retrieve("me"))
        tracker.update(UserUttered(text))
        asyncio.run(store.save(tracker))
    whole = list(asyncio.run(store.retrieve_full_tracker("me")).events)
    assert whole[: len(first)] == first
    texts = [event.text for event in whole if isinstance(event, UserUttered)]
    assert texts == ["does it hurt", "and how long?", "why?"]
    # The whole conversation, retrieved and saved, is not doubled.
    asyncio.run(store.save(asyncio.run(store.retrieve_full_tracker("me"))))
    assert list(asyncio.run(store.retrieve_full_tracker("me")).events) == whole
