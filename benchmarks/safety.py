"""How many red flags, crises and cautions the triage finds, and how often it alarms for nothing.

`make bench` runs it; alone, in two minutes: ``python -m benchmarks.safety``.
"""

import asyncio
import json
import logging
import statistics
import tarfile
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import spacy
import yaml

from benchmarks.data import ROOT, evaluation_rows, held_out, real_questions
from needlepoint.language.build import PIPELINE
from needlepoint.names import URGENT_INTENTS

URGENT = ("red_flag_A", "crisis")
LESS_URGENT = ("red_flag_B", "red_flag_C")
WARM_UP = 20


@dataclass(frozen=True)
class Case:
    """A message, what the triage must say of it, and the kind of red flag or the caution."""

    text: str
    expect: str
    kind: str | None = None


@dataclass(frozen=True)
class Found:
    """What it said, and the names of the cautions it found."""

    verdict: str
    cautions: tuple[str, ...] = ()

    @property
    def is_alarm(self) -> bool:
        """Whether the person was told to get help."""
        return self.verdict.startswith("red_flag") or self.verdict == "crisis"


def own_cases() -> list[Case]:
    """Return the project's table of cases."""
    folder = ROOT / "tests" / "safety" / "cases"
    rows = [row for path in sorted(folder.glob("*.yml")) for row in yaml.safe_load(path.open())]
    return [Case(row["text"], row["expect"], row.get("kind")) for row in rows]


def real_cases() -> list[Case]:
    """Return the evaluation cases, or none where they are not present."""
    rows = evaluation_rows("safety-dev.jsonl")
    return [Case(row["text"], row["expect"], row["caution"]) for row in rows]


def harmless_questions() -> list[Case]:
    """Return the real questions that are not labelled as red flag or crisis."""
    questions = real_questions()
    return [Case(q.text, "none") for q in questions if not set(URGENT_INTENTS) & set(q.accept)]


def triaged(model: Path, texts: Sequence[str]) -> list[Found]:
    """Parse texts with a trained model."""
    from rasa.core.agent import Agent
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.WARNING)
    agent = Agent.load(str(model))

    async def run() -> list[Found]:
        return [found(await agent.parse_message(text)) for text in texts]

    return asyncio.run(run())


def found(result: dict[str, Any]) -> Found:
    """Return what a parse result says, in the words of the cases."""
    entities = result["entities"]
    cautions = tuple(e["value"] for e in entities if e["entity"] == "caution")
    intent = result["intent"]["name"]
    if intent == "crisis":
        return Found("crisis", cautions)
    if intent == "report_red_flag":
        urgency = next(e["value"] for e in entities if e["entity"] == "urgency")
        return Found(f"red_flag_{urgency}", cautions)
    return Found("caution" if cautions else "none", cautions)


def metrics(cases: Sequence[Case], results: Sequence[Found]) -> dict[str, Any]:
    """Return the figures of the triage, each a share from 0 to 1, and recall per kind.

    ``urgent_caught`` is of red flags A and crises, at any urgency; ``urgent_right`` the share with
    the right one; ``less_urgent_caught`` of red flags B and C; ``false_alarms`` of the cases that
    expect no alarm; ``cautions_named`` of the cautions.
    """
    pairs = list(zip(cases, results, strict=True))

    def share(expected: Sequence[str], good: Any) -> float | None:
        chosen = [good(case, result) for case, result in pairs if case.expect in expected]
        return sum(chosen) / len(chosen) if chosen else None

    by_kind: dict[str, list[bool]] = defaultdict(list)
    for case, result in pairs:
        if case.expect != "none":
            name = case.kind or case.expect
            if case.expect.startswith("red_flag"):
                name = f"{name}, {case.expect[-1]}"
            named = case.kind in result.cautions
            by_kind[name].append(named if case.expect == "caution" else result.is_alarm)
    figures = {
        "urgent_caught": share(URGENT, lambda case, result: result.is_alarm),
        "urgent_right": share(URGENT, lambda case, result: result.verdict == case.expect),
        "less_urgent_caught": share(LESS_URGENT, lambda case, result: result.is_alarm),
        "false_alarms": share(("none",), lambda case, result: result.is_alarm),
        "cautions_named": share(("caution",), lambda case, result: case.kind in result.cautions),
        "right": share(
            sorted({case.expect for case in cases}),
            lambda case, result: (
                not result.is_alarm if case.expect == "none" else result.verdict == case.expect
            ),
        ),
    }
    recall = {name: sum(hits) / len(hits) for name, hits in sorted(by_kind.items())}
    return {**figures, "recall": recall}


def own_time(model: Path, texts: Sequence[str]) -> float:
    """Return the triage's median time for a message, in milliseconds: rules and second opinion.

    What it shares with the rest of the pipeline (tokens, spelling, vectors) is not counted.
    """
    from rasa.engine.storage.resource import Resource
    from rasa.nlu.constants import SPACY_DOCS
    from rasa.nlu.utils.spacy_utils import SpacyModel
    from rasa.shared.nlu.constants import TEXT
    from rasa.shared.nlu.training_data.message import Message

    from needlepoint.nlu.model import IntentModel
    from needlepoint.nlu.triage import Triage

    nlp = spacy.load(PIPELINE)
    clinical = nlp.get_pipe("needlepoint_clinical")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(model) as archive:
            archive.extractall(folder)
        (stored,) = (path.parent for path in Path(folder).rglob("*Triage*/model.json"))
        triage = Triage({}, None, Resource(""), IntentModel.load(stored))  # type: ignore[arg-type]
    shared = SpacyModel(nlp, str(PIPELINE))
    times = []
    for text in [*texts[:WARM_UP], *texts]:
        doc = nlp(text.lower())
        doc._.findings = ()
        message = Message({TEXT: text, SPACY_DOCS[TEXT]: doc})
        start = time.perf_counter()
        clinical(doc)
        triage.process([message], shared)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times[WARM_UP:])


ROWS = (
    ("Red flags A and crises caught", "urgent_caught"),
    ("... with the right urgency", "urgent_right"),
    ("Red flags B and C caught", "less_urgent_caught"),
    ("Cautions named", "cautions_named"),
    ("False alarms, of what should not alarm", "false_alarms"),
)
NAMES = {"own": "own table", "real": "evaluation cases", "questions": "real questions"}


def table(results: dict[str, Any]) -> str:
    """Return the figures as Markdown: one table of all sets, one of recall by kind."""
    sets = [name for name in NAMES if name in results]
    lines = [f"| | {' | '.join(NAMES[name] for name in sets)} |", "|---" * (len(sets) + 1) + "|"]
    for title, key in ROWS:
        shares = [results[name][key] for name in sets]
        cells = ["-" if share is None else f"{100 * share:.1f} %" for share in shares]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    lines += ["", "| Kind, own table | caught |", "|---|---|"]
    lines += [f"| {kind} | {100 * s:.0f} % |" for kind, s in results["own"]["recall"].items()]
    lines += ["", f"Median time of the triage: {results['own_time_p50_ms']:.2f} ms a message."]
    return "\n".join(lines)


def write(results: dict[str, Any], folder: Path) -> str:
    """Write ``safety.json`` and ``safety.md``; return the table."""
    (folder / "safety.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    (folder / "safety.md").write_text(table(results) + "\n", encoding="utf-8")
    return table(results)


def run(model: Path) -> dict[str, Any]:
    """Measure a trained model on the project's cases, and on the real ones where present."""
    own, real, questions = own_cases(), real_cases(), harmless_questions()
    sets = {"own": own, "real": real, "questions": questions}
    results = {
        name: metrics(cases, triaged(model, [case.text for case in cases]))
        for name, cases in sets.items()
        if cases
    }
    ordinary = [question.text for question in held_out()]
    return {**results, "own_time_p50_ms": own_time(model, ordinary)}


if __name__ == "__main__":
    print(write(run(ROOT / "models" / "needlepoint.tar.gz"), ROOT / "docs"))
