"""The command ``needlepoint``, for the staff of a clinic."""

from importlib.metadata import version

import typer

from needlepoint.commands import conversations, practitioners, requests, status
from needlepoint.commands.database import EXIT_CODES

app = typer.Typer(
    help="Needlepoint: an assistant for an acupuncture clinic. "
    "NEEDLEPOINT_DATABASE_URL says where the database is (sqlite:///needlepoint.db).",
    no_args_is_help=True,
    # A crash prints no local variables: they may hold what patients wrote.
    pretty_exceptions_show_locals=False,
)
# Every part of the command is added here.
app.add_typer(practitioners.app, name="practitioners")
app.add_typer(requests.app, name="requests")
app.command(epilog=EXIT_CODES)(requests.deliver)
app.add_typer(conversations.app, name="conversations")
app.command(epilog=EXIT_CODES)(conversations.purge)
app.command(epilog=status.EXIT_CODES)(status.status)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"needlepoint {version('needlepoint')}")
        raise typer.Exit()


@app.callback()
def main(
    _: bool = typer.Option(
        False,
        "--version",
        callback=_print_version,
        is_eager=True,
        help="Print the version and stop.",
    ),
) -> None:
    """Take the options that stand before a command."""


if __name__ == "__main__":
    app()
