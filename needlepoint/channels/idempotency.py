"""One message at a time in a conversation, and each once. No Rasa here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from needlepoint.channels.refusals import busy

WAIT_LIMIT = 30.0  # seconds; less than the minute after which Sanic gives up
Result = TypeVar("Result")
logger = logging.getLogger(__name__)


class Turns:
    """Lets one task at a time work on a conversation, in this process."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, conversation: str) -> AsyncIterator[None]:
        """Wait until nobody else works on the conversation, and keep others out of it.

        Raises:
            RefusalError: the others take too long.
        """
        lock = self._locks.setdefault(conversation, asyncio.Lock())
        try:
            await asyncio.wait_for(lock.acquire(), WAIT_LIMIT)
        except asyncio.TimeoutError:
            raise busy() from None
        try:
            yield
        finally:
            lock.release()


class Finishing:
    """Finishes what was begun, also when the caller has gone: Sanic then cancels its handler.

    A message whose sender went offline is handled to its end, and the retry gets its answers.
    """

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    async def finish(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Return what ``work`` returns; it goes on when this call is cancelled."""
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # taken note of: the caller has it, or has gone
