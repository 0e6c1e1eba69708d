"""The component as part of the trained model: intents, ranking, topics, and odd input."""

import asyncio
import re
from pathlib import Path

import pytest
import yaml

from needlepoint.nlu.intent_head import decline


def parse(agent, text):
    return asyncio.run(agent.parse_message(text))


def test_one_question_is_one_topic(agent):
    result = parse(agent, "how thick are the needles you use")
    assert result["intent"]["name"] == "faq_needle_size"
    assert [topic["intent"] for topic in result["topics"]] == ["faq_needle_size"]
    assert result["topics"][0]["text"] == "how thick are the needles you use"


def test_several_questions_are_in_order_and_the_intent_is_the_first(agent):
    result = parse(agent, "Does it hurt? And how much does a session cost?")
    assert [topic["intent"] for topic in result["topics"]] == ["faq_does_it_hurt", "faq_cost"]
    assert result["intent"]["name"] == "faq_does_it_hurt"
    assert all(0 < topic["confidence"] <= 1 for topic in result["topics"])


def test_the_same_question_twice_is_one_topic(agent):
    result = parse(agent, "How much is it? What does it cost? And does it hurt?")
    assert [topic["intent"] for topic in result["topics"]] == ["faq_cost", "faq_does_it_hurt"]


@pytest.mark.parametrize(
    "text",
    [
        "What does it cost? Why can't I feel anything when I wipe since this morning?",
        "Since this morning I can't feel anything when I wipe. What does it cost?",
    ],
)
def test_an_emergency_comes_first_wherever_it_stands(agent, text):
    result = parse(agent, text)
    assert result["intent"]["name"] == "report_red_flag"
    assert result["topics"][0]["intent"] == "report_red_flag"


def test_a_greeting_does_not_swallow_the_question(agent):
    result = parse(agent, "Hello, how are you? How much does a session cost?")
    assert result["intent"]["name"] == "faq_cost"


@pytest.mark.parametrize("text", ["", "   ", "?!?", "\u200b", "👍👍", "…", "\x07"])
def test_nothing_to_read_is_a_fallback(agent, text):
    result = parse(agent, text)
    assert result["intent"]["name"] == "nlu_fallback"
    assert result["topics"] == []


@pytest.mark.parametrize("text", ["x", "<b>does it hurt</b>", "не понимаю", "a" * 4000, "1\x002"])
def test_odd_text_gets_an_intent(agent, text):
    assert parse(agent, text)["intent"]["name"]


def test_the_same_text_gets_the_same_confidence(agent):
    first, second = (parse(agent, "is it dangerous")["intent"] for _ in range(2))
    assert first == second


def ranking(**confidences):
    return [{"name": name, "confidence": value} for name, value in confidences.items()]


def test_many_weak_topics_do_not_beat_out_of_scope():
    result = decline(ranking(faq_cost=0.3, out_of_scope=0.29, faq_risks=0.05), 0.4)
    assert [entry["name"] for entry in result] == ["out_of_scope", "faq_cost", "faq_risks"]
    assert result[0]["confidence"] >= 0.3


def test_a_clear_topic_stays():
    before = ranking(faq_cost=0.7, out_of_scope=0.2, faq_risks=0.05)
    assert decline(before, 0.4) == before


def test_another_intent_in_front_stays():
    before = ranking(medical_advice=0.4, out_of_scope=0.39, faq_risks=0.05)
    assert decline(before, 0.4) == before


def questions(path):
    for block in yaml.safe_load(Path(path).read_text())["nlu"]:
        for line in block["examples"].splitlines():
            yield line.removeprefix("- ").strip(), block["intent"]


def test_no_held_out_question_is_an_example():
    def key(text):
        return " ".join(re.findall(r"\w+", text.lower())) or text

    trained = set()
    for path in Path("data").rglob("*.yml"):
        if "nlu" in yaml.safe_load(path.read_text()):
            trained |= {key(text) for text, _ in questions(path)}
    held_out = {key(text) for text, _ in questions("tests/nlu/heldout.yml")}
    assert trained.isdisjoint(held_out)


def test_held_out_topics_are_found(agent):
    """A floor well under the measured accuracy, which `make bench` reports."""
    asked = [(t, i) for t, i in questions("tests/nlu/heldout.yml") if i.startswith("faq_")]
    right = sum(parse(agent, text)["intent"]["name"] == intent for text, intent in asked)
    assert right / len(asked) >= 0.85
