"""What each message does while the form is open, decided without Rasa."""

import pytest

from needlepoint.content.yaml_lines import DataError
from needlepoint.referral.form import ASIDE, CANCEL, Heard, Step, read_step, read_words

WORDS = read_words()
NAME, CONTACT, TIME = "request_name", "request_contact", "request_time"
CONSENT, CONFIRMED = "request_consent", "request_confirmed"
ALL = [NAME, CONTACT, TIME, CONSENT, CONFIRMED]


def step(requested, text, intent="nlu_fallback", confidence=0.4):
    return read_step(requested, Heard(text, intent, confidence), WORDS, "US")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Jo", "Jo"),
        ("my name is Zoë Müller", "Zoë Müller"),
        ("it's Mary-Jane O'Neil, thanks", "Mary-Jane O'Neil"),
        ("محمد", "محمد"),
        ("=HYPERLINK(evil)", "=HYPERLINK(evil)"),
    ],
)
def test_a_name(text, name):
    assert step(NAME, text) == Step({NAME: name})


def test_a_name_that_looks_like_a_topic_is_a_name():
    assert step(NAME, "Grace Cost", "faq_cost", 0.95).slots == {NAME: "Grace Cost"}


@pytest.mark.parametrize("text", ["x" * 10_000, "12345", "   ", "yes", "No", "ok"])
def test_no_name(text):
    assert step(NAME, text) == Step({NAME: None}, "utter_request_name_problem")


@pytest.mark.parametrize("requested", [NAME, CONTACT, CONSENT, CONFIRMED, None])
def test_a_contact_is_taken_whatever_was_asked(requested):
    assert step(requested, "call me at 828 555 0134").slots == {CONTACT: "+1 828-555-0134"}
    assert step(requested, "jo@example.com").slots == {CONTACT: "jo@example.com"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tomorrow", "missing"),
        ("12345678", "not_valid"),
        ("jo@", "not_valid"),
        ("828 555 0134 or jo@example.com", "ambiguous"),
    ],
)
def test_no_contact(text, problem):
    assert step(CONTACT, text) == Step({CONTACT: None}, f"utter_request_contact_{problem}")


def test_a_time_in_the_persons_words():
    assert step(TIME, "after 5, not\nFridays").slots == {TIME: "after 5, not Fridays"}
    assert step(TIME, "x" * 301) == Step({TIME: None}, "utter_request_time_problem")


@pytest.mark.parametrize(
    ("text", "intent", "confidence"),
    [
        ("can you call tomorrow morning?", "book_appointment", 0.92),
        ("how about Tuesday?", "out_of_scope", 0.62),
        ("could it be after 10?", "faq_aftercare", 0.45),
    ],
)
def test_a_time_may_be_asked_for(text, intent, confidence):
    assert step(TIME, text, intent, confidence) == Step({TIME: text})


def test_a_question_that_names_a_time_may_be_about_something_else():
    assert step(TIME, "are you open on Saturday?", "opening_hours_contact", 0.99) == ASIDE
    assert step(TIME, "what if I get nervous?") == ASIDE


@pytest.mark.parametrize("requested", [NAME, CONTACT, TIME])
@pytest.mark.parametrize("button", ["/faq_insurance", "/affirm", "/find_practitioner"])
def test_a_button_is_neither_name_nor_time(requested, button):
    assert step(requested, button, button[1:], 1.0) == ASIDE


@pytest.mark.parametrize("requested", ALL)
@pytest.mark.parametrize(
    "text",
    [
        "cancel",
        "Stop it please",
        "never mind",
        "I changed my mind",
        "I want to cancel",
        "can you cancel my request please",
        "I'd like to stop",
        "no, cancel the whole thing",
        "No thanks",
        "nvm",
    ],
)
def test_cancel_at_any_point(requested, text):
    assert step(requested, text) == CANCEL


@pytest.mark.parametrize("requested", ALL)
@pytest.mark.parametrize("intent", ["report_red_flag", "crisis"])
def test_an_emergency_is_never_an_answer(requested, intent):
    assert step(requested, "I can't feel my legs", intent, 1.0) == ASIDE


@pytest.mark.parametrize("requested", ALL)
def test_a_question_in_the_middle_is_left_to_the_answers(requested):
    assert step(requested, "does it hurt?", "faq_does_it_hurt", 0.98) == ASIDE
    assert step(requested, "how many sessions will I need", "faq_number_of_sessions", 0.9) == ASIDE


@pytest.mark.parametrize("requested", ALL)
def test_why_is_explained_and_asked_again(requested):
    assert step(requested, "why do you need that?") == Step({requested: None}, "utter_request_why")


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("change the name", NAME),
        ("No, wrong number", CONTACT),
        ("change my time", TIME),
        ("change time", TIME),
        ("change the time to 5 to 6 pm", TIME),
        ("I want to change my name to Bob", NAME),
    ],
)
@pytest.mark.parametrize("requested", ALL)
def test_any_field_can_be_changed(requested, text, slot):
    assert step(requested, text).slots == {slot: None, CONFIRMED: None}


@pytest.mark.parametrize("requested", [CONSENT, CONFIRMED])
@pytest.mark.parametrize("text", ["yes", "Yep!", "ok", "that's right", "sure, go ahead"])
def test_yes(requested, text):
    intent = "affirm" if text.startswith("sure") else "nlu_fallback"
    assert step(requested, text, intent, 0.9).slots == {requested: "yes"}


def test_no_to_storing_cancels_and_no_to_sending_asks_what_to_change():
    assert step(CONSENT, "no") == CANCEL
    assert step(CONFIRMED, "no") == Step({CONFIRMED: None}, "utter_request_what_to_change")


def test_neither_yes_nor_no_is_no_consent():
    assert step(CONSENT, "banana") == ASIDE
    assert step(CONFIRMED, "hmm") == ASIDE
    assert step(CONSENT, "hmm maybe", "affirm", 0.4) == ASIDE
    assert step(CONSENT, "not sure", "deny", 0.5) == ASIDE


def test_the_message_that_opens_the_form_may_bring_a_contact():
    assert step(None, "have them call me", "request_referral", 0.9) == ASIDE


def test_a_file_with_other_sections_is_refused(tmp_path):
    path = tmp_path / "words.yml"
    path.write_text("cancel: [stop]\n")
    with pytest.raises(DataError, match=r"words\.yml:1: must have exactly"):
        read_words(path)
