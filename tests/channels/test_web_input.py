"""What passes the check of the web channel's bodies."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from needlepoint.channels.refusals import RefusalError
from needlepoint.channels.web_input import (
    Message,
    Opinion,
    check_language,
    read_json,
    read_message,
    read_opinion,
)

ANSWER = "0" * 32


def code(read, found, *arguments):
    body = found if isinstance(found, bytes) else json.dumps(found).encode()
    with pytest.raises(RefusalError) as error:
        read(body, *arguments)
    assert error.value.message
    return error.value.code


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "bad_request"),
        (b"{", "bad_request"),
        (b"[]", "bad_request"),
        (b"null", "bad_request"),
        (b'"text"', "bad_request"),
        (b"\xff\xfe", "bad_request"),
        (b"[" * 16_000, "bad_request"),
        (b'{"id": ' + b"9" * 9_000 + b"}", "bad_request"),
        ({}, "bad_request"),
        ({"id": "12345678"}, "bad_request"),
        ({"id": "1234567", "text": "hi"}, "bad_request"),
        ({"id": "1" * 65, "text": "hi"}, "bad_request"),
        ({"id": "1234567\n", "text": "hi"}, "bad_request"),
        ({"id": "12345678\n", "text": "hi"}, "bad_request"),
        ({"id": "123 5678", "text": "hi"}, "bad_request"),
        ({"id": "１２３４５６７８", "text": "hi"}, "bad_request"),
        ({"id": 12345678, "text": "hi"}, "bad_request"),
        ({"id": "12345678", "text": None}, "bad_request"),
        ({"id": "12345678", "text": ["hi"]}, "bad_request"),
        ({"id": "12345678", "text": " \n"}, "bad_request"),
        ({"id": "12345678", "text": "x" * 11}, "too_long"),
        ({"id": "12345678", "text": "hi", "payload": 5}, "bad_request"),
        ({"id": "12345678", "text": "hi", "payload": " "}, "bad_request"),
        ({"id": "12345678", "text": "hi", "payload": "/" * 11}, "too_long"),
    ],
)
def test_a_bad_message_is_refused(body, expected):
    assert code(read_message, body, 10) == expected


def test_a_good_message():
    body = {"id": "abc-_123", "text": "x" * 10, "payload": None, "more": 1}
    assert read_message(json.dumps(body).encode(), 10) == Message("abc-_123", "x" * 10, None)
    body = {"id": "a" * 64, "text": "Cost?", "payload": "/faq_cost"}
    assert read_message(json.dumps(body).encode(), 10) == Message("a" * 64, "Cost?", "/faq_cost")


def test_half_characters_become_question_marks():
    assert read_message(b'{"id": "12345678", "text": "a\\ud800"}', 10).text == "a?"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, "bad_request"),
        ({"answer": ANSWER}, "bad_request"),
        ({"answer": ANSWER, "value": "sideways"}, "bad_request"),
        ({"answer": ANSWER, "value": ["up"]}, "bad_request"),
        ({"answer": 5, "value": "up"}, "bad_request"),
        ({"answer": "me", "value": "up"}, "unknown_answer"),
        ({"answer": ANSWER, "value": "up", "comment": 5}, "bad_request"),
        ({"answer": ANSWER, "value": "up", "comment": "x" * 501}, "too_long"),
    ],
)
def test_bad_feedback_is_refused(body, expected):
    assert code(read_opinion, body) == expected


@pytest.mark.parametrize(
    ("comment", "kept"), [(None, None), ("", None), (" \x00", None), ("a\x00\nb", "a b")]
)
def test_a_comment_is_one_line_or_none(comment, kept):
    body = json.dumps({"answer": ANSWER, "value": "down", "comment": comment})
    assert read_opinion(body.encode()) == Opinion(ANSWER, "down", kept)


def test_a_session_may_name_its_language():
    for body in (b"", b" \n", b"{}", b'{"lang": "en"}', b'{"lang": "es-MX"}'):
        check_language(body)
    for body in (b"{", b"[]", b'{"lang": 5}', b'{"lang": "<b>"}'):
        assert code(check_language, body) == "bad_request"


@given(st.binary())
def test_any_bytes_are_json_or_refused(body):
    try:
        assert isinstance(read_json(body), dict)
    except RefusalError as error:
        assert error.code == "bad_request"
