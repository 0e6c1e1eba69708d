"""Slack's payloads are read as what people do; ids of conversations cannot be guessed."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasa.core.channels.channel import UserMessage
from slack_events import (
    BOT_USER,
    TEAM,
    assistant_message,
    bot_message,
    button,
    channel_message,
    deleted,
    direct_message,
    edited,
    event_body,
    home_button,
    mention,
    message_shortcut,
    old_bot_message,
    slash,
)

from needlepoint.channels.slack_blocks import button as block_button
from needlepoint.channels.slack_blocks import rows
from needlepoint.channels.slack_incoming import Place, Reader, readable

READER = Reader("a secret for tests")
BLOCKS = list(rows([block_button("Cost?", '/faq_cost{"a": 1}', "0")]))
URL = "https://hooks.slack.example/1"


def read(event, bot=BOT_USER):
    return READER.message(event_body(event, "Ev1"), bot)


def test_a_direct_message():
    found = read(direct_message("U1", "does it <https://a.example|hurt>?"))
    assert (found.id, found.text, found.question) == ("Ev1", "does it hurt?", None)
    assert found.place == Place("DU1", "U1")
    assert found.conversation == READER.conversation(TEAM, "U1")


def test_in_the_assistants_view_the_answer_goes_to_its_thread():
    found = read(assistant_message("U1", "cost?", "1700000000.000001"))
    assert found.place == Place("DU1", "U1", "1700000000.000001")
    assert found.conversation == READER.conversation(TEAM, "U1")


def test_a_mention_begins_a_thread_and_a_conversation():
    first = mention("U1", "C1", f"<@{BOT_USER}> does it hurt?")
    found = read(first)
    assert (found.text, found.place) == ("does it hurt?", Place("C1", "U1", first["ts"], True))
    later = read(mention("U2", "C1", f"and the cost, <@{BOT_USER}>?", thread_ts=first["ts"]))
    assert later.conversation == found.conversation == READER.conversation(TEAM, "C1", first["ts"])
    assert read(mention("U1", "C1", f"<@{BOT_USER}> hi")).conversation != found.conversation


@pytest.mark.parametrize(
    "event",
    [
        edited(direct_message("U1", "x"), "y"),
        deleted(direct_message("U1", "x")),
        bot_message("x", "DU1"),
        old_bot_message("x", "DU1"),
        channel_message("U1", "C1", "x"),
        {**direct_message("U1", "x"), "user": BOT_USER},
        {**direct_message("U1", "x"), "subtype": "channel_join"},
    ],
    ids=["edited", "deleted", "bot", "old bot", "not mentioned", "own", "joined"],
)
def test_what_nobody_wrote_to_the_bot_is_not_read(event):
    assert read(event) is None


@pytest.mark.parametrize("subtype", ["file_share", "thread_broadcast"])
def test_words_beside_a_file_are_read(subtype):
    assert read({**direct_message("U1", "cost?"), "subtype": subtype}).text == "cost?"


def test_a_message_without_words_is_empty():
    assert read({**direct_message("U1", ""), "text": None, "subtype": "file_share"}).text == ""
    assert read(mention("U1", "C1", f"<@{BOT_USER}>")).text == ""


def test_a_command_belongs_to_the_direct_messages():
    body = slash("U1", "C1", "/faq_cost", URL)
    found = READER.command(body)
    assert found.id == body["trigger_id"]
    assert found.conversation == READER.conversation(TEAM, "U1")
    assert (found.text, found.question) == ("faq_cost", "/faq_cost")
    assert found.place == Place("C1", "U1", response_url=URL)


def test_a_shortcut_has_a_conversation_of_its_own():
    message = channel_message("U2", "C1", "I take <@U3|jo>'s warfarin")
    bodies = [message_shortcut("U1", "C1", message, "ask_needlepoint", URL) for _ in range(2)]
    first, second = map(READER.shortcut, bodies)
    assert first.text == first.question == "I take jo's warfarin"
    assert first.place == Place("C1", "U1", response_url=URL)
    others = {READER.conversation(TEAM, "U1"), READER.conversation(TEAM, "U2")}
    assert len({first.conversation, second.conversation} | others) == 4
    assert READER.shortcut(bodies[0]) == first


def pressed(channel, *, ephemeral=False, thread=None):
    message = {"ts": "1700000000.000009", "blocks": BLOCKS}
    if thread:
        message["thread_ts"] = thread
    return button("U1", channel, message, "ask:0", URL, ephemeral=ephemeral)


def test_a_button_is_its_question():
    body = pressed("DU1")
    found = READER.button(body)
    assert found.id == body["trigger_id"]
    assert (found.text, found.question) == ('/faq_cost{"a": 1}', "Cost?")
    assert found.place == Place("DU1", "U1")
    assert found.conversation == READER.conversation(TEAM, "U1")


def test_a_button_in_a_thread_belongs_to_the_thread():
    found = READER.button(pressed("C1", thread="1700000000.000001"))
    assert found.place == Place("C1", "U1", "1700000000.000001", True)
    assert found.conversation == READER.conversation(TEAM, "C1", "1700000000.000001")


def test_a_button_that_one_person_sees_is_answered_for_that_person():
    found = READER.button(pressed("C1", ephemeral=True))
    assert found.place == Place("C1", "U1", response_url=URL)
    assert found.conversation == READER.conversation(TEAM, "U1")


def test_a_button_of_the_home_tab_is_answered_in_the_direct_messages():
    view = {"id": "V1", "blocks": BLOCKS}
    found = READER.button(home_button("U1", view, "ask:0"))
    assert found.place == Place("U1", "U1")
    assert found.conversation == READER.conversation(TEAM, "U1")


def test_in_an_organisation_without_workspace_the_organisation_counts():
    body = {**pressed("DU1"), "team": {}, "team_id": None, "enterprise": {"id": "E1"}}
    assert READER.conversation_at(body) == READER.conversation("E1", "U1")


@given(st.lists(st.text("TUC123", min_size=1, max_size=5), min_size=1, max_size=3))
def test_ids_of_conversations_hide_what_they_are_made_of(parts):
    made = READER.conversation(*parts)
    assert re.fullmatch(r"slack-[0-9a-f]{32}", made)
    assert made == READER.conversation(*parts)
    assert made != Reader("another secret").conversation(*parts)
    assert made != READER.conversation(*parts, "X")


@given(st.text(alphabet=st.sampled_from("/ \u00a0\x1f\ud800ab{"), max_size=20))
def test_typed_words_are_never_a_payload(text):
    words = readable(text)
    assert not (UserMessage(words).text or "").startswith("/")
    assert json.dumps(words).encode()
    words.encode()
