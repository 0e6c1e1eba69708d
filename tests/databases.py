"""Databases for tests: SQLite in a file, PostgreSQL in a database of its own; other services."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NoReturn
from urllib.parse import urlsplit

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from benchmarks.servers import AMQP_URL, REDIS_URL, postgresql
from needlepoint.database.engine import connect
from needlepoint.referral.requests import Request


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path) -> Iterator[str]:
    """The URL of an empty database."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield f"sqlite:///{tmp_path}/test.db"
        else:
            yield stack.enter_context(own_postgres())


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = connect(database)
    yield engine
    engine.dispose()


@pytest.fixture
def a_request() -> Callable[..., Request]:
    def make(**changes: str) -> Request:
        fields = {
            "name": "Zoë Müller",
            "contact_kind": "phone",
            "contact": "+18285550100",
            "preferred_time": "Tuesday morning",
        }
        return Request(**{**fields, **changes})

    return make


def redis_url() -> str:
    """Return where Redis is; skip where there is none."""
    return _reachable(REDIS_URL, "no Redis; NEEDLEPOINT_TEST_REDIS_URL says where one is")


def amqp_url() -> str:
    """Return where RabbitMQ is; skip where there is none."""
    return _reachable(AMQP_URL, "no RabbitMQ; NEEDLEPOINT_TEST_AMQP_URL says where one is")


def _reachable(url: str, reason: str) -> str:
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname, place.port), timeout=5).close()
    except OSError:
        missing(reason)
    return url


@contextmanager
def own_postgres() -> Iterator[str]:
    with ExitStack() as stack:
        try:
            url = stack.enter_context(postgresql())
        except OperationalError:
            missing("no PostgreSQL; NEEDLEPOINT_TEST_POSTGRES_URL says where one is")
        yield url


def missing(reason: str) -> NoReturn:
    """Skip a test that needs what is not here; in CI, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
