"""Limits hold, end, and are kept apart; addresses cannot be invented."""

import asyncio
import shutil
import socket
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from conftest import free_port

from needlepoint.channels import counters
from needlepoint.channels import limits as module
from needlepoint.channels.counters import Counters
from needlepoint.channels.limits import Limits, client_address
from needlepoint.channels.refusals import RefusalError

# Hours, so that no stall is long enough to end a limit.
RULES = {"conversation": "3/hour", "address": "1/hour"}


async def refusal(limits, kind, who):
    with pytest.raises(RefusalError) as error:
        await limits.count(kind, who)
    assert (error.value.code, error.value.status) == ("rate_limited", 429)
    return error.value


async def test_one_too_many_is_refused_and_says_when_to_come_back():
    limits = Limits(RULES)
    for _ in range(3):
        await limits.count("conversation", "me")
    refused = await refusal(limits, "conversation", "me")
    assert 3000 <= refused.retry_after <= 3602
    assert str(refused.retry_after) in refused.message


async def test_others_are_not_counted_with_it():
    limits = Limits(RULES)
    for who in ("me", "you", "them"):
        await limits.count("address", who)
    await limits.count("conversation", "me")
    await refusal(limits, "address", "me")


async def test_a_limit_ends(monkeypatch):
    limits = Limits(RULES)
    await limits.count("address", "me")
    refused = await refusal(limits, "address", "me")
    later = time.time() + refused.retry_after
    monkeypatch.setattr(time, "time", lambda: later)
    await limits.count("address", "me")


def test_a_limit_must_be_one():
    with pytest.raises(ValueError):
        Limits({"address": "often"})


def test_counts_that_ended_are_forgotten(monkeypatch):
    monkeypatch.setattr(counters, "SWEEP", 10)
    counts = Counters()
    for number in range(9):
        counts.incr(f"old {number}", -1)
    counts.incr("new", 60)
    assert len(counts) == 1
    assert counts.get("new") == 1
    counts.clear("new")
    assert counts.get("new") == 0


@pytest.fixture(scope="module")
def redis_url():
    if not shutil.which("redis-server"):
        pytest.skip("no redis-server on this machine")
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError as error:
                if time.monotonic() > end or server.poll() is not None:
                    pytest.fail(f"Redis does not start: {error}")
                time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


async def test_redis_counts_for_several_processes(redis_url, monkeypatch):
    # Or a busy machine would have the calls counted here.
    monkeypatch.setattr("needlepoint.channels.limits.REDIS_LIMIT", 30.0)
    who = uuid.uuid4().hex
    first, second = Limits(RULES, redis_url), Limits(RULES, redis_url)
    await first.count("conversation", who)
    await second.count("conversation", who)
    await first.count("conversation", who)
    assert 1 <= (await refusal(second, "conversation", who)).retry_after <= 3602


async def test_without_redis_calls_are_counted_here():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        limits = Limits(RULES, f"redis://127.0.0.1:{nobody.getsockname()[1]}")
        for _ in range(3):
            await limits.count("conversation", "me")
        await refusal(limits, "conversation", "me")


async def test_a_redis_that_never_answers_does_not_hold_a_message():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        limits = Limits(RULES, f"redis://127.0.0.1:{silent.getsockname()[1]}")
        await asyncio.wait_for(limits.count("conversation", "me"), 60)


async def test_a_redis_that_never_answers_is_waited_for_by_few(monkeypatch):
    monkeypatch.setattr(module, "AWAY", 3600.0)
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        limits = Limits(RULES, f"redis://127.0.0.1:{silent.getsockname()[1]}")
        await asyncio.gather(*(limits.count("address", str(number)) for number in range(40)))
        silent.setblocking(False)
        asked = 0
        with suppress(BlockingIOError):
            while True:
                silent.accept()[0].close()
                asked += 1
    assert 1 <= asked <= module.THREADS


async def test_who_waits_for_redis_is_in_nobody_elses_way(monkeypatch):
    monkeypatch.setattr(module, "REDIS_LIMIT", 60.0)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        limits = Limits(RULES, f"redis://127.0.0.1:{silent.getsockname()[1]}")
        counting = asyncio.create_task(limits.count("conversation", "me"))
        await asyncio.sleep(0)
        await asyncio.wait_for(asyncio.to_thread(int), 30)
        assert not counting.done()
    await counting


@pytest.mark.parametrize(("away", "left"), [(3600.0, 3), (0.0, 1)])
async def test_a_redis_that_was_away_is_asked_again_after_a_while(
    redis_url, monkeypatch, away, left
):
    def fails(*_):
        raise TimeoutError

    monkeypatch.setattr(module, "REDIS_LIMIT", 30.0)
    monkeypatch.setattr(module, "AWAY", away)
    who = uuid.uuid4().hex
    mine, other = Limits(RULES, redis_url), Limits(RULES, redis_url)
    with monkeypatch.context() as patch:
        patch.setattr(mine._shared, "hit", fails)
        await mine.count("conversation", who)
    for _ in range(2):
        await mine.count("conversation", who)
    for _ in range(left):
        await other.count("conversation", who)
    await refusal(other, "conversation", who)


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ([], 0, "9.9.9.9"),
        (["1.1.1.1"], 0, "9.9.9.9"),
        (["1.1.1.1"], 1, "1.1.1.1"),
        (["6.6.6.6, 1.1.1.1"], 1, "1.1.1.1"),
        (["6.6.6.6", "1.1.1.1, 2.2.2.2"], 2, "1.1.1.1"),
        (["1.1.1.1"], 2, "9.9.9.9"),
        (["6.6.6.6, <script>"], 1, "9.9.9.9"),
        (["\udcff, ,,"], 1, "9.9.9.9"),
        (["2001:db8:1:2:3:4:5:6"], 1, "2001:db8:1:2::/64"),
        (["2001:db8:1:2:ffff::1"], 1, "2001:db8:1:2::/64"),
    ],
)
def test_only_our_own_proxies_name_an_address(forwarded, proxies, address):
    assert client_address("9.9.9.9", forwarded, proxies) == address


def test_a_caller_without_address_is_counted_with_its_like():
    assert client_address("", [], 0) == "unknown"
