"""What the bot says, on the wire: the same now and from the conversation's events."""

import asyncio

import pytest
from rasa.shared.core.events import ActionExecuted, BotUttered, SlotSet, UserUttered

from needlepoint.channels.rest import TROUBLE
from needlepoint.channels.said import Said, identified, kind, read_turns
from needlepoint.channels.web_answers import WebOutput, answers, moment

BUTTON = {"title": "Cost?", "payload": "/faq_cost"}
SOURCE = {"title": "Safety", "publisher": "WHO", "year": 1999, "url": None}
AT = 1_700_000_000.1236


def uttered(text="Most feel little.", response="utter_faq_does_it_hurt", at=AT, **about):
    metadata = {"utter_action": response, "metadata": about}
    return BotUttered(text, {"buttons": [BUTTON], "image": None}, metadata, at)


def asked(key, text="does it hurt", shown=None):
    metadata = {"client_id": key, "shown": shown or text}
    return UserUttered(text, timestamp=AT, metadata=metadata)


def test_the_wire():
    (turn,) = read_turns([asked("12345678"), uttered(sources=[{**SOURCE, "key": "who"}])])
    (answer,) = answers("me", turn)
    assert answer == {
        "id": answer["id"],
        "kind": "answer",
        "text": "Most feel little.",
        "buttons": [BUTTON],
        "sources": [SOURCE],
        "time": "2023-11-14T22:13:20.123Z",
    }
    assert len(answer["id"]) == 32


def test_what_is_sent_is_what_is_remembered():
    events = [uttered("Hurts?\n \nNo.", urgent=True), uttered("Note.", sources=[SOURCE])]
    output = WebOutput()
    for event in events:
        asyncio.run(output.send_response("me", event.message()))
    (turn,) = read_turns([asked("12345678"), *events])
    assert output.said == turn.said
    assert [answer["text"] for answer in answers("me", turn)] == ["Hurts?\nNo.", "Note."]


def test_ids_tell_conversations_messages_and_answers_apart():
    events = [asked("12345678"), uttered(), uttered(), asked("87654321"), uttered()]
    found = [
        key
        for conversation in ("me", "you")
        for turn in read_turns(events)
        for key, _ in identified(conversation, turn)
    ]
    assert len(set(found)) == 6
    assert found[:3] == [key for turn in read_turns(events) for key, _ in identified("me", turn)]


def test_a_turn_is_a_message_and_what_follows_it():
    events = [
        uttered("before all"),
        SlotSet("x", 1),
        asked("12345678", "/faq_cost", "Cost?"),
        ActionExecuted("utter_faq_cost"),
        uttered("A."),
        uttered("B."),
        asked("87654321"),
    ]
    first, second = read_turns(events)
    assert (first.id, first.shown, [said.text for said in first.said]) == (
        "12345678",
        "Cost?",
        ["A.", "B."],
    )
    assert (second.id, second.said) == ("87654321", [])


def test_a_message_of_another_channel_has_its_own_id():
    (turn,) = read_turns([UserUttered("hi", message_id="m1", timestamp=AT)])
    assert (turn.id, turn.shown) == ("m1", "hi")


@pytest.mark.parametrize("said", [[], [uttered("")], [uttered(None)]])
def test_silence_becomes_a_notice(said):
    (turn,) = read_turns([asked("12345678"), *said])
    (answer,) = answers("me", turn)
    assert (answer["kind"], answer["text"]) == ("notice", TROUBLE)
    assert answers("me", turn) == [answer]


def test_a_text_without_response_is_an_answer():
    output = WebOutput()
    asyncio.run(output.send_text_message("me", "Hello."))
    assert kind(output.said[0]) == "answer"
    assert output.said[0].text == "Hello."


@pytest.mark.parametrize(
    ("response", "about", "expected"),
    [
        ("utter_faq_cost", {}, "answer"),
        ("utter_red_flag", {"urgent": True}, "emergency"),
        ("utter_crisis", {"urgent": True}, "emergency"),
        ("utter_ask_place", {}, "question"),
        ("utter_ask_request_name", {}, "question"),
        ("utter_which_place", {}, "question"),
        ("utter_which", {}, "question"),
        ("utter_ask_source", {}, "answer"),
        ("utter_safety_disclaimer", {}, "notice"),
        ("utter_go_on", {}, "notice"),
        ("utter_safety_disclaimer_risk", {}, "notice"),
        ("utter_request_trouble", {}, "notice"),
        ("utter_delete_trouble", {}, "notice"),
        ("", {}, "answer"),
    ],
)
def test_kinds(response, about, expected):
    assert kind(Said("Text.", (), response, about, AT)) == expected


def test_times_are_utc():
    assert moment(0.0) == "1970-01-01T00:00:00.000Z"
