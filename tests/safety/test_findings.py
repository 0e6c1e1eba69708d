"""Signs are found where their words stand together, and excused by their context."""

import pytest

from needlepoint.safety.alarms import cautions, country, first_alarm, is_explained
from needlepoint.safety.findings import Finding, Index, Mention, find
from needlepoint.safety.rules import Sign


def sign(*parts, name="kidney", label="red_flag", urgency="B", **more):
    return Sign(label, name, urgency, "today", tuple((part,) for part in parts), **more)


def mentions(*places):
    """Mentions of one token each: word, position, sentence, contexts."""
    found = {}
    for word, start, sentence, *contexts in places:
        mention = Mention(word, start, start + 1, sentence, frozenset(contexts))
        found.setdefault(word, []).append(mention)
    return found


FEVER_BACK = sign("fever", "back")


def test_words_of_one_sentence_in_any_order_are_a_sign():
    for fever, back in ((1, 4), (4, 1)):
        (finding,) = find(FEVER_BACK, mentions(("fever", fever, 0), ("back", back, 0)))
        assert (finding.start, finding.end) == (1, 5)


def test_words_far_apart_are_none():
    near, far = (
        mentions(("fever", 0, 0), ("back", 9, 0)),
        mentions(("fever", 0, 0), ("back", 10, 0)),
    )
    assert list(find(FEVER_BACK, near)) and not list(find(FEVER_BACK, far))


def test_different_sentences_count_only_across_the_message():
    apart = mentions(("fever", 0, 0), ("back", 30, 3))
    assert not list(find(FEVER_BACK, apart))
    assert list(find(sign("fever", "back", across=True), apart))


def test_an_unwanted_word_rules_it_out_in_the_same_sentence():
    joking = sign("fever", "back", without=("joke",))
    here = mentions(("fever", 0, 0), ("back", 2, 0), ("joke", 4, 0))
    there = mentions(("fever", 0, 0), ("back", 2, 0), ("joke", 4, 1))
    assert not list(find(joking, here)) and list(find(joking, there))


def test_one_stretch_of_text_is_not_two_words():
    same = {"fever": [Mention("fever", 0, 2, 0)], "back": [Mention("back", 1, 2, 0)]}
    assert not list(find(FEVER_BACK, same))


def test_only_signs_with_all_their_words_are_tried():
    both = Sign("red_flag", "kidney", "B", "today", (("fever", "chills"), ("back",)))
    index = Index([both, FEVER_BACK])
    assert index.possible({"chills", "back"}) == [both]
    assert index.possible({"chills"}) == []


@pytest.mark.parametrize(
    ("contexts", "excused"),
    [
        (set(), False),
        ({"negated"}, True),
        ({"negated", "self"}, True),
        ({"hypothetical", "now"}, True),
        ({"past"}, True),
        ({"past", "self"}, True),
        ({"past", "now"}, False),
        ({"general"}, True),
        ({"general", "self"}, False),
        ({"general", "now"}, False),
        ({"general", "other"}, True),
        ({"other"}, False),
        ({"asked"}, True),
        ({"asked", "now"}, False),
    ],
)
def test_what_excuses(contexts, excused):
    assert Finding(FEVER_BACK, 0, 1, frozenset(contexts)).is_excused is excused


def finding(kind, *contexts, start=0):
    return Finding(kind, start, start + 1, frozenset(contexts))


def test_the_form_of_a_question_does_not_excuse_a_crisis():
    crisis = sign("x", label="crisis", name="crisis", urgency=None)
    assert not Finding(crisis, 0, 1, frozenset({"asked"})).is_excused
    assert Finding(crisis, 0, 1, frozenset({"general"})).is_excused


def test_what_counts_though_it_be_long_past():
    ever = sign("x", ever=True)
    assert not Finding(ever, 0, 1, frozenset({"past"})).is_excused
    assert Finding(ever, 0, 1, frozenset({"past", "negated"})).is_excused


A = sign("x", name="cauda_equina", urgency="A")
CRISIS = sign("x", name="crisis", label="crisis", urgency=None)


def test_a_crisis_comes_first_then_the_most_urgent():
    findings = [finding(FEVER_BACK), finding(A, start=5), finding(CRISIS, start=9)]
    assert first_alarm(findings).label == "crisis"
    assert first_alarm(findings[:2]).kind == "cauda_equina"
    assert first_alarm(findings[:1]).urgency == "B"


def test_excused_findings_alarm_nobody_and_explain_the_message():
    assert first_alarm([finding(A, "negated")]) is None
    assert is_explained([finding(A, "negated"), finding(FEVER_BACK, "general")])
    assert not is_explained([finding(A, "negated"), finding(FEVER_BACK)])
    assert not is_explained([])


def test_whose_it_is():
    assert first_alarm([finding(A, "other")]).about_other
    assert not first_alarm([finding(A, "other", "self")]).about_other
    assert not first_alarm([finding(A)]).about_other


def caution(name):
    return sign("x", name=name, label="caution", urgency=None)


@pytest.mark.parametrize(
    ("name", "contexts", "role"),
    [
        ("pregnancy", [], "self"),
        ("pregnancy", ["self"], "self"),
        ("pregnancy", ["other"], "other"),
        ("pregnancy", ["general"], "asked"),
        ("pregnancy", ["hypothetical"], "asked"),
        ("pregnancy", ["negated"], None),
        ("pregnancy", ["past"], None),
        ("cancer", ["past"], "self"),
        ("child", ["other"], "self"),
    ],
)
def test_the_role_of_a_caution(name, contexts, role):
    found = cautions([finding(caution(name), *contexts)])
    assert [c.role for c in found] == ([role] if role else [])


def test_a_caution_is_named_once_and_ones_own_counts():
    both = [finding(caution("cancer"), "other"), finding(caution("cancer"), "self", start=4)]
    assert [c.role for c in cautions(both)] == ["self"]


def test_the_country_is_the_last_one_named():
    places = [sign("x", name=name, label="country", urgency=None) for name in ("US", "GB")]
    assert country(finding(place) for place in places) == "GB"
    assert country([finding(places[0], "negated")]) is None
