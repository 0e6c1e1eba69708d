"""Whether Rasa's Redis lock and ours keep a conversation's turns apart and in order, and how fast.

``python -m benchmarks.locks`` prints the table; it takes less than a minute and needs a Redis,
which ``NEEDLEPOINT_REDIS_URL`` names. Messages come to several processes, as they come to Rasa's
workers: in each conversation one to every process at once, and again a moment later.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations

import redis
from rasa.core.lock_store import LockError, LockStore
from rasa.utils.endpoints import EndpointConfig
from redis.asyncio import Redis

from benchmarks.bots import percentile
from needlepoint.channels.limits import REDIS_VARIABLE

STOCK, OURS = "stock Rasa", "Needlepoint"
TYPES = {STOCK: "redis", OURS: "needlepoint.stores.lock.RedisConversationLock"}
PROCESSES = 4
CONVERSATIONS = 40
APART = 0.05  # seconds between the beginnings of two conversations
WAVES = (0.0, 0.03)  # seconds after its beginning at which all processes get a message of it
TURN = 0.01  # seconds
SOON = 0.5  # seconds from when all processes are ready
PATIENCE = 15.0  # seconds; what is not handled by then counts as refused
# Messages closer to each other than this came at once, and either may be first.
AT_ONCE = 0.01  # seconds


@dataclass(frozen=True)
class Turn:
    """When a message came, and when its turn began and ended, in seconds of one clock."""

    conversation: int
    asked: float
    began: float
    ended: float


def redis_url() -> str:
    """Return where Redis is."""
    return os.environ.get(REDIS_VARIABLE) or "redis://127.0.0.1:6379/0"


def lock_store(name: str, prefix: str) -> LockStore:
    """Return a lock as Rasa makes it from ``endpoints.yml``."""
    url = redis_url()
    if name == STOCK:
        known = redis.ConnectionPool.from_url(url).connection_kwargs
        wanted = ("port", "db", "username", "password")
        options = {key: known[key] for key in wanted if key in known}
        url = known.get("host", "localhost")
    else:
        options = {}
    return LockStore.create(EndpointConfig(url=url, type=TYPES[name], key_prefix=prefix, **options))


async def work(name: str, prefix: str) -> list[Turn]:
    """Be one process: handle a message of each wave of each conversation; return the turns."""
    lock = lock_store(name, prefix)
    counts = Redis.from_url(redis_url())
    turns: list[Turn] = []

    async def handle(conversation: int, at: float) -> None:
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        asked = time.monotonic()
        async with lock.lock(f"{prefix}{conversation}"):
            began = time.monotonic()
            key = f"{prefix}:count:{conversation}"
            before = int(await counts.get(key) or 0)
            await asyncio.sleep(TURN)
            await counts.set(key, before + 1, ex=600)
            turns.append(Turn(conversation, asked, began, time.monotonic()))

    async def handle_or_refuse(conversation: int, at: float) -> None:
        with suppress(LockError, asyncio.TimeoutError):
            end = at + PATIENCE - time.monotonic()
            await asyncio.wait_for(handle(conversation, at), end)

    async with lock.lock(f"{prefix}warm-up{os.getpid()}"):
        await counts.ping()
    print("ready", flush=True)
    start = float(input())
    await asyncio.gather(
        *(
            handle_or_refuse(conversation, start + conversation * APART + wave)
            for conversation in range(CONVERSATIONS)
            for wave in WAVES
        )
    )
    return turns


def measure(name: str) -> tuple[list[Turn], int]:
    """Return all turns with one of the locks, and how many of their updates were lost."""
    prefix = f"bench{uuid.uuid4().hex}"
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.locks", name, prefix]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen(command, **pipes) for _ in range(PROCESSES)]
    for worker in workers:
        worker.stdout.readline()
    start = f"{time.monotonic() + SOON}\n"
    turns = []
    for worker in workers:
        worker.stdin.write(start)
        worker.stdin.flush()
    for worker in workers:
        output, _ = worker.communicate()
        if worker.returncode:
            raise RuntimeError("a process has failed; its reason stands above")
        turns += [Turn(*fields) for fields in json.loads(output)]
    with redis.Redis.from_url(redis_url()) as client:
        keys = list(client.scan_iter(f"{prefix}*"))
        counts = [key for key in keys if b":count:" in key]
        stored = sum(int(client.get(key) or 0) for key in counts)
        client.delete(*keys)
    return turns, len(turns) - stored


def figures(turns: Sequence[Turn], lost: int) -> dict[str, str]:
    """Return what the table says of one lock."""
    overlaps = wrong_order = 0
    waits = []
    for number in range(CONVERSATIONS):
        own = sorted((t for t in turns if t.conversation == number), key=lambda t: t.began)
        for first, second in combinations(own, 2):
            overlaps += second.began < first.ended
            wrong_order += second.asked + AT_ONCE < first.asked
        for place, turn in enumerate(own[1:], 1):
            released = max(other.ended for other in own[:place])
            if turn.asked < released <= turn.began:
                waits.append((turn.began - released) * 1000)
    return {
        "messages handled": str(len(turns)),
        "refused": str(PROCESSES * CONVERSATIONS * len(WAVES) - len(turns)),
        "pairs of turns at once": str(overlaps),
        "updates lost": str(lost),
        "pairs in the wrong order": str(wrong_order),
        "wait after release, p50, ms": f"{statistics.median(waits):,.1f}",
        "wait after release, p99, ms": f"{percentile(waits, 99):,.1f}",
    }


def main() -> None:
    """Measure, and print the table."""
    found = {name: figures(*measure(name)) for name in TYPES}
    count = PROCESSES * len(WAVES)
    print(f"{CONVERSATIONS} conversations, {count} messages each, {PROCESSES} processes\n")
    print(f"| | {' | '.join(found)} |\n|---|---|---|")
    for row in found[OURS]:
        print(f"| {row} | {' | '.join(figure[row] for figure in found.values())} |")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        done = asyncio.run(work(*sys.argv[1:]))
        fields = [(turn.conversation, turn.asked, turn.began, turn.ended) for turn in done]
        print(json.dumps(fields))
    else:
        main()
