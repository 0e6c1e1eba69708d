"""A load as of real visitors: conversations that come whether or not the bot keeps up."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import yaml

CONVERSATIONS = Path("tests/conversations")
LIMIT = 60.0  # seconds; then a caller gives up
NO_ANSWER = 0


@dataclass(frozen=True)
class Call:
    """A message that was sent.

    Attributes:
        at: seconds since the load began
        status: of HTTP, or ``NO_ANSWER``
        seconds: until its answer
        waits: whether a refusal said when to come again
    """

    at: float
    status: int
    seconds: float
    waits: bool


def conversations() -> list[list[str]]:
    """Return what people say in the project's conversation tests, a list for each conversation."""
    return [
        [step["user"] for step in conversation["steps"]]
        for path in sorted(CONVERSATIONS.rglob("*.yml"))
        for conversation in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


async def offer(ports: Sequence[int], rate: float, seconds: float) -> list[Call]:
    """Send messages over REST to workers in turn, and return the calls when all have ended.

    Args:
        rate: messages per second. Conversations begin at even intervals; within one, each message
            comes when the one before was answered or refused
        seconds: for which new conversations begin
    """
    scripts, draw = conversations(), random.Random(1)
    per_conversation = sum(map(len, scripts)) / len(scripts)
    calls: list[Call] = []
    talks: list[asyncio.Task[None]] = []
    begun = time.perf_counter()
    timeout = aiohttp.ClientTimeout(LIMIT)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=timeout
    ) as session:

        async def talk(number: int) -> None:
            url = f"http://127.0.0.1:{ports[number % len(ports)]}/webhooks/rest/webhook"
            sender = uuid.uuid4().hex
            for text in draw.choice(scripts):
                calls.append(await _call(session, url, sender, text, begun))

        while time.perf_counter() - begun < seconds:
            talks.append(asyncio.create_task(talk(len(talks))))
            due = begun + len(talks) * per_conversation / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await asyncio.gather(*talks)
    return calls


async def rush(port: int, count: int) -> list[Call]:
    """Send so many questions at one moment, each of a conversation of its own."""
    text, begun = conversations()[0][0], time.perf_counter()
    url = f"http://127.0.0.1:{port}/webhooks/rest/webhook"
    timeout = aiohttp.ClientTimeout(LIMIT)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=timeout
    ) as session:
        calls = (_call(session, url, uuid.uuid4().hex, text, begun) for _ in range(count))
        return await asyncio.gather(*calls)


async def capacity(ports: Sequence[int], users: int, seconds: float) -> float:
    """Return the answers per second when so many ``users`` each ask one thing after the other."""
    scripts, draw = conversations(), random.Random(2)
    end, done = time.perf_counter() + seconds, 0
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def user(number: int) -> None:
            nonlocal done
            url = f"http://127.0.0.1:{ports[number % len(ports)]}/webhooks/rest/webhook"
            while time.perf_counter() < end:
                sender = uuid.uuid4().hex
                for text in draw.choice(scripts):
                    call = await _call(session, url, sender, text, 0.0)
                    if call.status != 200:
                        raise RuntimeError(f"A question was answered with {call.status}.")
                    if time.perf_counter() < end:
                        done += 1

        await asyncio.gather(*map(user, range(users)))
    return done / seconds


async def _call(
    session: aiohttp.ClientSession, url: str, sender: str, text: str, begun: float
) -> Call:
    start = time.perf_counter()
    status, waits = NO_ANSWER, False
    try:
        async with session.post(url, json={"sender": sender, "message": text}) as answer:
            await answer.read()
            status, waits = answer.status, "Retry-After" in answer.headers
    except (aiohttp.ClientError, asyncio.TimeoutError):
        pass
    return Call(start - begun, status, time.perf_counter() - start, waits)
