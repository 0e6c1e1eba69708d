"""Asking a part whether it works, so that a part that hangs hangs nobody else. No Rasa here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final, Literal

Status = Literal["ok", "degraded", "failing"]
OK: Final = "ok"
DEGRADED: Final = "degraded"
FAILING: Final = "failing"
TIMEOUT = "timeout"
Check = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Finding:
    """How a part does.

    Attributes:
        status: "ok", "degraded" or "failing"
        reason: why, as the name of an error; its text may have addresses in it. None if it is ok.
    """

    status: Status
    reason: str | None = None


class Probe:
    """Checks one part within a deadline."""

    def __init__(self, check: Check, deadline: float, essential: bool) -> None:
        """Take the check, which raises if the part does not work.

        Args:
            deadline: in seconds
            essential: whether messages cannot be answered without the part
        """
        self._check, self._deadline, self._essential = check, deadline, essential
        self._running: asyncio.Future[None] | None = None

    async def find(self) -> Finding:
        """Return how the part does."""
        # A check that hangs is not started again beside itself: each may hold a thread.
        if self._running is None:
            self._running = asyncio.ensure_future(self._check())
        await asyncio.wait({self._running}, timeout=self._deadline)
        if not self._running.done():
            return self._trouble(TIMEOUT)
        task, self._running = self._running, None
        if task.cancelled():
            return self._trouble(TIMEOUT)
        error = task.exception()
        if error is None:
            return Finding(OK)
        is_timeout = isinstance(error, asyncio.TimeoutError | TimeoutError)
        return self._trouble(TIMEOUT if is_timeout else type(error).__name__)

    def _trouble(self, reason: str) -> Finding:
        return Finding(FAILING if self._essential else DEGRADED, reason)


@dataclass(frozen=True)
class Report:
    """How all parts do."""

    status: Status
    parts: dict[str, Finding]


class Reporter:
    """Asks all parts at once; who asks again within a moment gets the same answer."""

    def __init__(self, probes: dict[str, Probe], keep: float) -> None:
        """Take the probes by name, and for how many seconds a report is good."""
        self._probes, self._keep = probes, keep
        self._report: Report | None = None
        self._made = 0.0
        self._asking: asyncio.Lock | None = None

    async def report(self) -> Report:
        """Return how the parts do, and the worst of it as a whole."""
        # Made here: a lock belongs to the loop that runs when it is made.
        self._asking = self._asking or asyncio.Lock()
        async with self._asking:
            if self._report is None or monotonic() - self._made > self._keep:
                found = await asyncio.gather(*(probe.find() for probe in self._probes.values()))
                parts = dict(zip(self._probes, found, strict=True))
                self._report, self._made = Report(_worst(parts), parts), monotonic()
            return self._report


def _worst(parts: dict[str, Finding]) -> Status:
    statuses = {finding.status for finding in parts.values()}
    if FAILING in statuses:
        return FAILING
    return DEGRADED if DEGRADED in statuses else OK
