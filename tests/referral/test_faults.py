"""500 requests, two workers that are killed again and again, a receiver down, slow and failing.

At the receiver each request must be there (none lost), and be there once when repeated keys are
dropped (none twice). ``pytest -s`` prints the numbers.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from receivers import HttpReceiver, MailReceiver

from needlepoint.referral.requests import Request, list_requests, store_request

ROOT = Path(__file__).parents[2]
REQUESTS, WRITERS, WORKERS = 500, 4, 2
LIMIT = 300.0  # seconds; one run takes about 20, and several times that on a busy machine
WRITING = 9.0  # seconds
# Shorter than what a few deliveries take, and longer.
BETWEEN_KILLS = (0.1, 2.0)  # seconds
KILLS = 4  # or more


def quick():
    """A little time in which a worker may be killed after the receiver took its message."""
    return random.uniform(0.0, 0.05)


def slow():
    """Around the limit of the workers, 1 s: some of these answers come too late."""
    return random.uniform(0.7, 1.5)


class Killer:
    """Starts workers and kills one after the other at random moments, until told to stop."""

    def __init__(self, *arguments: str) -> None:
        script = str(Path(__file__).with_name("fault_worker.py"))
        self.starter = subprocess.Popen(
            [sys.executable, script, *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.workers = [self._start() for _ in range(WORKERS)]
        self.kills = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _start(self) -> int:
        self.starter.stdin.write(b"\n")
        self.starter.stdin.flush()
        return int(self.starter.stdout.readline())

    def _run(self) -> None:
        while not self.stop.wait(random.uniform(*BETWEEN_KILLS)):
            victim = random.randrange(WORKERS)
            os.kill(self.workers[victim], signal.SIGKILL)
            self.kills += 1
            self.workers[victim] = self._start()

    def wait_for(self, kills: int) -> None:
        """Wait until so many were killed; or, which the test tells, until there is no hope."""
        while self.kills < kills and self.thread.is_alive():
            time.sleep(0.01)

    def end(self) -> None:
        self.stop.set()
        self.thread.join()
        for worker in self.workers:
            os.kill(worker, signal.SIGKILL)
        # Its output ends when the last worker, which shares it, is gone.
        self.starter.communicate()


def trouble(receiver, failing):
    """Lead the receiver through its bad day; ``failing`` is what it answers for a while."""
    good = receiver.answer
    time.sleep(3)
    receiver.down()
    time.sleep(2)
    receiver.delay = slow
    receiver.up()
    time.sleep(4)
    receiver.delay, receiver.answer = quick, failing
    time.sleep(2)
    receiver.answer = good


def patients(engine, killer, writer):
    """Store a share of the requests, some of them by two clicks at once; return name by id.

    They come no faster than workers are killed, however slow those are on a busy machine.
    """
    stored = {}
    for number in range(writer, REQUESTS, WRITERS):
        killer.wait_for(number * KILLS // (REQUESTS - WRITERS))
        name = f"Patient {number}"
        request = Request(name, "phone", "+18285550100", "any time")
        clicks = 1 if number % 10 else 2
        with ThreadPoolExecutor(clicks) as pool:
            ids = set(
                pool.map(
                    lambda _, request=request, number=number: store_request(
                        engine, f"sender {number}", request, 30, deliver=True
                    ),
                    range(clicks),
                )
            )
        assert len(ids) == 1
        stored[ids.pop()] = name
        time.sleep(random.uniform(0, 2 * WRITING * WRITERS / REQUESTS))
    return stored


def taken_by(receiver):
    """Return (key, request id, name) of each message taken, in order, with repeats."""
    if isinstance(receiver, MailReceiver):
        return [
            (mail["Message-ID"], mail["X-Needlepoint-Request"], _name(mail.get_content()))
            for mail in receiver.taken
        ]
    bodies = [(headers["Idempotency-Key"], json.loads(body)) for headers, body in receiver.taken]
    return [(key, body["id"], body["name"]) for key, body in bodies]


def _name(text):
    return next(line for line in text.splitlines() if line.startswith("Name: "))[6:]


@pytest.mark.parametrize("way", ["mail", "webhook"])
def test_none_is_lost_and_none_is_there_twice(way, database, engine, record_property):
    receiver = MailReceiver() if way == "mail" else HttpReceiver()
    failing = "451 4.3.0 not now" if way == "mail" else (500, {})
    receiver.delay = quick
    receiver.up()
    killer = Killer(database, way, str(receiver.port))
    day = threading.Thread(target=trouble, args=(receiver, failing))
    day.start()
    try:
        with ThreadPoolExecutor(WRITERS) as pool:
            stored = {}
            for share in pool.map(lambda writer: patients(engine, killer, writer), range(WRITERS)):
                stored.update(share)
        day.join()
        end = time.monotonic() + LIMIT
        while len(list_requests(engine, "sent")) < REQUESTS and time.monotonic() < end:
            time.sleep(0.5)
    finally:
        killer.end()
        day.join()
        receiver.down()

    taken = taken_by(receiver)
    once = dict.fromkeys(taken)  # as a receiver does: what has a known key is dropped
    counts = Counter(request_id for _, request_id, _ in once)
    numbers = {
        "requests": len(stored),
        "kills": killer.kills,
        "raw repeats": len(taken) - len(once),
        "lost": len(stored.keys() - counts.keys()),
        "twice": sum(count > 1 for count in counts.values()),
    }
    print(f"\n{engine.dialect.name}, {way}: {numbers}")
    for name, value in numbers.items():
        record_property(name, value)
    assert len(stored) == REQUESTS
    assert numbers["lost"] == numbers["twice"] == 0
    assert {request_id: name for _, request_id, name in once} == stored
    assert [listed.status for listed in list_requests(engine)] == ["sent"] * REQUESTS
    # Or this has tested nothing.
    assert killer.kills >= KILLS
