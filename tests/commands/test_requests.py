"""The commands ``requests`` and ``deliver``, as the clinic's staff use them."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import typer
from typer.testing import CliRunner

from needlepoint.commands import requests as commands
from needlepoint.database.engine import connect
from needlepoint.referral import delivery, jobs
from needlepoint.referral.destination import MAIL_FROM, SMTP_URL, WEBHOOK_SECRET
from needlepoint.referral.requests import Request, list_requests, store_request

ROOT = Path(__file__).parents[2]


@pytest.fixture
def engine(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/test.db"
    monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", url)
    monkeypatch.setenv("NEEDLEPOINT_CLINIC", str(tmp_path / "clinic.yml"))
    (tmp_path / "clinic.yml").write_text("name: A clinic\n")
    for name in (SMTP_URL, MAIL_FROM, WEBHOOK_SECRET):
        monkeypatch.delenv(name, raising=False)
    return connect(url)


@pytest.fixture
def run(engine):
    app = typer.Typer()
    app.add_typer(commands.app, name="requests")
    app.command("deliver")(commands.deliver)

    def invoke(*arguments):
        return CliRunner(mix_stderr=False).invoke(app, arguments)

    return invoke


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A webhook of the clinic, named in its settings; ``status`` is what it answers."""

    class Handler(BaseHTTPRequestHandler):
        status = 200
        keys: list[str] = []

        def do_POST(self):  # noqa: N802
            self.rfile.read(int(self.headers["Content-Length"]))
            self.keys.append(self.headers["Idempotency-Key"])
            self.send_response(self.status)
            self.end_headers()

        def log_message(self, *_):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    settings = f"name: A clinic\nrequests:\n  webhook: {url}\n"
    (tmp_path / "clinic.yml").write_text(settings)
    monkeypatch.setenv(WEBHOOK_SECRET, "a secret")
    yield Handler
    server.shutdown()
    server.server_close()


def store(engine, conversation="s", deliver=True, **changes):
    fields = {
        "name": "Zoë",
        "contact_kind": "phone",
        "contact": "+18285550100",
        "preferred_time": "noon",
    }
    return store_request(engine, conversation, Request(**{**fields, **changes}), 30, deliver)


def test_nothing_to_list(run):
    assert run("requests", "list").stdout == "No requests.\n"
    assert run("requests", "list", "--json").stdout == "[]\n"


def test_requests_are_listed_for_people(run, engine):
    request_id = store(engine)
    jobs.note_failed(engine, jobs.take(engine, 60), "the webhook answered 400")
    head, *lines = run("requests", "list").stdout.splitlines()
    assert head.startswith(f"{request_id}  failed  asked at 20")
    assert lines == [
        "  name: Zoë",
        "  phone: +1 828-555-0100",
        "  preferred time: noon",
        "  attempts: 1, last error: the webhook answered 400",
    ]


def test_requests_are_listed_by_status_and_as_json(run, engine):
    ids = [store(engine, f"s{number}", deliver=number < 3) for number in range(4)]
    jobs.note_sent(engine, jobs.take(engine, 60))
    jobs.note_failed(engine, jobs.take(engine, 60), "refused")
    for option, expected in (("--sent", ids[0]), ("--failed", ids[1]), ("--waiting", ids[2])):
        [listed] = json.loads(run("requests", "list", option, "--json").stdout)
        assert (listed["id"], listed["name"]) == (expected, "Zoë")
        assert listed["created_at"].endswith("+00:00")
    assert len(json.loads(run("requests", "list", "--json").stdout)) == 4
    assert run("requests", "list", "--sent", "--failed").exit_code == 2


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Jo\u200e دانا", "Jo\\u200e دانا"),
        ("Jo 👩\u200d👧", "Jo 👩\u200d👧"),
        ('=HYPERLINK("x")', '=HYPERLINK("x")'),
        ("Jo\\x1b[31m", "Jo\\x1b[31m"),
    ],
)
def test_names_are_shown_as_text(run, engine, name, shown):
    store(engine, name=name)
    assert f"  name: {shown}\n" in run("requests", "list").stdout
    assert json.loads(run("requests", "list", "--json").stdout)[0]["name"] == name


def test_a_terminal_is_not_obeyed():
    hostile = "\x1b]0;title\x07\x9b31m\r\n\u202e\u2066"
    assert commands.visible(hostile) == "\\x1b]0;title\\x07\\x9b31m\\r\\n\\u202e\\u2066"


def test_failed_requests_are_retried(run, engine):
    ids = [store(engine, f"s{number}") for number in range(3)]
    for _ in ids:
        jobs.note_failed(engine, jobs.take(engine, 60), "refused")
    one = run("requests", "retry", ids[0])
    assert (one.exit_code, one.stdout) == (0, "To be delivered again: 1.\n")
    some = run("requests", "retry", ids[1], "unknown\x1b")
    assert (some.exit_code, some.stdout) == (1, "To be delivered again: 1.\n")
    assert some.stderr == "No failed request has the id unknown\\x1b.\n"
    assert run("requests", "retry", "--all").stdout == "To be delivered again: 1.\n"
    assert {listed.status for listed in list_requests(engine)} == {"waiting"}


@pytest.mark.parametrize("arguments", [(), ("--all", "some-id")])
def test_what_to_retry_must_be_said(run, arguments):
    assert run("requests", "retry", *arguments).exit_code == 2


def test_a_request_is_deleted(run, engine):
    sent, waiting = store(engine, "a"), store(engine, "b")
    jobs.note_sent(engine, jobs.take(engine, 60))
    assert "the clinic is told" in run("requests", "delete", sent).stdout
    assert "had not been delivered" in run("requests", "delete", waiting).stdout
    again = run("requests", "delete", waiting)
    assert (again.exit_code, again.stderr) == (1, f"No request has the id {waiting}.\n")
    listed = run("requests", "list").stdout
    assert listed.startswith(f"{sent}  deletion waiting  asked at ")
    assert len(listed.splitlines()) == 1


def test_old_requests_are_purged(run, engine):
    store_request(engine, "s", Request("Zoë", "phone", "+18285550100", "noon"), -1, True)
    store(engine, "young")
    assert run("requests", "purge").stdout == "Deleted: 1, of them never delivered: 1.\n"
    assert len(list_requests(engine)) == 1


def test_what_is_due_is_delivered_once(run, engine, desk):
    store(engine)
    first, second = run("deliver", "--once"), run("deliver", "--once")
    assert first.stdout == "Sent: 1, to be tried again: 0, failed: 0.\n"
    assert second.stdout == "Sent: 0, to be tried again: 0, failed: 0.\n"
    assert (first.exit_code, second.exit_code, len(desk.keys)) == (0, 0, 1)


@pytest.mark.parametrize(("status", "told"), [(400, "failed: 1"), (500, "tried again: 1")])
def test_the_exit_code_tells_that_something_is_left(run, engine, desk, status, told, monkeypatch):
    # Or it would be due again on a slow machine.
    monkeypatch.setattr(delivery, "Pace", partial(delivery.Pace, first_wait=3600))
    desk.status = status
    store(engine)
    result = run("deliver", "--once")
    assert result.exit_code == 1
    assert told in result.stdout


def test_without_destination_nothing_can_be_delivered(run, engine):
    result = run("deliver", "--once")
    assert result.exit_code == 1
    assert "neither requests.email nor requests.webhook" in result.stderr


def test_half_a_setting_is_explained(run, engine, desk, monkeypatch):
    monkeypatch.delenv(WEBHOOK_SECRET)
    result = run("deliver", "--once")
    assert result.exit_code == 1
    assert result.stderr.endswith("set NEEDLEPOINT_WEBHOOK_SECRET, too.\n")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "must be as"),
        ("postgresql://u:p@host:port/name", "must be as"),
        ("sqlite:////nowhere/x.db", "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_explained(run, monkeypatch, url, says):
    monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", url)
    result = run("requests", "list")
    assert result.exit_code == 3
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_running_delivery_ends_in_order(engine, desk, number):
    store(engine)
    code = "import typer; from needlepoint.commands.requests import deliver; typer.run(deliver)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        for _ in range(1200):
            if list_requests(engine, "sent") or process.poll() is not None:
                break
            time.sleep(0.1)
        process.send_signal(number)
        _, log = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0, log
    assert len(desk.keys) == 1
    assert "is delivered" in log and "Zoë" not in log
