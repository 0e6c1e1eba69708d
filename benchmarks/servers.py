"""Servers for benchmarks: Rasa workers, a database of their own."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import aio_pika
import psutil
from sqlalchemy import create_engine
from sqlalchemy.engine.url import make_url

from needlepoint.serve import BACKLOG

MODEL = Path("models/needlepoint.tar.gz")
DEFAULT, PRODUCTION = Path("endpoints.yml"), Path("endpoints.production.yml")
CREDENTIALS = Path("credentials.yml")
START_LIMIT = 180.0  # seconds
# The same services as of the tests.
POSTGRES_URL = os.environ.get("NEEDLEPOINT_TEST_POSTGRES_URL") or (
    "postgresql://root@127.0.0.1:5432/test"
)
REDIS_URL = os.environ.get("NEEDLEPOINT_TEST_REDIS_URL") or "redis://127.0.0.1:6379/0"
AMQP_URL = os.environ.get("NEEDLEPOINT_TEST_AMQP_URL") or "amqp://guest:guest@127.0.0.1:5672"


@contextmanager
def postgresql() -> Iterator[str]:
    """Yield the URL of an empty database, which is dropped again."""
    url = make_url(POSTGRES_URL)
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    name = f"bench_{uuid.uuid4().hex}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        admin.dispose()


def delete_events(name: str) -> None:
    """Delete a queue of RabbitMQ, and the exchange of the same name."""

    async def delete() -> None:
        async with await aio_pika.connect(AMQP_URL) as connection:
            channel = await connection.channel()
            await channel.queue_delete(name)
            await channel.exchange_delete(name)

    asyncio.run(delete())


@contextmanager
def workers(
    ports: Sequence[int],
    endpoints: Path = DEFAULT,
    model: Path = MODEL,
    credentials: Path = CREDENTIALS,
) -> Iterator[list[psutil.Process]]:
    """Run Rasa at each of ``ports``; yields the processes once all answer.

    No action server runs: disclaimers come from the fixed text, and the workers have the machine.

    Args:
        endpoints: with ``PRODUCTION``, they share a new PostgreSQL database, Redis and RabbitMQ;
            with ``DEFAULT``, a new SQLite file
    """
    with tempfile.TemporaryDirectory() as folder, _database(endpoints, folder) as database:
        environment = {
            **os.environ,
            "NEEDLEPOINT_DATABASE_URL": database,
            "NEEDLEPOINT_SECRET": "for this benchmark only, and long enough",
            "NEEDLEPOINT_ACTIONS_URL": "http://127.0.0.1:9/webhook",
            "RASA_TELEMETRY_ENABLED": "false",
            "SANIC_BACKLOG": BACKLOG,
        }
        if endpoints == PRODUCTION:
            environment |= {"NEEDLEPOINT_REDIS_URL": REDIS_URL, "NEEDLEPOINT_AMQP_URL": AMQP_URL}
        command = [sys.executable, "-m", "rasa", "run", "--interface", "127.0.0.1"]
        command += ["--model", str(model), "--endpoints", str(endpoints)]
        command += ["--credentials", str(credentials)]
        running: list[psutil.Popen] = []
        try:
            with Path("build/bench-servers.log").open("ab") as log:
                for port in ports:
                    one = [*command, "--port", str(port)]
                    running.append(psutil.Popen(one, env=environment, stdout=log, stderr=log))
            for port, process in zip(ports, running, strict=True):
                _wait(port, process)
            yield running
        finally:
            for process in running:
                process.kill()
                process.wait()


@contextmanager
def _database(endpoints: Path, folder: str) -> Iterator[str]:
    if endpoints == DEFAULT:
        yield f"sqlite:///{folder}/bench.db"
    else:
        with postgresql() as url:
            yield url


def _wait(port: int, process: psutil.Popen) -> None:
    end = time.monotonic() + START_LIMIT
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/webhooks/rest/", timeout=2).close()
            return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError("A worker does not answer; build/bench-servers.log says why.")
