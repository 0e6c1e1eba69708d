"""A conversation of any length as a few events: a head that sums up, then the newest as they are.

Rasa plays all events of a session again for each step of a turn. So a turn costs what a session is
long, unless what it is given stays short.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    ConversationPaused,
    Event,
    LoopInterrupted,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker

from needlepoint.names import ACTION_SESSION_START
from needlepoint.stores.remembered import remembered


def bound(
    head: Sequence[Event], events: Sequence[Event], most: int, slots: Iterable[Slot]
) -> tuple[tuple[Event, ...], int]:
    """Return the head of a conversation, and how many of ``events`` are in it or before it.

    What is left of the events begins with the session, or with a message of a person. The last
    message and what followed are always left.

    Args:
        head: that of before
        events: those after it, oldest first, up to the end of a turn
        most: with more of them than this, about half are taken into the head
        slots: of the domain
    """
    gone, old = 0, tuple(head)
    start = session_start(events)
    if start is not None:
        gone, old = start, ()
    left = events[gone:]
    heard = [place for place in range(1, len(left)) if isinstance(left[place], UserUttered)]
    if len(left) <= most or not heard:
        return old, gone
    cut = next((place for place in heard if len(left) - place <= most // 2), heard[-1])
    return summed_up([*old, *left[:cut]], slots), gone + cut


def session_start(events: Sequence[Event]) -> int | None:
    """Return where the last session begins, or None where none does."""
    for place in range(len(events) - 1, -1, -1):
        event = events[place]
        if isinstance(event, ActionExecuted) and event.action_name == ACTION_SESSION_START:
            return place
    return None


def summed_up(past: Sequence[Event], slots: Iterable[Slot]) -> tuple[Event, ...]:
    """Return few events that leave a tracker where ``past`` leaves it.

    Args:
        past: whole turns of one session, oldest first
        slots: of the domain
    """
    tracker = DialogueStateTracker.from_events("", list(past), slots)
    made: list[Event] = []
    if session_start(past) is not None:
        made += [ActionExecuted(ACTION_SESSION_START), SessionStarted()]
    made += [SlotSet(slot.name, slot.value) for slot in tracker.slots.values() if slot.has_been_set]
    made += _open_form(tracker)
    made += remembered([event for event in past if isinstance(event, BotUttered)])
    if tracker.is_paused():
        made.append(ConversationPaused())
    if tracker.latest_action_name:
        made.append(ActionExecuted(tracker.latest_action_name))
    for event in made:
        event.timestamp = past[-1].timestamp
    return tuple(made)


def _open_form(tracker: DialogueStateTracker) -> list[Event]:
    form, name = tracker.active_loop, tracker.active_loop_name
    if form is None or name is None:
        return []
    # In this order Rasa opens one: a later run of it is then not taken for the first.
    made: list[Event] = [ActionExecuted(name), ActiveLoop(name)]
    if form.rejected:
        made.append(ActionExecutionRejected(name))
    if form.is_interrupted:
        made.append(LoopInterrupted(True))
    return made
