"""The broker of events: what it publishes, to a real RabbitMQ, and that it waits for one."""

import asyncio
import hashlib
import json
import time
import uuid
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aio_pika
import pytest
from conftest import free_port
from databases import amqp_url
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig

from needlepoint.observability.pseudonym import pseudonym
from needlepoint.stores import events as module
from needlepoint.stores.events import AnonymousEventBroker, anonymous

PATIENCE = 120  # seconds; only what is broken takes so long

USER = {
    "event": "user",
    "timestamp": 1.5,
    "sender_id": "jo",
    "text": "I am Jo Bloggs, call 828 555 0134",
    "input_channel": "web",
    "parse_data": {
        "text": "I am Jo Bloggs",
        "intent": {"name": "request_referral", "confidence": 0.9},
        "entities": [{"entity": "caution", "value": "pregnancy"}],
    },
    "metadata": {"shown": "I am Jo Bloggs"},
}
PLANTED = ("Bloggs", "828 555", "pregnancy", "jo@example.com", '"jo"')


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """What a machine that stalls is late with is neither given up nor sent again."""
    monkeypatch.setattr(module, "CLOSE_LIMIT", 60)
    monkeypatch.setattr(module, "CONFIRM_LIMIT", 60)


def test_what_is_published_says_nothing_of_the_person():
    events = [
        USER,
        {"event": "slot", "name": "request_name", "value": "Jo Bloggs", "sender_id": "jo"},
        {"event": "bot", "text": "Thank you, Jo Bloggs", "sender_id": "jo", "metadata": {}},
        {"event": "entities", "entities": [{"value": "jo@example.com"}], "sender_id": "jo"},
        {"event": "reminder", "name": "Jo Bloggs", "sender_id": "jo"},
    ]
    published = json.dumps([anonymous(event) for event in events])
    assert not [word for word in PLANTED if word in published]
    assert anonymous(USER)["intent"] == {"name": "request_referral", "confidence": 0.9}
    assert anonymous(events[1])["name"] == "request_name"


def test_a_conversation_is_named_as_in_the_logs_and_cannot_be_guessed():
    # Of a phone number, a plain hash is found by trying them all.
    number = "+18285550134"
    first, second = (anonymous({**USER, "sender_id": who})["sender_id"] for who in (number, "jo"))
    assert (first, second) == (pseudonym(number), pseudonym("jo"))
    assert hashlib.sha256(number.encode()).hexdigest()[:8] not in first


@asynccontextmanager
async def connected(made=None, url=None, **settings):
    """Yield a broker that is connected, and what takes a number of events from its queue.

    With ``made``, the queue is there before, and has these arguments.
    """
    url = url or amqp_url()
    consumer = await aio_pika.connect(url)
    queue = f"needlepoint_test_{uuid.uuid4().hex}"
    channel = await consumer.channel()
    if made:
        await channel.declare_queue(queue, durable=True, arguments=made)
    endpoint = EndpointConfig(url, queues=[queue], exchange_name=queue, **settings)
    broker = await AnonymousEventBroker.from_endpoint_config(endpoint, asyncio.get_running_loop())
    broker.publish(USER)  # before it is connected
    end = time.monotonic() + PATIENCE
    while broker._exchange is None:
        assert time.monotonic() < end, "it does not connect"
        await asyncio.sleep(0.05)
    bound = await channel.get_queue(queue)

    async def take(count):
        found = []
        end = time.monotonic() + PATIENCE
        while len(found) < count:
            assert time.monotonic() < end, f"no more than {found}"
            message = await bound.get(timeout=60, fail=False)
            if message is None:
                await asyncio.sleep(0.05)
                continue
            await message.ack()
            found.append(message.body.decode())
        return found

    try:
        yield broker, take
    finally:
        await broker.close()
        await bound.delete(if_unused=False, if_empty=False)
        await channel.exchange_delete(queue)
        await consumer.close()


async def test_an_event_reaches_the_queue():
    async with connected() as (broker, take):
        broker.publish({**USER, "timestamp": 2.5})
        found = await take(2)
    assert [json.loads(body)["timestamp"] for body in found] == [1.5, 2.5]
    assert not [word for word in PLANTED if word in "".join(found)]


async def test_what_an_address_says_counts():
    place = urlsplit(amqp_url())
    account = ":".join(
        "".join(f"%{ord(letter):x}" for letter in word or "guest")
        for word in (place.username, place.password)
    )
    url = f"amqp://{account}@{place.hostname}:{place.port or 5672}{place.path}?heartbeat=31"
    async with connected(url=url) as (broker, take):
        await take(1)
        assert broker._connection.transport.connection.heartbeat_timeout == 31


@pytest.mark.parametrize(
    "url",
    [
        "amqps://broker.example/vhost?cafile=/etc/ca.pem",
        "amqp://me:a%2Fb%23c%40d%3A@broker.example:5673/%2Fvhost",
        "amqp://[::1]:5672",
    ],
)
async def test_an_address_is_used_as_it_stands(monkeypatch, url):
    asked = asyncio.Queue()

    async def connect(url, **_):
        asked.put_nowait(url)
        raise OSError

    monkeypatch.setattr("aio_pika.connect_robust", connect)
    loop = asyncio.get_running_loop()
    broker = await AnonymousEventBroker.from_endpoint_config(EndpointConfig(url), loop)
    assert await asyncio.wait_for(asked.get(), 60) == url
    await broker.close()


async def test_a_queue_keeps_the_newest_events():
    async with connected(max_queued=3) as (broker, take):
        for timestamp in range(5):
            broker.publish({**USER, "timestamp": timestamp})
        await broker.close()
        found = await take(3)
    assert [json.loads(body)["timestamp"] for body in found] == [2, 3, 4]


async def test_a_queue_that_is_there_stays_as_it_is():
    async with connected(made={"x-max-length": 1}) as (_, take):
        (found,) = await take(1)
    assert json.loads(found)["timestamp"] == 1.5


async def test_an_event_just_before_the_end_reaches_the_queue():
    async with connected() as (broker, take):
        await take(1)
        broker.publish({**USER, "timestamp": 2.5})
        await broker.close()
        found = await take(1)
    assert [json.loads(body)["timestamp"] for body in found] == [2.5]


async def test_without_a_rabbitmq_the_bot_starts_and_events_wait():
    endpoint = EndpointConfig(f"amqp://guest:guest@127.0.0.1:{free_port()}")
    loop = asyncio.get_running_loop()
    broker = await AnonymousEventBroker.from_endpoint_config(endpoint, loop)
    # With others of Rasa's own exchange, words of people would come into the queue.
    assert (broker.exchange_name, broker.queues) == ("needlepoint_events", ["needlepoint_events"])
    broker.publish(USER)
    assert len(broker._waiting) == 1
    await broker.close()


@pytest.mark.parametrize("url", [None, "amqp://", "https://host", "amqp://me:a/b@host", "amqp://["])
async def test_an_address_that_is_none_is_named(monkeypatch, url):
    monkeypatch.delenv("NEEDLEPOINT_AMQP_URL", raising=False)
    with pytest.raises(RasaException, match="NEEDLEPOINT_AMQP_URL"):
        await AnonymousEventBroker.from_endpoint_config(EndpointConfig(url), None)
