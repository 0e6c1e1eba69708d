"""A trained bot under measurement: training, parsing, serving."""

import asyncio
import json
import logging
import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.quality import Prediction

TURNS_OF_ONE_USER = 200
TURNS_OF_SIXTEEN = 640


@dataclass(frozen=True)
class Bot:
    """A folder with config, domain and data; its model is ``models/bench.tar.gz`` there."""

    name: str
    folder: Path

    @property
    def model(self) -> Path:
        """Where its model lies once trained."""
        return self.folder / "models" / "bench.tar.gz"


def train(bot: Bot, kind: str = "") -> float:
    """Train from nothing by `rasa train`, and return the seconds it took.

    ``kind`` may be "nlu", for data without rules.
    """
    shutil.rmtree(bot.folder / ".rasa", ignore_errors=True)
    command = [sys.executable, "-m", "rasa", "train", *kind.split()]
    start = time.perf_counter()
    with (bot.folder / "train.log").open("wb") as log:
        subprocess.run(
            [*command, "--fixed-model-name", "bench"],
            cwd=bot.folder,
            stdout=log,
            stderr=log,
            check=True,
        )
    return time.perf_counter() - start


def parse(model: Path, texts: Sequence[str]) -> list[Prediction]:
    """Load a model in this process and parse texts one after the other."""
    from rasa.core.agent import Agent
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.WARNING)
    agent = Agent.load(str(model))

    async def run() -> list[Prediction]:
        found = []
        for text in [*texts[:20], *texts]:  # the first twenty only warm it up
            start = time.perf_counter()
            result = await agent.parse_message(text)
            milliseconds = (time.perf_counter() - start) * 1000
            intent = result["intent"]
            found.append(Prediction(intent["name"], intent["confidence"], milliseconds))
        return found[min(20, len(texts)) :]

    return asyncio.run(run())


@contextmanager
def serving(bot: Bot, port: int) -> Iterator[tuple[psutil.Process, float]]:
    """Run its server, alone; yields its process and the seconds to its first answer."""
    command = [sys.executable, "-m", "rasa", "run", "--port", str(port), "-i", "127.0.0.1"]
    files = ["--model", str(bot.model), "--endpoints", "endpoints.yml"]
    start = time.perf_counter()
    with (bot.folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *files, "--credentials", "credentials.yml"],
            cwd=bot.folder,
            stdout=log,
            stderr=log,
            env={**os.environ, "RASA_TELEMETRY_ENABLED": "false"},
        )
    try:
        while True:
            try:
                ask(port, "start", "hello")
                break
            except OSError:
                if process.poll() is not None or time.perf_counter() - start > 180:
                    raise RuntimeError(f"{bot.name} did not start; see serve.log") from None
                time.sleep(0.1)
        yield psutil.Process(process.pid), time.perf_counter() - start
    finally:
        process.kill()
        process.wait()


def ask(port: int, sender: str, text: str) -> float:
    """Send one message over REST and return the milliseconds until its answer."""
    body = json.dumps({"sender": sender, "message": text}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/webhooks/rest/webhook",
        data=body,
        headers={"Content-Type": "application/json"},
    )
    start = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as answer:
        if not json.load(answer):
            raise RuntimeError(f"no answer to {text!r}")
    return (time.perf_counter() - start) * 1000


def chat(port: int, user: str, texts: Sequence[str]) -> None:
    """Ask one question after the other, as one of sixteen users."""
    for number in range(TURNS_OF_SIXTEEN // 16):
        ask(port, f"{user}-{number // 10}", texts[number % len(texts)])


def serve(bot: Bot, texts: Sequence[str], port: int) -> dict[str, float]:
    """Measure start-up, memory, turn latency and throughput of its server.

    Each conversation has ten turns; texts are taken in turn.
    """
    with serving(bot, port) as (process, start):
        for number in range(20):
            ask(port, "warm", texts[number % len(texts)])
        alone = [
            ask(port, f"one-{number // 10}", texts[number % len(texts)])
            for number in range(TURNS_OF_ONE_USER)
        ]
        begin = time.perf_counter()
        with ThreadPoolExecutor(16) as users:
            list(users.map(lambda user: chat(port, f"user-{user}", texts), range(16)))
        per_second = TURNS_OF_SIXTEEN / (time.perf_counter() - begin)
        memory = process.memory_info().rss / 2**20
    return {
        "start_seconds": start,
        "memory_mib": memory,
        "turn_p50_ms": statistics.median(alone),
        "turn_p95_ms": percentile(alone, 95),
        "requests_per_second": per_second,
    }


def percentile(values: Sequence[float], share: int) -> float:
    """Return a percentile of values, ``share`` from 1 to 99."""
    return statistics.quantiles(values, n=100)[share - 1]
