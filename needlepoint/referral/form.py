"""What a message means while the form for a request to be called back is open. No Rasa here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from needlepoint import names
from needlepoint.content.yaml_lines import read_mapping
from needlepoint.dialogue.follow_ups import plain, read_phrases
from needlepoint.nlu.questions import is_question
from needlepoint.referral.contact import Contact, ContactProblem, valid_contact
from needlepoint.referral.person_name import valid_name
from needlepoint.referral.plain_text import TextProblem, clean_text
from needlepoint.referral.requests import PREFERRED_TIME_LIMIT

WORDS_FILE = Path("data/referral/form_words.yml")
SECTIONS = ("cancel", "yes", "no", "why", "change")
FIELDS = (names.SLOT_REQUEST_NAME, names.SLOT_REQUEST_CONTACT, names.SLOT_REQUEST_TIME)
# Said before anything.
_LEAD_IN = re.compile(r"^(?:(?:and|but|so|ok|okay|well|hm+|um+|oh|sorry|please) )+")
YES, CANCELLED = "yes", "cancelled"
# In a question that the person asks as one suggests a time: "can you call tomorrow?"
_TIME_WORD = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|week(?:day|end)s?|to(?:day|night|morrow)"
    r"|mornings?|noon|midday|afternoons?|evenings?|(?:after|before|at|by|from) \d+|\d ?[ap]\.?m)\b",
    re.IGNORECASE,
)
# A message with a topic that is as sure as this is about that topic, if it is long enough to be.
SURE_ASIDE, ASIDE_WORDS = 0.6, 3
# Of these intents a message may be by chance: names and times are not what the model knows.
_NO_SUBJECT = (*names.SMALL_TALK, names.OUT_OF_SCOPE, names.FALLBACK, names.REQUEST_REFERRAL, "")

# What is said of each.
CONTACT_PROBLEMS = {
    ContactProblem.MISSING: names.UTTER_REQUEST_CONTACT_MISSING,
    ContactProblem.NOT_VALID: names.UTTER_REQUEST_CONTACT_NOT_VALID,
    ContactProblem.AMBIGUOUS: names.UTTER_REQUEST_CONTACT_AMBIGUOUS,
    ContactProblem.NEEDS_COUNTRY: names.UTTER_REQUEST_CONTACT_NOT_VALID,
}


@dataclass(frozen=True)
class Words:
    """The phrases of ``data/referral/form_words.yml``, in plain form."""

    cancel: frozenset[str]
    yes: frozenset[str]
    no: frozenset[str]
    why: frozenset[str]
    change: Mapping[str, str]  # from a phrase to the field


@dataclass(frozen=True)
class Heard:
    """A message: its words, and how the model reads it."""

    text: str
    intent: str
    confidence: float


@dataclass(frozen=True)
class Step:
    """What a message does to the form.

    Attributes:
        slots: the new value of each slot that changes; None is to be asked again
        says: the response that says what is wrong or explains, if any
        ends: the form is over

    Without slots, the message is not for the form: it is answered as ever, and the form goes on.
    """

    slots: Mapping[str, str | None] = field(default_factory=dict)
    says: str | None = None
    ends: bool = False


ASIDE = Step()
CANCEL = Step({names.SLOT_REQUEST_CONFIRMED: CANCELLED}, ends=True)


def read_words(path: Path = WORDS_FILE) -> Words:
    """Read the phrases.

    Raises:
        DataError: the file has other sections, or a phrase is wrong; with file and line.
    """
    file = read_mapping(path)
    if set(file.data) != set(SECTIONS):
        raise file.error(f"must have exactly: {', '.join(SECTIONS)}")
    fields = file.data["change"] or {}
    change = {
        phrase: name
        for name in FIELDS
        for phrase in read_phrases(file, fields.get(name) or (), "change", name)
    }
    lists = {
        name: frozenset(read_phrases(file, file.data[name] or (), name))
        for name in SECTIONS
        if name != "change"
    }
    return Words(**lists, change=change)


def read_step(requested: str | None, heard: Heard, words: Words, country: str) -> Step:
    """Return what a message does.

    Args:
        requested: the slot that the form asked for last; None when it has just been opened
        heard: the message
        words: see ``read_words``
        country: two letters, of phone numbers without a country code
    """
    phrase = _LEAD_IN.sub("", plain(heard.text))
    contact = valid_contact(heard.text, country)
    is_button = heard.text.startswith("/")
    if heard.intent in names.URGENT_INTENTS or (is_button and requested in FIELDS):
        return ASIDE
    if requested is None:
        # "Call me on 828 555 0100": the form need not ask for it.
        return (
            Step({names.SLOT_REQUEST_CONTACT: contact.shown})
            if isinstance(contact, Contact)
            else ASIDE
        )
    if phrase in words.cancel:
        return CANCEL
    if phrase in words.why:
        return Step({requested: None}, names.UTTER_REQUEST_WHY)
    changed = _changed(phrase, words)
    if changed:
        return Step({changed: None, names.SLOT_REQUEST_CONFIRMED: None})
    if requested == names.SLOT_REQUEST_TIME:
        return _time(heard)
    if isinstance(contact, Contact):
        return Step({names.SLOT_REQUEST_CONTACT: contact.shown})
    if requested == names.SLOT_REQUEST_NAME:
        return _name(phrase, heard, words)
    if requested == names.SLOT_REQUEST_CONTACT:
        is_aside = contact == ContactProblem.MISSING and _is_aside(heard)
        return ASIDE if is_aside else Step({requested: None}, CONTACT_PROBLEMS[contact])
    return _decision(requested, phrase, heard, words)


def _changed(phrase: str, words: Words) -> str | None:
    """Return the field that is to be given anew: "change the time", "change the time to 5"."""
    if phrase in words.change:
        return words.change[phrase]
    starts = (start for start in words.change if phrase.startswith(f"{start} to "))
    return words.change.get(next(starts, ""))


def _name(phrase: str, heard: Heard, words: Words) -> Step:
    name = valid_name(heard.text)
    # "My name is Grace Cost": whatever the model makes of it.
    is_introduced = isinstance(name, str) and name != heard.text.strip()
    if _is_aside(heard) and not is_introduced:
        return ASIDE
    if isinstance(name, TextProblem) or phrase in words.yes | words.no:
        return Step({names.SLOT_REQUEST_NAME: None}, names.UTTER_REQUEST_NAME_PROBLEM)
    return Step({names.SLOT_REQUEST_NAME: name})


def _time(heard: Heard) -> Step:
    is_suggestion = _TIME_WORD.search(heard.text) and (
        not _has_subject(heard) or f"utter_{heard.intent}" == names.UTTER_BOOK_APPOINTMENT
    )
    if is_question(heard.text) and not is_suggestion:
        return ASIDE
    time = clean_text(heard.text, PREFERRED_TIME_LIMIT)
    if isinstance(time, TextProblem):
        return Step({names.SLOT_REQUEST_TIME: None}, names.UTTER_REQUEST_TIME_PROBLEM)
    return Step({names.SLOT_REQUEST_TIME: time})


def _decision(requested: str, phrase: str, heard: Heard, words: Words) -> Step:
    """Read the answer to "may I store it?" or "shall I send it?"."""
    intent = heard.intent if heard.confidence >= SURE_ASIDE else ""
    if phrase in words.yes or intent == "affirm":
        return Step({requested: YES})
    if phrase in words.no or intent == "deny":
        is_refusal = requested == names.SLOT_REQUEST_CONSENT
        return CANCEL if is_refusal else Step({requested: None}, names.UTTER_REQUEST_WHAT_TO_CHANGE)
    return ASIDE


def _is_aside(heard: Heard) -> bool:
    """Tell whether a message asks something of its own."""
    return is_question(heard.text) or (
        _has_subject(heard) and len(heard.text.split()) >= ASIDE_WORDS
    )


def _has_subject(heard: Heard) -> bool:
    return heard.intent not in _NO_SUBJECT and heard.confidence >= SURE_ASIDE
