"""Slack's payloads are read as what people do; ids of conversations cannot be guessed."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasa.core.channels.channel import UserMessage
from slack_events import (
    BOT_USER,
    assistant_message,
    assistant_thread_started,
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


def read(event):
    return READER.message(event_body(event, "Ev1"))


def test_a_direct_message():
    found = read(direct_message("U1", "does it <https://a.example|hurt>?"))
    assert (found.id, found.text, found.question) == ("Ev1", "does it hurt?", None)
    assert found.place == Place("DU1", "U1")
    assert found.conversation == READER.conversation("U1")


def test_in_the_assistants_view_the_answer_goes_to_its_thread():
    found = read(assistant_message("U1", "cost?", "1700000000.000001"))
    assert found.place == Place("DU1", "U1", "1700000000.000001")
    assert found.conversation == READER.conversation("U1")


def test_a_mention_begins_a_thread_and_a_conversation():
    first = mention("U1", "C1", f"<@{BOT_USER}> does it hurt?")
    found = read(first)
    assert (found.text, found.place) == ("does it hurt?", Place("C1", "U1", first["ts"], True))
    later = read(mention("U2", "C1", f"and the cost, <@{BOT_USER}>?", thread_ts=first["ts"]))
    assert later.conversation == found.conversation == READER.conversation("C1", first["ts"])
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
        {**mention("U1", "C1", "x"), "edited": {"user": "U1", "ts": "1700000000.000001"}},
    ],
    ids=["edited", "deleted", "bot", "old bot", "not mentioned", "own", "joined", "changed"],
)
def test_what_nobody_wrote_to_the_bot_is_not_read(event):
    assert read(event) is None


@pytest.mark.parametrize("subtype", ["file_share", "thread_broadcast"])
def test_words_beside_a_file_are_read(subtype):
    assert read({**direct_message("U1", "cost?"), "subtype": subtype}).text == "cost?"


def test_a_message_without_words_is_empty():
    assert read({**direct_message("U1", ""), "text": None, "subtype": "file_share"}).text == ""
    assert read(mention("U1", "C1", f"<@{BOT_USER}>")).text == ""


def test_without_authorizations_a_message_is_read_all_the_same():
    body = {**event_body(mention("U1", "C1", f"<@{BOT_USER}> cost?")), "authorizations": []}
    assert READER.message(body).text == "@ cost?"


def test_the_assistants_view_begins_with_the_welcome():
    event = assistant_thread_started("U1", "1700000000.000001")
    found = READER.assistant(event_body(event, "Ev1"))
    assert (found.id, found.text, found.question) == ("Ev1", "", None)
    assert found.place == Place("DU1", "U1", "1700000000.000001")
    assert found.conversation == READER.conversation("U1")


def test_a_conversation_is_the_same_whichever_workspace_slack_names():
    # In a channel that is shared, a message has its author's, and a click that of the app.
    theirs = {**direct_message("U1", "cost?"), "team": "T2", "user_team": "T2"}
    elsewhere = {"team_id": "T3", "team": {"id": "T3"}, "enterprise": {"id": "E1"}}
    found = {
        READER.message({**event_body(theirs), **elsewhere}).conversation,
        READER.command({**slash("U1", "C1", "cost?", URL), **elsewhere}).conversation,
        READER.button({**pressed("DU1"), **elsewhere}).conversation,
    }
    assert found == {READER.conversation("U1")}


def test_a_command_belongs_to_the_direct_messages():
    body = slash("U1", "C1", "/faq_cost", URL)
    found = READER.command(body)
    assert found.id == body["trigger_id"]
    assert found.conversation == READER.conversation("U1")
    assert (found.text, found.question) == ("faq_cost", "/faq_cost")
    assert found.place == Place("C1", "U1", response_url=URL)


def test_a_shortcut_has_a_conversation_of_its_own():
    message = channel_message("U2", "C1", "I take <@U3|jo>'s warfarin")
    bodies = [message_shortcut("U1", "C1", message, "ask_needlepoint", URL) for _ in range(2)]
    first, second = map(READER.shortcut, bodies)
    assert first.text == first.question == "I take jo's warfarin"
    assert first.place == Place("C1", "U1", response_url=URL)
    others = {READER.conversation("U1"), READER.conversation("U2")}
    assert len({first.conversation, second.conversation} | others) == 4
    assert READER.shortcut(bodies[0]) == first


def pressed(channel, *, ephemeral=False, thread=None, blocks=BLOCKS):
    message = {"ts": "1700000000.000009", "blocks": blocks}
    if thread:
        message["thread_ts"] = thread
    return button("U1", channel, message, "ask:0", URL, ephemeral=ephemeral)


def test_a_button_is_its_question():
    body = pressed("DU1")
    found = READER.button(body)
    assert found.id == body["trigger_id"]
    assert (found.text, found.question) == ('/faq_cost{"a": 1}', "Cost?")
    assert found.place == Place("DU1", "U1")
    assert found.conversation == READER.conversation("U1")


def test_a_button_in_a_thread_belongs_to_the_thread():
    found = READER.button(pressed("C1", thread="1700000000.000001"))
    assert found.place == Place("C1", "U1", "1700000000.000001", True)
    assert found.conversation == READER.conversation("C1", "1700000000.000001")


def test_a_button_that_one_person_sees_is_answered_for_that_person():
    found = READER.button(pressed("C1", ephemeral=True))
    assert found.place == Place("C1", "U1", response_url=URL)
    assert found.conversation == READER.conversation("U1")


def test_a_button_that_one_person_sees_in_a_thread_stays_in_the_thread():
    found = READER.button(pressed("C1", ephemeral=True, thread="1700000000.000001"))
    assert found.place == Place("C1", "U1", "1700000000.000001", is_whispered=True)
    assert found.conversation == READER.conversation("C1", "1700000000.000001")


@pytest.mark.parametrize("thread", [None, "1700000000.000001"])
def test_a_button_of_a_conversation_apart_stays_in_it(thread):
    blocks = list(rows([block_button("Cost?", "/faq_cost", "0", "slack-1")]))
    found = READER.button(pressed("C1", ephemeral=True, thread=thread, blocks=blocks))
    assert (found.conversation, found.is_apart) == ("slack-1", True)
    assert not READER.button(pressed("C1", ephemeral=True)).is_apart


def test_a_button_of_the_home_tab_is_answered_in_the_direct_messages():
    view = {"id": "V1", "blocks": BLOCKS}
    found = READER.button(home_button("U1", view, "ask:0"))
    assert found.place == Place("U1", "U1")
    assert found.conversation == READER.conversation("U1")


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
