"""``needlepoint requests`` and ``needlepoint deliver``: what patients asked for, delivered."""

import json
import logging
import signal
import threading
from dataclasses import asdict
from datetime import datetime

import typer

from needlepoint.commands.database import EXIT_CODES, database, fail
from needlepoint.database.tables import FAILED, SENT, WAITING
from needlepoint.referral.clinic import read_clinic
from needlepoint.referral.contact import shown_contact
from needlepoint.referral.deletion import delete_request, purge_requests
from needlepoint.referral.delivery import Worker
from needlepoint.referral.destination import DestinationError, read_destination
from needlepoint.referral.message import Destination
from needlepoint.referral.requests import Listed, list_requests
from needlepoint.referral.requests import retry as retry_requests

app = typer.Typer(
    help="List patients' requests to be called back, retry or delete them.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
)
# Without these two, names in Persian and most emoji fall apart.
_JOINERS = "\u200c\u200d"
_IDS = typer.Argument(None, help="Ids of requests that failed.")


@app.command("list", epilog=EXIT_CODES)
def list_(
    failed: bool = typer.Option(False, "--failed", help="Only those given up."),
    waiting: bool = typer.Option(False, "--waiting", help="Only those still to be delivered."),
    sent: bool = typer.Option(False, "--sent", help="Only those that the clinic has."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """List requests, oldest first."""
    chosen = [status for status, on in ((FAILED, failed), (WAITING, waiting), (SENT, sent)) if on]
    if len(chosen) > 1:
        raise typer.BadParameter("choose one of --failed, --waiting and --sent")
    with database() as engine:
        requests = list_requests(engine, *chosen)
    if as_json:
        typer.echo(json.dumps([asdict(r) for r in requests], default=datetime.isoformat, indent=2))
    elif not requests:
        typer.echo("No requests.")
    else:
        typer.echo("\n\n".join(_block(request) for request in requests))


@app.command(epilog=EXIT_CODES)
def retry(
    ids: list[str] = _IDS,
    all_: bool = typer.Option(False, "--all", help="All that failed."),
) -> None:
    """Have failed requests delivered again, from now on."""
    if bool(ids) == all_:
        raise typer.BadParameter("name the ids of requests, or say --all")
    with database() as engine:
        retried = retry_requests(engine, None if all_ else ids)
    typer.echo(f"To be delivered again: {len(retried)}.")
    missing = [request_id for request_id in ids or [] if request_id not in retried]
    if missing:
        fail(f"No failed request has the id {', '.join(map(visible, missing))}.")


@app.command(epilog=EXIT_CODES)
def delete(request_id: str = typer.Argument(..., metavar="ID", help="Of the request.")) -> None:
    """Delete a request, and tell the clinic to delete it if it may have it."""
    with database() as engine:
        deleted = delete_request(engine, request_id)
    if not deleted.count:
        fail(f"No request has the id {visible(request_id)}.")
    typer.echo(
        "Deleted here; the clinic is told to delete it, too."
        if deleted.maybe_delivered
        else "Deleted; it had not been delivered."
    )


@app.command(epilog=EXIT_CODES)
def purge() -> None:
    """Delete the requests that were kept as long as the patients were told."""
    with database() as engine:
        purged = purge_requests(engine)
    typer.echo(f"Deleted: {purged.count}, of them never delivered: {purged.undelivered}.")


def deliver(
    once: bool = typer.Option(False, "--once", help="Try what is due now, then end."),
) -> None:
    """Deliver requests to the clinic until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with database() as engine:
        worker = Worker(engine, _destination())
        if not once:
            worker.run(_stop_on_signals())
            return
        tally = worker.run_once()
    typer.echo(f"Sent: {tally.sent}, to be tried again: {tally.postponed}, failed: {tally.failed}.")
    if tally.postponed or tally.failed:
        raise typer.Exit(1)


def visible(text: str) -> str:
    """Return a text with characters that a terminal would obey, or hide, written as escapes."""
    return "".join(
        character
        if character.isprintable() or character in _JOINERS
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _block(request: Listed) -> str:
    what = "deletion " if request.is_deletion else ""
    lines = [f"{request.id}  {what}{request.status}  asked at {_minute(request.created_at)}"]
    if not request.is_deletion:
        contact = shown_contact(request.contact_kind, request.contact)
        lines += [
            f"  name: {request.name}",
            f"  {request.contact_kind}: {contact}",
            f"  preferred time: {request.preferred_time}",
        ]
    if request.sent_at:
        lines.append(f"  sent at {_minute(request.sent_at)}")
    elif request.last_error:
        lines.append(f"  attempts: {request.attempts}, last error: {request.last_error}")
    return "\n".join(map(visible, lines))


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _destination() -> Destination:
    clinic = read_clinic()
    destination = read_destination(clinic.requests_email, clinic.requests_webhook)
    if destination is None:
        raise DestinationError(
            "clinic.yml has neither requests.email nor requests.webhook: requests are only kept."
        )
    return destination


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # By a thread: the signal may come while this one holds the lock of the event.
        signal.signal(number, lambda *_: threading.Thread(target=stop.set).start())
    return stop
