"""What a person tells is where it has to be and nowhere else, and goes when they say so."""

import json
from types import SimpleNamespace

import pytest
from private_person import FORM, MAIL, NAME, SAID, SENDER, found_in, redis_text, running, until


@pytest.fixture(scope="module", params=["default", "production"])
def person(request, tmp_path_factory):
    """What was seen while a person told everything, had it deleted, and went on."""
    folder = tmp_path_factory.mktemp("private")
    with running(request.param, folder) as bot:
        seen = SimpleNamespace(profile=request.param)
        conversation = bot.tell_all()
        seen.before = bot.rows()
        seen.exports = [
            bot.run("conversations", "export", conversation),
            bot.run("conversations", "export", SENDER),
        ]
        seen.status = bot.run("status", "--json", "--url", f"http://127.0.0.1:{bot.port}")
        seen.metrics = bot.metrics()
        seen.told = [
            bot.say("delete my data")[0]["text"],
            bot.rest.ask(SENDER, "please delete my data")[0]["text"],
            json.dumps(bot.say_in_slack("delete my data")[-1]),
        ]
        until(lambda: "U70" not in bot.rows())  # Slack's answer is posted before its event is done
        seen.after = bot.rows()
        seen.next_status = bot.web("POST", "messages", {"id": "the-next-one", "text": "hello"})[0]
        seen.fresh = bot.begin() != conversation and bot.say("does it hurt?")
        # Errors have much to say.
        bot.stop("action server")
        bot.rest.ask(SENDER, f"find me a practitioner in {NAME}")
        seen.command = bot.run("conversations", "delete", SENDER)
        seen.purge = bot.run("purge")
        seen.end = bot.rows()
        seen.files = [file.read_bytes().decode("latin-1") for file in folder.glob("private.db*")]
        seen.redis = redis_text() if bot.queue else ""
        bot.stop("Rasa")
        seen.events = bot.published() if bot.queue else ""
        seen.logs = {name: bot.log(name).read_text() for name in bot.processes}
        yield seen


def test_the_words_are_kept_for_their_owner(person):
    assert all(word in person.before for word in (NAME, MAIL, SENDER))
    web, rest = (json.loads(export.stdout) for export in person.exports)
    for export in (web, rest):
        told = [one["text"] for one in export["messages"] if one["from"] == "user"]
        assert {SAID, *FORM} <= set(told)
        assert [one["name"] for one in export["requests"]] == [NAME]
    assert MAIL in web["feedback"][0]["comment"]


@pytest.mark.parametrize("server", ["action server", "Rasa"])
def test_no_log_has_them(person, server):
    assert found_in(person.logs[server]) == []


def test_the_logs_say_what_happens_in_json_only(person):
    lines = person.logs["Rasa"].splitlines()
    assert [line for line in lines if not line.startswith("{")] == []
    events = {json.loads(line)["event"] for line in lines}
    assert {"processor.message.parse", "Rasa server is up and running."} <= events


def test_neither_metrics_nor_status_have_them(person):
    assert "needlepoint_turns_total" in person.metrics
    assert found_in(person.metrics) == []
    assert '"feedback_down": 1' in person.status.stdout
    assert found_in(person.status.stdout + person.status.stderr) == []


def test_no_event_has_them(person):
    if person.profile == "default":
        assert person.events == ""
        return
    for intent in ("request_referral", "delete_my_data"):
        assert intent in person.events
    assert found_in(person.events) == []


def test_delete_my_data_deletes_them_everywhere(person):
    for told in person.told:
        assert "what I kept of this conversation" in told
    assert found_in(person.after) == []
    assert found_in(person.redis) == []


def test_who_has_had_all_deleted_goes_on_with_a_new_conversation(person):
    assert person.next_status == 401
    assert person.fresh


def test_the_command_deletes_them_and_files_keep_no_trace(person):
    assert person.command.stdout.startswith("Deleted. Conversations: 1,")
    assert person.purge.exit_code == 0
    assert found_in(person.end) == []
    assert [found_in(file) for file in person.files] == [[] for _ in person.files]
