"""Who may work on a conversation: a queue of tickets in Redis for several processes. No Rasa here.

A ticket has a number, higher than all before it, and a lease that its owner renews while it waits
and while it holds. The lowest number holds. Each step is one script, which Redis runs alone. A
ticket whose lease is over counts no more, so who is killed stops the others no longer than that.

A number is the time in Redis, in microseconds, and at least the last one plus one: a plain counter
would begin again when Redis has lost its data, and every later writer would seem to be a stale one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import Any
from weakref import WeakValueDictionary

from redis.asyncio import Redis
from redis.exceptions import TimeoutError as RedisTimeoutError

AWAY = 5.0  # seconds in which no turn waits for a Redis that has not answered in time
# Keys are gone with their last ticket; these are for what nobody takes away.
_KEPT = 3600  # seconds
_LAST_KEPT = 86400  # seconds; clocks are not set back by more
_LONGEST_SLEEP = 1.0  # seconds; a word of release may be lost with a connection
_SHORTEST_SLEEP = 0.01  # seconds; to some versions of Redis, less is without end

# Every script takes the keys of numbers and leases by ticket, the key of the last number, a ticket,
# the lease in milliseconds, and what the keys that wake begin with.
_BEGIN = """
local numbers, leases, last = KEYS[1], KEYS[2], KEYS[3]
local me, lease, wakes = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function exact(number) return string.format('%.0f', number) end
local function first() return redis.call('ZRANGE', numbers, 0, 0)[1] end
local function remove(ticket)
  redis.call('ZREM', numbers, ticket)
  redis.call('ZREM', leases, ticket)
end
local function remove_dead()
  local dead = redis.call('ZRANGEBYSCORE', leases, '-inf', exact(now))
  for _, ticket in ipairs(dead) do remove(ticket) end
  return #dead > 0
end
local function wake(ticket)
  redis.call('RPUSH', wakes .. ticket, 1)
  redis.call('PEXPIRE', wakes .. ticket, exact(lease))
end
local function extend()
  redis.call('ZADD', leases, exact(now + lease), me)
  redis.call('EXPIRE', numbers, KEPT)
  redis.call('EXPIRE', leases, KEPT)
end
""".replace("KEPT", str(_KEPT))
# Returns the number, and the milliseconds until the holder's lease ends: 0 to the holder itself.
_CLAIM = """
local dead = remove_dead()
local number = redis.call('ZSCORE', numbers, me)
if not number then
  local before = tonumber(redis.call('GET', last) or 0)
  number = exact(math.max(clock[1] * 1000000 + clock[2], before + 1))
  redis.call('ZADD', numbers, number, me)
  redis.call('SET', last, number, 'EX', KEPT)
end
extend()
local holder = first()
if holder == me then return {tonumber(number), 0} end
if dead then wake(holder) end
return {tonumber(number), math.max(1, redis.call('ZSCORE', leases, holder) - now)}
""".replace("KEPT", str(_LAST_KEPT))
# A lease that is over, and that nobody has seen to be over, may still be renewed.
_RENEW = """
if not redis.call('ZSCORE', numbers, me) then return 0 end
extend()
return 1
"""
_LEAVE = """
local is_next = first() == me
remove(me)
redis.call('DEL', wakes .. me)
local dead = remove_dead()
local holder = first()
if holder and (is_next or dead) then wake(holder) end
"""


class WaitedTooLongError(Exception):
    """Others hold a conversation, or wait for it, for longer than the caller will wait."""


class TicketQueue:
    """The tickets of all conversations, for one event loop."""

    def __init__(self, client: Redis[Any], prefix: str, lease: float, answer_limit: float) -> None:
        """Take a client that connects when it has to.

        Args:
            client: with a socket timeout of ``answer_limit`` or less
            prefix: what all keys begin with
            lease: seconds after which a ticket that is not renewed counts no more
            answer_limit: seconds that Redis may take for an answer
        """
        self._client = client
        self._prefix = prefix
        self._lease = lease
        self._answer_limit = answer_limit
        # Waiting is a command, too, and it has to be answered in time.
        self._longest_sleep = min(_LONGEST_SLEEP, lease / 3, answer_limit / 2)
        self._claim = client.register_script(_BEGIN + _CLAIM)
        self._renew = client.register_script(_BEGIN + _RENEW)
        self._leave = client.register_script(_BEGIN + _LEAVE)
        self._away_until = 0.0  # of the monotonic clock
        self._doors: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def is_away(self) -> bool:
        """Whether Redis has not answered in time a moment ago; who asks would wait for nothing."""
        return time.monotonic() < self._away_until

    async def take(self, conversation: str, ticket: str, patience: float) -> int:
        """Wait until ``ticket`` is the first of a conversation, and return its number.

        Args:
            conversation: its hash
            ticket: a name that nobody else has; it has to ``leave``, whatever happens here
            patience: seconds to wait for others

        Raises:
            WaitedTooLongError: it was not the first within that time.
            redis.exceptions.RedisError: Redis cannot be reached, or does not answer in time.
        """
        try:
            return await self._first(conversation, ticket, patience)
        except (asyncio.TimeoutError, RedisTimeoutError):
            self._away_until = time.monotonic() + AWAY
            raise RedisTimeoutError("no answer in time") from None

    async def renew(self, conversation: str, ticket: str) -> bool:
        """Begin the lease of a ticket anew, and tell whether the ticket still counted.

        Raises:
            redis.exceptions.RedisError: Redis cannot be reached, or does not answer in time.
        """
        return bool(await self._run(self._renew, conversation, ticket))

    async def leave(self, conversation: str, ticket: str) -> None:
        """Take a ticket away, and wake the next one.

        Raises:
            redis.exceptions.RedisError: Redis cannot be reached, or does not answer in time.
        """
        await self._run(self._leave, conversation, ticket)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        await self._client.connection_pool.disconnect()

    async def _first(self, conversation: str, ticket: str, patience: float) -> int:
        end = time.monotonic() + patience
        entering = self._enter(conversation, ticket)
        number, wait = await asyncio.wait_for(entering, self._answer_limit)
        while wait:
            left = end - time.monotonic()
            if left <= 0:
                raise WaitedTooLongError
            await self._sleep(ticket, min(wait, left, self._longest_sleep))
            number, wait = await self._claimed(conversation, ticket)
        return number

    async def _enter(self, conversation: str, ticket: str) -> tuple[int, float]:
        # Who has to connect first would be overtaken by who comes later in the same process.
        door = self._doors.setdefault(conversation, asyncio.Lock())
        async with door:
            return await self._claimed(conversation, ticket)

    async def _claimed(self, conversation: str, ticket: str) -> tuple[int, float]:
        """Return the number of a ticket, and the seconds until the holder's lease ends, or 0."""
        number, wait = await self._run(self._claim, conversation, ticket)
        return number, wait / 1000

    async def _sleep(self, ticket: str, seconds: float) -> None:
        """Wait to be woken: by a list, which keeps the word of release until it is read.

        What is published instead is lost on who is not listening at that moment.
        """
        await self._client.blpop([self._wakes + ticket], max(seconds, _SHORTEST_SLEEP))

    def _run(self, script: Any, conversation: str, ticket: str) -> Awaitable[Any]:
        kinds = (f"numbers:{conversation}", f"leases:{conversation}", "last")
        keys = [f"{self._prefix}:{kind}" for kind in kinds]
        return script(keys=keys, args=[ticket, int(self._lease * 1000), self._wakes])

    @property
    def _wakes(self) -> str:
        return f"{self._prefix}:wake:"
