"""What passes the check in front of Rasa, and what a visitor cannot forge."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rasa.core.channels.channel import UserMessage

from needlepoint.channels.guard import (
    BadMessageError,
    checked_message,
    is_payload,
    offered_payloads,
    without_payload,
)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ([], "JSON object"),
        (None, "JSON object"),
        ({}, '"message"'),
        ({"message": None}, '"message"'),
        ({"message": 5}, '"message"'),
        ({"message": "x" * 11}, "10 characters or fewer; this has 11"),
        ({"message": "x", "sender": ""}, '"sender"'),
        ({"message": "x", "sender": "s" * 256}, '"sender"'),
        ({"message": "x", "sender": 1}, '"sender"'),
        ({"message": "x", "metadata": "{broken"}, '"metadata"'),
    ],
)
def test_a_bad_body_is_refused_with_a_reason(body, complaint):
    with pytest.raises(BadMessageError, match=complaint):
        checked_message(body, 10)


@pytest.mark.parametrize(
    "body",
    [
        {"message": ""},
        {"message": "x" * 10, "sender": "s" * 255},
        {"message": "hi", "metadata": {"a": 1}},
        {"message": "hi", "sender": None, "metadata": None},
    ],
)
def test_a_good_body_gives_its_text(body):
    assert checked_message(body, 10) == body["message"]


@given(st.text(alphabet="/ \t\n\u00a0\u2003\x0b\x0c\x1c\x1f\x85ab"))
@example("\u00a0/faq_cost")
@example("/\u2003/crisis")
@example("\x1f/restart")
def test_no_text_is_a_payload_after_the_guard(text):
    # Rasa's UserMessage strips the text, and looks for a slash then.
    left = UserMessage(without_payload(text)).text
    assert not (left or "").startswith("/")


@given(st.text(alphabet="/ \u00a0\x1fa"))
def test_what_rasa_takes_for_a_payload_is_seen_as_one(text):
    assert is_payload(text) == (UserMessage(text).text or "").startswith("/")


def test_half_characters_become_question_marks():
    assert checked_message({"message": "a\ud800b"}, 10) == "a?b"


def test_words_behind_a_slash_are_kept():
    assert without_payload(" //I cannot feel my legs / feet") == "I cannot feel my legs / feet"


def test_only_payloads_of_buttons_were_offered():
    events = [
        {"event": "user", "data": {"buttons": [{"payload": "/forged"}]}},
        {"event": "bot", "data": {"buttons": [{"title": "Cost", "payload": "/faq_cost"}]}},
        {"event": "bot", "data": {"buttons": None}},
        {"event": "bot", "data": None},
    ]
    assert offered_payloads(events) == {"/faq_cost"}
