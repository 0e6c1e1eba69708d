"""What to say to a message that is more than one plain question. No Rasa here.

A message with one question that stands for itself needs no plan: Rasa's rules answer it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from needlepoint import names
from needlepoint.dialogue.follow_ups import MORE, SOURCE, FollowUps
from needlepoint.dialogue.history import Said, answered_topics, last_topic

MAX_ANSWERS = 3
# Said when the person told the bot something beside a question: the answers take note of it.
STATEMENTS = (names.TELL_CAUTION, *names.SMALL_TALK)
_RESPONSES = {
    MORE: names.UTTER_MORE_DETAIL,
    SOURCE: names.UTTER_ASK_SOURCE,
    "nlu_fallback": names.UTTER_NOT_UNDERSTOOD,
}


@dataclass(frozen=True)
class Question:
    """One question of a message: its intent, as the model sees it alone, and its words."""

    intent: str
    text: str


@dataclass(frozen=True)
class Plan:
    """What to say.

    Attributes:
        responses: names of the responses, in order
        rest: intents that were asked, too, and are offered as buttons
        choices: intents between which the person is asked to choose
    """

    responses: tuple[str, ...]
    rest: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


def make_plan(
    intent: str, questions: Sequence[Question], said: Sequence[Said], follow_ups: FollowUps
) -> Plan | None:
    """Return what to say to a message, or None if the rules for its intent say it.

    Args:
        intent: of the message as a whole
        questions: its questions in order
        said: what the bot said before it, oldest first
        follow_ups: the table of what a short question means
    """
    if intent in names.URGENT_INTENTS:
        return None
    if intent == names.GO_BACK:
        earlier = answered_topics(said)[:-1]
        return Plan((f"utter_{earlier[-1]}",)) if earlier else None
    if intent == names.FALLBACK and _was_unsure(said) and not _follows(questions, said, follow_ups):
        return Plan((names.UTTER_NOT_UNDERSTOOD_AGAIN,))
    return _answers(intent, questions, said, follow_ups)


def response_of(name: str) -> str:
    """Return the response to an intent, or to one of the words that the table of follow-ups has."""
    return _RESPONSES.get(name, f"utter_{name}")


def _was_unsure(said: Sequence[Said]) -> bool:
    return bool(said) and said[-1].response == names.UTTER_NOT_UNDERSTOOD


def _follows(questions: Sequence[Question], said: Sequence[Said], follow_ups: FollowUps) -> bool:
    topic = last_topic(said)
    return topic is not None and any(follow_ups.readings(q.text, topic) for q in questions)


def _answers(
    intent: str, questions: Sequence[Question], said: Sequence[Said], follow_ups: FollowUps
) -> Plan | None:
    """Read each question after the one before it; the first, after the last answer."""
    topic = last_topic(said)
    asked: dict[str, None] = {}
    for question in questions:
        readings = follow_ups.readings(question.text, topic) if topic else ()
        if len(readings) > 1 and len(questions) == 1:
            return Plan((names.UTTER_WHICH,), choices=readings)
        # Beside other questions, one that names a topic wants that topic, not more of the last.
        is_more = readings == (MORE,) and len(questions) > 1
        name = readings[0] if readings and not is_more else question.intent
        if name in STATEMENTS and len(questions) > 1:
            continue
        asked[name] = None
        topic = name if name not in (MORE, SOURCE) else topic
    if len(asked) < 2 and set(asked) <= {intent}:
        return None
    answers, rest = list(asked)[:MAX_ANSWERS], list(asked)[MAX_ANSWERS:]
    responses = [response_of(name) for name in answers]
    offered = tuple(name for name in rest if name.startswith(names.TOPIC_PREFIX))
    if offered:
        responses.append(names.UTTER_MORE_QUESTIONS)
    return Plan(tuple(responses), rest=offered)
