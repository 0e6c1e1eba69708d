"""The way to the database: where it is, and how its tables come about."""

import logging
import os
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import QueuePool

URL_VARIABLE = "NEEDLEPOINT_DATABASE_URL"
DEFAULT_URL = "sqlite:///needlepoint.db"
MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_LIMIT = 10.0  # seconds that a writer of SQLite waits for another one
# A PostgreSQL whose host is gone frees who waits for it; the URL may say otherwise.
POSTGRES_LIMITS = {"connect_timeout": "5", "tcp_user_timeout": "10000"}  # seconds, milliseconds
MIGRATION_LOCK = 0x6E706D67  # any number, the same for all; "npmg"
# Alembic keeps what it is doing in its own module, for one thread at a time.
_migrating = threading.Lock()
logger = logging.getLogger(__name__)


class DatabaseUrlError(ValueError):
    """A URL that leads to no database; its text says what one looks like."""


def database_url(environment: Mapping[str, str] = os.environ) -> str:
    """Return the URL that ``NEEDLEPOINT_DATABASE_URL`` names, or SQLite's in this folder."""
    return environment.get(URL_VARIABLE) or DEFAULT_URL


def connect(url: str | None = None, sync: str = "FULL") -> Engine:
    """Return an engine for the database at ``url``, with all tables in it.

    Args:
        url: ``database_url()`` if None
        sync: of SQLite: with "FULL", what is committed survives a power cut; with "NORMAL", which
            is faster, all else, as when the process is killed

    Raises:
        DatabaseUrlError: the URL is none, or of a database that is not known here.
        sqlalchemy.exc.OperationalError: the database cannot be reached or written.
    """
    wanted = url or database_url()
    try:
        parsed = make_url(wanted)
    except (ArgumentError, ValueError):  # the latter, where the port is no number
        raise DatabaseUrlError(
            f"{URL_VARIABLE} must be as sqlite:///needlepoint.db or postgresql://user@host/name."
        ) from None
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        engine = create_engine(
            parsed,
            # To open the file anew for each statement takes longer than most statements.
            poolclass=QueuePool,
            connect_args={"timeout": BUSY_LIMIT, "check_same_thread": False},
            hide_parameters=True,
        )
        event.listen(engine, "connect", partial(_prepare_sqlite, sync))
        event.listen(engine, "begin", _begin_immediately)
    elif kind == "postgresql":
        bounded = parsed.set(query={**POSTGRES_LIMITS, **parsed.query})
        engine = create_engine(bounded, pool_pre_ping=True, hide_parameters=True)
    else:
        raise DatabaseUrlError(f"{URL_VARIABLE} is of {kind}; use sqlite or postgresql.")
    migrate(engine)
    return engine


def reader(engine: Engine) -> Engine:
    """Return the same engine for who only reads, and so needs to wait for no writer."""
    return engine.execution_options(only_reads=True)


def insert_into(engine: Engine, table: Any) -> Any:
    """Return an INSERT that can be told what to do where the row is there: ``on_conflict_...``."""
    dialect = {"sqlite": sqlite, "postgresql": postgresql}[engine.dialect.name]
    return dialect.insert(table)


def wipe(engine: Engine, thoroughly: bool = False) -> None:
    """Overwrite what was deleted, where the database leaves that to us: in SQLite's files.

    Args:
        thoroughly: also what lies in unused parts of pages; writes the whole file anew, so that
            writers wait
    """
    if engine.dialect.name != "sqlite":
        return
    try:
        with engine.connect() as connection:
            if thoroughly:
                connection.exec_driver_sql("VACUUM")
            # The log of changes has the words as they were.
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    except DBAPIError as error:
        reason = type(error.orig).__name__
        logger.warning("What was deleted is not yet overwritten in the file: %s", reason)


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest version; several processes may ask for it at once."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        config.attributes["connection"] = connection
        with _migrating:
            command.upgrade(config, "head")


def _prepare_sqlite(sync: str, connection: Any, _: Any) -> None:
    # Python's driver would begin transactions by itself, and too late; see _begin_immediately.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")  # readers do not wait for a writer
    cursor.execute(f"PRAGMA synchronous = {sync}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
    cursor.close()


def _begin_immediately(connection: Any) -> None:
    # The lock first: two that have read and then both want to write could only fail.
    only_reads = connection.get_execution_options().get("only_reads")
    connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")
