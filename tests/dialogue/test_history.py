"""What was said in this session, and what is due next."""

import pytest

from needlepoint.dialogue.disclaimer import disclaimer_response
from needlepoint.dialogue.history import Said, last_answer, said_in_session, told_more


def bot(response, **metadata):
    return {"event": "bot", "metadata": {"utter_action": response, "metadata": metadata}}


SESSION = {"event": "action", "name": "action_session_start"}


def test_only_this_session_counts():
    events = [bot("utter_faq_cost"), SESSION, {"event": "user"}, bot("utter_greet")]
    assert said_in_session(events) == [Said("utter_greet", {})]


def test_a_message_without_a_response_name():
    assert said_in_session([{"event": "bot", "metadata": None}]) == [Said("", {})]


def test_last_answer_is_the_last_topic():
    said = [Said("utter_faq_cost", {}), Said("utter_faq_risks", {}), Said("utter_thanks", {})]
    said.append(Said("utter_safety_disclaimer_risk", {}))
    assert last_answer(said) == "utter_faq_risks"
    assert last_answer([Said("utter_greet", {})]) is None


@pytest.mark.parametrize("response", ["utter_red_flag", "utter_medical_advice"])
def test_another_subject_ends_the_topic(response):
    assert last_answer([Said("utter_faq_cost", {}), Said(response, {})]) is None


def test_more_counts_until_the_answer_comes_again():
    answer = Said("utter_faq_cost", {})
    more = Said("utter_more_detail", {"more_of": "utter_faq_cost"})
    assert not told_more([answer], "utter_faq_cost")
    assert told_more([answer, more], "utter_faq_cost")
    assert not told_more([answer, more, answer], "utter_faq_cost")
    assert not told_more([answer, more], "utter_faq_risks")


def test_disclaimer_follows_the_kind_of_the_last_answer():
    events = [bot("utter_faq_risks", disclaimer="risk"), {"event": "action", "name": "x"}]
    assert disclaimer_response(events, {}) == "utter_safety_disclaimer_risk"


def test_disclaimer_without_a_known_kind_is_the_fixed_one():
    assert disclaimer_response([], {}) == "utter_safety_disclaimer"
    assert disclaimer_response([bot("utter_x", disclaimer="odd")], {}) == "utter_safety_disclaimer"
