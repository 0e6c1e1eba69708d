"""A turn of the conversation, read from a Rasa tracker: what was asked, and what is planned."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    Event,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from needlepoint.dialogue.follow_ups import FollowUps
from needlepoint.dialogue.history import Said, said_in_session
from needlepoint.dialogue.plan import Plan, Question, Sought, make_plan
from needlepoint.names import ACTION_LISTEN, TOPICS
from needlepoint.places.find import find_place
from needlepoint.referral.wishes import NO_WISHES, read_wishes

# Below this confidence, a question is not worth an offer.
WORTH_OFFERING = 0.05


@dataclass(frozen=True)
class Turn:
    """What happened until now.

    Attributes:
        before: what the bot said before the last message of the person, oldest first
        now: what it said since
        done: the actions that were run since, in order
        is_silent: the last of them said nothing
        intent: of the message
        form_declined: the open form has left the message to the answers
        form_closed: a form has ended since
        likely: the intents that the message may have, most likely first
        plan: what to say to the message, or None if the rules for its intent say it
    """

    before: list[Said]
    now: list[Said]
    done: list[str]
    is_silent: bool
    intent: str
    form_declined: bool
    form_closed: bool
    likely: list[str]
    plan: Plan | None


def read_turn(tracker: DialogueStateTracker, follow_ups: FollowUps) -> Turn:
    """Return the last turn of ``tracker``."""
    events = list(tracker.events)
    heard = len(events)
    while heard > 0 and not isinstance(events[heard - 1], UserUttered):
        heard -= 1
    before = said_in_session(_plain(events[:heard]))
    now = said_in_session(_plain(events[heard:]))
    since = events[heard:]
    run = [event.action_name for event in since if isinstance(event, ActionExecuted)]
    done = [name for name in run if name != ACTION_LISTEN]
    spoke = [
        isinstance(e, BotUttered) for e in since if isinstance(e, (ActionExecuted, BotUttered))
    ]
    declined = any(isinstance(event, ActionExecutionRejected) for event in since)
    closed = any(isinstance(event, ActiveLoop) and event.name is None for event in since)
    latest = tracker.latest_message
    parsed = latest.parse_data if latest else {}
    ranking = [(e["name"], e["confidence"]) for e in parsed.get("intent_ranking") or []]
    likely = [name for name, confidence in ranking if confidence >= WORTH_OFFERING]
    questions = [Question(topic["intent"], topic["text"]) for topic in parsed.get(TOPICS) or []]
    intent = (parsed.get("intent") or {}).get("name") or ""
    plan = make_plan(intent, questions, ranking, before, follow_ups, seek)
    return Turn(before, now, done, not any(spoke[-1:]), intent, declined, closed, likely, plan)


def seek(text: str) -> Sought:
    """Return what a text says of a person to see."""
    found = find_place(text)
    return Sought(found.is_bare, bool(found.places) or read_wishes(text) != NO_WISHES)


def _plain(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    """Yield what ``history`` reads of events, and no more.

    Each step of a turn asks for it, and a conversation may have hundreds of messages: to turn every
    event into plain data takes time.
    """
    for event in events:
        if isinstance(event, ActionExecuted):
            yield {"event": event.type_name, "name": event.action_name}
        elif isinstance(event, BotUttered):
            yield {"event": event.type_name, "metadata": event.metadata, "text": event.text}
