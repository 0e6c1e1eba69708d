"""What to say to a message that is more than one plain question. No Rasa here.

A message with one question that stands for itself needs no plan: Rasa's rules answer it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from needlepoint import names
from needlepoint.dialogue.follow_ups import MORE, SOURCE, FollowUps, plain
from needlepoint.dialogue.history import Said, answered_topics, last_topic
from needlepoint.nlu.questions import is_question

MAX_ANSWERS = 3
# After an answer, a short message that the model is less sure of than this is about that answer.
SURE = 0.5
SURE_OF = {names.MEDICAL_ADVICE: 0.7, names.OUT_OF_SCOPE: 0.85}
MAX_WORDS, MAX_WORDS_BACK = 8, 6
# So likely a topic must be for a short message after an answer to be about it.
LIKELY = 0.1
# Words that point to what was said, and those that a message begins with where it goes on.
_POINTS = frozenset({"it", "one", "ones", "there", "same", "both"})
_OPENS = frozenset(
    {"which", "how", "why", "what", "when", "who", "where", "even", "only", "from", "until", "till"}
    | {"after", "for", "with"}
)
# Beside a question, these get no answer of their own: what the person tells, the answers take note
# of; the others are about the last answer, and the question is about something new.
STATEMENTS = (names.TELL_CAUTION, *names.SMALL_TALK, names.GO_BACK, names.NONE_OF_THESE)
_RESPONSES = {
    MORE: names.UTTER_MORE_DETAIL,
    SOURCE: names.UTTER_ASK_SOURCE,
    names.FALLBACK: names.UTTER_NOT_UNDERSTOOD,
    names.ASK_MEMORY: names.UTTER_MEMORY,
    names.FORGET: names.UTTER_FORGOTTEN,
    names.TELL_CAUTION: names.UTTER_CAUTION_NOTED,
    names.GO_BACK: names.UTTER_NOTHING_BEFORE,
    names.NONE_OF_THESE: names.UTTER_NOT_UNDERSTOOD_AGAIN,
    names.FIND_PRACTITIONER: names.ACTION_REFER_PRACTITIONER,
    names.REQUEST_REFERRAL: names.FORM_REQUEST,
    names.DELETE_MY_DATA: names.ACTION_DELETE_MY_DATA,
}


@dataclass(frozen=True)
class Question:
    """One question of a message: its intent, as the model sees it alone, and its words."""

    intent: str
    text: str


@dataclass(frozen=True)
class Sought:
    """What a text says of a person to see.

    Attributes:
        is_only_place: it names a place and says nothing else
        is_any: it names a place, or whom the person wishes to see
    """

    is_only_place: bool
    is_any: bool


@dataclass(frozen=True)
class Plan:
    """What to say.

    Attributes:
        responses: names of the responses, and of actions that respond, in order
        rest: intents that were asked, too, and are offered as buttons
        choices: intents between which the person is asked to choose
    """

    responses: tuple[str, ...]
    rest: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


def make_plan(
    intent: str,
    questions: Sequence[Question],
    ranking: Sequence[tuple[str, float]],
    said: Sequence[Said],
    follow_ups: FollowUps,
    seek: Callable[[str], Sought],
) -> Plan | None:
    """Return what to say to a message, or None if the rules for its intent say it.

    Args:
        intent: of the message as a whole
        questions: its questions in order
        ranking: the intents it may have, with how sure the model is of each, most likely first
        said: what the bot said before it, oldest first
        follow_ups: the table of what a short question means
        seek: tells what a text says of a person to see
    """
    if intent in names.URGENT_INTENTS:
        return None
    if len(questions) > 1:
        return _several(intent, questions, said, follow_ups)
    topic = last_topic(said)
    if questions and _seeks_practitioner(questions[0].text, ranking, said, seek):
        return Plan((names.ACTION_REFER_PRACTITIONER,))
    if questions and topic:
        readings = _follow_up(questions[0].text, ranking, topic, follow_ups)
        if len(readings) > 1:
            return Plan((names.UTTER_WHICH,), choices=readings)
        if readings:
            return None if readings[0] == intent else Plan((response_of(readings[0]),))
    if intent == names.GO_BACK and len(answered_topics(said)) > 1:
        return Plan((response_of(answered_topics(said)[-2]),))
    if intent == names.FALLBACK and _was_unsure(said):
        return Plan((names.UTTER_NOT_UNDERSTOOD_AGAIN,))
    return None


def response_of(name: str) -> str:
    """Return the response to an intent, or to one of the words that the table of follow-ups has."""
    return _RESPONSES.get(name, f"utter_{name}")


def _was_unsure(said: Sequence[Said]) -> bool:
    return bool(said) and said[-1].response == names.UTTER_NOT_UNDERSTOOD


def _follow_up(
    text: str, ranking: Sequence[tuple[str, float]], topic: str, follow_ups: FollowUps
) -> tuple[str, ...]:
    """Return what a message means after an answer; nothing, if it means the same without.

    What the table does not have, and the model hardly understands, is still about the answer if it
    is short: about a topic that comes to the model's mind, or more of the same.
    """
    readings = follow_ups.readings(text, topic)
    words = plain(text).split()
    if readings or not 0 < len(words) <= MAX_WORDS or _is_understood(ranking):
        return readings
    likely = [n for n, c in ranking if n.startswith(names.TOPIC_PREFIX) and c >= LIKELY]
    if likely:
        family = follow_ups.families.get(topic)
        alike = [name for name in likely if follow_ups.families.get(name) == family]
        return ((alike or likely)[0],)
    points_back = not _POINTS.isdisjoint(words) or words[0] in _OPENS
    is_short = len(words) <= MAX_WORDS_BACK and topic.startswith(names.TOPIC_PREFIX)
    return (MORE,) if is_short and points_back else ()


def _seeks_practitioner(
    text: str,
    ranking: Sequence[tuple[str, float]],
    said: Sequence[Said],
    seek: Callable[[str], Sought],
) -> bool:
    """Tell whether a message says where, or whom, the person would like to see.

    Once they are asked where, a few words that mean nothing else are taken for a place, known or
    not. After a referral, places and wishes count ("and in Leeds?", "rather a woman"), but in
    questions of their own; at other times only a place that the model makes nothing of.
    """
    intent = ranking[0][0] if ranking else ""
    is_understood = _is_understood(ranking)
    if said and said[-1].response in names.ASKS_PLACE:
        is_outside = intent == names.OUT_OF_SCOPE and not is_question(text)
        is_short = len(text.split()) <= MAX_WORDS
        return seek(text).is_only_place or (is_short and (is_outside or not is_understood))
    if last_topic(said) == names.FIND_PRACTITIONER:
        sought = seek(text)
        return sought.is_only_place or (sought.is_any and not _is_answer(intent))
    return not is_understood and seek(text).is_only_place


def _is_answer(intent: str) -> bool:
    return intent.startswith(names.TOPIC_PREFIX) or f"utter_{intent}" in names.CLINIC_ANSWERS


def _is_understood(ranking: Sequence[tuple[str, float]]) -> bool:
    """Tell whether a message has a topic, or is surely something else."""
    intent, confidence = next((r for r in ranking if r[0] != names.FALLBACK), ("", 0.0))
    return _is_answer(intent) or confidence >= SURE_OF.get(intent, SURE)


def _several(
    intent: str, questions: Sequence[Question], said: Sequence[Said], follow_ups: FollowUps
) -> Plan | None:
    """Read each question after the one before it; the first, after the last answer."""
    topic = last_topic(said)
    asked: dict[str, None] = {}
    for question in questions:
        readings = follow_ups.readings(question.text, topic) if topic else ()
        # Beside other questions, one that names a topic wants that topic, not more of the last.
        name = readings[0] if readings not in ((), (MORE,)) else question.intent
        if name not in STATEMENTS:
            asked[name] = None
            topic = topic if name in (MORE, SOURCE) else name
    if names.FIND_PRACTITIONER in asked:
        # "..., a woman, who speaks Spanish": parts of the wish, not other subjects.
        asked.pop(names.OUT_OF_SCOPE, None)
    if not asked or list(asked) == [intent]:
        return None
    answers, rest = list(asked)[:MAX_ANSWERS], list(asked)[MAX_ANSWERS:]
    responses = [response_of(name) for name in answers]
    # The form asks on: nothing is said after it.
    responses.sort(key=lambda response: response == names.FORM_REQUEST)
    offered = tuple(name for name in rest if name.startswith(names.TOPIC_PREFIX))
    if offered:
        responses.append(names.UTTER_MORE_QUESTIONS)
    return Plan(tuple(responses), rest=offered)
