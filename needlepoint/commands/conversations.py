"""``needlepoint conversations`` and ``needlepoint purge``: what is stored of people, how long."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import typer
from sqlalchemy.engine import Engine

from needlepoint.commands.database import EXIT_CODES, database, fail
from needlepoint.commands.settings import SettingsError, keep_days, session_seconds
from needlepoint.stores.deletion import end_conversation
from needlepoint.stores.deletion import purge as purge_all
from needlepoint.stores.export import export_conversation, find_conversation

app = typer.Typer(
    help="Export a conversation for its owner, or delete it.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
)
_ID = typer.Argument(None, metavar="[ID]", help="Of the conversation, as its channel has it.")
_HASH = typer.Option(None, "--hash", help="In place of the id: what stands for it in the logs.")
Setting = TypeVar("Setting")


@app.command(epilog=EXIT_CODES)
def export(conversation: str = _ID, hashed: str = _HASH) -> None:
    """Print all that is stored of a conversation, as JSON.

    That is what was said and when, what the bot keeps in mind, feedback and requests.
    """
    with database() as engine:
        found = export_conversation(engine, _chosen(engine, conversation, hashed))
    if found is None:
        fail("There is no such conversation.")
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2))


@app.command(epilog=EXIT_CODES)
def delete(conversation: str = _ID, hashed: str = _HASH) -> None:
    """Delete all that is stored of a conversation; the clinic is told to delete a request.

    The person's browser begins a new one with the next message.
    """
    seconds = _setting(session_seconds)
    with database() as engine:
        removed = end_conversation(engine, _chosen(engine, conversation, hashed), seconds)
    if not removed.is_any:
        fail("There is no such conversation.")
    counts = f"feedback: {removed.feedback}, requests: {removed.requests}"
    typer.echo(f"Deleted. Conversations: {removed.conversations}, {counts}.")
    if removed.maybe_delivered:
        typer.echo("The clinic is told to delete its copy of a request, too.")


def purge(
    older_than: float = typer.Option(
        None,
        min=0,
        metavar="DAYS",
        help="Conversations without a message for so long, and feedback as old; "
        "as keep_days of the tracker store says, if left out.",
    ),
) -> None:
    """Delete what is older than that, and requests kept as long as the patients were told."""
    days = _setting(keep_days) if older_than is None else older_than
    with database() as engine:
        purged = purge_all(engine, timedelta(days=days))
    typer.echo(
        f"Deleted. Conversations: {purged.conversations}, feedback: {purged.feedback}, "
        f"requests: {purged.requests}, of them never delivered: {purged.undelivered}, "
        f"sessions that have ended: {purged.revoked}, messages from Slack: {purged.from_slack}."
    )


def _setting(read: Callable[[], Setting]) -> Setting:
    try:
        return read()
    except SettingsError as error:
        fail(str(error))


def _chosen(engine: Engine, conversation: str | None, hashed: str | None) -> str:
    if (conversation is None) == (hashed is None):
        raise typer.BadParameter("name the id of a conversation, or say --hash")
    if hashed is None:
        return conversation or ""
    found = find_conversation(engine, hashed)
    if found is None:
        fail("There is no such conversation.")
    return found
