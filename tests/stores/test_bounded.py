"""A person cannot tell that Rasa is given only the end of a conversation."""

import asyncio
from pathlib import Path

import pytest
import yaml
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    ConversationPaused,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.slots import AnySlot, TextSlot
from rasa.shared.core.trackers import DialogueStateTracker

from needlepoint.stores.bounded import bound, summed_up
from needlepoint.stores.database import MAX_EVENTS, DatabaseTrackerStore

FOLDER = Path(__file__).parents[1] / "conversations"
CONVERSATIONS = [
    (
        "clinic_agent" if path.parent.name == "at_a_clinic" else "agent",
        f"{path.parent.name}: {conversation['conversation']}",
        [step["user"] for step in conversation["steps"]],
    )
    for path in sorted(FOLDER.rglob("*.yml"))
    for conversation in yaml.safe_load(path.read_text())
]
UNBOUNDED, SMALLEST = 1_000_000, 1
SLOTS = [TextSlot("country", mappings=[{}]), AnySlot("place", mappings=[{}])]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """Have an agent answer messages, with a bound for what it is given."""
    folder, stores = tmp_path_factory.mktemp("conversations"), {}

    def store_of(agent, most):
        if (id(agent), most) not in stores:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("NEEDLEPOINT_DATABASE_URL", f"sqlite:///{folder}/{len(stores)}.db")
                store = DatabaseTrackerStore(agent.domain, max_events=most, answer_limit=60)
            stores[id(agent), most] = store
        return stores[id(agent), most]

    def speak(agent, most, conversation, messages):
        store = store_of(agent, most)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(agent, "tracker_store", store)
            patch.setattr(agent.processor, "tracker_store", store)
            return asyncio.run(answers(agent, store, conversation, messages))

    yield speak
    for store in stores.values():
        store._engine.dispose()


async def answers(agent, store, conversation, messages):
    """Return all that is said, shown and kept in mind, message by message."""
    found = []
    for message in messages:
        output = CollectingOutputChannel()
        await agent.handle_message(UserMessage(message, output, conversation))
        tracker = await store.retrieve(conversation)
        # None is left where the person has had all deleted.
        kept = tracker and (tracker.current_slot_values(), loop(tracker))
        found.append((message, output.messages, kept))
    whole = await store.retrieve_full_tracker(conversation)
    acts = [(e.type_name, getattr(e, "action_name", None), about(e)) for e in whole.events]
    return [*found, acts]


def about(event):
    return event.metadata.get("metadata") if isinstance(event, BotUttered) else None


def loop(tracker):
    form = tracker.active_loop
    return form and (form.name, form.is_interrupted, form.rejected)


@pytest.mark.parametrize(
    ("which", "messages"),
    [pytest.param(which, messages, id=name) for which, name, messages in CONVERSATIONS],
)
def test_every_conversation_is_the_same_with_the_smallest_bound(which, messages, spoken, request):
    agent, name = request.getfixturevalue(which), request.node.name
    expected = spoken(agent, UNBOUNDED, name, messages)
    assert spoken(agent, SMALLEST, name, messages) == expected


@pytest.mark.parametrize("which", ["agent", "clinic_agent"])
def test_one_long_conversation_of_them_all_is_the_same(which, spoken, request):
    agent, name = request.getfixturevalue(which), request.node.name
    chosen = [messages for kind, _, messages in CONVERSATIONS if kind == which]
    messages = [message for conversation in chosen for message in conversation][:120]
    expected = spoken(agent, UNBOUNDED, name, messages)
    for most in (SMALLEST, MAX_EVENTS):
        assert spoken(agent, most, name, messages) == expected, most


def turn(text, *events):
    return [UserUttered(text), *events, ActionExecuted("action_listen")]


def state(events):
    tracker = DialogueStateTracker.from_events("me", events, SLOTS)
    slots = [(slot.name, slot.value, slot.has_been_set) for slot in tracker.slots.values()]
    return slots, loop(tracker), tracker.is_paused(), tracker.latest_action_name


@pytest.mark.parametrize(
    "events",
    [
        [SlotSet("country", "GB"), SlotSet("place", {"key": "GB"})],
        [SlotSet("country", "GB"), SlotSet("country", None)],
        [ActionExecuted("form"), ActiveLoop("form")],
        [ActionExecuted("form"), ActiveLoop("form"), ActionExecutionRejected("form")],
        [ActionExecuted("form"), ActiveLoop("form"), ActiveLoop(None)],
        [ConversationPaused()],
    ],
)
def test_a_tracker_is_left_where_it_was(events):
    past = [ActionExecuted("action_session_start"), SessionStarted(), *turn("hello", *events)]
    few = summed_up(past, SLOTS)
    assert state(few) == state(past)
    assert state(summed_up([*few, *turn("more")], SLOTS)) == state([*past, *turn("more")])
    assert {event.timestamp for event in few} == {past[-1].timestamp}


def test_what_is_left_begins_with_a_message_and_has_the_last_one():
    events = [event for number in range(9) for event in turn(str(number))]
    for most in range(1, 30):
        head, gone = bound([], events, most, SLOTS)
        left = events[gone:]
        assert isinstance(left[0], UserUttered)
        assert len(left) <= max(most, 2)
        assert bool(head) == bool(gone)
    assert bound([], turn("one"), 1, SLOTS) == ((), 0)


def test_nothing_of_an_earlier_session_is_left():
    session = [ActionExecuted("action_session_start"), SessionStarted()]
    first = [*session, *turn("hi", SlotSet("country", "GB"))]
    head, gone = bound(summed_up(first, SLOTS), [*turn("why?"), *session], 100, SLOTS)
    assert (head, gone) == ((), 2)
