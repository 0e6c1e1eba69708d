"""What the action server does beside its actions, while it runs. Its part of rasa-sdk is faked."""

import time
from types import SimpleNamespace

import pytest
import yaml
from conftest import ROOT
from sqlalchemy.exc import OperationalError

import rasa_sdk_plugins
from needlepoint.database.engine import connect
from needlepoint.referral import delivery
from needlepoint.referral.requests import list_requests, store_request

LIMIT = 60  # seconds
WEBHOOK = "http://127.0.0.1:9/requests"


class Desk:
    """A destination that takes everything."""

    def send(self, message):
        pass


@pytest.fixture
def url(tmp_path, monkeypatch):
    monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", f"sqlite:///{tmp_path}/clinic.db")
    monkeypatch.setattr(delivery, "DATABASE_WAIT", 0.01)
    return f"sqlite:///{tmp_path}/clinic.db"


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Start what runs beside the actions of a clinic with these settings; stop it afterwards."""
    listeners = {}

    def run(**requests):
        settings = yaml.safe_load((ROOT / "tests" / "clinic.yml").read_text())
        settings["requests"] = requests
        (tmp_path / "clinic.yml").write_text(yaml.safe_dump(settings))
        monkeypatch.setenv("NEEDLEPOINT_CLINIC", str(tmp_path / "clinic.yml"))
        app = SimpleNamespace(register_listener=lambda call, event: listeners.update({event: call}))
        rasa_sdk_plugins.Delivery().attach_sanic_app_extensions(app)
        listeners["after_server_start"](app, None)

    yield run
    listeners["before_server_stop"](None, None)


def wait_for(condition):
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_a_database_that_is_away_at_the_start_is_waited_for(url, serve, a_request, monkeypatch):
    engine = connect(url)
    store_request(engine, "s", a_request(), 30, deliver=True)
    calls = []

    def away_at_first():
        calls.append(1)
        if len(calls) < 3:
            raise OperationalError("connect", {}, Exception("refused"))
        return engine

    monkeypatch.setattr(delivery, "connect", away_at_first)
    monkeypatch.setattr(rasa_sdk_plugins, "read_destination", lambda *_: Desk())
    serve(webhook=WEBHOOK)
    wait_for(lambda: list_requests(engine, "sent"))


def test_requests_that_are_only_kept_are_deleted_when_their_time_is_over(url, serve, a_request):
    engine = connect(url)
    store_request(engine, "old", a_request(), -1, deliver=False)
    kept = store_request(engine, "new", a_request(), 30, deliver=False)
    serve()
    wait_for(lambda: [listed.id for listed in list_requests(engine)] == [kept])
