"""The database, for a channel that may not wait for it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy.engine import Engine

from needlepoint.database.engine import connect

LIMIT = 5.0  # seconds
START_LIMIT = 30.0  # seconds; tables may have to be made
THREADS = 4
Result = TypeVar("Result")
logger = logging.getLogger(__name__)


class RecordsError(Exception):
    """The database cannot be reached or used, or not in time; the log says why."""


class Records:
    """Runs calls of the database in threads of its own; opens it when it is first needed."""

    def __init__(self, url: str | None = None) -> None:
        """``url`` is where it is; None is where the settings say."""
        self._url = url
        self._engine: Engine | None = None
        self._opening = threading.Lock()
        self._threads = ThreadPoolExecutor(THREADS, "records")

    async def run(
        self, function: Callable[..., Result], *arguments: Any, limit: float = LIMIT
    ) -> Result:
        """Return ``function(engine, *arguments)``.

        Raises:
            RecordsError: it failed, or takes more than ``limit`` seconds.
        """
        call = asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: function(self._open(), *arguments)
        )
        try:
            return await asyncio.wait_for(call, limit)
        except Exception as error:  # noqa: BLE001  (whatever the driver or the URL)
            # Its text may have what a person wrote.
            logger.error("%s failed: %s", function.__name__, type(error).__name__)
            raise RecordsError(type(error).__name__) from None

    async def warm_up(self) -> None:
        """Open the database, if that can be done now."""
        with suppress(RecordsError):
            await self.run(_nothing, limit=START_LIMIT)

    def _open(self) -> Engine:
        with self._opening:
            if self._engine is None:
                self._engine = connect(self._url)
            return self._engine


def _nothing(_: Engine) -> None:
    return None
