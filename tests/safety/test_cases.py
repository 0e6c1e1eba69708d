"""The table of written cases: what should alarm does, and what should not, mostly does not.

The cases were written apart from the rules, in other voices. One has the ``text``, what to
``expect`` (red_flag_A, red_flag_B, red_flag_C, crisis, caution, none), and where it matters the
``kind`` and the ``person`` (other).
"""

import asyncio
from pathlib import Path

import pytest
import spacy
import yaml

from benchmarks.safety import found, metrics, own_cases
from needlepoint.language.build import PIPELINE
from needlepoint.safety.alarms import first_alarm
from needlepoint.safety.findings import Index
from needlepoint.safety.rules import SAFETY, read_rules

CASES = [
    case
    for path in sorted((Path(__file__).parent / "cases").glob("*.yml"))
    for case in yaml.safe_load(path.read_text())
]
FLAGS = sorted(path.stem for path in (SAFETY / "red_flags").glob("*.yml"))


@pytest.fixture(scope="module")
def figures(agent):
    """The triage's figures on the table, by the trained model."""

    async def run():
        return [found(await agent.parse_message(case.text)) for case in own_cases()]

    return metrics(own_cases(), asyncio.run(run()))


# Floors a little under the measured figures, which `make bench` reports: each new rule and example
# may only raise them.
@pytest.mark.parametrize(
    ("figure", "floor"),
    [
        ("urgent_caught", 0.95),
        ("urgent_right", 0.90),
        ("less_urgent_caught", 0.94),
        ("cautions_named", 0.92),
    ],
)
def test_enough_is_caught(figures, figure, floor):
    assert figures[figure] >= floor


def test_no_kind_is_blind(figures):
    assert {kind: share for kind, share in figures["recall"].items() if share < 0.6} == {}


def test_few_alarms_for_nothing(figures):
    assert figures["false_alarms"] <= 0.20


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


def test_the_table_notices_when_a_rule_file_is_dropped(pipeline, monkeypatch):
    nlp, docs = pipeline
    clinical, rules = nlp.get_pipe("needlepoint_clinical"), read_rules()
    complete = caught(nlp, docs)
    unnoticed = []
    for name in [*FLAGS, "crisis"]:
        # In place of `use`, which would read the same 25,000 terms again each time.
        monkeypatch.setattr(clinical, "_index", Index(s for s in rules.signs if s.name != name))
        if caught(nlp, docs) == complete:
            unnoticed.append(name)
    assert unnoticed == []
