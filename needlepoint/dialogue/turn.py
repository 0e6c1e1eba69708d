"""A turn of the conversation, read from a Rasa tracker: what was asked, and what is planned."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rasa.shared.core.events import ActionExecuted, BotUttered, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from needlepoint.dialogue.follow_ups import FollowUps
from needlepoint.dialogue.history import Said, said_in_session
from needlepoint.dialogue.plan import Plan, Question, make_plan
from needlepoint.names import ACTION_LISTEN, TOPICS

# Below this confidence, a question is not worth an offer.
WORTH_OFFERING = 0.05


@dataclass(frozen=True)
class Turn:
    """What happened until now.

    Attributes:
        before: what the bot said before the last message of the person, oldest first
        now: what it said since
        done: the actions that were run since, in order
        likely: the intents that the message may have, most likely first
        plan: what to say to the message, or None if the rules for its intent say it
    """

    before: list[Said]
    now: list[Said]
    done: list[str]
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
    run = [e.action_name for e in events[heard:] if isinstance(e, ActionExecuted)]
    done = [name for name in run if name != ACTION_LISTEN]
    latest = tracker.latest_message
    parsed = latest.parse_data if latest else {}
    ranking = [(e["name"], e["confidence"]) for e in parsed.get("intent_ranking") or []]
    likely = [name for name, confidence in ranking if confidence >= WORTH_OFFERING]
    questions = [Question(topic["intent"], topic["text"]) for topic in parsed.get(TOPICS) or []]
    intent = (parsed.get("intent") or {}).get("name") or ""
    plan = make_plan(intent, questions, ranking, before, follow_ups)
    return Turn(before, now, done, likely, plan)


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
