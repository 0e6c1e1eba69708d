"""CLINC150 with 10 examples per intent: this project's encoder and head, and the stock pipeline."""

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.bots import Bot, parse, train
from benchmarks.data import clinc, ten_per_intent
from benchmarks.quality import Prediction, outside_auroc
from needlepoint.language.build import build_pipeline
from needlepoint.nlu.model import IntentModel, Settings

SEEDS = (1, 2, 3)
# With ten examples instead of a hundred, the vector has to carry more and the words less.
SETTINGS = Settings(
    inverse_penalty=30.0,
    word_weight=0.4,
    character_weight=0.4,
    word_minimum=1,
    character_minimum=2,
    sharpest=1.0,
)
Examples = list[tuple[str, str]]
Classify = Callable[[Examples, Sequence[str]], list[Prediction]]


def run(classify: Classify, seeds: Sequence[int] = SEEDS) -> dict[str, Any] | None:
    """Return accuracy and out-of-scope AUROC, means over the draws; None without the data."""
    data = clinc()
    if data is None:
        return None
    inside, outside = data["test"], data["oos_test"]
    accuracies, areas = [], []
    for seed in seeds:
        texts = [text for text, _ in [*inside, *outside]]
        found = classify(ten_per_intent(data, seed), texts)
        pairs = zip(found, inside, strict=False)
        accuracies.append(np.mean([p.intent == intent for p, (_, intent) in pairs]))
        sure = [p.confidence for p in found]
        areas.append(outside_auroc(sure[: len(inside)], sure[len(inside) :]))
    return {
        "accuracy": statistics.fmean(accuracies),
        "auroc": statistics.fmean(areas),
        "seeds": list(seeds),
    }


def needlepoint_classifier() -> Classify:
    """Return the project's encoder and head, outside Rasa; texts are encoded once."""
    nlp = build_pipeline()
    known: dict[str, np.ndarray] = {}

    def vectors(texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        docs = nlp.pipe(text.lower() for text in new)
        known.update({text: doc.vector for text, doc in zip(new, docs, strict=True)})
        return np.stack([known[text] for text in texts])

    def classify(examples: Examples, texts: Sequence[str]) -> list[Prediction]:
        known_texts, intents = zip(*examples, strict=True)
        model = IntentModel.train(known_texts, vectors(known_texts), intents, SETTINGS)
        probabilities = model.predict(texts, vectors(texts))
        return [Prediction(model.intents[row.argmax()], float(row.max())) for row in probabilities]

    return classify


def stock_classifier(folder: Path, config: Path) -> Classify:
    """Return the stock pipeline, trained by `rasa train nlu`."""

    def classify(examples: Examples, texts: Sequence[str]) -> list[Prediction]:
        (folder / "data").mkdir(parents=True, exist_ok=True)
        settings = yaml.safe_load(config.read_text(encoding="utf-8"))
        # The fallback would hide the confidence of the classifier.
        settings["pipeline"] = [
            part for part in settings["pipeline"] if part["name"] != "FallbackClassifier"
        ]
        (folder / "config.yml").write_text(yaml.safe_dump(settings, sort_keys=False))
        by_intent: dict[str, list[str]] = {}
        for text, intent in examples:
            by_intent.setdefault(intent, []).append(f"- {text}\n")
        nlu = [{"intent": i, "examples": "".join(lines)} for i, lines in by_intent.items()]
        (folder / "data" / "nlu.yml").write_text(yaml.safe_dump({"version": "3.1", "nlu": nlu}))
        bot = Bot("stock", folder)
        train(bot, "nlu")
        return parse(bot.model, texts)

    return classify
