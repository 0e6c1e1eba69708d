"""Phone numbers and e-mail addresses in a patient's words; names and other words, cleaned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from needlepoint.referral.contact import Contact, ContactProblem, valid_contact
from needlepoint.referral.person_name import NAME_LIMIT, valid_name
from needlepoint.referral.plain_text import TextProblem, clean_text

RIGHT_TO_LEFT = "دانا کریمی"
FAMILY = "👩\u200d👩\u200d👧"


@pytest.mark.parametrize(
    ("text", "country", "value", "shown"),
    [
        ("it's 828 555 0100", "US", "+18285550100", "+1 828-555-0100"),
        ("call at 8:30 on (828) 555-0100.", "US", "+18285550100", "+1 828-555-0100"),
        ("8285550100, that is 828-555-0100", "US", "+18285550100", "+1 828-555-0100"),
        ("+1 828 555 0100", None, "+18285550100", "+1 828-555-0100"),
        ("020 7946 0018", "GB", "+442079460018", "+44 20 7946 0018"),
        ("+44 20 7946 0018", "US", "+442079460018", "+44 20 7946 0018"),
        ("828-555-0100 ext 12", "US", "+18285550100;ext=12", "+1 828-555-0100 ext. 12"),
        ("٨٢٨٥٥٥٠١٠٠", "US", "+18285550100", "+1 828-555-0100"),
    ],
)
def test_a_phone_number_is_found_and_shown(text, country, value, shown):
    contact = valid_contact(text, country)
    assert contact == Contact("phone", value)
    assert contact.shown == shown


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("mail me at jo@example.com.", "jo@example.com"),
        ("email:Jo@EXAMPLE.com", "Jo@example.com"),
        ("Jo <jo@example.com>", "jo@example.com"),
        ("me+8285550100@example.com", "me+8285550100@example.com"),
        ("o'neil@example.com, please", "o'neil@example.com"),
    ],
)
def test_an_email_address_is_found(text, address):
    assert valid_contact(text, "US") == Contact("email", address)


@pytest.mark.parametrize(
    ("text", "country", "problem"),
    [
        ("you know it", "US", ContactProblem.MISSING),
        ("tomorrow at 10", "US", ContactProblem.MISSING),
        ("", "US", ContactProblem.MISSING),
        ("555-0100", "US", ContactProblem.NOT_VALID),
        ("020 7946 0018", "US", ContactProblem.NOT_VALID),
        ("900 555 0100", "US", ContactProblem.NOT_VALID),
        ("jo@example", "US", ContactProblem.NOT_VALID),
        ("jo @ example.com", "US", ContactProblem.NOT_VALID),
        ("jo@example.com\nBcc: all@example.org", "US", ContactProblem.AMBIGUOUS),
        ("828 555 0100 or jo@example.com", "US", ContactProblem.AMBIGUOUS),
        ("828 555 0100 or 828 555 0199", "US", ContactProblem.AMBIGUOUS),
        ("828 555 0100", None, ContactProblem.NEEDS_COUNTRY),
        ("8285550100 " * 1000, "US", ContactProblem.NOT_VALID),
    ],
)
def test_what_is_no_contact_is_told_apart(text, country, problem):
    assert valid_contact(text, country) is problem


@given(st.text(), st.sampled_from(["US", "GB", None]))
def test_a_contact_has_no_white_space_whatever_is_said(text, country):
    contact = valid_contact(text, country)
    if isinstance(contact, Contact):
        assert contact.value.split() == [contact.value]
        assert contact.shown


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Zoë Müller.", "Zoë Müller"),
        ("it's Jo", "Jo"),
        ("Hi, it’s Jo!", "Jo"),
        ("call me Al, please", "Al"),
        ("name: Bo", "Bo"),
        ("  Ana   María ", "Ana María"),
        ("Sammy Davis Jr.", "Sammy Davis Jr."),
        ("Im Yoon-ah", "Im Yoon-ah"),
        ("Callum Meade", "Callum Meade"),
        ("Itsuki", "Itsuki"),
        (f"I'm {RIGHT_TO_LEFT}", RIGHT_TO_LEFT),
        (f"Jo {FAMILY}", f"Jo {FAMILY}"),
        ("李", "李"),
        ("Jo\nPhone: 1\r\nBcc: x@example.com", "Jo Phone: 1 Bcc: x@example.com"),
        ("Jo\x00\x1b[31m\u202eeoJ\u2066", "Jo[31meoJ"),
        ("Jo\ud800", "Jo"),
        ('=HYPERLINK("http://x.example")', '=HYPERLINK("http://x.example")'),
    ],
)
def test_a_name_is_taken_as_typed(text, name):
    assert valid_name(text) == name


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", TextProblem.MISSING),
        (" \n\u202e", TextProblem.MISSING),
        ("my name is", TextProblem.MISSING),
        ("x" * 10_000, TextProblem.TOO_LONG),
        ("x" * (NAME_LIMIT + 1), TextProblem.TOO_LONG),
        ("12345", TextProblem.NO_LETTER),
        (FAMILY, TextProblem.NO_LETTER),
        ("\u200e\u200f", TextProblem.MISSING),
    ],
)
def test_what_is_no_name_is_told_apart(text, problem):
    assert valid_name(text) is problem


def test_other_words_need_no_letter_and_are_not_cut_off():
    assert clean_text(" 3:30\n", 10) == "3:30"
    assert clean_text("x" * 10, 10) == "x" * 10
    assert clean_text("x" * 11, 10) is TextProblem.TOO_LONG
    assert clean_text("\n", 10) is TextProblem.MISSING


@given(st.text())
def test_clean_words_are_one_line_that_can_be_stored(text):
    cleaned = clean_text(text, 1000)
    if isinstance(cleaned, str):
        assert cleaned.splitlines() == [cleaned]
        assert "\x00" not in cleaned
        assert cleaned.encode().decode() == cleaned
        assert clean_text(cleaned, 1000) == cleaned
