"""The form to be called back: a valid window, and what is filled in is read or refused in words."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_block_kit import problems, raw_markdown
from slack_events import submit

from needlepoint.channels.slack_incoming import Place
from needlepoint.channels.slack_request import modal, read_form, read_metadata
from needlepoint.channels.slack_texts import read_texts
from needlepoint.referral.requests import Request

TEXTS = read_texts()
PLACE = Place("C1", "U1", "1700000000.000001", True, "https://hooks.slack.example/" + "x" * 200)
NAME, CONTACT, TIME = (
    "utter_request_name_problem",
    "utter_request_contact",
    "utter_request_time_problem",
)
RESPONSES = {
    name: [{"text": f"words of {name}"}]
    for name in (
        NAME,
        TIME,
        "utter_request_contact_missing",
        "utter_request_contact_not_valid",
        "utter_request_contact_ambiguous",
    )
}
FILLED = {
    "name": {"value": "Zoë Müller"},
    "contact": {"value": "828 555 0134"},
    "time": {"value": "Tuesdays"},
    "consent": {"value": ["agreed"]},
}
IDS = st.text("abcdef0123456789-", min_size=1, max_size=40)


def window(promise="Is that all right?", conversation="slack-1", place=PLACE):
    return modal(TEXTS, promise, conversation, place)


def sent(**changes):
    view = {**window(), "id": "V1", "hash": "1.a"}
    return submit("U1", view, {**FILLED, **changes})["view"]


def read(view, country="US"):
    return read_form(view, country, TEXTS, RESPONSES)


@given(st.text("abc .,\n", min_size=1, max_size=2900), IDS, IDS)
@settings(max_examples=50)
def test_any_window_is_valid_and_knows_where_it_belongs(promise, conversation, thread):
    place = replace(PLACE, thread=thread)
    view = window(promise, conversation, place)
    assert problems("views.open", {"trigger_id": "1.2.a", "view": view}) == []
    assert read_metadata(view) == (conversation, place)
    assert any(block.get("text", {}).get("text") == promise for block in view["blocks"])


def test_what_is_promised_stands_before_the_consent():
    blocks = [block.get("block_id") or block["type"] for block in window()["blocks"]]
    assert blocks == ["name", "contact", "time", "section", "consent"]
    assert raw_markdown(window()) == []


def test_a_form_filled_in_is_a_request():
    assert read(sent()) == Request("Zoë Müller", "phone", "+18285550134", "Tuesdays")
    by_mail = read(sent(contact={"value": " Jo@example.com "}))
    assert (by_mail.contact_kind, by_mail.contact) == ("email", "Jo@example.com")


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", None, NAME),
        ("name", "12345", NAME),
        ("name", "x" * 150, NAME),
        ("contact", None, "utter_request_contact_missing"),
        ("contact", "call me", "utter_request_contact_missing"),
        ("contact", "828 555", "utter_request_contact_not_valid"),
        ("contact", "a@b.example or c@d.example", "utter_request_contact_ambiguous"),
        ("time", " ", TIME),
    ],
)
def test_what_is_wrong_is_said_at_its_field(field, value, says):
    assert read(sent(**{field: {"value": value}})) == {field: f"words of {says}"}


def test_nothing_is_taken_without_consent():
    refused = {"consent": TEXTS.request["missing_consent"]}
    assert read(sent(consent={"value": []})) == refused
    view = sent()
    del view["state"]["values"]["consent"]
    assert read(view) == refused


def test_all_that_is_wrong_is_said_at_once():
    empty = {"value": None}
    view = sent(name=empty, contact=empty, time=empty, consent={"value": []})
    assert set(read(view)) == {"name", "contact", "time", "consent"}


def test_a_number_without_country_code_is_of_the_clinics_country():
    mine = sent(contact={"value": "020 7946 0018"})
    assert read(mine, "GB").contact == "+442079460018"
    assert read(mine, "US") == {"contact": "words of utter_request_contact_not_valid"}


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_whatever_is_typed_is_taken_or_refused_in_words(name, contact, time):
    found = read(sent(name={"value": name}, contact={"value": contact}, time={"value": time}))
    if isinstance(found, dict):
        assert found
        assert set(found) <= {"name", "contact", "time"}
        assert all(found.values())
    else:
        assert "\n" not in found.name + found.contact + found.preferred_time
