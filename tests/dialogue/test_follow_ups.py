"""What a short question means after an answer; and a broken table names its line."""

from pathlib import Path

import pytest
import yaml

from needlepoint.content.yaml_lines import DataError
from needlepoint.dialogue.follow_ups import (
    FOLLOW_UPS_FILE,
    MORE,
    SOURCE,
    plain,
    read_follow_ups,
)


@pytest.fixture(scope="module")
def follow_ups():
    return read_follow_ups()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Why's THAT?!", "why is it"),
        ("They’re clean, aren't they?", "it are clean arent it"),
        ("hooooow looong", "how long"),
        ("  how \n long ", "how long"),
    ],
)
def test_plain_words(text, words):
    assert plain(text) == words


@pytest.mark.parametrize(
    ("text", "topic", "readings"),
    [
        ("how long?", "faq_cost", ("faq_session_length",)),
        ("and how long then, please?", "faq_needle_size", ("faq_needle_retention",)),
        ("How long", "faq_effectiveness", ("faq_how_soon_relief", "faq_how_long_relief_lasts")),
        ("ok thanks, why?", "faq_does_it_hurt", (MORE,)),
        ("are you sure", "faq_cost", (SOURCE,)),
        ("no, I meant the needles", "faq_session_length", ("faq_needle_retention",)),
        ("is that safe", "faq_cupping", (MORE,)),
        ("why", "find_practitioner", ()),  # which has no longer text
        ("how long is the Nile", "faq_cost", ()),
        ("", "faq_cost", ()),
        ("and", "faq_cost", ()),
        ("how long?", "utter_greet", ()),
    ],
)
def test_readings(follow_ups, text, topic, readings):
    assert follow_ups.readings(text, topic) == readings


def test_each_kind_has_an_answer_after_each_topic(follow_ups):
    topics = [t for t in yaml.safe_load(Path("domain.yml").read_text())["intents"] if "faq_" in t]
    assert len(topics) >= 51
    for kind, targets in follow_ups.targets.items():
        for topic in topics:
            assert 1 <= len(targets[topic]) <= 2, (kind, topic)
            assert topic not in targets[topic], f"{kind} after {topic} says the same again"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("default: [faq_cost]", "default: [faq_price]", "one or two topics"),
        ("faq_cost: [more]", "faq_price: [more]", "neither a topic nor a family"),
        (
            "  money: [faq_cost, faq_insurance]",
            "  money: [faq_cost, faq_risks]",
            "faq_risks is in",
        ),
        ("says: [why,", "says: [why, how long,", "is said for how_long, too"),
        ("says: [why,", "says: [why, (a|b, ", "brackets"),
        ("tails: [then,", "tales: [then,", "exactly"),
        ("says: [why,", "says: [why, 3,", "in quotes"),
        ("      default: [faq_how_it_works]\n", "", "needs a line for default"),
        ("\nfamilies:", "\nfamilies: [", "not valid YAML"),
    ],
)
def test_a_broken_table_names_the_line(tmp_path, old, new, complaint):
    text = FOLLOW_UPS_FILE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "follow_ups.yml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=rf"follow_ups\.yml:\d+: .*{complaint}"):
        read_follow_ups(path)


def test_a_missing_table(tmp_path):
    with pytest.raises(DataError, match="is missing"):
        read_follow_ups(tmp_path / "none.yml")
