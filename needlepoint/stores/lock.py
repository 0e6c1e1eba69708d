"""Rasa's lock of conversations for several workers: first come, first served, by Redis."""

from __future__ import annotations

import asyncio
import logging
import os
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from rasa.core.lock_store import LOCK_LIFETIME, InMemoryLockStore, LockError, LockStore
from rasa.utils.endpoints import EndpointConfig
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from needlepoint.channels.limits import REDIS_VARIABLE
from needlepoint.observability.metrics import stage
from needlepoint.observability.pseudonym import pseudonym
from needlepoint.referral.requests import conversation_hash
from needlepoint.stores.tickets import TicketQueue, WaitedTooLongError

SHORTEST_LEASE, LONGEST_LEASE = 1.0, 600.0  # seconds
HEALTH_CHECK = 15  # seconds
logger = logging.getLogger(__name__)
Holder = tuple[str, "asyncio.Task[Any] | None"]
_fence: ContextVar[int | None] = ContextVar("needlepoint_fence", default=None)


def fence() -> int | None:
    """Return the number of the lock that this task works under, or None if there is none.

    Who takes a lock later has a higher number, in any process and of any conversation. So a store
    that has written for a higher one can refuse who has lost its lock and does not know.
    """
    return _fence.get()


@dataclass(frozen=True)
class LockSettings:
    """Settings of ``lock_store`` in ``endpoints.yml``, of the names and types of Rasa's own.

    Attributes:
        url: as ``redis://host:6379/0``, or a host; without it ``NEEDLEPOINT_REDIS_URL`` counts
        port: this one and those down to ``ssl_ca_certs`` count only beside a host
        key_prefix: what all keys begin with
        socket_timeout: seconds that Redis may take for an answer
        lease: seconds after which others go on when a worker was killed
    """

    url: str | None = None
    port: int = 6379
    db: int = 1
    username: str | None = None
    password: str | None = None
    use_ssl: bool = False
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
    ssl_ca_certs: str | None = None
    key_prefix: str = "needlepoint"
    socket_timeout: float = 2.0
    lease: float = 10.0

    def __post_init__(self) -> None:
        """Check the times.

        Raises:
            ValueError: one is none, too short or too long.
        """
        if not SHORTEST_LEASE <= float(self.lease) <= LONGEST_LEASE:
            raise ValueError(
                f"lock_store: lease is {SHORTEST_LEASE:g} to {LONGEST_LEASE:g} seconds"
            )
        if not float(self.socket_timeout) > 0:
            raise ValueError("lock_store: socket_timeout is more than 0 seconds")

    @property
    def address(self) -> str:
        """A URL or a host."""
        return self.url or os.environ.get(REDIS_VARIABLE) or "localhost"

    def client(self) -> Redis[Any]:
        """Return a client; it connects when it has to.

        Raises:
            ValueError: the URL is none of Redis, or a number is none.
        """
        common: dict[str, Any] = {
            "socket_timeout": float(self.socket_timeout),
            "socket_connect_timeout": float(self.socket_timeout),
            "socket_keepalive": True,
            "health_check_interval": HEALTH_CHECK,
            # A connection from before Redis was restarted; every command may come twice.
            "retry": Retry(NoBackoff(), 1),
            "retry_on_error": [RedisConnectionError],
        }
        if "://" in self.address:
            return Redis.from_url(self.address, **common)
        return Redis(
            host=self.address,
            port=int(self.port),
            db=int(self.db),
            username=self.username,
            password=self.password,
            ssl=self.use_ssl,
            ssl_certfile=self.ssl_certfile,
            ssl_keyfile=self.ssl_keyfile,
            ssl_ca_certs=self.ssl_ca_certs,
            **common,
        )


class RedisConversationLock(LockStore):
    """One turn of a conversation at a time, over all workers, in the order in which they asked.

    Set in ``endpoints.yml`` as ``lock_store``; ``LockSettings`` has its settings. A lock is renewed
    as long as it is held, and ends with its lease when its worker was killed. If Redis loses its
    data, or a worker stands still for longer than a lease, two may hold one conversation: then the
    tracker store refuses the earlier one, by ``fence``. While Redis is away, a message may be an
    emergency none the less: each process then keeps order by itself, and of two that have answered
    at once, the tracker store refuses one. After a Redis that hangs, that lasts some seconds, so
    that not each turn waits for it.
    """

    def __init__(self, endpoint_config: EndpointConfig | None = None) -> None:
        """Read the settings; Redis need not be there yet.

        Raises:
            TypeError: there is no such setting.
            ValueError: a setting is wrong.
        """
        super().__init__()
        endpoint = endpoint_config or EndpointConfig()
        self._settings = LockSettings(url=endpoint.url, **endpoint.kwargs)
        self._settings.client()  # a mistake is found at the start, not at the first message
        # Connections belong to a loop, and each worker has its own.
        self._queues: dict[asyncio.AbstractEventLoop, TicketQueue] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        # The conversation and the task: tasks that it starts must wait like all others.
        self._held: set[Holder] = set()
        self._here = InMemoryLockStore()

    @asynccontextmanager
    async def lock(
        self,
        conversation_id: str,
        lock_lifetime: float = LOCK_LIFETIME,
        wait_time_in_seconds: float = 1,
    ) -> AsyncIterator[int | None]:
        """Hold a conversation, and yield the lock's number, which ``fence`` returns meanwhile.

        There is no number while Redis is away.

        Args:
            conversation_id: as Rasa has it
            lock_lifetime: seconds to wait for others
            wait_time_in_seconds: Rasa's; who waits is woken at once

        Raises:
            LockError: others held it for too long.
        """
        me = (conversation_id, asyncio.current_task())
        if me in self._held:
            yield fence()  # a channel has taken it around the whole turn; see ``whole_turn``
            return
        queue = self._queue()
        ticket = uuid.uuid4().hex
        number = None
        if not queue.is_away:
            number = await self._take(queue, conversation_id, ticket, lock_lifetime)
        if number is None:
            here = self._here.lock(conversation_id, lock_lifetime, wait_time_in_seconds)
            async with here:
                with self._holding(me, None):
                    yield None
            return
        renewing = asyncio.create_task(self._renew(queue, conversation_id, ticket))
        try:
            with self._holding(me, number):
                yield number
        finally:
            renewing.cancel()
            # Who is cancelled once more leaves none the less.
            await asyncio.shield(self._leave(queue, conversation_id, ticket))

    async def close(self) -> None:
        """Close the connections of the running loop."""
        queue = self._queues.pop(asyncio.get_running_loop(), None)
        await asyncio.gather(*self._leaving)
        if queue:
            await queue.close()

    @contextmanager
    def _holding(self, me: Holder, number: int | None) -> Iterator[None]:
        before = _fence.set(number)
        self._held.add(me)
        try:
            yield
        finally:
            self._held.remove(me)
            _fence.reset(before)

    async def _take(
        self, queue: TicketQueue, conversation_id: str, ticket: str, patience: float
    ) -> int | None:
        """Return the number of a lock, or None if Redis is away."""
        which, number = pseudonym(conversation_id), None
        try:
            with stage("lock"):
                number = await queue.take(conversation_hash(conversation_id), ticket, patience)
        except WaitedTooLongError:
            problem = (
                f"Conversation {which} cannot be locked: others have held it for {patience:g} s."
            )
            logger.error(problem)
            raise LockError(problem) from None
        except RedisError as error:
            reason = type(error).__name__
            logger.error("Conversation %s is locked here only: Redis is away (%s).", which, reason)
        finally:
            if number is None:
                # Beside the caller, who has waited enough.
                self._leave(queue, conversation_id, ticket)
        return number

    async def _renew(self, queue: TicketQueue, conversation_id: str, ticket: str) -> None:
        """Renew a lease until the lock is released or lost."""
        lease = float(self._settings.lease)
        end = time.monotonic() + lease
        while True:
            await asyncio.sleep(lease / 3)
            asked = time.monotonic()
            try:
                if not await queue.renew(conversation_hash(conversation_id), ticket):
                    break
                end = asked + lease
            except RedisError:
                if time.monotonic() >= end:
                    break
        logger.error(
            "Conversation %s has lost its lock within a turn; another one may have begun.",
            pseudonym(conversation_id),
        )

    def _leave(self, queue: TicketQueue, conversation_id: str, ticket: str) -> asyncio.Task[None]:
        async def leave() -> None:
            try:
                await queue.leave(conversation_hash(conversation_id), ticket)
            except RedisError as error:
                logger.warning(
                    "Conversation %s stays locked for up to %g s: Redis is away (%s).",
                    pseudonym(conversation_id),
                    float(self._settings.lease),
                    type(error).__name__,
                )

        task = asyncio.create_task(leave())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        return task

    def _queue(self) -> TicketQueue:
        loop = asyncio.get_running_loop()
        if loop not in self._queues:
            self._queues = {old: one for old, one in self._queues.items() if not old.is_closed()}
            settings = self._settings
            self._queues[loop] = TicketQueue(
                settings.client(),
                f"{settings.key_prefix}:lock",
                float(settings.lease),
                float(settings.socket_timeout),
            )
        return self._queues[loop]


@asynccontextmanager
async def whole_turn(store: LockStore | None, conversation_id: str) -> AsyncIterator[None]:
    """Hold a conversation from before a message is looked at until its answer is stored.

    So of two workers that get the same message, the second sees what the first has answered. With
    a lock store of one process there is only one worker, whose channel keeps order by itself.

    Raises:
        LockError: as ``RedisConversationLock.lock`` says.
    """
    if isinstance(store, RedisConversationLock):
        async with store.lock(conversation_id):
            yield
    else:
        yield
