"""What the REST channel does when Rasa itself fails, or has too much to do."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from http.client import HTTPConnection
from itertools import islice
from types import SimpleNamespace

import pytest
from app_server import AppServer, wait_until
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.run import configure_app
from rasa.shared.core.domain import Domain
from sanic import Sanic

from needlepoint.channels.refusals import EMERGENCY
from needlepoint.channels.rest import NOT_KEPT, TROUBLE, RestChannel, never_silent
from needlepoint.stores.failures import NotStoredError
from needlepoint.stores.memory import MemoryTrackerStore


def test_a_failure_is_answered():
    async def fails(message):
        raise RuntimeError("the tracker store is gone")

    channel = CollectingOutputChannel()
    asyncio.run(never_silent(fails)(UserMessage("hi", channel, "someone")))
    assert [message["text"] for message in channel.messages] == [TROUBLE]


def test_an_answer_that_is_not_stored_is_followed_by_a_note():
    async def answers(message):
        await message.output_channel.send_text_message(message.sender_id, "Call 911 now.")
        raise NotStoredError

    channel = CollectingOutputChannel()
    asyncio.run(never_silent(answers)(UserMessage("hi", channel, "someone")))
    assert [message["text"] for message in channel.messages] == ["Call 911 now.", NOT_KEPT]


def test_settings_come_from_the_credentials():
    channel = RestChannel.from_credentials({"max_length": 10, "action_deadline": 0.5})
    assert (channel.max_length, channel.action_deadline) == (10, 0.5)
    assert RestChannel.from_credentials(None).max_length == 4000


class Server(AppServer):
    """The channel in Rasa's own app, with a bot that answers when it is told to."""

    def __init__(self, **settings):
        Sanic.test_mode = True
        channel = RestChannel.from_credentials(settings)
        self.app = configure_app([channel], enable_api=False, use_uvloop=False)
        self.app.ctx.agent = SimpleNamespace(
            action_endpoint=None,
            processor=None,
            tracker_store=MemoryTrackerStore(Domain.empty()),
            handle_message=self.echo,
        )
        self.heard = []
        self.go_on = threading.Event()
        self.start_app()

    async def echo(self, message):
        self.heard.append(message.text)
        await asyncio.to_thread(self.go_on.wait)
        await message.output_channel.send_text_message(message.sender_id, message.text)

    def ask(self, text, query=""):
        """Return status, header and decoded body; of a stream, its last line."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = json.dumps({"sender": text, "message": text})
        connection.request("POST", f"/webhooks/rest/webhook{query}", body)
        answer = connection.getresponse()
        last = answer.read().splitlines()[-1]
        return answer.status, answer.headers.get("Retry-After"), json.loads(last)


@pytest.fixture
def server():
    server = Server(at_once=2)
    yield server
    server.go_on.set()
    server.stop()


def test_more_messages_than_can_wait_are_refused_and_may_come_again(server):
    with ThreadPoolExecutor(2) as people:
        waiting = [people.submit(server.ask, text) for text in "ab"]
        wait_until(lambda: len(server.heard) == 2)
        for text in "cdef":
            status, after, body = server.ask(text)
            assert (status, int(after) > 0) == (503, True)
            assert EMERGENCY in body["error"]
        server.go_on.set()
        assert [call.result()[0] for call in waiting] == [200, 200]
    assert server.ask("now")[0] == 200
    assert sorted(server.heard) == ["a", "b", "now"]


def test_a_stream_ends_also_for_who_is_refused(server):
    with ThreadPoolExecutor(6) as people:
        calls = [people.submit(server.ask, text, "?stream=true") for text in "abcdef"]
        refused = [call.result()[2] for call in islice(as_completed(calls), 4)]
        assert all(EMERGENCY in (body.get("text") or body["error"]) for body in refused)
        server.go_on.set()
    texts = {call.result()[2].get("text") for call in calls}
    assert len(texts & set("abcdef")) == 2


@pytest.mark.parametrize("at_once", [0, "many"])
def test_a_number_that_lets_nobody_in_is_refused(at_once):
    with pytest.raises(ValueError, match="at_once"):
        RestChannel.from_credentials({"at_once": at_once})
