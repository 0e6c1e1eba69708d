"""``needlepoint status``: how the bot does, for who runs it."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from dataclasses import asdict
from datetime import datetime
from typing import Any

import typer
from sqlalchemy.exc import DBAPIError

from needlepoint.commands.database import DATA_PROBLEM
from needlepoint.database.engine import URL_VARIABLE, DatabaseUrlError, connect
from needlepoint.observability.facts import Facts, read_facts

PATH = "/webhooks/health/ready"
LIMIT = 5.0  # seconds
NOT_REACHABLE = "not reachable"
EXIT_CODES = "Exit codes: 0 all works, 1 something does not, 2 wrong use of the command."
_URL = typer.Option(
    None, "--url", help="Where Rasa is, as http://127.0.0.1:5005; NEEDLEPOINT_PORT says it, too."
)


class NoReportError(Exception):
    """The server gave no report; the text says what to do."""


def status(
    url: str = _URL, as_json: bool = typer.Option(False, "--json", help="Print JSON.")
) -> None:
    """Say how each part of the running bot does, and what the database counts."""
    place = (url or _default_url()).rstrip("/")
    problems = []
    report: dict[str, Any] = {"status": NOT_REACHABLE, "parts": {}}
    try:
        report = read_report(place)
    except NoReportError as error:
        problems.append(str(error))
    facts = None
    try:
        facts = _facts()
    except DatabaseUrlError as error:
        problems.append(str(error))
    except DBAPIError as error:
        # Not the driver's own words: there may be an address or a row in them.
        reason = type(error.orig).__name__
        problems.append(f"The database cannot be read ({reason}). Check {URL_VARIABLE}.")
    if as_json:
        counts = asdict(facts) if facts else None
        whole = {"url": place, **report, "facts": counts, "problems": problems}
        typer.echo(json.dumps(whole, default=datetime.isoformat, indent=2))
    else:
        typer.echo(_table(place, report, facts))
        for problem in problems:
            typer.echo(problem, err=True)
    if report["status"] != "ok" or problems:
        raise typer.Exit(DATA_PROBLEM)


def read_report(place: str) -> dict[str, Any]:
    """Return what the server at ``place`` says of itself: ``status`` and ``parts``.

    Raises:
        NoReportError: it does not answer, or not as it should.
    """
    # A proxy set for the outside world must not come between.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{place}{PATH}", timeout=LIMIT) as answer:
            body = answer.read()
    except urllib.error.HTTPError as error:
        body = error.read()  # also of a server that fails, a report
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise NoReportError(
            f"Nothing answers at {place} ({reason}). Start it by `make run`, or say --url."
        ) from None
    try:
        report = json.loads(body)
        return {"status": str(report["status"]), "parts": dict(report["parts"])}
    except (ValueError, TypeError, KeyError):
        raise NoReportError(
            f"What answers at {place} has no report at {PATH}. Is it Needlepoint, with "
            "needlepoint.channels.health.HealthChannel in credentials.yml?"
        ) from None


def _default_url() -> str:
    host = os.environ.get("NEEDLEPOINT_HOST", "127.0.0.1")
    port = os.environ.get("NEEDLEPOINT_PORT", "5005")
    return f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"


def _facts() -> Facts:
    engine = connect()
    try:
        return read_facts(engine)
    finally:
        engine.dispose()


def _table(place: str, report: dict[str, Any], facts: Facts | None) -> str:
    rows = [("Needlepoint", f"{report['status']}, at {place}")]
    for name, part in report["parts"].items():
        reason = f" ({part['reason']})" if part.get("reason") else ""
        rows.append((f"  {name.replace('_', ' ')}", f"{part['status']}{reason}"))
    if facts:
        outbox = facts.outbox
        waits = f", the oldest for {_duration(outbox.oldest_seconds)}"
        rows += [
            ("Conversations today (UTC)", str(facts.conversations_today)),
            ("Last message", _moment(facts.last_turn)),
            ("Requests waiting", f"{outbox.waiting}{waits if outbox.oldest_seconds else ''}"),
            ("Requests failed", str(outbox.failed)),
            ("Feedback", f"{facts.feedback_up} up, {facts.feedback_down} down"),
        ]
    width = max(len(name) for name, _ in rows) + 2
    return "\n".join(f"{name:<{width}}{value}" for name, value in rows)


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "none yet"


def _duration(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
