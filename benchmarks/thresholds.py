"""Choose when the bot asks back instead of answering: `python -m benchmarks.thresholds`.

Below a confidence, or below a lead over the next intent, Rasa's FallbackClassifier takes a message
for not understood. Each costs right answers and saves wrong ones; the curve of both, on the
held-out questions, is drawn to ``docs/thresholds.png``.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.data import ROOT, Question, held_out

MODEL = ROOT / "models" / "needlepoint.tar.gz"
# Of what would be answered rightly, one in 200 may be asked back: most who ask want no menu.
MOST_LOST = 0.005
STEPS = np.round(np.arange(0.0, 0.81, 0.02), 2)


@dataclass(frozen=True)
class Reading:
    """How a question was read: rightly or not, how sure, and how far before the next intent."""

    is_right: bool
    confidence: float
    lead: float


def read(model: Path, questions: Sequence[Question]) -> list[Reading]:
    """Parse questions, whatever the fallback says."""
    from rasa.core.agent import Agent
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.WARNING)
    agent = Agent.load(str(model))

    async def run() -> list[Reading]:
        readings = []
        for question in questions:
            result = await agent.parse_message(question.text)
            ranking = [r for r in result["intent_ranking"] if r["name"] != "nlu_fallback"]
            if not ranking:
                continue
            first = ranking[0]
            second = ranking[1]["confidence"] if len(ranking) > 1 else 0.0
            lead = max(0.0, first["confidence"] - second)
            readings.append(Reading(first["name"] in question.accept, first["confidence"], lead))
        return readings

    return asyncio.run(run())


def curve(sure: np.ndarray, right: np.ndarray) -> list[tuple[float, float, float]]:
    """Return for each step: itself, the share of right answers lost, of wrong ones still given."""
    points = []
    for step in STEPS:
        answered = sure >= step
        lost = float((right & ~answered).sum() / right.sum())
        points.append((float(step), lost, float((~right & answered).sum() / len(right))))
    return points


def choose(points: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    """Return the highest step that loses at most ``MOST_LOST`` of the right answers."""
    return max(point for point in points if point[1] <= MOST_LOST)


def main() -> None:
    """Draw the curves, and print what to write into config.yml."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    readings = read(MODEL, held_out())
    right = np.array([reading.is_right for reading in readings])
    curves = {
        "threshold": curve(np.array([r.confidence for r in readings]), right),
        "ambiguity_threshold": curve(np.array([r.lead for r in readings]), right),
    }
    figure, axes = pyplot.subplots(figsize=(6.4, 4.2))
    for name, points in curves.items():
        step, lost, wrong = choose(points)
        axes.plot(
            [100 * p[1] for p in points], [100 * p[2] for p in points], marker=".", label=name
        )
        axes.annotate(f"{step}", (100 * lost, 100 * wrong))
        print(f"{name}: {step} loses {lost:.1%} of right answers, leaves {wrong:.1%} wrong ones")
    axes.axvline(100 * MOST_LOST, color="grey", linestyle=":")
    axes.set_xlim(0, 15)
    axes.set_xlabel("right answers that are asked back instead, %")
    axes.set_ylabel("wrong answers still given, % of all questions")
    axes.set_title(f"{len(readings)} held-out questions")
    axes.legend()
    figure.tight_layout()
    figure.savefig(ROOT / "docs" / "thresholds.png", dpi=120)


if __name__ == "__main__":
    main()
