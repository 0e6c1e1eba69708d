"""Logs: lines of JSON in which nobody's words are, through Rasa's own configuration."""

import json
import logging
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from conftest import ROOT
from log_calls import MAIL, NAME, PHONE

from needlepoint.observability.literals import literal
from needlepoint.observability.logs import JsonFormatter
from needlepoint.observability.pseudonym import pseudonym

SECRET = "for tests only, and as long as it must be"
WORDS = [NAME, *NAME.split(), PHONE, "555 0142", "18285550142", MAIL, "zoe.quill"]


def assert_no_words(text):
    for word in WORDS:
        assert word.lower() not in text.lower(), word


def lines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def read_terminal(number, parts):
    try:
        while part := os.read(number, 65_536):
            parts.append(part)
    except OSError:  # the other side has closed it
        return


@pytest.fixture(scope="module", params=["a file", "a terminal"])
def logged(request):
    """What comes out where the standard error is a file, and where it is a terminal.

    There Rasa writes its events for people, not as JSON.
    """
    command = [sys.executable, str(Path(__file__).with_name("log_calls.py"))]
    # As a server's: `make` has warnings ignored.
    warnings = {"PYTHONWARNINGS": "default"}
    secret = {"NEEDLEPOINT_SECRET": SECRET}
    environment = {**os.environ, **secret, **warnings, "PYTHONPATH": str(ROOT)}
    options = {"cwd": ROOT, "env": environment, "stdout": subprocess.PIPE}
    if request.param == "a file":
        done = subprocess.run(command, **options, stderr=subprocess.PIPE, timeout=120)
        return done.stdout.decode(), done.stderr.decode()
    ours, theirs = pty.openpty()
    parts = []
    reader = threading.Thread(target=read_terminal, args=[ours, parts])
    reader.start()
    done = subprocess.run(command, **options, stderr=theirs, timeout=120)
    os.close(theirs)
    reader.join(10)
    os.close(ours)
    return done.stdout.decode(), b"".join(parts).decode()


def test_no_planted_word_comes_out(logged):
    out, err = logged
    assert out.rstrip().endswith("END"), err
    assert_no_words(out)
    assert_no_words(err)


def test_each_call_comes_out_once_as_json_and_nothing_else_does(logged):
    out, err = logged
    found = [(line["logger"], line["event"]) for line in lines(out)]
    assert len(lines(out)) == len(out.splitlines()) - 1
    for expected in [
        ("rasa.core.channels.rest", "rest.message.received.failure"),
        ("rasa.core.processor", "processor.slots.log"),
        ("rasa.core.processor", "processor.actions.log"),
        ("some.library", "No answer to …"),
        ("some.library", "No answer to … after 7 seconds"),
        ("some.library", "Called …"),
        ("some.library", "It failed: OperationalError"),
        ("some.library", "Failed for …"),
        ("sanic.error", "Exception occurred while handling uri: …"),
        ("needlepoint.channels.test", "Trouble with … and …"),
        ("needlepoint.channels.test", "Trouble: ValueError"),
        ("needlepoint.channels.test", "A message could not be handled."),
    ]:
        assert found.count(expected) == (2 if expected[1] == "No answer to …" else 1), expected
    assert any(name == "py.warnings" and "RuntimeWarning at" in event for name, event in found)
    assert ("asyncio", "…") in found
    assert "processor.slots" not in err


def test_lines_of_a_turn_have_the_pseudonym_of_its_conversation(logged, monkeypatch):
    monkeypatch.setenv("NEEDLEPOINT_SECRET", SECRET)
    pseudonym.__globals__["_key"].cache_clear()
    expected = pseudonym(NAME)
    pseudonym.__globals__["_key"].cache_clear()
    for line in lines(logged[0]):
        if line["logger"] in ("some.library", "rasa.core.processor"):
            assert line["conversation"] == expected


def test_errors_have_types_and_places_and_what_they_came_from(logged):
    by_event = {line["event"]: line for line in lines(logged[0])}
    errors = by_event["Failed for …"]["errors"]
    types = [error["type"] for error in errors]
    assert types == ["KeyError", "sqlalchemy.exc.OperationalError", "sqlite3.OperationalError"]
    assert errors[0]["places"][0].startswith("tests/observability/log_calls.py:")
    assert any(place.startswith("sqlalchemy/engine/") for place in errors[1]["places"])
    assert by_event["A message could not be handled."]["errors"][0]["type"] == "ValueError"


def test_a_request_keeps_its_id_and_a_conversation_does_not():
    record = logging.LogRecord(
        "needlepoint.referral",
        logging.INFO,
        __file__,
        1,
        "request %s: %s",
        ("a" * 32, "b" * 32),
        None,
    )
    event = json.loads(JsonFormatter().format(record))["event"]
    assert event == f"request {'a' * 32}: {pseudonym('b' * 32)}"


def test_the_constant_part_is_read_from_the_source(tmp_path):
    source = tmp_path / "source.py"
    calls = [
        ('log.info("plain")', "plain"),
        ('log.info(f"to {who!r} at {place}.")', "to … at …."),
        ('log.info("to {}".format(who))', "to {}"),
        ('log.info("to " + who)', "to …"),
        ('log.info("to %s" % who)', "to %s"),
        ("log.info(str(error))", "…"),
        ('log.log(20, "level")', "level"),
        ('log.info(\n    f"several "\n    f"lines {who}"\n)', "several lines …"),
    ]
    line = 1
    source.write_text("".join(f"{code}\n" for code, _ in calls))
    for code, expected in calls:
        for _ in range(code.count("\n") + 1):
            assert literal(str(source), line) == expected
            line += 1
    assert literal(str(source), line) == "…"
    assert literal(str(tmp_path / "none.py"), 1) == "…"
