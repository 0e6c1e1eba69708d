"""What a turn costs at the beginning of a conversation, and after 500 turns.

``python -m benchmarks.flat_cost`` prints the table; it takes some minutes. PostgreSQL is the one
that ``NEEDLEPOINT_TEST_POSTGRES_URL`` names, in a database made for it and dropped again. The
model must be trained; the action server is not there, as none of the messages needs it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.utils import AvailableEndpoints
from rasa.utils.log_utils import configure_structlog

from benchmarks.servers import MODEL, postgresql
from needlepoint.database.engine import URL_VARIABLE
from needlepoint.stores.database import MAX_EVENTS, DatabaseTrackerStore

TURNS = 500
WARM_UP = 20
EARLY, LATE = slice(4, 15), slice(489, 500)  # turns 5 to 15, and 490 to 500
# Each of these is answered once among the early turns and once among the late ones.
MESSAGES = (
    "does it hurt?",
    "how much does it cost?",
    "tell me more",
    "what is acupuncture?",
    "where did you get that?",
    "how long does a session take?",
    "how big are the needles?",
    "thanks",
    "how do I prepare?",
    "who invented acupuncture?",
    "what is moxibustion?",
)
UNBOUNDED = 1_000_000


def load_agent() -> Any:
    """Return Rasa's own agent with the trained model."""
    endpoints = AvailableEndpoints.read_endpoints("endpoints.yml")
    return Agent.load(str(MODEL), generator=endpoints.nlg)


async def talk(agent: Any, conversation: str, turns: int) -> list[float]:
    """Return how long each turn of one conversation took, in seconds."""
    took = []
    for message in islice(cycle(MESSAGES), turns):
        output = CollectingOutputChannel()
        begun = time.perf_counter()
        await agent.handle_message(UserMessage(message, output, conversation))
        took.append(time.perf_counter() - begun)
        if not output.messages:
            raise RuntimeError(f"Nothing was said to {message!r}.")
    return took


def measure(agent: Any, url: str, max_events: int) -> str:
    """Return a row of the table for a database."""
    os.environ[URL_VARIABLE] = url
    store = DatabaseTrackerStore(agent.domain, max_events=max_events)
    agent.tracker_store = agent.processor.tracker_store = store

    async def run() -> list[float]:
        await talk(agent, "warm-up", WARM_UP)
        return await talk(agent, "measured", TURNS)

    took = asyncio.run(run())
    early, late = (1000 * statistics.median(took[part]) for part in (EARLY, LATE))
    return f"{early:6.1f} ms | {late:6.1f} ms | {late / early:5.2f}"


@contextmanager
def sqlite() -> Iterator[str]:
    """Yield the URL of an empty database in a file."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/flat_cost.db"


def main() -> None:
    """Print the table."""
    configure_structlog(logging.ERROR)  # Rasa's debug lines take longer than its turns
    agent = load_agent()
    print("| store | p50, turns 5 to 15 | p50, turns 490 to 500 | ratio |\n|---|---|---|---|")
    for name, database, most in (
        ("SQLite", sqlite, MAX_EVENTS),
        ("PostgreSQL", postgresql, MAX_EVENTS),
        ("SQLite, all events", sqlite, UNBOUNDED),
    ):
        with database() as url:
            print(f"| {name} | {measure(agent, url, most)} |", flush=True)


if __name__ == "__main__":
    main()
