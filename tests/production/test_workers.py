"""Two real Rasa workers that share PostgreSQL, Redis and RabbitMQ, spoken to as by a browser."""

import asyncio
import json
import random
import signal
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import psutil
import pytest
from conftest import free_port
from databases import amqp_url, own_postgres, redis_url
from web_site import open_site

from benchmarks.load import offer
from benchmarks.servers import delete_events
from needlepoint.channels.admission import AT_ONCE

WRITERS, EACH = 20, 3
RUSH = 500  # questions at once
QUESTIONS = ("does it hurt?", "how much is it?", "are the needles clean?")


@pytest.fixture(scope="module")
def site(start, tmp_path_factory):
    queue = f"needlepoint_test_{uuid.uuid4().hex}"
    with own_postgres() as database:
        settings = {
            "NEEDLEPOINT_DATABASE_URL": database,
            "NEEDLEPOINT_REDIS_URL": redis_url(),
            "NEEDLEPOINT_AMQP_URL": amqp_url(),
            "NEEDLEPOINT_ACTIONS_URL": f"http://127.0.0.1:{free_port()}/webhook",
            "NEEDLEPOINT_SECRET": "for the tests of several workers only",
        }
        site = open_site(
            start,
            tmp_path_factory.mktemp("production"),
            settings,
            workers=2,
            # Else a pause of the machine would cost a message; a killed worker's end takes a lease.
            lock_store={"socket_timeout": 60, "lease": 20},
            event_broker={"queues": [queue], "exchange_name": queue},
        )
        yield site
        for process in site.processes:
            process.kill()
            process.wait()
        delete_events(queue)


def asked(history):
    return [one["id"] for one in history if one["from"] == "user"]


def write(site, token, kill=None):
    """Have 20 writers send at once, each message to both workers; return what each was answered."""
    draw = random.Random(5)
    answered: dict[str, list] = {}

    def writer(number):
        keys = []
        for turn in range(EACH):
            key = f"w{number:02}-{turn}-{uuid.uuid4().hex[:8]}"
            keys.append(key)
            question = draw.choice(QUESTIONS)
            with ThreadPoolExecutor(2) as both:
                copies = [both.submit(site.say, token, key, question, worker) for worker in (0, 1)]
                first, second = (copy.result() for copy in copies)
            assert [one["id"] for one in first] == [one["id"] for one in second]
            answered[key] = first
            if kill and len(answered) >= WRITERS:
                kill()
        return keys

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(writer, range(WRITERS))), answered


def check(site, token, keys, answered):
    history = site.history(token)
    found = asked(history)
    # None lost, none handled twice.
    assert sorted(found) == sorted(key for mine in keys for key in mine)
    # Of each writer, in order.
    for mine in keys:
        assert [key for key in found if key in mine] == mine
    said = {one["id"] for one in history if one["from"] == "bot"}
    assert {one["id"] for answers in answered.values() for one in answers} <= said


def test_twenty_writers_in_one_conversation(site):
    token = site.start()
    keys, answered = write(site, token)
    check(site, token, keys, answered)


def test_a_conversation_goes_on_at_another_worker(site):
    token = site.start()
    site.say(token, "first-message", "are the needles clean?", 0)
    (more,) = site.say(token, "second-message", "tell me more", 1)
    assert "Which question" not in more["text"]
    assert "automated assistant" not in more["text"]


def test_a_load_for_a_while_is_answered_and_takes_no_more_memory(site):
    def memory():
        return sum(psutil.Process(process.pid).memory_info().rss for process in site.processes)

    asyncio.run(offer(site.ports, rate=6, seconds=5))
    before = memory()
    calls = asyncio.run(offer(site.ports, rate=6, seconds=15))
    assert {call.status for call in calls} == {200}
    assert memory() - before < 100 * 2**20


def ask(port):
    """Send a question over a connection of its own; return the connection, which has the answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    body = json.dumps({"sender": uuid.uuid4().hex, "message": QUESTIONS[0]})
    connection.request("POST", "/webhooks/rest/webhook", body)
    return connection


def test_too_much_at_once_is_refused_and_then_all_is_well(site):
    worker = site.processes[0]
    # While it stands still, all of them are there at the same moment, on any machine.
    worker.send_signal(signal.SIGSTOP)
    try:
        waiting = [ask(site.ports[0]) for _ in range(RUSH)]
    finally:
        worker.send_signal(signal.SIGCONT)
    answers = [connection.getresponse() for connection in waiting]
    refused = [answer for answer in answers if answer.status == 503]
    assert all(answer.getheader("Retry-After") for answer in refused)
    assert {answer.status for answer in answers} == {200, 503}
    # Not one after the other as there is room: then most would have been answered, the last late.
    assert len(answers) - len(refused) < 2 * AT_ONCE
    after = asyncio.run(offer(site.ports[:1], rate=4, seconds=4))
    assert {call.status for call in after} == {200}


def test_a_worker_that_is_killed_in_the_middle_loses_nothing(site):
    token, once = site.start(), threading.Lock()

    def kill():
        if once.acquire(blocking=False):
            site.processes[0].kill()

    keys, answered = write(site, token, kill)
    assert site.processes[0].wait(60) is not None
    check(site, token, keys, answered)
