"""Events for other programs, by RabbitMQ, without what people wrote or told.

Rasa's own broker publishes each message as it stands, with names, numbers and illnesses in it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractRobustConnection
from aio_pika.exceptions import ChannelNotFoundEntity
from rasa.core.brokers.pika import PikaEventBroker
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig

from needlepoint.observability.pseudonym import pseudonym

URL_VARIABLE = "NEEDLEPOINT_AMQP_URL"
QUEUE = "needlepoint_events"
MAX_WAITING = 10_000  # events, while RabbitMQ is away; the oldest are dropped first
MAX_QUEUED = 1_000_000  # events in RabbitMQ that nobody has fetched
DEFAULTS = {
    # Of an exchange every queue gets all events. Rasa's own is that of every other bot of Rasa,
    # which publishes what people wrote.
    "exchange_name": QUEUE,
    "queues": [QUEUE],
}
AT_ONCE = 500  # events whose confirmation is waited for together
# Of so many seconds, events are sent together: RabbitMQ writes to its disk for each confirmation.
GATHERED = 0.2
CONFIRM_LIMIT = 10.0  # seconds
CLOSE_LIMIT = 2.0  # seconds
PAUSE = 2.0  # seconds between two tries to connect
# All else may hold words of a person: texts, slots, entities, metadata.
KEPT = ("event", "timestamp", "name", "policy", "confidence", "input_channel")
# Of these events the name is not one of the domain's, or the value is the person's.
NAMED = ("action", "active_loop", "slot")
logger = logging.getLogger(__name__)


class NotConfirmedError(Exception):
    """RabbitMQ did not confirm an event."""


class AnonymousEventBroker(PikaEventBroker):
    """Publishes what happened, when and in which conversation, by its pseudonym.

    Set in ``endpoints.yml`` as ``event_broker``, with ``max_queued``: a queue that it makes keeps
    so many of the newest events. A bot starts, and answers, while RabbitMQ is away.
    """

    @classmethod
    async def from_endpoint_config(
        cls, broker_config: EndpointConfig | None, event_loop: AbstractEventLoop | None = None
    ) -> AnonymousEventBroker | None:
        """Return the broker at ``url`` or, without one, at ``NEEDLEPOINT_AMQP_URL``.

        Raises:
            RasaException: there is no such address.
        """
        if broker_config is None:
            return None
        url = broker_config.url or os.environ.get(URL_VARIABLE) or ""
        if not _is_address(url):
            raise RasaException(
                f"event_broker needs an address: set {URL_VARIABLE} as amqp://user@host:5672"
            )
        settings = {**DEFAULTS, **broker_config.kwargs}
        broker = cls(url, event_loop=event_loop, **settings)
        broker.begin()
        return broker

    def __init__(self, url: str, max_queued: int = MAX_QUEUED, **settings: Any) -> None:
        super().__init__(host="", username="", password="", **settings)
        self._url = url
        self._max_queued = max_queued
        self._waiting: deque[dict[str, Any]] = deque(maxlen=MAX_WAITING)
        self._came = asyncio.Event()
        self._batch: list[dict[str, Any]] = []

    def begin(self) -> None:
        """Send what is published, beside the turns, as long as the loop runs."""
        self._sending = self._loop.create_task(self._send())

    def publish(self, event: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        """Publish what of an event is not personal; now, or once RabbitMQ is there."""
        self._waiting.append(anonymous(event))
        self._came.set()

    async def close(self) -> None:
        """Send what waits, if RabbitMQ is there, and nothing more."""
        self._sending.cancel()
        await asyncio.wait([self._sending], timeout=CLOSE_LIMIT)
        try:
            await asyncio.wait_for(self._send_rest(), CLOSE_LIMIT)
        except Exception as error:  # noqa: BLE001  (any failure of the network)
            count = len(self._batch) + len(self._waiting)
            logger.error("%s events were not sent (%s).", count, type(error).__name__)
        await super().close()

    async def connect(self) -> None:
        """Connect; what Rasa's class then does on a loss of the connection loses events."""
        self._connection = await self._connect()
        self._exchange = await self._set_up_exchange(await self._connection.channel())

    async def _connect(self) -> AbstractRobustConnection:
        """Connect to the address as it stands: Rasa's class makes a new one of parts of it."""
        return await aio_pika.connect_robust(self._url, loop=self._loop)

    async def _bind_queue(
        self, name: str, channel: AbstractChannel, exchange: AbstractExchange
    ) -> None:
        """Bind a queue. One that is there stays as its owner has made it; ours has a limit."""
        if not await self._is_there(name):
            limit: dict[str, Any] = {"x-max-length": self._max_queued}
            await channel.declare_queue(name, durable=True, arguments=limit)
        queue = await channel.get_queue(name, ensure=False)
        await queue.bind(exchange, "")

    async def _is_there(self, queue: str) -> bool:
        assert self._connection is not None
        # In a channel of its own: RabbitMQ closes the channel of who asks for what is not there.
        looking = await self._connection.channel()
        try:
            await looking.declare_queue(queue, passive=True)
        except ChannelNotFoundEntity:
            return False
        finally:
            await looking.close()
        return True

    async def _send(self) -> None:
        """Send in order; what RabbitMQ did not confirm is sent again by a new connection."""
        while True:
            try:
                await self.connect()
                while True:
                    self._batch = self._batch or await self._next()
                    await self._send_batch()
            except Exception as error:  # noqa: BLE001  (any failure of the network)
                logger.error("Events wait: RabbitMQ is away (%s).", type(error).__name__)
                with suppress(Exception):
                    await super().close()
                await asyncio.sleep(PAUSE)

    async def _next(self) -> list[dict[str, Any]]:
        while not self._waiting:
            self._came.clear()
            await self._came.wait()
        # Also where others came while a batch was confirmed: it would be a small one.
        await asyncio.sleep(GATHERED)
        return self._take()

    def _take(self) -> list[dict[str, Any]]:
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), AT_ONCE))]

    async def _send_rest(self) -> None:
        while self._batch or self._waiting:
            self._batch = self._batch or self._take()
            await self._send_batch()

    async def _send_batch(self) -> None:
        if self._exchange is None:
            raise NotConfirmedError
        sending = [self._exchange.publish(self._message(one, None), "") for one in self._batch]
        all_sent = asyncio.gather(*sending, return_exceptions=True)
        results = await asyncio.wait_for(all_sent, CONFIRM_LIMIT)
        pairs = zip(self._batch, results, strict=True)
        self._batch = [one for one, result in pairs if isinstance(result, BaseException)]
        if self._batch:
            raise NotConfirmedError


def _is_address(url: str) -> bool:
    try:
        found = urlsplit(url)
        return found.scheme in ("amqp", "amqps") and bool(found.hostname) and found.port != 0
    except ValueError:  # the port is no number, as where a password has a slash
        return False


def anonymous(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of an event, as plain data, says nothing of the person.

    A conversation is named by its pseudonym, as in the logs; of a message there are the intent and
    its confidence, of an answer the response's name, of a slot its name.
    """
    known = {key: event[key] for key in KEPT if event.get(key) is not None}
    if event.get("event") not in NAMED:
        known.pop("name", None)
    if event.get("sender_id"):
        known["sender_id"] = pseudonym(event["sender_id"])
    intent = (event.get("parse_data") or {}).get("intent") or {}
    if intent:
        known["intent"] = {key: intent.get(key) for key in ("name", "confidence")}
    response = (event.get("metadata") or {}).get("utter_action")
    if response:
        known["utter_action"] = response
    return known
