"""The channel ``health`` over HTTP: with real services, with closed ports and with deaf ones."""

import json
import re
from types import SimpleNamespace

import pytest
from databases import amqp_url, own_postgres, redis_url
from observability_stack import action_server, closed_port, deaf_port

from needlepoint.channels.health import HealthChannel, HealthSettingsError
from needlepoint.database.engine import connect
from needlepoint.referral.requests import store_request

pytest_plugins = ["observability_stack"]
REDIS, AMQP = "NEEDLEPOINT_REDIS_URL", "NEEDLEPOINT_AMQP_URL"


def endpoint(url):
    return SimpleNamespace(url=url)


def test_a_process_that_answers_lives_whatever_else_does_not(start_health, monkeypatch):
    monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", "none")
    server = start_health()
    server.app.ctx.agent = None
    assert server.get("live") == (200, '{"status":"ok"}')


def test_all_works_with_the_default_profile(start_health):
    status, report = start_health().ready()
    assert status == 200
    parts = {"model", "database", "action_server"}
    assert report == {"status": "ok", "parts": {part: {"status": "ok"} for part in parts}}


def test_all_works_with_postgresql_redis_and_rabbitmq(start_health, monkeypatch):
    monkeypatch.setenv(REDIS, redis_url())
    monkeypatch.setenv(AMQP, amqp_url())
    with own_postgres() as url:
        monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", url)
        status, report = start_health().ready()
    assert (status, report["status"]) == (200, "ok")
    assert set(report["parts"]) == {"model", "database", "redis", "rabbitmq", "action_server"}


@pytest.mark.parametrize("agent", [None, SimpleNamespace(is_ready=lambda: False)])
def test_without_a_model_it_is_not_ready(start_health, agent):
    server = start_health()
    server.app.ctx.agent = agent
    status, report = server.ready()
    assert status == 503
    assert report["parts"]["model"] == {"status": "failing", "reason": "NotLoadedError"}


def test_a_database_that_is_away_is_said_without_its_address(start_health, monkeypatch):
    url = f"postgresql://ann:secret@127.0.0.1:{closed_port()}/patients"
    monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", url)
    server = start_health()
    status, report = server.ready()
    assert (status, report["status"]) == (200, "degraded")
    assert report["parts"]["database"] == {"status": "degraded", "reason": "OperationalError"}
    assert not re.search(r"secret|ann|patients|127|postgres", json.dumps(report))


def test_a_database_that_comes_back_is_seen(start_health, monkeypatch, tmp_path):
    (tmp_path / "away").mkdir()
    connect(f"sqlite:///{tmp_path}/away/health.db").dispose()  # its tables take their time
    monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", f"sqlite:///{tmp_path}/back/health.db")
    server = start_health()
    assert server.ready()[1]["status"] == "degraded"
    (tmp_path / "away").rename(tmp_path / "back")
    assert server.ready()[1]["status"] == "ok"


def test_a_database_that_never_answers_is_given_up_in_time(start_health, monkeypatch):
    with deaf_port() as port:
        monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", f"postgresql://ann@127.0.0.1:{port}/x")
        server = start_health(deadline=0.2)
        status, report = server.ready()
        assert status == 200
        # Where the check is late, the driver has given up before it.
        assert report["parts"]["database"]["reason"] in ("timeout", "OperationalError")
        # Prometheus gets its numbers all the same, but none of the outbox.
        status, body = server.get("metrics")
        assert status == 200
        assert 'needlepoint_part_up{part="database"} 0.0' in body
        assert "needlepoint_ready 1.0" in body
        assert 'needlepoint_outbox_jobs{status="waiting"} NaN' in body


def test_without_redis_answers_go_on(start_health, monkeypatch):
    monkeypatch.setenv(REDIS, f"redis://:secret@127.0.0.1:{closed_port()}")
    server = start_health()
    status, report = server.ready()
    assert (status, report["status"]) == (200, "degraded")
    assert report["parts"]["redis"] == {"status": "degraded", "reason": "ConnectionError"}
    assert server.get("live")[0] == 200


def test_redis_and_rabbitmq_that_never_answer_hold_nobody_up(start_health, monkeypatch):
    with deaf_port() as port:
        monkeypatch.setenv(REDIS, f"redis://127.0.0.1:{port}")
        monkeypatch.setenv(AMQP, f"amqp://guest:guest@127.0.0.1:{port}")
        status, report = start_health(deadline=0.2).ready()
    assert (status, report["status"]) == (200, "degraded")
    assert report["parts"]["redis"]["status"] == "degraded"
    assert report["parts"]["rabbitmq"]["status"] == "degraded"


def test_a_broker_that_is_away_degrades_and_its_password_is_not_said(start_health, monkeypatch):
    monkeypatch.setenv(AMQP, f"amqp://guest:secret@127.0.0.1:{closed_port()}")
    status, report = start_health().ready()
    assert (status, report["parts"]["rabbitmq"]["status"]) == (200, "degraded")
    assert not re.search(r"secret|guest|127", json.dumps(report))


def test_the_action_server_is_asked_and_only_degrades(start_health):
    server = start_health()
    with action_server(200) as url:
        server.agent.action_endpoint = endpoint(url)
        assert server.ready()[1]["parts"]["action_server"] == {"status": "ok"}
    with action_server(500) as url:
        server.agent.action_endpoint = endpoint(url)
        found = server.ready()[1]["parts"]["action_server"]
        assert found == {"status": "degraded", "reason": "BadAnswerError"}
    server.agent.action_endpoint = endpoint(f"http://127.0.0.1:{closed_port()}/webhook")
    status, report = server.ready()
    assert (status, report["status"]) == (200, "degraded")


def test_metrics_have_the_outbox(start_health, tmp_path, a_request):
    engine = connect(f"sqlite:///{tmp_path}/health.db")
    store_request(engine, "me", a_request(), keep_days=30, deliver=True)
    status, body = start_health().get("metrics")
    assert status == 200
    assert 'needlepoint_outbox_jobs{status="waiting"} 1.0' in body
    assert 'needlepoint_outbox_jobs{status="failed"} 0.0' in body
    assert "needlepoint_ready 1.0" in body
    assert "Zoë" not in body


def test_metrics_are_refused_to_who_comes_through_a_proxy_without_the_token(
    start_health, monkeypatch
):
    server = start_health()
    assert server.get("metrics", X_Forwarded_For="10.0.0.1")[0] == 403
    monkeypatch.setenv("NEEDLEPOINT_METRICS_TOKEN", "for tests")
    proxied = {"X_Forwarded_For": "203.0.113.7"}
    assert server.get("metrics", **proxied, Authorization="Bearer for tests")[0] == 200
    status, body = server.get("metrics", **proxied, Authorization="Bearer for test")
    assert (status, body) == (403, '{"error":"forbidden"}')


def test_which_part_is_in_trouble_is_told_only_to_who_may_read_metrics(start_health, monkeypatch):
    server = start_health()
    server.agent.action_endpoint = endpoint(f"http://127.0.0.1:{closed_port()}/webhook")
    proxied = {"X_Forwarded_For": "203.0.113.7"}
    assert server.get("ready", **proxied) == (200, '{"status":"degraded"}')
    monkeypatch.setenv("NEEDLEPOINT_METRICS_TOKEN", "for tests")
    _, body = server.get("ready", **proxied, Authorization="Bearer for tests")
    assert json.loads(body) == server.ready()[1]
    assert "action_server" in body


def test_each_intent_of_the_domain_is_there_before_its_first_message(start_health):
    server = start_health()
    server.agent.domain = SimpleNamespace(intent_properties={"of_this_test_only": {}})
    assert 'needlepoint_intents_total{intent="of_this_test_only"} 0.0' in server.get("metrics")[1]


@pytest.mark.parametrize("settings", [{"deadline": 0}, {"keep": "soon"}, {"speed": 1}])
def test_wrong_settings_are_named(settings):
    with pytest.raises(HealthSettingsError, match=next(iter(settings))):
        HealthChannel.from_credentials(settings)
