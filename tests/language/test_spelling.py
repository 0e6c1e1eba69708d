"""Misspelt words are read as known ones; known, short and foreign ones as they are."""

import pytest

from needlepoint.language.build import build_pipeline
from needlepoint.language.spelling import Spelling, count_words, read_shorthand, reading


@pytest.fixture(scope="module")
def spelling():
    return Spelling({"acupuncture": 500, "warfarin": 20, "moxa": 30}, {"acu": "acupuncture"})


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("acupunture", "acupuncture"),
        ("acupucnture", "acupuncture"),
        ("warfrin", "warfarin"),
        ("insuracne", "insurance"),
        ("hurrt", "hurt"),
        ("huuuurt", "hurt"),
        ("sooo", "so"),
        ("reallllly", "really"),
        ("acuuupunture", "acupuncture"),
    ],
)
def test_a_slip_is_repaired(spelling, written, read):
    assert spelling.repair(written) == read


@pytest.mark.parametrize(
    "word",
    [
        "acupuncture",  # known from the examples
        "moxa",
        "needle",  # English
        "adn",  # too short to tell
        "qqqqzzzz",  # nothing near
        "больно",  # not English
        "dolór",
    ],
)
def test_other_words_are_left(spelling, word):
    assert spelling.repair(word) is None


def test_words_of_the_examples_win_over_other_english(spelling):
    assert Spelling({"cupping": 100}, {}).repair("cuppimg") == "cupping"


def test_what_was_written_stays_in_the_document():
    doc = build_pipeline(["acupuncture"] * 3)("Does ACUPUNTURE hurrt?")
    assert doc.text == "Does ACUPUNTURE hurrt?"
    assert reading(doc) == ["Does", "acupuncture", "hurt", "?"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("acu 4 lbp pls", ["acupuncture", "4", "low back pain", "please"]),
        ("does it hurt 😬🙏🏽", ["does", "it", "hurt"]),
        ("scared of 💉", ["scared", "of", "needle"]),
        ("¿duele?", ["¿", "duele", "?"]),
    ],
)
def test_shorthand_and_emoji(written, read):
    assert reading(build_pipeline(["duele"] * 3)(written)) == read


def test_a_broken_shorthand_names_the_entry(tmp_path):
    path = tmp_path / "shorthand.yml"
    path.write_text("shorthand:\n  no: not\n")
    with pytest.raises(ValueError, match="put False and 'not' in quotes"):
        read_shorthand(path)


def test_only_words_that_several_examples_have_are_known():
    texts = ["Moxa? moxa!", "moxa", "a slipp", "it's fine"]
    assert count_words(texts, at_least=3) == {"moxa": 3}


def test_a_repaired_question_has_the_vector_of_the_right_one():
    nlp = build_pipeline(["acupuncture"] * 3)
    right, wrong = nlp("does acupuncture hurt"), nlp("does acupunture hurrt")
    assert (right.vector == wrong.vector).all()
