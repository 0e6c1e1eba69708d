"""How good the predictions are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import f1_score, roc_auc_score

from benchmarks.data import OUTSIDE, Question

DECLINED = (OUTSIDE, "nlu_fallback")


@dataclass(frozen=True)
class Prediction:
    """The first intent of a parse, how sure it was, and how long it took in milliseconds."""

    intent: str | None
    confidence: float
    milliseconds: float = 0.0

    @property
    def declined(self) -> bool:
        """Whether the bot would not give a topic's answer."""
        return self.intent in DECLINED

    @property
    def doubt(self) -> float:
        """How ready the model is to decline, from 0 to 2, for drawing thresholds."""
        return 1 + self.confidence if self.declined else 1 - self.confidence


def metrics(questions: Sequence[Question], found: Sequence[Prediction]) -> dict[str, float]:
    """Return the quality figures of predictions, each as a share from 0 to 1.

    ``topic_accuracy`` counts the questions whose best label is a topic; ``accuracy`` and
    ``macro_f1`` all; ``outside_recall_at_5`` the out-of-scope questions declined at the threshold
    that declines 5 % of the topic questions; ``outside_declined`` and ``topic_declined`` the
    shares at the thresholds that ship.
    """
    right = np.array([p.intent in q.accept for q, p in zip(questions, found, strict=True)])
    topic = np.array([q.is_topic for q in questions])
    outside = np.array([q.accept[0] == OUTSIDE for q in questions])
    declined = np.array([p.declined for p in found])
    doubt = np.array([p.doubt for p in found])
    # A prediction that counts as right counts as its question's own label.
    names = [
        q.accept[0] if p.intent in q.accept else str(p.intent)
        for q, p in zip(questions, found, strict=True)
    ]
    labels = sorted({q.accept[0] for q in questions})
    truth = [q.accept[0] for q in questions]
    limit = np.sort(doubt[topic])[int(np.ceil(0.95 * topic.sum())) - 1]
    return {
        "topic_accuracy": float(right[topic].mean()),
        "accuracy": float(right.mean()),
        "macro_f1": float(f1_score(truth, names, labels=labels, average="macro", zero_division=0)),
        "outside_recall_at_5": float((doubt[outside] > limit).mean()),
        "outside_declined": float(declined[outside].mean()),
        "topic_declined": float((declined & ~right)[topic].mean()),
        "calibration_error": calibration_error(right, np.array([p.confidence for p in found])),
    }


def calibration_error(right: np.ndarray, confidence: np.ndarray, bins: int = 10) -> float:
    """Return the expected calibration error (Guo et al. 2017) over equal bins of confidence."""
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    error = 0.0
    for place in range(bins):
        inside = places == place
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return float(error)


def outside_auroc(inside: Sequence[float], outside: Sequence[float]) -> float:
    """Return how well confidence tells questions inside the scope from those outside."""
    truth = [1] * len(inside) + [0] * len(outside)
    return float(roc_auc_score(truth, [*inside, *outside]))
