"""The commands ``conversations`` and ``purge``, as the clinic's staff use them."""

import json
from datetime import timedelta

import pytest
import typer
import yaml
from sqlalchemy import delete, select, update
from typer.testing import CliRunner

from needlepoint.channels.revoked import is_revoked, revoke
from needlepoint.channels.slack_inbox import put
from needlepoint.channels.slack_incoming import Incoming, Place
from needlepoint.commands import conversations as commands
from needlepoint.database.engine import connect
from needlepoint.database.tables import (
    Conversation,
    Delivery,
    Feedback,
    ReferralRequest,
    RevokedSession,
    SlackIncoming,
    now,
)
from needlepoint.feedback import feedback_of, store_feedback
from needlepoint.observability.pseudonym import pseudonym
from needlepoint.referral.requests import conversation_hash, list_requests, store_request
from needlepoint.stores.conversations import NEW, Head, append, read_all

EVENTS = [
    {"event": "action", "name": "action_session_start", "timestamp": 1.0},
    {"event": "session_started", "timestamp": 1.0},
    {"event": "user", "text": "Does it hurt Zoë?", "timestamp": 1_800_000_000.5, "metadata": {}},
    {"event": "slot", "name": "country", "value": "GB", "timestamp": 2.0},
    {"event": "slot", "name": "place", "value": None, "timestamp": 2.0},
    {"event": "bot", "text": "Most feel little.", "timestamp": 1_800_000_001.0, "metadata": {}},
    {"event": "user", "text": "/faq_cost", "timestamp": 3.0, "metadata": {"shown": "What it is"}},
]


@pytest.fixture
def engine(database, monkeypatch):
    monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", database)
    engine = connect(database)
    yield engine
    engine.dispose()


@pytest.fixture
def run():
    app = typer.Typer()
    app.add_typer(commands.app, name="conversations")
    app.command("purge")(commands.purge)
    return lambda *arguments: CliRunner(mix_stderr=False).invoke(app, arguments)


@pytest.fixture
def stored(engine, a_request):
    """All that may be stored of one conversation."""

    def store(conversation):
        append(engine, conversation, NEW, list(map(json.dumps, EVENTS)), Head(0, lambda: None))
        store_feedback(engine, conversation, "a" * 32, "utter_faq_cost", "up", "thanks")
        store_request(engine, conversation, a_request(), 30, True)

    return store


def age(engine, table, condition, days, column="updated_at"):
    with engine.begin() as connection:
        at = {column: now() - timedelta(days=days)}
        connection.execute(update(table).where(condition).values(**at))


def test_an_export_has_all_and_nothing_of_others(engine, stored, run):
    stored("me")
    stored("other")
    export = json.loads(run("conversations", "export", "me").stdout)
    assert export["conversation"] == "me"
    assert export["messages"] == [
        {"from": "user", "text": "Does it hurt Zoë?", "time": "2027-01-15T08:00:00.500000+00:00"},
        {"from": "bot", "text": "Most feel little.", "time": "2027-01-15T08:00:01+00:00"},
        {"from": "user", "text": "What it is", "time": "1970-01-01T00:00:03+00:00"},
    ]
    assert export["slots"] == {"country": "GB"}
    assert [(one["value"], one["comment"]) for one in export["feedback"]] == [("up", "thanks")]
    assert [one["name"] for one in export["requests"]] == ["Zoë Müller"]


@pytest.mark.parametrize("hashed", [pseudonym, conversation_hash])
def test_a_conversation_is_found_by_what_logs_call_it(engine, stored, run, hashed):
    stored("me")
    stored("other")
    by_hash = run("conversations", "export", "--hash", hashed("other"))
    assert json.loads(by_hash.stdout)["conversation"] == "other"
    assert run("conversations", "delete", "--hash", hashed("other")).exit_code == 0
    assert read_all(engine, "other") == (NEW, [])
    assert read_all(engine, "me")[1]


def test_what_was_not_only_said_is_exported_alone(engine, stored, run):
    stored("me")
    with engine.begin() as connection:
        connection.execute(delete(Conversation))
    export = json.loads(run("conversations", "export", "me").stdout)
    assert (export["messages"], len(export["feedback"])) == ([], 1)


def test_a_deletion_takes_all_and_nothing_of_others(engine, stored, run):
    stored("me")
    stored("other")
    done = run("conversations", "delete", "me")
    assert done.stdout == "Deleted. Conversations: 1, feedback: 1, requests: 1.\n"
    assert read_all(engine, "me") == (NEW, [])
    assert feedback_of(engine, "me") == {}
    assert len(list_requests(engine)) == 1
    assert feedback_of(engine, "other")
    assert len(read_all(engine, "other")[1]) == len(EVENTS)
    assert run("conversations", "export", "me").exit_code == 1


def test_a_deletion_ends_the_session_and_what_waits(engine, stored, run, monkeypatch, tmp_path):
    settings = {"needlepoint.channels.web.WebChannel": {"session_days": 90}}
    (tmp_path / "credentials.yml").write_text(yaml.safe_dump(settings))
    monkeypatch.chdir(tmp_path)
    stored("me")
    put(engine, Incoming("Ev1", "me", "it is Zoë", None, Place("D1", "U1")))
    assert run("conversations", "delete", "me").exit_code == 0
    assert is_revoked(engine, "me")
    with engine.connect() as connection:
        ends = connection.execute(select(RevokedSession.expires_at)).scalar_one()
        words = connection.execute(select(SlackIncoming.data)).scalar_one()
    assert timedelta(days=89) < ends - now() < timedelta(days=91)
    assert words == ""


def test_a_deletion_says_that_the_clinic_is_told(engine, stored, run):
    stored("me")
    with engine.begin() as connection:
        connection.execute(update(Delivery).values(attempts=1))
    assert "The clinic is told" in run("conversations", "delete", "me").stdout


@pytest.mark.parametrize("command", ["export", "delete"])
def test_nobody_is_meant(engine, run, command):
    for arguments in (["nobody"], ["--hash", "0" * 16]):
        done = run("conversations", command, *arguments)
        assert (done.exit_code, done.stderr) == (1, "There is no such conversation.\n")
    assert run("conversations", command).exit_code == 2
    assert run("conversations", command, "me", "--hash", "0" * 16).exit_code == 2


def test_a_purge_takes_what_is_over_and_no_more(engine, stored, run):
    stored("old")
    stored("new")
    revoke(engine, "gone", 3600)
    age(engine, Conversation, Conversation.id == "old", 31)
    is_old = Feedback.conversation == conversation_hash("old")
    age(engine, Feedback, is_old, 31, "created_at")
    is_old = ReferralRequest.conversation == conversation_hash("old")
    age(engine, ReferralRequest, is_old, 1, "delete_after")
    done = run("purge")
    assert done.stdout == (
        "Deleted. Conversations: 1, feedback: 1, requests: 1, of them never delivered: 1, "
        "sessions that have ended: 0, messages from Slack: 0.\n"
    )
    assert read_all(engine, "old") == (NEW, [])
    assert len(read_all(engine, "new")[1]) == len(EVENTS)
    assert feedback_of(engine, "new")
    assert is_revoked(engine, "gone")
    age(engine, RevokedSession, True, 1, "expires_at")
    assert "sessions that have ended: 1" in run("purge", "--older-than", "10").stdout
    age(engine, Conversation, Conversation.id == "new", 11)
    assert "Conversations: 1," in run("purge", "--older-than", "10").stdout


@pytest.mark.parametrize(
    ("profile", "file"),
    [("", "endpoints.yml"), ("production", "endpoints.production.yml")],
)
def test_a_purge_keeps_what_the_settings_say(
    engine, stored, run, monkeypatch, tmp_path, profile, file
):
    stored("me")
    age(engine, Conversation, Conversation.id == "me", 8)
    monkeypatch.setenv("NEEDLEPOINT_PROFILE", profile)
    monkeypatch.chdir(tmp_path)
    done = run("purge")
    assert (done.exit_code, f"no {file} here" in done.stderr) == (1, True)
    for days, count in (("a week", None), (-1, None), (9, 0), (7, 1)):
        settings = {"tracker_store": {"keep_days": days}}
        (tmp_path / file).write_text(yaml.safe_dump(settings))
        done = run("purge")
        if count is None:
            assert "as a number of days" in done.stderr
        else:
            assert f"Conversations: {count}," in done.stdout


def test_what_the_settings_leave_out_is_a_month(engine, stored, run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "endpoints.yml").write_text("nlg: {}")
    (tmp_path / "credentials.yml").write_text("")
    for conversation, days in (("old", 31), ("new", 29)):
        stored(conversation)
        age(engine, Conversation, Conversation.id == conversation, days)
    assert "Conversations: 1," in run("purge").stdout
    assert run("conversations", "delete", "new").exit_code == 0
    with engine.connect() as connection:
        ends = connection.execute(select(RevokedSession.expires_at)).scalar_one()
    assert timedelta(days=29) < ends - now() < timedelta(days=31)


def test_a_profile_that_is_none_is_named(engine, run, monkeypatch):
    monkeypatch.setenv("NEEDLEPOINT_PROFILE", "prodution")
    done = run("purge")
    assert (done.exit_code, "NEEDLEPOINT_PROFILE must be" in done.stderr) == (1, True)


def test_many_conversations_are_purged(engine, run):
    for number in range(120):
        append(engine, str(number), NEW, ["{}"], Head(0, lambda: None))
    age(engine, Conversation, Conversation.id != "7", 31)
    assert "Conversations: 119," in run("purge").stdout
    assert read_all(engine, "7")[1] == ["{}"]


def test_a_database_that_is_away_is_named(run, monkeypatch, tmp_path):
    monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", f"sqlite:///{tmp_path}/none/test.db")
    done = run("purge")
    assert (done.exit_code, "cannot be used" in done.stderr) == (3, True)
