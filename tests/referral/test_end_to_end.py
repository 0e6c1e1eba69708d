"""A patient asks to be called back; the clinic's own server gets it. Real servers, real HTTP."""

import json
import time

import pytest
import yaml
from conftest import ROOT
from receivers import HttpReceiver

from needlepoint.database.engine import connect
from needlepoint.database.tables import SENT
from needlepoint.referral.requests import list_requests

LIMIT = 60  # seconds for a delivery; it takes about one


@pytest.fixture(scope="module")
def receiver():
    receiver = HttpReceiver()
    receiver.up()
    yield receiver
    receiver.down()


@pytest.fixture(scope="module")
def clinic(receiver, start_actions, start_bot, tmp_path_factory):
    """The bot of a clinic with a webhook, the process of its action server, its database."""
    folder = tmp_path_factory.mktemp("end-to-end")
    url = f"sqlite:///{folder}/clinic.db"
    settings = yaml.safe_load((ROOT / "tests" / "clinic.yml").read_text())
    settings["requests"]["webhook"] = receiver.url
    (folder / "clinic.yml").write_text(yaml.safe_dump(settings))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEEDLEPOINT_CLINIC", str(folder / "clinic.yml"))
        patch.setenv("NEEDLEPOINT_DATABASE_URL", url)
        patch.setenv("NEEDLEPOINT_WEBHOOK_SECRET", "a secret of enough length for this")
        port, process = start_actions()
        yield start_bot(port), process, connect(url)


def say(bot, sender, *texts):
    """The texts that the bot says to the last of ``texts``."""
    for text in texts:
        reply = bot.ask(sender, text)
    return "\n".join(message["text"] for message in reply)


def wait_for(condition):
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def test_a_request_reaches_the_clinic_and_can_be_taken_back(clinic, receiver):
    bot, _, database = clinic
    form = ["please have someone call me", "Zoë <b>O'Neil</b>", "828 555 0134", "=1+1 mornings"]
    assert "=1+1 mornings" in say(bot, "zoe", *form, "yes")
    assert not receiver.taken
    assert "passing it on to Example Acupuncture" in say(bot, "zoe", "yes")
    # As long as nobody knows whether it arrived, the word to delete it waits.
    wait_for(lambda: list_requests(database, SENT))
    request = json.loads(receiver.taken[0][1])
    told = {request["name"], request["contact"]["value"], request["preferred_time"]}
    assert told == {"Zoë <b>O'Neil</b>", "+18285550134", "=1+1 mornings"}
    assert "asked them to delete it" in say(bot, "zoe", "delete my data")
    wait_for(lambda: len(receiver.taken) == 2)
    assert "Zoë" not in receiver.taken[1][1].decode()


def test_a_cancelled_request_is_sent_to_nobody(clinic, receiver):
    bot, *_ = clinic
    before = len(receiver.taken)
    form = ["I want a call back", "Jo", "jo@example.com", "mornings", "yes", "cancel"]
    assert "I sent nothing." in say(bot, "jo", *form)
    assert "You sent no request here" in say(bot, "jo", "delete my data")
    assert len(receiver.taken) == before


def test_without_the_action_server_nobody_is_left_in_silence(clinic):
    bot, process, _ = clinic
    assert "What is your name" in say(bot, "late", "I want a call back")
    process.kill()
    process.wait()
    assert "cannot take requests just now" in say(bot, "late", "Jo")
    # The form is closed, so that the bot goes on with its answers.
    assert "hurts little" in say(bot, "late", "does it hurt?")
    assert "cannot take requests just now" in say(bot, "new", "I want a call back")
    assert "could not delete it" in say(bot, "new", "delete my data")
    assert "British Acupuncture" in say(bot, "new", "find me an acupuncturist in Leeds")
    question = "please have someone call me back. how much does it cost?"
    assert "cannot take requests just now" in say(bot, "newer", question)
