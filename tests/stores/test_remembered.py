"""Of any number of messages few are kept, and nobody who asks of the past can tell."""

from hypothesis import given, settings
from hypothesis import strategies as st
from rasa.shared.core.events import BotUttered

from needlepoint import names
from needlepoint.channels.guard import offered_payloads
from needlepoint.dialogue.buttons import suggestions
from needlepoint.dialogue.history import (
    answered_topics,
    is_just_said,
    just_asked,
    last_answer,
    last_topic,
    said_in_session,
    times_in_a_row,
    told_more,
)
from needlepoint.dialogue.nlg import _last_sources, _notes_due
from needlepoint.stores.remembered import PERIOD, remembered

TOPICS = ["faq_cost", "faq_risks", "faq_history", "faq_prepare"]
ANSWERS = [f"utter_{topic}" for topic in TOPICS]
RESPONSES = [
    *ANSWERS,
    *names.ASKS_PLACE,
    names.UTTER_REFER,
    names.UTTER_MORE_DETAIL,
    names.UTTER_ASK_SOURCE,
    names.UTTER_NOT_UNDERSTOOD,
    names.UTTER_SAFETY_DISCLAIMER,
    f"{names.UTTER_SAFETY_DISCLAIMER}_risk",
    names.UTTER_OPENING_HOURS,
    "utter_out_of_scope",
    "",
]
# A disclaimer has one text, so nobody counts them.
VARIED = [one for one in RESPONSES if not one.startswith(names.UTTER_SAFETY_DISCLAIMER)]
SOURCE = {"title": "A", "publisher": "B", "year": 2020, "url": "https://example.org"}
TITLES = {topic: topic for topic in TOPICS}
metadata = st.fixed_dictionaries(
    {},
    optional={
        "notes": st.lists(st.sampled_from([names.UTTER_NOTE_BOT, names.UTTER_NOTE_HEALTH])),
        "says_bot": st.booleans(),
        "suggested": st.lists(st.sampled_from(TOPICS), max_size=2),
        "more_of": st.sampled_from(ANSWERS),
        "sources": st.sampled_from([[], [SOURCE], [{**SOURCE, "title": "C"}]]),
    },
)


@st.composite
def messages(draw):
    """What a bot may say; often the same again, as where it is asked the same again."""
    said = []
    for _ in range(draw(st.integers(1, 8))):
        response, about = draw(st.sampled_from(RESPONSES)), draw(metadata)
        text = f"{response} {draw(st.integers(0, 1))}"
        data = {"buttons": draw(st.sampled_from([[], [{"payload": "/a"}], [{"payload": "b"}]]))}
        whole = {"utter_action": response, "metadata": about}
        times = draw(st.sampled_from([1, 1, 1, 2, PERIOD + 1]))
        said += [BotUttered(text, data, whole) for _ in range(times)]
    return said


def asked_of_the_past(bot_said):
    """All that the dialogue asks of what was said."""
    events = [event.as_dict() for event in bot_said]
    said = said_in_session(events)
    payloads = {payload for payload in offered_payloads(events) if payload.startswith("/")}
    asked = just_asked(events, names.ASKS_PLACE)
    answer = last_answer(said)
    return {
        "topic": last_topic(said),
        "back": answered_topics(said)[-2:],
        "answer": answer,
        "more": answer and told_more(said, answer),
        "again": [times_in_a_row(said, response) % PERIOD for response in VARIED],
        "ever": [times_in_a_row(said, response) > 0 for response in VARIED],
        "just": [is_just_said(said, f"{response} 0") for response in RESPONSES],
        "last": said[-1].response,
        "sources": _last_sources(said),
        "notes": [_notes_due(response, {}, said) for response in ANSWERS],
        "suggested": [suggestions(topic, {"see_also": TOPICS}, said, TITLES) for topic in TOPICS],
        "payloads": payloads,
        "place": (set(asked), min(len(asked), 2)),
    }


@settings(max_examples=150, deadline=None)
@given(messages(), messages(), messages())
def test_what_is_asked_of_the_past_has_the_same_answer(first, second, third):
    kept = remembered(remembered(first) + second)
    assert asked_of_the_past(kept) == asked_of_the_past(first + second)
    assert asked_of_the_past(kept + third) == asked_of_the_past(first + second + third)


@settings(max_examples=30, deadline=None)
@given(st.lists(messages(), min_size=20, max_size=20))
def test_it_stays_short_however_long_the_conversation(turns):
    kept = []
    for turn in turns:
        kept = remembered(kept + turn)
    assert len(kept) <= PERIOD + 2 * len(names.ASKS_PLACE) + 6
