"""Rasa's own Sanic app with the channel ``health``, over HTTP, and what it asks."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from app_server import AppServer
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.run import configure_app
from sanic import Sanic

from needlepoint.channels.health import HealthChannel


class Server(AppServer):
    """The app in a thread of its own, with an agent that does as it is told."""

    def __init__(self, **settings):
        Sanic.test_mode = True
        self.agent = SimpleNamespace(
            is_ready=lambda: True, action_endpoint=None, lock_store=InMemoryLockStore()
        )
        channel = HealthChannel.from_credentials(settings)
        self.app = configure_app([channel], enable_api=False, use_uvloop=False)
        self.app.ctx.agent = self.agent
        self.start_app()
        self.url = f"http://127.0.0.1:{self.port}"

    def get(self, path, **headers):
        """Return status and body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=240)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", f"/webhooks/health/{path}", headers=names)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body

    def ready(self):
        """Return status and report."""
        status, body = self.get("ready")
        return status, json.loads(body)


@pytest.fixture
def start_health(tmp_path, monkeypatch) -> Iterator[Callable[..., Server]]:
    """Start the channel with SQLite and nothing else, unless the test has set more."""
    for name in ("NEEDLEPOINT_REDIS_URL", "NEEDLEPOINT_AMQP_URL", "NEEDLEPOINT_METRICS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", f"sqlite:///{tmp_path}/health.db")
    started = []

    def start(**settings):
        started.append(Server(**{"keep": 0.001, "deadline": 60.0, **settings}))
        return started[-1]

    yield start
    for server in started:
        server.stop()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@contextmanager
def action_server(status: int) -> Iterator[str]:
    """An action server that answers so to ``/health``; yields the URL of its webhook."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            self.send_response(status if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/webhook"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port that takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
