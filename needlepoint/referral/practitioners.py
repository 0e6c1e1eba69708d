"""The clinic's practitioners in the database: replaced as a whole, and listed."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import date

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session

from needlepoint.database import tables
from needlepoint.database.engine import reader

CHILDREN = ("languages", "specialities")


@dataclass(frozen=True)
class Practitioner:
    """Somebody who works for the clinic; the same fields as the columns of the CSV file.

    Attributes:
        gender: "woman", "man", "nonbinary", or None when it is not known
        region: code of the state, province or nation, as "NC"
        country: ISO code, as "US"
        latitude, longitude: degrees
        phone: as "+18285550100"
        languages: ISO codes, as "es"
        specialities: in small letters
    """

    name: str
    titles: str
    gender: str | None
    licence_body: str
    licence_number: str
    licence_expires: date
    address: str
    city: str
    region: str | None
    postal_code: str | None
    country: str
    latitude: float
    longitude: float
    phone: str
    booking_url: str | None
    languages: tuple[str, ...] = ()
    specialities: tuple[str, ...] = ()

    def is_licensed(self, on: date) -> bool:
        """Return whether the licence is valid on a day; on its last day it still is."""
        return self.licence_expires >= on


def replace_practitioners(engine: Engine, rows: Iterable[Practitioner]) -> int:
    """Put ``rows`` in the place of all practitioners, or change nothing if that fails.

    Returns:
        How many there were before.

    Raises:
        sqlalchemy.exc.IntegrityError: two have the same licence.
    """
    # In the order of the index on positions: those near each other are read from the same pages.
    rows = sorted(rows, key=lambda row: (row.latitude, row.longitude))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # Or two imports at once would leave the rows of both. Readers do not wait.
            connection.execute(text("LOCK TABLE practitioner IN SHARE ROW EXCLUSIVE MODE"))
        before = connection.execute(select(func.count()).select_from(tables.Practitioner)).scalar()
        for table in (tables.Language, tables.Speciality, tables.Practitioner):
            connection.execute(delete(table))
        if rows:
            _insert(connection, rows)
    return before or 0


def _insert(connection: Connection, rows: Iterable[Practitioner]) -> None:
    columns = [
        {name: value for name, value in asdict(row).items() if name not in CHILDREN} for row in rows
    ]
    connection.execute(insert(tables.Practitioner), columns)
    ids = _ids(connection)
    for table, column, field in (
        (tables.Language, "code", "languages"),
        (tables.Speciality, "name", "specialities"),
    ):
        children = [
            {"practitioner_id": ids[row.licence_body, row.licence_number], column: value}
            for row in rows
            for value in getattr(row, field)
        ]
        if children:
            connection.execute(insert(table), children)


def _ids(connection: Connection) -> Mapping[tuple[str, str], int]:
    """Return the id of each practitioner by their licence."""
    table = tables.Practitioner
    found = connection.execute(select(table.licence_body, table.licence_number, table.id))
    return {(body, number): id_ for body, number, id_ in found}


def list_practitioners(engine: Engine) -> list[Practitioner]:
    """Return all practitioners by name, those without a valid licence too."""
    with reading(engine) as session:
        rows = session.execute(select(tables.Practitioner).order_by(tables.Practitioner.name))
        return [plain(row) for row in rows.scalars()]


def known_specialities(engine: Engine) -> tuple[str, ...]:
    """Return all specialities that a practitioner has, in small letters, by the alphabet."""
    name = tables.Speciality.name
    with reader(engine).connect() as connection:
        return tuple(connection.execute(select(name).distinct().order_by(name)).scalars())


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Yield a session that sees one state of the list, though an import may end meanwhile."""
    with Session(reader(engine)) as session:
        if engine.dialect.name == "postgresql":  # SQLite does so by itself
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


def plain(row: tables.Practitioner) -> Practitioner:
    """Return a row of the database as plain data, to be used when the session has ended."""
    values = {field.name: getattr(row, field.name) for field in fields(Practitioner)}
    values["languages"] = tuple(sorted(language.code for language in row.languages))
    values["specialities"] = tuple(sorted(speciality.name for speciality in row.specialities))
    return Practitioner(**values)
