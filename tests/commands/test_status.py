"""The command ``status``, against a running channel, a failing one and none."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import typer
from typer.testing import CliRunner

from needlepoint.commands.status import status
from needlepoint.database.engine import connect
from needlepoint.feedback import store_feedback
from needlepoint.referral.requests import store_request

pytest_plugins = ["observability_stack"]


@pytest.fixture
def run(monkeypatch):
    # A busy machine is no failure.
    monkeypatch.setattr("needlepoint.commands.status.LIMIT", 60.0)
    app = typer.Typer()
    app.command()(status)
    return lambda *arguments: CliRunner(mix_stderr=False).invoke(app, arguments)


@pytest.fixture
def server(start_health, tmp_path, a_request):
    engine = connect(f"sqlite:///{tmp_path}/health.db")
    store_request(engine, "me", a_request(), keep_days=30, deliver=True)
    store_feedback(engine, "me", "1" * 32, "utter_faq_cost", "up")
    return start_health(deadline=60.0)


@pytest.fixture
def stranger():
    """A server that is another one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            self.send_response(404)
            self.end_headers()
            self.wfile.write(b"<h1>Zoe was here</h1>")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_all_works(run, server):
    done = run("--url", server.url)
    assert done.exit_code == 0, done.stderr
    assert f"ok, at {server.url}" in done.stdout
    for row in (r"database", "model", "Requests waiting", "1 up, 0 down", "none yet"):
        assert row in done.stdout
    assert "Zoë" not in done.stdout


def test_the_port_may_come_from_the_environment(run, server, monkeypatch):
    monkeypatch.setenv("NEEDLEPOINT_HOST", "0.0.0.0")
    monkeypatch.setenv("NEEDLEPOINT_PORT", str(server.port))
    assert run().exit_code == 0


def test_json_has_the_same(run, server):
    done = run("--json", "--url", server.url + "/")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["status"], found["problems"]) == (0, "ok", [])
    assert found["parts"]["database"] == {"status": "ok"}
    assert found["facts"]["outbox"]["waiting"] == 1
    assert (found["facts"]["feedback_up"], found["facts"]["last_turn"]) == (1, None)


def test_a_part_that_fails_is_said_with_its_reason(run, server):
    server.app.ctx.agent = None
    done = run("--url", server.url)
    assert done.exit_code == 1
    assert "failing (NotLoadedError)" in done.stdout


def test_degraded_is_not_fine(run, server):
    server.agent.action_endpoint = type("Endpoint", (), {"url": "http://127.0.0.1:1/webhook"})
    done = run("--url", server.url)
    assert done.exit_code == 1
    assert "degraded, at" in done.stdout


def test_where_nothing_answers_the_database_is_still_read(run, server):
    done = run("--url", "http://127.0.0.1:1")
    assert done.exit_code == 1
    assert "not reachable" in done.stdout
    assert "Requests waiting" in done.stdout
    assert "make run" in done.stderr


@pytest.mark.parametrize("url", ["nonsense", "ftp://x", "http://127.0.0.1:99999"])
def test_a_wrong_address_is_said(run, server, url):
    done = run("--url", url)
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert "--url" in done.stderr


def test_another_server_is_told_apart(run, server, stranger):
    done = run("--url", stranger)
    assert done.exit_code == 1
    assert "HealthChannel in credentials.yml" in done.stderr
    assert "Zoe" not in done.stdout + done.stderr


def test_a_database_that_is_away_is_said_without_its_address(run, server, monkeypatch):
    monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", "postgresql://ann:secret@127.0.0.1:1/patients")
    done = run("--url", server.url)
    assert done.exit_code == 1
    assert "NEEDLEPOINT_DATABASE_URL" in done.stderr
    assert "secret" not in done.stdout + done.stderr
