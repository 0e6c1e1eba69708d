"""What all commands share: the database, and what happens where it cannot be used."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from needlepoint.content.yaml_lines import DataError
from needlepoint.database.engine import URL_VARIABLE, DatabaseUrlError, connect
from needlepoint.referral.destination import DestinationError

DATA_PROBLEM, NO_DATABASE = 1, 3
EXIT_CODES = (
    "Exit codes: 0 fine, 1 something is wrong or left to do, 2 wrong use of the command, "
    "3 the database cannot be used."
)


@contextmanager
def database() -> Iterator[Engine]:
    """Yield the database; what the person at the terminal can mend becomes a line and a code."""
    try:
        engine = connect()
        yield engine
        engine.dispose()
    except (DataError, DestinationError) as error:
        fail(str(error), DATA_PROBLEM)
    except DatabaseUrlError as error:
        fail(str(error), NO_DATABASE)
    except DBAPIError as error:
        # The driver's own words: those around them may have the values of a row in them.
        reason = " ".join(str(error.orig).split())
        fail(
            f"The database cannot be used: {reason}. Check {URL_VARIABLE} and, for SQLite, that "
            "its file may be written and its disk has room.",
            NO_DATABASE,
        )


def fail(message: str, code: int = DATA_PROBLEM) -> NoReturn:
    """Say what is wrong and exit.

    Raises:
        typer.Exit: always.
    """
    typer.echo(message, err=True)
    raise typer.Exit(code)
