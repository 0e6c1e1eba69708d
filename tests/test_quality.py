"""The figures of `make bench` are what their names say."""

import numpy as np
import pytest

from benchmarks.data import Question
from benchmarks.quality import Prediction, calibration_error, metrics, outside_auroc

QUESTIONS = [
    Question("a", ("faq_cost",)),
    Question("b", ("faq_cost", "faq_insurance")),
    Question("c", ("faq_risks",)),
    Question("d", ("out_of_scope",)),
]


def test_metrics():
    found = [
        Prediction("faq_cost", 0.9),
        Prediction("faq_insurance", 0.8),
        Prediction("nlu_fallback", 0.2),
        Prediction("out_of_scope", 0.9),
    ]
    result = metrics(QUESTIONS, found)
    assert result["topic_accuracy"] == pytest.approx(2 / 3)
    assert result["accuracy"] == pytest.approx(3 / 4)
    assert result["topic_declined"] == pytest.approx(1 / 3)
    assert result["outside_declined"] == 1
    assert result["outside_recall_at_5"] == 1


def test_calibration_error_is_the_gap_between_sure_and_right():
    right, sure = np.array([1, 0, 1, 0]), np.array([0.95, 0.95, 0.55, 0.55])
    assert calibration_error(right, sure) == pytest.approx((0.45 + 0.05) / 2)


def test_auroc():
    assert outside_auroc([0.9, 0.8], [0.1, 0.85]) == pytest.approx(0.75)
