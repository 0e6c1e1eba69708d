"""The way to the database: hosts that do not answer, and what is left of what was deleted."""

import socket
import threading

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from needlepoint.database import engine as module
from needlepoint.database.engine import connect, wipe
from needlepoint.database.tables import ConversationEvent, SlackIncoming
from needlepoint.stores.conversations import NEW, Head, append


@pytest.fixture
def silent_host():
    """The port of a host that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def is_given_up(url):
    """Tell whether a database that does not answer is given up, and not waited for without end."""
    given_up = threading.Event()

    def try_it():
        with pytest.raises(OperationalError):
            connect(url)
        given_up.set()

    threading.Thread(target=try_it, daemon=True).start()
    return given_up.wait(60)


def test_a_host_that_never_answers_is_given_up(silent_host, monkeypatch):
    # The least that libpq knows.
    monkeypatch.setitem(module.POSTGRES_LIMITS, "connect_timeout", "2")
    assert is_given_up(f"postgresql://me@127.0.0.1:{silent_host}/x")


def test_the_url_may_say_how_long(silent_host, monkeypatch):
    monkeypatch.setitem(module.POSTGRES_LIMITS, "connect_timeout", "3600")
    assert is_given_up(f"postgresql://me@127.0.0.1:{silent_host}/x?connect_timeout=2")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has no narrower ones
def test_the_numbers_of_what_turns_make_have_64_bits(engine):
    wide = 2**31 + 5
    with engine.begin() as connection:
        for table, column in (("conversation_event", "id"), ("slack_incoming", "number")):
            sequence = f"pg_get_serial_sequence('{table}', '{column}')"
            connection.exec_driver_sql(f"SELECT setval({sequence}, {wide})")
    append(engine, "me", NEW, ["{}", "{}"], Head(0, lambda: None))
    with engine.connect() as connection:
        ids = connection.execute(select(ConversationEvent.id).order_by(ConversationEvent.id))
        assert list(ids.scalars()) == [wide + 1, wide + 2]
    with Session(engine) as session:
        incoming = SlackIncoming(id="Ev1", conversation="me", data="")
        session.add(incoming)
        session.commit()
        assert incoming.number == wide + 1


@pytest.mark.parametrize("thoroughly", [False, True])
def test_what_was_deleted_is_overwritten_in_the_files(tmp_path, thoroughly):
    engine = connect(f"sqlite:///{tmp_path}/test.db")
    insert = "INSERT INTO revoked_session (conversation, expires_at) VALUES (?, '2030-01-01')"
    with engine.begin() as connection:
        for number in range(500):
            words = ("mine" if number % 2 else "theirs") * 100
            connection.exec_driver_sql(insert, (f"{words}{number}",))
    files = [tmp_path / "test.db", tmp_path / "test.db-wal"]
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM revoked_session WHERE conversation LIKE 'mine%'")
    assert any(b"minemine" in file.read_bytes() for file in files)
    wipe(engine, thoroughly)
    left = [file.read_bytes().count(b"minemine") for file in files if file.exists()]
    assert sum(left) == 0 if thoroughly else sum(left) < 500
    assert any(b"theirstheirs" in file.read_bytes() for file in files)
    engine.dispose()


def test_what_cannot_be_overwritten_now_is_said(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(module, "BUSY_LIMIT", 0.1)
    engine = connect(f"sqlite:///{tmp_path}/test.db")
    with engine.begin():  # somebody else writes
        wipe(engine, thoroughly=True)
    assert "not yet overwritten in the file: OperationalError" in caplog.text
    wipe(engine, thoroughly=True)
    engine.dispose()
