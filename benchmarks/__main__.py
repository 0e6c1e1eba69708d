"""Run all measurements: `make bench`.

Three bots: Needlepoint with all its data; and, since the stock configuration needs more than an
hour for all of them, Needlepoint and stock Rasa on the same sample of the examples.
"""

import argparse
import json
import os
import platform
import random
import shutil
import statistics
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks import conversation, few_shot, report, safety
from benchmarks.bots import Bot, parse, percentile, serve, train
from benchmarks.data import (
    ROOT,
    Question,
    held_out,
    read_examples,
    real_questions,
    with_noise,
    write_sample,
)
from benchmarks.quality import metrics

WORK = ROOT / "build" / "bench"
STOCK_CONFIG = Path(__file__).parent / "stock_config.yml"
STOCK_ENDPOINTS = "action_endpoint:\n  url: http://localhost:5055/webhook\n"


def prepare(folder: Path, per_intent: int, stock: bool) -> None:
    """Make the folder of a bot."""
    shutil.rmtree(folder, ignore_errors=True)
    write_sample(folder, per_intent)
    if stock:
        shutil.copy(STOCK_CONFIG, folder / "config.yml")
        (folder / "endpoints.yml").write_text(STOCK_ENDPOINTS)
        (folder / "credentials.yml").write_text("rest:\n")
    else:
        for name in ("config.yml", "endpoints.yml", "credentials.yml"):
            shutil.copy(ROOT / name, folder)
        (folder / "build").mkdir()
        (folder / "build" / "en_needlepoint").symlink_to(ROOT / "build" / "en_needlepoint")


def count_examples(folder: Path) -> int:
    """Return how many examples a bot was trained on."""
    return sum(len(read_examples(path)) for path in (folder / "data").rglob("*.yml"))


def measure(bot: Bot, sets: dict[str, list[Question]], port: int) -> dict[str, Any]:
    """Train a bot and measure its quality, parse latency and server."""
    print(f"{bot.name}: training ...", flush=True)
    seconds = train(bot)
    print(f"{bot.name}: {seconds:.0f} s; parsing and serving ...", flush=True)
    return {"train_seconds": seconds, **measure_trained(bot, sets, port)}


def measure_trained(bot: Bot, sets: dict[str, list[Question]], port: int) -> dict[str, Any]:
    """Measure the quality, parse latency and server of a bot that has its model."""
    result: dict[str, Any] = {}
    found = {
        name: parse(bot.model, [question.text for question in questions])
        for name, questions in sets.items()
        if questions
    }
    result["quality"] = {name: metrics(sets[name], found[name]) for name in found}
    times = [prediction.milliseconds for prediction in found["held_out"]]
    result["parse_p50_ms"] = statistics.median(times)
    result["parse_p95_ms"] = percentile(times, 95)
    # Questions without a custom action, which has no server here.
    texts = [q.text for q in sets["held_out"] if q.accept[0] in ("faq_cost", "faq_history")]
    result["server"] = serve(bot, texts, port)
    return result


def main() -> None:
    """Measure, print the table, and write it to docs/."""
    options = argparse.ArgumentParser(prog="python -m benchmarks")
    options.add_argument("--per-intent", type=int, default=30, help="size of the sample")
    options.add_argument("--stock-seeds", type=int, default=3, help="CLINC150 draws for stock Rasa")
    options.add_argument("--resume", action="store_true", help="keep what the last run finished")
    options.add_argument("--out", type=Path, default=ROOT / "docs")
    arguments = options.parse_args()

    questions = held_out()
    noise = random.Random(1)
    sets = {
        "held_out": questions,
        "noise": [with_noise(question, noise) for question in questions],
        "real": real_questions(),
    }
    finished = WORK / "results.json"
    results: dict[str, Any] = {}
    if arguments.resume and finished.is_file():
        results = json.loads(finished.read_text(encoding="utf-8"))
    examples = {}
    for number, (name, size, stock) in enumerate(
        (
            ("Needlepoint", 10**6, False),
            ("Needlepoint, sample", arguments.per_intent, False),
            ("stock Rasa, sample", arguments.per_intent, True),
        )
    ):
        folder = WORK / str(number)
        if name not in results:
            prepare(folder, size, stock)
            results[name] = measure(Bot(name, folder), sets, 5900 + number)
            finished.write_text(json.dumps(results), encoding="utf-8")
        examples[name] = count_examples(folder)
    print("CLINC150 ...", flush=True)
    classifiers = {
        "Needlepoint": (few_shot.needlepoint_classifier(), few_shot.SEEDS),
        "stock Rasa, sample": (
            few_shot.stock_classifier(WORK / "clinc", STOCK_CONFIG),
            few_shot.SEEDS[: arguments.stock_seeds],
        ),
    }
    for name, (classify, seeds) in classifiers.items():
        if "clinc" not in results[name]:
            results[name]["clinc"] = few_shot.run(classify, seeds)
            finished.write_text(json.dumps(results), encoding="utf-8")
    print(safety.write(safety.run(ROOT / "models" / "needlepoint.tar.gz"), arguments.out))
    conversation.main()
    about = {
        "date": date.today().isoformat(),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "examples": examples,
        "questions": {name: len(found) for name, found in sets.items()},
    }
    print(report.write(results, about, arguments.out))


if __name__ == "__main__":
    main()
