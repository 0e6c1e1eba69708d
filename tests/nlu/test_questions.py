"""A message is cut where a new question begins, and nowhere else."""

import pytest

from needlepoint.nlu.questions import (
    MAX_PIECES,
    Piece,
    catchwords,
    cut,
    is_question,
    without_conjunction,
)


def asked(text):
    return [piece.text for piece in cut(text) if piece.asks]


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("does it hurt?", ["does it hurt?"]),
        ("does it hurt and how much is it?", ["does it hurt", "how much is it?"]),
        ("Does it hurt? How long is a visit?", ["Does it hurt?", "How long is a visit?"]),
        ("does it hurt?how much is it?", ["does it hurt?", "how much is it?"]),
        ("what is it\nhow much is it", ["what is it", "how much is it"]),
        ("can I eat before, can I drive after", ["can I eat before", "can I drive after"]),
        ("1) does it hurt 2) price 3. how long", ["does it hurt", "price", "how long"]),
        ("- any risks\n- how deep", ["any risks", "how deep"]),
        (
            "does it hurt is it safe how much is it",
            ["does it hurt", "is it safe", "how much is it"],
        ),
        ("what's moxa what's cupping", ["what's moxa", "what's cupping"]),
        ("is it safe, btw what does it cost", ["is it safe", "what does it cost"]),
        (
            "do you open late and roughly what would it cost",
            ["do you open late", "what would it cost"],
        ),
        ("I want to know what it is and if it hurts", ["I want to know what it is", "if it hurts"]),
        (
            "My dad has a pacemaker, can he? Is it dear?",
            ["My dad has a pacemaker, can he?", "Is it dear?"],
        ),
    ],
)
def test_several_questions(text, questions):
    assert asked(text) == questions


@pytest.mark.parametrize(
    "text",
    [
        "is it safe if I take aspirin",
        "can I eat and drink before",
        "Is it safe? I take aspirin.",
        "my back hurts and is it safe",
        "Where and when did it begin?",
        "is it ok to use a heat pad and have acupuncture as well",
        "When the pain goes, does it stay away?",
        "do you know how much it costs",
        "is the clinic at 12 High Street (2nd floor) open",
        "what is moxa, what's that for?",
    ],
)
def test_one_question(text):
    assert len(asked(text)) == 1


def test_what_is_said_before_a_question_stays_beside_it():
    assert cut("I hate needles. Is that a problem?") == [
        Piece("I hate needles.", False),
        Piece("Is that a problem?", True),
    ]
    assert cut("Hi there, how much is it, and does it hurt?")[0].text == "Hi there, how much is it"


def test_what_is_told_after_a_question_is_no_question():
    assert cut("does it hurt and how much is it, I'm pregnant btw") == [
        Piece("does it hurt", True),
        Piece("how much is it", True),
        Piece("I'm pregnant btw", False),
    ]


def test_a_second_sentence_may_go_on_with_the_first():
    assert asked("How deep? I mean can it hit a lung?") == ["How deep? I mean can it hit a lung?"]


def test_nothing_is_lost():
    text = "Hello. I have a bad back, is it safe? It began in May. How much is it? Thanks!"
    assert " ".join(piece.text for piece in cut(text)) == text


def test_of_a_pasted_page_only_the_questions_are_kept():
    text = (
        "This is a long story. " * 30 + "Does it hurt? " + "And so on. " * 30 + "What does it cost?"
    )
    assert asked(text) == ["Does it hurt?", "What does it cost?"]
    assert len(cut("What is it? " * 50)) == MAX_PIECES


@pytest.mark.parametrize("text", ["", "  ", "?!", "\n\n"])
def test_nothing_to_cut(text):
    assert cut(text) == []


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("cost, pain and length", ["cost", "pain", "length"]),
        ("side effects / price", ["side effects", "price"]),
        ("acupuncture and tablets", []),  # what all questions are about is no item
        ("is it safe and good", []),
        ("cost", []),
    ],
)
def test_catchwords(text, items):
    assert catchwords(text) == items


def test_conjunctions_are_left_out():
    assert without_conjunction("and so, how long?") == "how long?"
    assert without_conjunction("and") == "and"
    assert without_conjunction("android phones") == "android phones"


@pytest.mark.parametrize("text", ["how long", "and can i drive", "cost?", "Isn't it risky"])
def test_asks(text):
    assert is_question(text)


@pytest.mark.parametrize("text", ["my back hurts", "island hopping", "thank you"])
def test_does_not_ask(text):
    assert not is_question(text)
