"""A message is split where a new question begins, and nowhere else."""

import pytest

from needlepoint.nlu.questions import MAX_PARTS, is_question, split_questions


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("does it hurt?", ["does it hurt?"]),
        ("does it hurt and how much is it?", ["does it hurt", "how much is it?"]),
        ("Does it hurt? How long is a visit?", ["Does it hurt?", "How long is a visit?"]),
        (
            "I hate needles. Is that a problem? And what does it cost?",
            ["I hate needles. Is that a problem?", "And what does it cost?"],
        ),
        ("Is it safe? I take aspirin.", ["Is it safe? I take aspirin."]),
        ("what is it\nhow much is it", ["what is it", "how much is it"]),
        ("is it safe if I take aspirin", ["is it safe if I take aspirin"]),
        ("can I eat and drink before", ["can I eat and drink before"]),
        ("my back hurts and is it safe", ["my back hurts and is it safe"]),
        ("", [""]),
    ],
)
def test_split(text, parts):
    assert split_questions(text) == parts


def test_a_flood_of_questions_is_left_whole():
    text = "What is it? " * (MAX_PARTS + 1)
    assert split_questions(text) == [text]


@pytest.mark.parametrize("text", ["how long", "and can i drive", "cost?", "Isn't it risky"])
def test_asks(text):
    assert is_question(text)


@pytest.mark.parametrize("text", ["my back hurts", "island hopping", "thank you"])
def test_does_not_ask(text):
    assert not is_question(text)
