"""The parts of a running bot, and how each is asked whether it works."""

from __future__ import annotations

import asyncio
import math
import os
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aio_pika
import aiohttp
from redis.asyncio import Redis
from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import ArgumentError

from needlepoint.channels.limits import REDIS_VARIABLE
from needlepoint.database.engine import connect, database_url, reader
from needlepoint.observability.probe import Check, Probe

BROKER_VARIABLE = "NEEDLEPOINT_AMQP_URL"
MODEL, DATABASE, REDIS, BROKER, ACTION_SERVER = (
    "model",
    "database",
    "redis",
    "rabbitmq",
    "action_server",
)
PARTS = (MODEL, DATABASE, REDIS, BROKER, ACTION_SERVER)


class NotLoadedError(Exception):
    """There is no model yet, or it could not be loaded."""


class BadAnswerError(Exception):
    """The action server answers, but not that it is well."""


class Database:
    """The engine, opened when it is first needed and as often as that fails."""

    def __init__(self, deadline: float) -> None:
        """``deadline`` is that of the check, in seconds."""
        self._deadline = deadline
        self._engine: Engine | None = None
        self._opening = threading.Lock()

    def engine(self) -> Engine:
        """Return it.

        Raises:
            DatabaseUrlError: its URL is none.
            sqlalchemy.exc.OperationalError: it cannot be reached.
        """
        with self._opening:
            if self._engine is None:
                self._engine = connect(self._url())
            return self._engine

    def _url(self) -> str:
        """Return where it is; for PostgreSQL, so that a host that is gone frees the thread."""
        url = database_url()
        if not url.startswith("postgresql"):
            return url
        # libpq takes 2 seconds or more for the first.
        wait = max(2, math.ceil(self._deadline))
        limits = {"connect_timeout": str(wait), "tcp_user_timeout": str(wait * 1000)}
        try:
            bounded = make_url(url).update_query_dict(limits)
        except (ArgumentError, ValueError):
            return url
        return bounded.render_as_string(hide_password=False)

    def ask(self) -> None:
        """Ask it something.

        Raises:
            DatabaseUrlError: its URL is none.
            sqlalchemy.exc.SQLAlchemyError: it does not answer.
        """
        with reader(self.engine()).connect() as connection:
            connection.execute(select(1))


def probes(agent: Callable[[], Any], database: Database, deadline: float) -> dict[str, Probe]:
    """Return a probe of each part that is configured, by its name.

    The model is needed for every answer. Without the others answers go on: without the database
    with a note that they are not kept, without Redis in an order of each process.

    Args:
        agent: returns Rasa's agent, or None
        deadline: of each, in seconds
    """

    async def ask_database() -> None:
        await asyncio.to_thread(database.ask)

    checks: dict[str, Check] = {MODEL: _model(agent), DATABASE: ask_database}
    redis_url, broker_url = os.environ.get(REDIS_VARIABLE), os.environ.get(BROKER_VARIABLE)
    if redis_url:
        checks[REDIS] = _redis(redis_url, deadline)
    if broker_url:
        checks[BROKER] = _broker(broker_url, deadline)
    checks[ACTION_SERVER] = _action_server(agent, deadline)
    return {name: Probe(check, deadline, name == MODEL) for name, check in checks.items()}


def _model(agent: Callable[[], Any]) -> Check:
    async def check() -> None:
        found = agent()
        if found is None or not found.is_ready():
            raise NotLoadedError

    return check


def _redis(url: str, deadline: float) -> Check:
    async def check() -> None:
        limits = {"socket_timeout": deadline, "socket_connect_timeout": deadline}
        client: Any = Redis.from_url(url, **limits)
        try:
            await client.ping()
        finally:
            await client.close()

    return check


def _broker(url: str, deadline: float) -> Check:
    async def check() -> None:
        connection = await aio_pika.connect(url, timeout=deadline)
        await connection.close()

    return check


def _action_server(agent: Callable[[], Any], deadline: float) -> Check:
    async def check() -> None:
        endpoint = getattr(agent(), "action_endpoint", None)
        if endpoint is None or not endpoint.url:
            return
        place = urlsplit(endpoint.url)
        # rasa-sdk's own page, beside its webhook.
        path = f"{place.path.rstrip('/').rpartition('/')[0]}/health"
        timeout = aiohttp.ClientTimeout(total=deadline)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(urlunsplit(place._replace(path=path, query=""))) as answer,
        ):
            if answer.status != 200:
                raise BadAnswerError

    return check
