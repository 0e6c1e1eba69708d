"""Requests per second beside stock Rasa, all with PostgreSQL, Redis and RabbitMQ, in one run.

``python -m benchmarks.stock_stores`` trains Rasa's stock configuration on the same responses, rules
and a sample of the examples (some minutes; kept in ``build/bench``), and a bare one, which only
counts words: most of its time is Rasa's engine. It starts all three and prints a table. Sixteen
users ask what no custom action answers.
"""

import argparse
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.engine.url import make_url

from benchmarks.__main__ import WORK, prepare
from benchmarks.bots import Bot, train
from benchmarks.data import held_out
from benchmarks.servers import (
    AMQP_URL,
    PRODUCTION,
    REDIS_URL,
    delete_events,
    postgresql,
    workers,
)
from benchmarks.workers import per_second

STOCK = Bot("stock Rasa", WORK / "stock_stores")
BARE = Bot("bare Rasa", WORK / "bare_stores")
PER_INTENT = 10
PORTS = {"Needlepoint": 5985, STOCK.name: 5986, BARE.name: 5987}
TOPICS = ("faq_cost", "faq_history")
LENGTHS = (10, 100)  # turns of a conversation
ROUNDS = 3
# Longer training changes what is answered, not how fast; and rules decide what is said here.
EPOCHS = {"DIETClassifier": 30, "UnexpecTEDIntentPolicy": 1, "TEDPolicy": 1}
BARE_PARTS = {
    "pipeline": [
        {"name": "WhitespaceTokenizer"},
        {"name": "CountVectorsFeaturizer"},
        {"name": "LogisticRegressionClassifier"},
    ],
    "policies": [{"name": "RulePolicy"}],
}


def train_once(bot: Bot, parts: dict[str, list[dict[str, Any]]]) -> None:
    """Train a bot, unless it is trained.

    Args:
        parts: in the place of those of the stock configuration
    """
    if bot.model.is_file():
        return
    prepare(bot.folder, PER_INTENT, stock=True)
    path = bot.folder / "config.yml"
    config = {**yaml.safe_load(path.read_text(encoding="utf-8")), **parts}
    for component in [*config["pipeline"], *config["policies"]]:
        if component["name"] in EPOCHS:
            component["epochs"] = EPOCHS[component["name"]]
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    print(f"Training {bot.name} ...", flush=True)
    print(f"{train(bot):.0f} s")


def write_endpoints(folder: Path, database: str) -> Path:
    """Write Rasa's own stores and broker for the same services, and return the file."""
    url, redis, amqp = make_url(database), make_url(REDIS_URL), make_url(AMQP_URL)
    settings = {
        "action_endpoint": {"url": "http://127.0.0.1:9/webhook"},
        "tracker_store": {
            "type": "SQL",
            "dialect": "postgresql",
            "url": url.host,
            "port": url.port,
            "db": url.database,
            "username": url.username,
            "password": url.password,
        },
        "lock_store": {"type": "redis", "url": redis.host, "port": redis.port, "db": 1},
        "event_broker": {
            "type": "pika",
            "url": amqp.host,
            "port": amqp.port,
            "username": amqp.username,
            "password": amqp.password,
            # Its own: of an exchange, every queue gets all events.
            "exchange_name": _queue(folder),
            "queues": [_queue(folder)],
        },
    }
    path = folder / "endpoints.yml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


@contextmanager
def rasa(bot: Bot) -> Iterator[None]:
    """Run a bot of Rasa's own parts on a new database."""
    with postgresql() as database:
        endpoints = write_endpoints(bot.folder, database)
        credentials = bot.folder / "credentials.yml"
        with workers([PORTS[bot.name]], endpoints, bot.model, credentials):
            yield
    delete_events(_queue(bot.folder))


def _queue(folder: Path) -> str:
    return f"bench_{folder.name}"


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(prog="python -m benchmarks.stock_stores").parse_args()
    train_once(STOCK, {})
    train_once(BARE, BARE_PARTS)
    questions = [q.text for q in held_out() if q.accept[0] in TOPICS]
    with workers([PORTS["Needlepoint"]], PRODUCTION), rasa(STOCK), rasa(BARE):
        for port in PORTS.values():
            per_second([port], questions, 10)  # warms up
        for length in LENGTHS:
            found: dict[str, list[float]] = {name: [] for name in PORTS}
            for _ in range(ROUNDS):
                for name, rates in found.items():
                    rates.append(per_second([PORTS[name]], questions, length))
            ours = statistics.median(found["Needlepoint"])
            print(f"Conversations of {length} turns, requests/s of {ROUNDS} rounds:")
            for name, rates in found.items():
                each = ", ".join(f"{rate:.1f}" for rate in rates)
                times = ours / statistics.median(rates)
                print(f"{name}: {each}; Needlepoint takes {times:.2f} times as many", flush=True)


if __name__ == "__main__":
    main()
