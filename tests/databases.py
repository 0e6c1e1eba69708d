"""Databases for tests: SQLite in a file, PostgreSQL in a database of its own."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import OperationalError

from needlepoint.database.engine import connect
from needlepoint.referral.requests import Request

POSTGRES_URL = "NEEDLEPOINT_TEST_POSTGRES_URL"
DEFAULT_POSTGRES = "postgresql://root@127.0.0.1:5432/test"


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


@contextmanager
def own_postgres() -> Iterator[str]:
    url = make_url(os.environ.get(POSTGRES_URL) or DEFAULT_POSTGRES)
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    name = f"needlepoint_{uuid.uuid4().hex}"
    try:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    except OperationalError:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no PostgreSQL; {POSTGRES_URL} says where one is")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        admin.dispose()
