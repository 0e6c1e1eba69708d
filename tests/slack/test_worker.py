"""The worker alone, with a bot that is not Rasa: it asks once, and tells what went wrong."""

import asyncio
from types import SimpleNamespace

import pytest
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.domain import Domain
from slack_stand_in import BOT_TOKEN, Fail, SlackStandIn
from sqlalchemy import select
from sqlalchemy.orm import Session

from needlepoint.channels import slack_api, slack_worker
from needlepoint.channels import slack_inbox as inbox
from needlepoint.channels.records import Records
from needlepoint.channels.slack_api import TRIES, Api
from needlepoint.channels.slack_incoming import Incoming, Place
from needlepoint.channels.slack_texts import read_texts
from needlepoint.channels.slack_worker import Worker
from needlepoint.database.engine import connect
from needlepoint.database.tables import SlackIncoming
from needlepoint.referral.clinic import read_clinic
from needlepoint.referral.requests import conversation_hash

TEXTS, CLINIC = read_texts(), read_clinic()
POST = "chat.postMessage"
ASKED = Incoming("Ev1", "slack-1", "delete my data", None, Place("D1", "U1"))
CONFIRMED = Incoming("V1", "slack-1", "", None, Place("D1", "U1"), confirms="Zoë")


class Bot:
    """Stands for Rasa.

    Attributes:
        heard: what it was asked
        fails: it raises then
    """

    def __init__(self, fails=False):
        self.heard, self.fails = [], fails
        self.tracker_store = InMemoryTrackerStore(Domain.empty())
        self.domain = None
        self.processor = None
        self.lock_store = SimpleNamespace(lock=self._lock)

    def is_ready(self):
        return True

    async def handle(self, asked):
        self.heard.append(asked.text)
        if self.fails:
            raise ValueError(asked.text)
        said = {"text": f"Answer {len(self.heard)}.", "utter_action": "utter_no_data"}
        await asked.output_channel.send_response(asked.sender_id, said)

    def _lock(self, conversation):
        raise RuntimeError(f"{conversation} of Zoë")


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(slack_api, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(slack_worker, "PAUSE", 0.01)
    monkeypatch.setattr(slack_worker, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(slack_worker, "LOOK", 0.02)
    with SlackStandIn() as found:
        yield found
        assert found.problems == []


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/test.db"


@pytest.fixture
def engine(url):
    engine = connect(url)
    yield engine
    engine.dispose()


def row(engine):
    with Session(engine) as session:
        return session.execute(select(SlackIncoming)).scalar_one()


async def answered(url, engine, stand_in, bot, incoming):
    """Have something answered, or given up; return what is said then."""
    inbox.put(engine, incoming)
    api = Api(BOT_TOKEN, stand_in.url)
    await api.open()
    worker = Worker(bot.handle, lambda: bot, Records(url), api, TEXTS, CLINIC, 4000)
    running = asyncio.ensure_future(worker.run())
    for _ in range(500):
        if row(engine).status in (inbox.DONE, inbox.TOLD):
            break
        await asyncio.sleep(0.02)
    running.cancel()
    await worker.stop()
    await api.close()
    return [message["text"] for message in stand_in.messages()]


@pytest.mark.parametrize("fails", [False, True], ids=["deletion", "trouble"])
async def test_what_is_in_no_conversation_is_said_again_as_it_was(url, engine, stand_in, fails):
    bot = Bot(fails)
    stand_in.faults.append(Fail(method=POST, times=TRIES))
    (said,) = await answered(url, engine, stand_in, bot, ASKED)
    assert bot.heard == [ASKED.text]
    assert ("Answer 1." in said) is not fails
    assert (row(engine).status, row(engine).data) == (inbox.DONE, "")


async def test_a_failure_is_logged_with_the_hash_of_its_conversation(url, engine, stand_in, caplog):
    await answered(url, engine, stand_in, Bot(fails=True), ASKED)
    lines = [record.getMessage() for record in caplog.records]
    who = conversation_hash("slack-1")
    assert f"Slack, conversation {who}: a message could not be handled." in lines


async def test_who_gets_no_confirmation_is_told(url, engine, stand_in, caplog):
    (said,) = await answered(url, engine, stand_in, Bot(), CONFIRMED)
    assert "could not send you an earlier answer" in said
    who, text = conversation_hash("slack-1"), caplog.text
    assert f"Slack, conversation {who}: not answered: RuntimeError" in text
    assert "Zoë" not in text
    assert row(engine).data == ""


def test_what_was_said_comes_back_with_its_question(engine):
    said = [{"text": "No.", "buttons": [{"title": "Cost?", "payload": "/faq_cost"}]}]
    inbox.put(engine, ASKED)
    (claim,) = inbox.claim(engine, 1)
    assert claim.said is None
    inbox.keep_said(engine, claim, said)
    inbox.put_back(engine, claim.number, 0)
    (again,) = inbox.claim(engine, 1)
    assert (again.incoming, again.said) == (ASKED, said)


def test_the_words_of_a_deleted_conversation_do_not_come_back(engine):
    inbox.put(engine, ASKED)
    (claim,) = inbox.claim(engine, 1)
    inbox.forget(engine, ASKED.conversation)
    inbox.keep_said(engine, claim, [{"text": "You take warfarin."}])
    assert row(engine).data == ""
