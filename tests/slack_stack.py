"""A running bot in Slack: Rasa with the Slack channel, and the stand-in for Slack's API."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import MODEL, ROOT, free_port, patient_credentials, wait_for, write_endpoints
from slack_events import Slack
from slack_stand_in import APP_TOKEN, BOT_TOKEN, SlackStandIn

SIGNING_SECRET = "for the tests of the Slack channel only"
SECRET = "for tests only, and as long as it must be"


class SlackBot:
    """The bot, spoken to as Slack does."""

    def __init__(
        self, port: int, stand_in: SlackStandIn, process: subprocess.Popen, database: str
    ) -> None:
        self.port = port
        self.slack = Slack(port, SIGNING_SECRET)
        self.stand_in = stand_in
        self.process = process
        self.database = database

    def said(self, channel: str, thread: str | None = None) -> list[dict[str, Any]]:
        return self.stand_in.messages(channel, thread)

    def ask(self, event: dict[str, Any], count: int = 1) -> list[dict[str, Any]]:
        """Send a message's event; return the ``count`` or more messages that answer it."""
        channel = event["channel"]
        before = len(self.said(channel))
        assert self.slack.event(event).status == 200
        self.stand_in.wait_for(lambda: len(self.said(channel)) >= before + count)
        return self.said(channel)[before:]


@pytest.fixture(scope="session")
def start_slack(
    start: Callable[..., subprocess.Popen],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., SlackBot]:
    """Start Rasa with the Slack channel; return it once it answers."""

    def run(
        stand_in: SlackStandIn,
        database: str | None = None,
        actions_port: int | None = None,
        clinic: Path | None = None,
        socket_mode: bool = False,
        port: int | None = None,
    ) -> SlackBot:
        folder = tmp_path_factory.mktemp("slack")
        database = database or f"sqlite:///{folder}/needlepoint.db"
        write_endpoints(folder, actions_port or free_port())
        credentials = patient_credentials()
        credentials["needlepoint.channels.slack.SlackChannel"]["api_url"] = stand_in.url
        (folder / "credentials.yml").write_text(yaml.safe_dump(credentials))
        settings = {
            "NEEDLEPOINT_DATABASE_URL": database,
            "NEEDLEPOINT_SECRET": SECRET,
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN" if socket_mode else "SLACK_SIGNING_SECRET": (
                APP_TOKEN if socket_mode else SIGNING_SECRET
            ),
        }
        if clinic:
            settings["NEEDLEPOINT_CLINIC"] = str(clinic)
        port = port or free_port()
        options = f"--interface 127.0.0.1 --port {port} --model {MODEL}"
        files = f"--endpoints {folder}/endpoints.yml --credentials {folder}/credentials.yml"
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name, value)
            process = start("run", *options.split(), *files.split())
        wait_for(f"http://127.0.0.1:{port}/webhooks/rest/", process)
        wait_for(f"http://127.0.0.1:{port}/webhooks/slack/", process)
        return SlackBot(port, stand_in, process, database)

    return run


@contextmanager
def _stand_in() -> Iterator[SlackStandIn]:
    with SlackStandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def slack_bot(
    start_slack: Callable[..., SlackBot],
    start_actions: Callable[[], tuple[int, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SlackBot]:
    """The bot of the clinic in ``tests/clinic.yml``, with its action server."""
    clinic = ROOT / "tests" / "clinic.yml"
    database = f"sqlite:///{tmp_path_factory.mktemp('slack-clinic')}/clinic.db"
    with _stand_in() as stand_in, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEEDLEPOINT_CLINIC", str(clinic))
        patch.setenv("NEEDLEPOINT_DATABASE_URL", database)
        port, _ = start_actions()
        patch.undo()
        yield start_slack(stand_in, database, port, clinic)
