"""The Home tab, the welcome and the prompts: every topic, valid for Slack."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_block_kit import problems, raw_markdown

from needlepoint.channels.slack_blocks import context
from needlepoint.channels.slack_home import home_view, prompts, welcome
from needlepoint.channels.slack_texts import read_texts
from needlepoint.dialogue.buttons import titles
from needlepoint.referral.clinic import read_clinic

ROOT = Path(__file__).parents[2]
TEXTS = read_texts()
CLINIC = read_clinic(ROOT / "tests" / "clinic.yml")
NO_CLINIC = replace(CLINIC, name=None)
TOPICS = [topic for group in TEXTS.groups.values() for topic in group]
TITLES = st.text("abc &<>*é?", min_size=1, max_size=200).filter(str.strip)
NUMBERS = "911 (999 in the UK)"


def responses():
    """Return the responses of all topics, as the domain has them."""
    found = {}
    for file in (ROOT / "data" / "faq").glob("*.yml"):
        found |= yaml.safe_load(file.read_text())["responses"]
    return found


RESPONSES = responses()


def view(titles=(), clinic=CLINIC, keep_days=30):
    """Return the Home tab, with other titles for the first topics."""
    names = [f"utter_faq_{topic}" for topic in TOPICS]
    others = {
        name: [{"metadata": {"title": words}}] for name, words in zip(names, titles, strict=False)
    }
    return home_view(TEXTS, {**RESPONSES, **others}, clinic, NUMBERS, keep_days)


def buttons_of(content):
    return [e for b in content["blocks"] if b["type"] == "actions" for e in b["elements"]]


def wrong(home):
    return problems("views.publish", {"user_id": "U1", "view": home})


@pytest.mark.parametrize("clinic", [CLINIC, NO_CLINIC], ids=["clinic", "no clinic"])
def test_it_is_valid_and_has_every_topic_once(clinic):
    home = view(clinic=clinic)
    assert wrong(home) == []
    assert raw_markdown(home) == []
    asked = [json.loads(b["value"]) for b in buttons_of(home) if b["action_id"] != "form"]
    assert [one["payload"] for one in asked] == [f"/faq_{topic}" for topic in TOPICS]
    title_of = titles(RESPONSES)
    expected = [title_of[f"faq_{topic}"] for topic in TOPICS]
    assert [one["title"] for one in asked] == expected
    headings = [b["text"]["text"] for b in home["blocks"] if b["type"] == "header"]
    assert headings == [TEXTS.home["title"], *TEXTS.groups]


@given(st.lists(TITLES, max_size=51))
@settings(max_examples=30, deadline=None)
def test_with_any_titles_it_is_valid(titles):
    assert wrong(view(titles)) == []


def test_only_a_clinic_calls_back():
    assert [b["action_id"] for b in buttons_of(view())][0] == "form"
    assert all(b["action_id"] != "form" for b in buttons_of(view(clinic=NO_CLINIC)))


def test_it_says_whom_to_call_and_how_long_it_keeps_what():
    shown = json.dumps(view(keep_days=14))
    assert NUMBERS in shown
    assert "14 days after" in shown
    order = [block["type"] for block in view()["blocks"]][:3]
    assert order == ["header", "section", "section"]


def test_an_unknown_topic_is_an_error():
    with pytest.raises(KeyError):
        titles(RESPONSES)["faq_nonsense"]


SUGGESTED = st.lists(
    st.fixed_dictionaries({"title": TITLES, "payload": st.just("/faq_cost")}), max_size=12
)


@given(SUGGESTED)
def test_the_welcome_is_valid_and_offers_all(suggestions):
    content = welcome(TEXTS, suggestions, "Ev1", [context("A **hint**.")])
    assert problems("chat.postMessage", {"channel": "C1", **content}) == []
    offered = [json.loads(b["value"])["title"] for b in buttons_of(content)]
    assert offered == [one["title"] for one in suggestions]
    assert content["blocks"][0] == context("A **hint**.")
    assert "automated assistant" in json.dumps(content["blocks"][1])
    assert content["metadata"]["event_payload"] == {"key": "Ev1"}


@given(SUGGESTED)
def test_prompts_ask_what_they_show_and_are_four_at_most(suggestions):
    made = prompts(suggestions)
    assert len(made) == min(4, len(suggestions))
    assert [one["title"] for one in made] == [one["title"] for one in suggestions[:4]]
    assert all(one["message"] == one["title"] for one in made)
