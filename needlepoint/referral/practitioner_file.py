"""Practitioners from a CSV file: every row is checked, and all that is wrong is told at once."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, fields
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from needlepoint.referral.practitioner_row import read_row
from needlepoint.referral.practitioners import Practitioner

COLUMNS = tuple(field.name for field in fields(Practitioner))


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with a file.

    Attributes:
        line: from 1; where the row begins
        column: its name, or None if the whole row is meant
        reason: what is wrong, and what to do
    """

    line: int
    column: str | None
    reason: str

    def __str__(self) -> str:
        return ": ".join((str(self.line), *filter(None, [self.column]), self.reason))


class PractitionerFileError(ValueError):
    """A file that cannot be used; ``str()`` has one line for each of its problems.

    Attributes:
        path: of the file
        problems: all of them, by line
    """

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        super().__init__("\n".join(f"{path}:{problem}" for problem in problems))
        self.path, self.problems = path, tuple(problems)


@dataclass(frozen=True)
class _Line:
    """A row of cells, or why there is none; ``number`` is the line on which it begins."""

    number: int
    cells: list[str]
    problem: str | None = None


def read_practitioners(path: Path) -> list[Practitioner]:
    """Read a file of practitioners.

    It is CSV in UTF-8, with commas or semicolons, and has a first line with the names of the
    columns, in any order: the fields of ``Practitioner``. Rows without any text are left out.

    Raises:
        PractitionerFileError: something in it is wrong; then nothing of it is returned.
        OSError: it cannot be read.
    """
    text = _decoded(path)
    lines = _lines(text)
    header = next(lines, _Line(1, []))
    columns = [_column(cell) for cell in header.cells]
    problems = list(_header_problems(header, columns))
    if problems:
        raise PractitionerFileError(path, problems)
    practitioners, first_lines = [], dict[tuple[str, str], int]()
    for line in lines:
        reason = line.problem or _size_problem(line.cells, columns)
        if reason:
            problems.append(Problem(line.number, None, reason))
            continue
        practitioner, wrong = read_row(dict(zip(columns, line.cells, strict=True)))
        problems += [Problem(line.number, cell.column, cell.reason) for cell in wrong]
        if practitioner:
            licence = _licence(practitioner)
            first = first_lines.setdefault(licence, line.number)
            if first != line.number:
                reason = f"line {first} has the same licence; remove one of the two"
                problems.append(Problem(line.number, "licence_number", reason))
            practitioners.append(practitioner)
    if not practitioners and not problems:
        reason = "has no practitioner; write one to a line, below the names of the columns"
        problems.append(Problem(header.number, None, reason))
    if problems:
        raise PractitionerFileError(path, problems)
    return practitioners


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        reason = 'is not UTF-8; save it again as "CSV UTF-8 (comma delimited)"'
        line = data.count(b"\n", 0, error.start) + 1
        raise PractitionerFileError(path, [Problem(line, None, reason)]) from None


def _lines(text: str) -> Iterator[_Line]:
    """Yield all rows that are not empty."""
    # The reader stops at NUL; any other control character is refused later, by cell.
    text = text.replace("\0", "\1")
    first = next(iter(text.splitlines()), "")
    delimiter = max(",;", key=first.count)
    # "Strict", or a quote in the wrong place would silently take in the rest of the file.
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = rows.line_num + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            reason = f'cannot be read ({error}); check the quotes: "..." around a cell, "" in it'
            yield _Line(number, [], reason)
            continue
        if any(cell.strip() for cell in cells):
            yield _Line(number, cells)


def _column(cell: str) -> str:
    return "_".join(cell.lower().split())


def _header_problems(header: _Line, columns: list[str]) -> Iterator[Problem]:
    if header.problem:
        yield Problem(header.number, None, header.problem)
        return
    if not columns:
        names = ", ".join(COLUMNS)
        yield Problem(header.number, None, f"is empty; the first line must have: {names}")
        return
    for position, column in enumerate(columns):
        if column not in COLUMNS:
            near = islice(get_close_matches(column, COLUMNS), 1)
            hint = "".join(f"; is {name} meant?" for name in near) or "; remove it"
            yield Problem(header.number, None, f"the column {column[:40]!r} is not known{hint}")
        elif column in columns[:position]:
            yield Problem(header.number, column, "is there twice; remove one")
    for column in COLUMNS:
        if column not in columns:
            yield Problem(header.number, column, "is missing; add this column to the first line")


def _size_problem(cells: list[str], columns: list[str]) -> str | None:
    if len(cells) == len(columns):
        return None
    return (
        f"has {len(cells)} cells, and the first line has {len(columns)}; put cells that contain "
        "',' or ';' in quotes, and leave unknown ones empty"
    )


def _licence(practitioner: Practitioner) -> tuple[str, str]:
    """Return what is the same for one licence that is written in two ways."""
    body, number = practitioner.licence_body, practitioner.licence_number
    return body.casefold(), number.casefold().replace(" ", "")
