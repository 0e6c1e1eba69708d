"""A turn of the conversation, read from a Rasa tracker: what was asked, and what is planned."""

from dataclasses import dataclass

from rasa.shared.core.events import ActionExecuted, BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from needlepoint.dialogue.follow_ups import FollowUps
from needlepoint.dialogue.history import Said, said_in_session
from needlepoint.dialogue.plan import Plan, Question, make_plan
from needlepoint.names import ACTION_LISTEN, TOPICS

# Below this confidence, a question is not worth an offer.
LIKELY = 0.05


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
    # Of a long conversation few events are of these kinds; turning each into plain data takes time.
    kinds = (BotUttered, ActionExecuted)
    events = list(tracker.events)
    heard = len(events)
    while heard > 0 and not isinstance(events[heard - 1], UserUttered):
        heard -= 1
    earlier = (event.as_dict() for event in events[:heard] if isinstance(event, kinds))
    before = said_in_session(earlier)
    since = [event for event in events[heard:] if isinstance(event, kinds)]
    now = said_in_session(event.as_dict() for event in since)
    names = [event.action_name for event in since if isinstance(event, ActionExecuted)]
    done = [name for name in names if name != ACTION_LISTEN]
    latest = tracker.latest_message
    parsed = latest.parse_data if latest else {}
    ranking = [(e["name"], e["confidence"]) for e in parsed.get("intent_ranking") or []]
    likely = [name for name, confidence in ranking if confidence >= LIKELY]
    questions = [Question(topic["intent"], topic["text"]) for topic in parsed.get(TOPICS) or []]
    intent = (parsed.get("intent") or {}).get("name") or ""
    plan = make_plan(intent, questions, ranking, before, follow_ups)
    return Turn(before, now, done, likely, plan)
