"""How often a conversation and an address may call. No Rasa here."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import limits
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter

from needlepoint.channels.counters import Counters
from needlepoint.channels.refusals import RefusalError

REDIS_VARIABLE = "NEEDLEPOINT_REDIS_URL"
REDIS_LIMIT = 0.5  # seconds; a patient waits for it at each call
AWAY = 5.0  # seconds in which nobody asks a Redis that has failed
THREADS = 4
IPV6_PREFIX = 64  # what one household has
logger = logging.getLogger(__name__)


class _AwayError(Exception):
    """Redis cannot count, or could not a moment ago."""


class Limits:
    """Counts calls: in this process, or in Redis for several of them.

    When Redis has failed, this process counts by itself for a while: if it hangs, each call would
    wait for it.
    """

    def __init__(self, rules: Mapping[str, str], redis_url: str | None = None) -> None:
        """Take the limit of each kind of caller, as ``{"address": "120/minute"}``.

        Raises:
            ValueError: a limit is none.
        """
        self._rules = {kind: _parsed(kind, rule) for kind, rule in rules.items()}
        # Strategies only hold their storage weakly.
        self._counters = Counters()
        self._here = FixedWindowRateLimiter(self._counters)
        self._redis = None
        if redis_url:
            timeouts = {"socket_timeout": REDIS_LIMIT, "socket_connect_timeout": REDIS_LIMIT}
            self._redis = RedisStorage(redis_url, **timeouts)
            self._shared = FixedWindowRateLimiter(self._redis)
            # Of its own: in those of the loop, all else would wait for a Redis that hangs.
            self._threads = ThreadPoolExecutor(THREADS, "limits")
            self._away_until = 0.0  # of the monotonic clock

    async def count(self, kind: str, who: str) -> None:
        """Count a call of ``who``.

        Raises:
            RefusalError: it is one too many; it says when to call again.
        """
        if self._redis is None:
            wait = self._hit(self._here, kind, who)
        else:
            loop = asyncio.get_running_loop()
            try:
                wait = await loop.run_in_executor(self._threads, self._hit_in_redis, kind, who)
            except _AwayError:
                wait = self._hit(self._here, kind, who)
        if wait is not None:
            message = f"That was a lot at once. Please wait {wait} seconds, then try again."
            raise RefusalError("rate_limited", message, wait)

    def _hit_in_redis(self, kind: str, who: str) -> int | None:
        # Here, in the thread: it may have failed while this call waited for one.
        if time.monotonic() < self._away_until:
            raise _AwayError
        try:
            return self._hit(self._shared, kind, who)
        except Exception as error:  # noqa: BLE001  (Redis away: patients are still answered)
            self._away_until = time.monotonic() + AWAY
            logger.error("Redis cannot count calls: %s", type(error).__name__)
            raise _AwayError from None

    def _hit(self, limiter: FixedWindowRateLimiter, kind: str, who: str) -> int | None:
        """Return None, or the seconds to wait."""
        rule = self._rules[kind]
        if limiter.hit(rule, "needlepoint", kind, who):
            return None
        ends, _ = limiter.get_window_stats(rule, "needlepoint", kind, who)
        # Storages give whole seconds, rounded down: rather one too many than another refusal.
        return max(0, math.ceil(ends - time.time())) + 1


def _parsed(kind: str, rule: str) -> limits.RateLimitItem:
    try:
        return limits.parse(rule)
    except ValueError:
        raise ValueError(f"the limit of each {kind} is {rule!r}; write it as 20/minute") from None


def client_address(peer: str, forwarded: Sequence[str], proxies: int) -> str:
    """Return whose calls are counted together.

    Args:
        peer: the address that the connection comes from
        forwarded: the values of all headers ``X-Forwarded-For``
        proxies: how many proxies of our own stand in front; each adds one address at the end, and
            what stands before those may be invented
    """
    address = peer
    steps = [step.strip() for step in ",".join(forwarded).split(",") if step.strip()]
    if proxies and len(steps) >= proxies:
        address = steps[-proxies]
    for candidate in (address, peer):
        try:
            found = ipaddress.ip_address(candidate)
        except ValueError:
            continue
        if found.version == 6:
            return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False))
        return str(found)
    return "unknown"
