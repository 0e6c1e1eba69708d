"""The default profile beside the production one, and one worker beside two, in one run.

``python -m benchmarks.workers`` starts the bots and prints a table; it needs PostgreSQL, Redis and
RabbitMQ, and takes about four minutes.
"""

import json
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import count

from benchmarks.servers import PRODUCTION, workers
from benchmarks.web import QUESTIONS

DEFAULT_PORT, PORTS = 5980, (5981, 5982)
USERS, SECONDS, WARM_UP = 16, 15.0, 30
ROUNDS, TURNS = 6, 50
PAIRS = 3
_names = count()


def turns(port: int, number: int) -> list[float]:
    """Return the milliseconds of turns, one after the other; conversations of ten turns."""
    connection, took = HTTPConnection("127.0.0.1", port, timeout=60), []
    for turn in range(number):
        if turn % len(QUESTIONS) == 0:
            sender = f"bench {next(_names)}"
        took.append(ask(connection, sender, QUESTIONS[turn % len(QUESTIONS)]))
    return took


def per_second(
    ports: Sequence[int], questions: Sequence[str] = QUESTIONS, length: int = len(QUESTIONS)
) -> float:
    """Return the requests per second of 16 users, each at one of the ports.

    Args:
        length: turns of a conversation; then its user begins another one
    """
    end = time.perf_counter() + SECONDS

    def user(number: int) -> int:
        connection = HTTPConnection("127.0.0.1", ports[number % len(ports)], timeout=60)
        done = 0
        while time.perf_counter() < end:
            if done % length == 0:
                sender = f"bench {next(_names)}"
            ask(connection, sender, questions[done % len(questions)])
            done += 1
        return done

    with ThreadPoolExecutor(USERS) as pool:
        return sum(pool.map(user, range(USERS))) / SECONDS


def ask(connection: HTTPConnection, sender: str, text: str) -> float:
    """Send a message and return the milliseconds until its answer.

    Raises:
        RuntimeError: there was none.
    """
    body = json.dumps({"sender": sender, "message": text})
    start = time.perf_counter()
    connection.request("POST", "/webhooks/rest/webhook", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    found = json.loads(answer.read())
    if answer.status != 200 or not found:
        raise RuntimeError(f"A question was answered with {answer.status}: {found}")
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Measure and print."""
    with workers([DEFAULT_PORT]), workers(PORTS[:1], PRODUCTION):
        for port in (DEFAULT_PORT, PORTS[0]):
            turns(port, WARM_UP)
        # In turns, so that what else the machine does falls on both.
        took: dict[int, list[float]] = {DEFAULT_PORT: [], PORTS[0]: []}
        for _ in range(ROUNDS):
            for port, times in took.items():
                times += turns(port, TURNS)
        default, production = map(statistics.median, took.values())
    with workers(PORTS, PRODUCTION):
        for port in PORTS:
            turns(port, WARM_UP)
        rates = [(per_second(PORTS[:1]), per_second(PORTS)) for _ in range(PAIRS)]
        one, two = map(statistics.median, zip(*rates, strict=True))
    print(f"turn p50, default profile: {default:.1f} ms")
    print(f"turn p50, production profile: {production:.1f} ms ({production / default:.2f} times)")
    print(f"requests/s, one worker: {one:.1f}; two workers: {two:.1f} ({two / one:.2f} times)")


if __name__ == "__main__":
    main()
