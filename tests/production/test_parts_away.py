"""Each part of the production profile is killed in the middle of a load, and comes back."""

import asyncio
import json
import time
import uuid
from contextlib import ExitStack

import aio_pika
import parts
import psycopg2
import pytest
from conftest import ROOT, free_port, wait_for
from visitors import Load
from web_site import open_site

from needlepoint.channels.rest import NOT_KEPT
from needlepoint.stores.events import QUEUE

LIMIT = 240  # seconds for what is waited for
EMERGENCY = "my back hurts, I cannot feel my legs and I cannot hold my urine"


class ActionServer:
    """The action server, as a part that may be killed."""

    def __init__(self, start):
        self._start = start
        self.port = free_port()
        self.settings = {}

    def start(self):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.settings.items():
                patch.setenv(name, value)
            self.process = self._start("run", "actions", "--port", str(self.port))
        wait_for(f"http://127.0.0.1:{self.port}/health", self.process)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Stack:
    """A worker with parts of its own."""

    def __init__(self, start, folder, enter):
        self.redis = enter(parts.running(parts.Redis))
        self.postgres = enter(parts.running(parts.Postgres))
        self.rabbitmq = enter(parts.running(parts.RabbitMQ))
        self.actions = ActionServer(start)
        settings = {
            "NEEDLEPOINT_DATABASE_URL": self.postgres.url,
            "NEEDLEPOINT_REDIS_URL": self.redis.url,
            "NEEDLEPOINT_AMQP_URL": self.rabbitmq.url,
            "NEEDLEPOINT_ACTIONS_URL": f"http://127.0.0.1:{self.actions.port}/webhook",
            "NEEDLEPOINT_SECRET": "for the tests of faults, and only those",
            "NEEDLEPOINT_CLINIC": str(ROOT / "tests" / "clinic.yml"),
        }
        self.actions.settings = settings
        self.actions.start()
        (folder / "hasty").mkdir()
        self.site = open_site(start, folder, settings, workers=1)
        # Its database has no more time than it has by default.
        self.hasty = open_site(start, folder / "hasty", settings, workers=1, tracker_store={})

    def say(self, token, text, site=None):
        """Return the answers to a message that is sent once."""
        site = site or self.site
        body = {"id": uuid.uuid4().hex, "text": text}
        status, found = site.call(site.ports[0], "POST", "messages", body, token)
        assert status == 200, (status, found)
        return found["answers"]

    def query(self, sql):
        writes = "-c default_transaction_read_only=off"
        connection = psycopg2.connect(self.postgres.url, options=writes)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            rows = cursor.fetchall() if cursor.description else []
        connection.close()
        return rows

    def requests(self):
        return [name for (name,) in self.query("SELECT name FROM referral_request")]


@pytest.fixture(scope="module")
def stack(start, model_path, tmp_path_factory):
    with ExitStack() as context:
        stack = Stack(start, tmp_path_factory.mktemp("faults"), context.enter_context)
        yield stack
        workers = (*stack.site.processes, *stack.hasty.processes)
        for process in (*workers, stack.actions.process):
            process.kill()
            process.wait()


@pytest.mark.parametrize("name", ["redis", "postgres", "rabbitmq", "actions"])
def test_what_was_acknowledged_is_kept_when_a_part_is_killed(stack, name):
    part = getattr(stack, name)
    stranger = stack.site.start()
    with Load(stack.site) as load:
        load.go_on(kept=2)
        part.kill()
        said = stack.say(stranger, EMERGENCY)
        assert said[0]["kind"] == "emergency"
        assert (said[-1]["text"] == NOT_KEPT) == (name == "postgres")
        if name == "postgres":
            load.until(lambda: load.not_kept >= 6)
        else:
            load.go_on(kept=2)
        part.start()
        load.go_on(kept=3)
        load.until(lambda: all(v.confirmed for v in load.visitors if v.fills_form))
    if name != "postgres":
        assert load.not_kept == 0
    load.check(stack.site, stack.requests())


def is_kept(answers):
    return answers[-1]["text"] != NOT_KEPT


@pytest.mark.parametrize("name", ["redis", "postgres", "rabbitmq"])
def test_a_part_that_stands_still_hangs_nobody(stack, name):
    part, visitor = getattr(stack, name), stack.site.start()
    site = stack.hasty if name == "postgres" else stack.site
    until(lambda: is_kept(stack.say(visitor, "does it hurt?", site)))
    part.pause()
    said = stack.say(visitor, EMERGENCY, site)
    part.resume()
    assert said[0]["kind"] == "emergency"
    assert is_kept(said) == (name != "postgres")
    # What the database was given up for, it may do late, and have one more message refused.
    until(lambda: is_kept(stack.say(visitor, "how much is it?", site)))


def test_a_database_that_is_only_to_be_read_is_said(stack):
    visitor = stack.site.start()
    for text in ("please have someone call me", "Jo Doe", "828 555 0134", "mornings", "yes"):
        assert is_kept(stack.say(visitor, text))
    set_read_only(stack, "SET default_transaction_read_only = on")
    trouble, note = stack.say(visitor, "yes")
    assert "cannot take requests just now" in trouble["text"]
    assert note["text"] == NOT_KEPT
    assert not is_kept(stack.say(stack.site.start(), EMERGENCY))
    set_read_only(stack, "RESET default_transaction_read_only")
    (thanks,) = stack.say(visitor, "yes")
    assert "I have kept your request" in thanks["text"]
    assert stack.requests().count("Jo Doe") == 1


def set_read_only(stack, setting):
    stack.query(f"ALTER DATABASE postgres {setting}")
    # As after a change of servers: those from before are gone.
    others = "FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid()"
    before = {pid for pid, _ in stack.query(f"SELECT pid, pg_terminate_backend(pid) {others}")}
    until(lambda: before.isdisjoint(pid for (pid,) in stack.query(f"SELECT pid {others}")))


def test_events_wait_for_rabbitmq(stack):
    visitor, found = stack.site.start(), []
    stack.say(visitor, "does it hurt?")
    take_until(stack, "faq_does_it_hurt", found)
    stack.rabbitmq.kill()
    stack.say(visitor, "how much is it?")
    stack.rabbitmq.start()
    stack.say(visitor, "what is moxibustion?")  # nobody else asks that
    take_until(stack, "faq_moxibustion", found)
    me = next(who for who, intent in found if intent == "faq_moxibustion")
    mine = dict.fromkeys(intent for who, intent in found if who == me)  # each at least once
    assert list(mine) == ["faq_does_it_hurt", "faq_cost", "faq_moxibustion"]


def until(condition):
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.2)


def take_until(stack, last, found):
    """Add the conversation and the intent of each message in the queue, until there is one."""
    end = time.monotonic() + LIMIT
    while last not in (intent for _, intent in found):
        assert time.monotonic() < end, found
        found += asyncio.run(_drained(stack.rabbitmq.url))
        time.sleep(0.2)


async def _drained(url):
    async with await aio_pika.connect(url) as connection:
        queue = await (await connection.channel()).get_queue(QUEUE)
        found = []
        while message := await queue.get(no_ack=True, fail=False, timeout=60):
            found.append(json.loads(message.body))
    return [(one["sender_id"], one["intent"]["name"]) for one in found if one["event"] == "user"]
