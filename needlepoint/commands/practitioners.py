"""``needlepoint practitioners``: import, list and check those who work for the clinic."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import typer

from needlepoint.commands.database import DATA_PROBLEM, EXIT_CODES, database, fail
from needlepoint.content.yaml_lines import DataError
from needlepoint.referral.languages import read_languages
from needlepoint.referral.practitioner_file import PractitionerFileError, read_practitioners
from needlepoint.referral.practitioners import (
    Practitioner,
    list_practitioners,
    replace_practitioners,
)

SOON = timedelta(days=60)  # a licence that expires within it should be renewed

app = typer.Typer(
    help="Import, list and check the clinic's practitioners.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
)
_JSON = typer.Option(False, "--json", help="Print JSON.")
_FILE = typer.Argument(
    ..., metavar="FILE.csv", exists=True, dir_okay=False, readable=True, help="The CSV file."
)


@app.command("import", epilog=EXIT_CODES)
def import_(
    file: Path = _FILE,
    dry_run: bool = typer.Option(False, "--dry-run", help="Only check the file."),
    as_json: bool = _JSON,
) -> None:
    """Put the practitioners of a CSV file in the place of ALL that are in the database.

    Every row is checked first. If one is wrong, all problems are printed with their lines, and the
    database stays as it was. data/referral/practitioners_example.csv shows the columns.
    """
    rows = _read(file, as_json)
    expired = [row for row in rows if not row.is_licensed(date.today())]
    for row in expired:
        _warn_of(row)
    imported, replaced = 0, 0
    if not dry_run:
        with database() as engine:
            replaced = replace_practitioners(engine, rows)
        imported = len(rows)
    if as_json:
        counts = {"checked": len(rows), "imported": imported, "replaced": replaced}
        _print_json({**counts, "expired": _plain(expired), "problems": []})
    elif dry_run:
        typer.echo(f"Checked {len(rows)} practitioners: all fine. The database was not changed.")
    else:
        typer.echo(f"Imported {imported} practitioners, in the place of {replaced}.")


@app.command("list", epilog=EXIT_CODES)
def list_(
    expired: bool = typer.Option(
        False, "--expired", help="Those whose licence has expired, whom no patient is shown."
    ),
    as_json: bool = _JSON,
) -> None:
    """List those whose licence is valid today, whom patients are shown."""
    today = date.today()
    with database() as engine:
        rows = [row for row in list_practitioners(engine) if row.is_licensed(today) != expired]
        if as_json:
            _print_json(_plain(rows))
        else:
            typer.echo("\n\n".join(map(_block, rows)) or "No practitioners.")


@app.command(epilog=EXIT_CODES)
def check(as_json: bool = _JSON) -> None:
    """List licences that have expired or expire within 60 days; exit code 1 if one has expired."""
    today = date.today()
    with database() as engine:
        rows = sorted(list_practitioners(engine), key=lambda row: row.licence_expires)
    expired = [row for row in rows if not row.is_licensed(today)]
    expiring = [row for row in rows if today <= row.licence_expires <= today + SOON]
    if as_json:
        _print_json({"expired": _plain(expired), "expiring": _plain(expiring)})
    else:
        for row in expired:
            typer.echo(f"expired   {_licence(row)}")
        for row in expiring:
            typer.echo(f"expiring  {_licence(row)}")
        typer.echo(f"{len(rows)} practitioners, {len(expired)} expired, {len(expiring)} expiring.")
    if expired:
        raise typer.Exit(DATA_PROBLEM)


def _read(file: Path, as_json: bool) -> list[Practitioner]:
    try:
        return read_practitioners(file)
    except PractitionerFileError as error:
        if as_json:
            _print_json({"imported": 0, "problems": [asdict(p) for p in error.problems]})
        typer.echo(error, err=True)
        fail(f"Problems: {len(error.problems)}. The database was not changed.")
    except (DataError, OSError) as error:
        fail(str(error))


def _warn_of(row: Practitioner) -> None:
    typer.echo(f"Warning: expired, will not be shown to patients: {_licence(row)}", err=True)


def _licence(row: Practitioner) -> str:
    return f"{row.licence_expires}  {row.name} ({row.licence_body} {row.licence_number})"


def _block(row: Practitioner) -> str:
    where = [row.address, row.city, row.region, row.postal_code, row.country]
    languages = [read_languages().title(code) for code in row.languages]
    lines = [
        f"{row.name}, {row.titles}",
        f"  licence: {row.licence_body} {row.licence_number}, valid to {row.licence_expires}",
        f"  address: {', '.join(filter(None, where))}",
        f"  phone: {row.phone}",
    ]
    for name, values in (
        ("booking", [row.booking_url]),
        ("gender", [row.gender]),
        ("languages", languages),
        ("specialities", row.specialities),
    ):
        shown = ", ".join(filter(None, values))
        lines += [f"  {name}: {shown}"] if shown else []
    return "\n".join(lines)


def _plain(rows: Sequence[Practitioner]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, default=date.isoformat, ensure_ascii=False, indent=2))
