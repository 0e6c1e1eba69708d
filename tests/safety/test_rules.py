"""Rules are read as written, and a wrong one names its file and line."""

import shutil
from pathlib import Path

import pytest

from needlepoint.content.yaml_lines import DataError
from needlepoint.phrases import expand
from needlepoint.safety.rules import read_rules

SAFETY = Path(__file__).parents[2] / "data" / "safety"


@pytest.fixture
def folder(tmp_path):
    """A copy of the rules that a test may spoil."""
    shutil.copytree(SAFETY, tmp_path / "safety")
    return tmp_path / "safety"


@pytest.mark.parametrize(
    ("term", "forms"),
    [
        ("foot drop", ["foot drop"]),
        ("(no|lost) feeling", ["lost feeling", "no feeling"]),
        ("between [my] legs", ["between legs", "between my legs"]),
        ("[a|the] (leg|arm)", ["a arm", "a leg", "arm", "leg", "the arm", "the leg"]),
    ],
)
def test_alternatives_are_written_out(term, forms):
    assert expand(term) == forms


@pytest.mark.parametrize("term", ["(a|b", "a]", "(a|(b|c))", "", "(a|b|c|d)" * 5])
def test_odd_brackets_are_an_error(term):
    with pytest.raises(ValueError):
        expand(term)


def test_all_rules_can_be_read():
    rules = read_rules(SAFETY)
    labels = {sign.label for sign in rules.signs}
    assert labels == {"red_flag", "crisis", "caution", "country"}
    assert all(word in rules.words for sign in rules.signs for part in sign.parts for word in part)
    flags = [sign for sign in rules.signs if sign.label == "red_flag"]
    assert all(sign.urgency in ("A", "B", "C") and sign.advice for sign in flags)


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ("red_flag: x", 1, "red_flag must be the name of the file"),
        ("red_flag: kidney\nadvice: {B: today}\nsigns:\n- a", 3, "signs must stand under A, B, C"),
        ("red_flag: kidney\nadvice: {A: x}\nsigns:\n  B: [a]", 2, "advice must name a text"),
        ("red_flag: kidney\nadvice: {B: x}\nsigns:\n  B:\n  - gout", 5, "'gout' is no word"),
        (
            "red_flag: kidney\nadvice: {B: x}\nsigns:\n  B:\n  - fever\n  - back, near 3",
            6,
            "must be 'message', 'ever', or 'within'",
        ),
        ("red_flag: kidney\nwords:\n  pee: [pee, (wee]", 3, "brackets that do not match"),
        ("red_flag: kidney\nwords:\n  pee:\n  - pee\n  - the", 5, "nothing but small words"),
        ("red_flag: kidney\nwords:\n  pee:\n  - no", 4, "put False in quotes"),
        ("red_flag: kidney\nwords:\n  Pee: [pee]", 3, "must be lower case letters"),
        ("kidney: true", 1, "must name a red_flag, a caution, countries or the crisis"),
        ("red_flag: kidney\nwords: ]", 2, "not valid YAML"),
        ("", 1, "has no keys"),
    ],
)
def test_a_wrong_rule_names_file_and_line(folder, text, line, complaint):
    path = folder / "red_flags" / "kidney.yml"
    path.write_text(text)
    with pytest.raises(DataError, match=complaint) as error:
        read_rules(folder)
    assert str(error.value).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("is: negated", "is: denied", "'is' must be one of"),
        ("direction: forward", "direction: up", "direction must be one of"),
        ("scope: 7", "scope: wide", "scope must be a number"),
        ("scope: 7", "reach: 7", "may have: is, direction, scope, phrases"),
    ],
)
def test_a_wrong_context_names_file_and_line(folder, old, new, complaint):
    path = folder / "context.yml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DataError, match=rf"context.yml:\d+: .*{complaint}"):
        read_rules(folder)


def test_a_caution_must_be_a_known_one(folder):
    (folder / "cautions" / "gout.yml").write_text("caution: gout\nsigns: [back]")
    with pytest.raises(DataError, match="caution must be one of"):
        read_rules(folder)


def test_a_missing_file_is_named(folder):
    (folder / "words.yml").unlink()
    with pytest.raises(DataError, match="words.yml:1: is missing"):
        read_rules(folder)
