"""The table of written cases: each message gets the alarm, or the caution, or none, that it should.

The cases were written apart from the rules, in other voices. One has the ``text``, what to
``expect`` (red_flag_A, red_flag_B, red_flag_C, crisis, caution, none), and where it matters the
``kind`` and the ``person`` (other).
"""

import asyncio
import dataclasses
from pathlib import Path

import pytest
import spacy
import yaml

from needlepoint.language.build import PIPELINE
from needlepoint.safety.alarms import first_alarm
from needlepoint.safety.rules import SAFETY, read_rules

CASES = [
    case
    for path in sorted((Path(__file__).parent / "cases").glob("*.yml"))
    for case in yaml.safe_load(path.read_text())
]
FLAGS = sorted(path.stem for path in (SAFETY / "red_flags").glob("*.yml"))


def verdict(result):
    """What the triage says of a message, as the cases name it."""
    found = {entity["entity"]: entity["value"] for entity in result["entities"]}
    if result["intent"]["name"] == "crisis":
        return "crisis"
    if result["intent"]["name"] == "report_red_flag":
        return f"red_flag_{found['urgency']}"
    return "caution" if "caution" in found else "none"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:60])
def test_case(agent, case):
    result = asyncio.run(agent.parse_message(case["text"]))
    assert verdict(result) == case["expect"]
    if case["expect"] == "caution":
        names = [e["value"] for e in result["entities"] if e["entity"] == "caution"]
        assert case["kind"] in names


def test_the_table_is_large_enough():
    expected = [case["expect"] for case in CASES]
    assert len(CASES) >= 600 and expected.count("none") >= 250


@pytest.fixture(scope="module")
def pipeline():
    nlp = spacy.load(PIPELINE, exclude=["needlepoint_encoder"])
    return nlp, [nlp.make_doc(case["text"].lower()) for case in CASES]


def caught(nlp, docs):
    """The verdict of the rules alone on each case."""
    alarms = []
    for doc in docs:
        for name in ("sentencizer", "needlepoint_spelling", "needlepoint_clinical"):
            doc = nlp.get_pipe(name)(doc)
        alarm = first_alarm(doc._.findings)
        alarms.append((alarm.label, alarm.urgency) if alarm else None)
        doc._.findings = ()
    return alarms


def test_the_table_notices_when_a_rule_file_is_dropped(pipeline):
    nlp, docs = pipeline
    clinical, rules = nlp.get_pipe("needlepoint_clinical"), read_rules()
    complete = caught(nlp, docs)
    unnoticed = []
    for name in [*FLAGS, "crisis"]:
        signs = tuple(sign for sign in rules.signs if sign.name != name)
        clinical.use(dataclasses.replace(rules, signs=signs))
        if caught(nlp, docs) == complete:
            unnoticed.append(name)
    assert unnoticed == []
