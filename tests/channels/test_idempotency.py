"""One at a time, each to its end."""

import asyncio
import gc

import pytest

from needlepoint.channels import idempotency
from needlepoint.channels.idempotency import Finishing, Turns
from needlepoint.channels.refusals import RefusalError


async def test_one_works_at_a_time_in_a_conversation_and_others_beside_it():
    turns, inside, most = Turns(), {"a": 0, "b": 0}, {"a": 0, "b": 0}
    together = 0

    async def work(conversation):
        nonlocal together
        async with turns.turn(conversation):
            inside[conversation] += 1
            most[conversation] = max(most[conversation], inside[conversation])
            together = max(together, sum(inside.values()))
            await asyncio.sleep(0.001)
            inside[conversation] -= 1

    await asyncio.gather(*(work(name) for name in "ab" * 20))
    assert most == {"a": 1, "b": 1}
    assert together == 2


async def test_who_waits_too_long_is_told_to_come_back(monkeypatch):
    monkeypatch.setattr(idempotency, "WAIT_LIMIT", 0.01)
    turns = Turns()
    async with turns.turn("a"):
        with pytest.raises(RefusalError) as error:
            async with turns.turn("a"):
                pytest.fail("two at once")
    assert (error.value.code, error.value.status) == ("busy", 503)
    assert error.value.retry_after
    async with turns.turn("a"):
        pass


async def test_a_failure_lets_the_next_one_in():
    turns = Turns()
    with pytest.raises(KeyError):
        async with turns.turn("a"):
            raise KeyError
    async with turns.turn("a"):
        pass
    gc.collect()
    assert not turns._locks


async def test_what_was_begun_is_finished_when_the_caller_goes():
    finishing, begun, done = Finishing(), asyncio.Event(), asyncio.Event()

    async def work():
        begun.set()
        await asyncio.sleep(0.01)
        done.set()

    caller = asyncio.ensure_future(finishing.finish(work()))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    gc.collect()
    await asyncio.wait_for(done.wait(), 5)


async def test_the_caller_gets_result_or_failure():
    async def give(value):
        return value

    async def fail():
        raise KeyError("x")

    assert await Finishing().finish(give(5)) == 5
    with pytest.raises(KeyError):
        await Finishing().finish(fail())
