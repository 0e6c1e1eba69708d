"""What the REST channel does when Rasa itself fails, or has too much to do."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from types import SimpleNamespace

import pytest
from app_server import AppServer
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
    """The channel in Rasa's own app, with a bot that takes its time."""

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
        self.start_app()

    async def echo(self, message):
        await asyncio.sleep(0.3)
        await message.output_channel.send_text_message(message.sender_id, message.text)

    def ask(self, text, query=""):
        """Return status, header and decoded body; of a stream, its last line."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        body = json.dumps({"sender": text, "message": text})
        connection.request("POST", f"/webhooks/rest/webhook{query}", body)
        answer = connection.getresponse()
        last = answer.read().splitlines()[-1]
        return answer.status, answer.headers.get("Retry-After"), json.loads(last)


@pytest.fixture
def server():
    server = Server(at_once=2)
    yield server
    server.stop()


def test_more_messages_than_can_wait_are_refused_and_may_come_again(server):
    with ThreadPoolExecutor(6) as people:
        found = list(people.map(server.ask, "abcdef"))
    assert sorted(status for status, _, _ in found) == [200, 200, 503, 503, 503, 503]
    for status, after, body in found:
        if status == 503:
            assert int(after) > 0
            assert EMERGENCY in body["error"]
    assert server.ask("now")[0] == 200


def test_a_stream_ends_also_for_who_is_refused(server):
    with ThreadPoolExecutor(6) as people:
        found = list(people.map(lambda text: server.ask(text, "?stream=true"), "abcdef"))
    texts = [body.get("text") or body["error"] for _, _, body in found]
    assert sum(EMERGENCY in text for text in texts) == 4
    assert sum(text in "abcdef" for text in texts) == 2


@pytest.mark.parametrize("at_once", [0, "many"])
def test_a_number_that_lets_nobody_in_is_refused(at_once):
    with pytest.raises(ValueError, match="at_once"):
        RestChannel.from_credentials({"at_once": at_once})
