"""The form to be called back, as one of Slack's windows. No network here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from needlepoint import names
from needlepoint.channels.slack_incoming import Place
from needlepoint.channels.slack_texts import Texts
from needlepoint.referral.contact import CONTACT_LIMIT, Contact, valid_contact
from needlepoint.referral.form import CONTACT_PROBLEMS
from needlepoint.referral.person_name import MESSAGE_LIMIT, valid_name
from needlepoint.referral.plain_text import TextProblem, clean_text
from needlepoint.referral.requests import PREFERRED_TIME_LIMIT, Request

CALLBACK = "referral_request"
NAME, CONTACT, TIME, CONSENT = "name", "contact", "time", "consent"
VALUE = "value"  # the action id of each field
AGREED = "agreed"


def modal(texts: Texts, promise: str, conversation: str, place: Place) -> dict[str, Any]:
    """Return the window.

    Args:
        texts: the channel's own words
        promise: what happens with what they give, before they agree to it
        conversation: that the request belongs to
        place: where it is confirmed
    """
    words = texts.request
    box = {"text": _plain(words["consent"]), "value": AGREED}
    agree = {"type": "checkboxes", "action_id": VALUE, "options": [box]}
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": json.dumps({"conversation": conversation, "place": asdict(place)}),
        "title": _plain(words["title"]),
        "submit": _plain(words["submit"]),
        "close": _plain(words["close"]),
        "blocks": [
            _input(NAME, words["name"], _line(MESSAGE_LIMIT)),
            _input(CONTACT, words["contact"], _line(CONTACT_LIMIT)),
            _input(TIME, words["time"], _line(PREFERRED_TIME_LIMIT), words["time_hint"]),
            {"type": "section", "text": _plain(promise)},
            # Not asked for by Slack itself, so that our words say what is missing.
            {**_input(CONSENT, words["consent_label"], agree), "optional": True},
        ],
    }


def read_form(
    view: Mapping[str, Any], country: str, texts: Texts, responses: Mapping[str, Any]
) -> Request | dict[str, str]:
    """Return the request that was filled in, or what is wrong with it, by field, in words.

    Args:
        view: as Slack sends it
        country: two letters, of phone numbers without a country code
        texts: the channel's own words
        responses: of the domain; what the form says in the chat is said here, too
    """
    values = view["state"]["values"]

    def said(field: str) -> str:
        return values.get(field, {}).get(VALUE, {}).get("value") or ""

    def words(response: str) -> str:
        return str(responses[response][0]["text"])

    problems: dict[str, str] = {}
    name = valid_name(said(NAME))
    if isinstance(name, TextProblem):
        problems[NAME] = words(names.UTTER_REQUEST_NAME_PROBLEM)
    contact = valid_contact(said(CONTACT), country)
    if not isinstance(contact, Contact):
        problems[CONTACT] = words(CONTACT_PROBLEMS[contact])
    time = clean_text(said(TIME), PREFERRED_TIME_LIMIT)
    if isinstance(time, TextProblem):
        problems[TIME] = words(names.UTTER_REQUEST_TIME_PROBLEM)
    if not values.get(CONSENT, {}).get(VALUE, {}).get("selected_options"):
        problems[CONSENT] = texts.request["missing_consent"]
    if isinstance(name, str) and isinstance(contact, Contact) and isinstance(time, str):
        return problems or Request(name, contact.kind, contact.value, time)
    return problems


def read_metadata(view: Mapping[str, Any]) -> tuple[str, Place]:
    """Return the conversation that a window belongs to, and where its request is confirmed."""
    found = json.loads(view["private_metadata"])
    return found["conversation"], Place(**found["place"])


def _input(
    block: str, label: str, element: Mapping[str, Any], hint: str | None = None
) -> dict[str, Any]:
    field = {"type": "input", "block_id": block, "label": _plain(label), "element": element}
    return {**field, "hint": _plain(hint)} if hint else field


def _line(limit: int) -> dict[str, Any]:
    return {"type": "plain_text_input", "action_id": VALUE, "max_length": limit}


def _plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}
