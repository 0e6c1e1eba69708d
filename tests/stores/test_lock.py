"""The lock of conversations, with a real Redis and real processes."""

import asyncio
import json
import logging
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from conftest import free_port
from databases import missing, redis_url
from rasa.core.lock_store import LockError, LockStore
from rasa.core.utils import number_of_sanic_workers
from rasa.utils.endpoints import EndpointConfig

from needlepoint.database.engine import connect
from needlepoint.observability.pseudonym import pseudonym
from needlepoint.stores.conversations import NEW, Head, StaleWriterError, append
from needlepoint.stores.lock import RedisConversationLock, fence, whole_turn

WORKER = Path(__file__).with_name("lock_worker.py")
TYPE = "needlepoint.stores.lock.RedisConversationLock"
LEASE = 1.0  # seconds; only of who dies or loses it: a machine may stall for longer
PATIENCE = 240.0  # seconds; only what is broken takes so long
NO_HEAD = Head(0, lambda: None)

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def settings() -> Iterator[dict[str, Any]]:
    """The settings of a lock with keys of its own, which are gone afterwards."""
    url = redis_url()
    prefix = f"test-{uuid.uuid4().hex}"
    client = redis.Redis.from_url(url)
    yield {"url": url, "key_prefix": prefix, "lease": 60.0, "socket_timeout": 60.0}
    keys = list(client.scan_iter(f"{prefix}:*"))
    if keys:
        client.delete(*keys)
    client.close()


@pytest.fixture
async def locks(settings):
    """Make locks as several workers have them, each with connections of its own."""
    made = []

    def make(**changes: Any) -> RedisConversationLock:
        made.append(RedisConversationLock(EndpointConfig(**{**settings, **changes})))
        return made[-1]

    yield make
    for lock in made:
        await lock.close()


@pytest.fixture
def start(settings: dict[str, Any]) -> Iterator[Start]:
    """Start a worker."""
    processes = []

    def run(
        conversation: str, writers: int, file: str = "", seconds: float = 0.0, **changes: Any
    ) -> subprocess.Popen[str]:
        own = json.dumps({**settings, **changes})
        arguments = (own, conversation, str(writers), file, str(seconds))
        command = [sys.executable, str(WORKER), *arguments]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


class OwnRedis:
    """A Redis that a test may stop; it keeps nothing."""

    def __init__(self) -> None:
        self.port = free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with suppress(redis.RedisError), redis.Redis.from_url(self.url) as client:
                client.ping()
                return
            time.sleep(0.05)
        pytest.fail("redis-server does not start")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)


@pytest.fixture
def own_redis() -> Iterator[OwnRedis]:
    try:
        server = OwnRedis()
    except FileNotFoundError:
        missing("no redis-server on this machine")
    yield server
    server.stop()


def said(process: subprocess.Popen[str], what: str) -> dict[str, Any]:
    """Return the next line of a worker about ``what``."""
    assert process.stdout
    for line in process.stdout:
        about = json.loads(line)
        if about["what"] == what:
            return about
    raise AssertionError(f"the worker has ended before one {what}")


async def waiting(settings: dict[str, Any], count: int) -> None:
    """Return when so many tickets are in the one queue there is."""
    client = redis.Redis.from_url(settings["url"])
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        queues = list(client.scan_iter(f"{settings['key_prefix']}:lock:numbers:*"))
        if queues and client.zcard(queues[0]) == count:
            client.close()
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"there never were {count} tickets")


async def renewed(settings: dict[str, Any], times: int) -> None:
    """Return when the lease of the one ticket there is has been renewed so often."""
    ends: set[float] = set()
    limit = time.monotonic() + PATIENCE
    with redis.Redis.from_url(settings["url"]) as client:
        (leases,) = client.scan_iter(f"{settings['key_prefix']}:lock:leases:*")
        while len(ends) <= times:
            assert time.monotonic() < limit, "it is not renewed"
            ends |= {end for _, end in client.zrange(leases, 0, -1, withscores=True)}
            await asyncio.sleep(0.01)


async def longest_pause(settings: dict[str, Any], seconds: float) -> float:
    """Let time pass; return for how long this process or Redis stood still at a stretch."""
    longest, last = 0.0, time.monotonic()
    end = last + seconds
    with redis.Redis.from_url(settings["url"]) as client:
        while last < end:
            await asyncio.sleep(0.01)
            client.ping()
            before, last = last, time.monotonic()
            longest = max(longest, last - before)
    return longest


async def take(lock: RedisConversationLock, conversation: str, patience: float = PATIENCE) -> int:
    async with lock.lock(conversation, patience) as number:
        return number


async def test_twenty_writers_of_two_workers_write_one_after_the_other(
    start, locks, settings, tmp_path
):
    file = tmp_path / "count"
    file.write_text("0")
    async with locks().lock("one"):
        workers = [start("one", 10, str(file), 0.01) for _ in range(2)]
        await waiting(settings, 21)
    lines = []
    for number, worker in enumerate(workers):
        output, _ = await asyncio.to_thread(worker.communicate)
        lines += [{**json.loads(line), "worker": number} for line in output.splitlines()]
    lines.sort(key=lambda line: line["at"])
    holds = [line for line in lines if line["what"] == "holds"]
    leaves = [line for line in lines if line["what"] == "leaves"]
    assert file.read_text() == "20"
    assert len({(line["worker"], line["writer"]) for line in holds}) == len(holds) == 20
    assert all(leaves[turn]["at"] < holds[turn + 1]["at"] for turn in range(19))
    fences = [line["fence"] for line in holds]
    assert fences == sorted(set(fences))
    for worker in range(2):
        writers = [line["writer"] for line in holds if line["worker"] == worker]
        assert writers == list(range(10))


async def test_who_asks_first_is_first_whichever_worker_it_asks(locks, settings):
    workers = [locks(), locks()]
    order = []

    async def turn(number: int) -> None:
        async with workers[number % 2].lock("one"):
            order.append(number)

    async with workers[0].lock("one"):
        turns = []
        for number in range(6):
            turns.append(asyncio.create_task(turn(number)))
            await waiting(settings, number + 2)
    await asyncio.gather(*turns)
    assert order == list(range(6))


async def test_conversations_do_not_wait_for_each_other(locks):
    lock = locks()
    async with lock.lock("one"):
        await take(lock, "another")


async def test_who_waits_is_woken_by_the_release(locks, settings, monkeypatch):
    # By looking again on its own, it would find out in a third of a lease.
    monkeypatch.setattr("needlepoint.stores.tickets._LONGEST_SLEEP", 600.0)
    holder, waiter = (locks(lease=600, socket_timeout=600) for _ in range(2))
    async with holder.lock("one"):
        waits = asyncio.create_task(take(waiter, "one", 600))
        await waiting(settings, 2)
    await asyncio.wait_for(waits, 120)


async def test_a_killed_holder_stops_the_others_no_longer_than_its_lease(start, locks, settings):
    worker = start("one", 1, seconds=3600, lease=LEASE)
    held = await asyncio.to_thread(said, worker, "holds")
    # While nobody asks for it, it can be late, and renews it none the less.
    await renewed(settings, 2)
    worker.send_signal(signal.SIGKILL)
    assert await take(locks(), "one") > held["fence"]


async def test_a_killed_waiter_does_not_stop_those_behind_it(start, locks, settings):
    lock = locks()
    async with lock.lock("one"):
        worker = start("one", 3, seconds=3600, lease=LEASE)
        await waiting(settings, 4)
        behind = asyncio.create_task(take(lock, "one"))
        await waiting(settings, 5)
        worker.send_signal(signal.SIGKILL)
        await waiting(settings, 2)
    await behind


async def test_a_slow_turn_keeps_its_lock(locks, settings, caplog):
    lease = 2.0
    slow, other = locks(lease=lease), locks()
    end = time.monotonic() + PATIENCE
    pause = lease
    while pause > lease / 3:  # who stalls for longer may lose it
        assert time.monotonic() < end, "this machine is never calm"
        caplog.clear()
        async with slow.lock("one") as number:
            waits = asyncio.create_task(take(other, "one"))
            pause = await longest_pause(settings, lease * 2.5)
            waited = not waits.done()
        later = await waits
    assert waited
    assert later > number
    assert "lost its lock" not in caplog.text


async def test_who_waits_too_long_is_refused_and_out_of_the_way(locks, settings, caplog):
    lock = locks()
    async with lock.lock("jo@example.com"):
        with pytest.raises(LockError, match="others have held it") as refusal:
            await asyncio.create_task(take(lock, "jo@example.com", patience=0.2))
        await waiting(settings, 1)
    await take(lock, "jo@example.com")
    assert pseudonym("jo@example.com") in str(refusal.value)
    assert "jo@" not in str(refusal.value) + caplog.text


async def test_the_task_that_holds_it_may_enter_again_and_no_other(locks, settings):
    lock = locks()
    async with whole_turn(lock, "one"):
        held = fence()
        async with lock.lock("one") as number:  # as Rasa does within a channel's turn
            assert number == held
        with pytest.raises(LockError):
            await asyncio.create_task(take(lock, "one", patience=0.2))
        await waiting(settings, 1)
    assert fence() is None


async def test_who_is_cancelled_leaves_whether_it_waits_or_holds(locks, settings):
    lock = locks()
    holds = asyncio.Event()

    async def hold() -> None:
        async with lock.lock("one"):
            holds.set()
            await asyncio.sleep(3600)

    holder = asyncio.create_task(hold())
    await holds.wait()
    waiter = asyncio.create_task(take(lock, "one"))
    await waiting(settings, 2)
    waiter.cancel()
    await waiting(settings, 1)
    holder.cancel()
    await asyncio.gather(holder, waiter, return_exceptions=True)
    await take(lock, "one", patience=0.0)


async def test_an_error_in_a_turn_releases_the_lock_and_goes_on(locks):
    lock = locks()
    with pytest.raises(KeyError):
        async with lock.lock("one"):
            raise KeyError
    await take(lock, "one", patience=0.0)


async def test_without_redis_it_says_so_and_goes_on_when_redis_is_back(locks, own_redis, caplog):
    lock = locks(url=own_redis.url)
    before = await asyncio.gather(*(take(lock, "jo@example.com") for _ in range(5)))
    own_redis.stop()
    assert await take(lock, "jo@example.com") is None
    assert "locked here only: Redis is away (ConnectionError)" in caplog.text
    assert "jo@" not in caplog.text
    own_redis.start()
    # It has lost all it had; the numbers grow none the less.
    after = await asyncio.gather(*(take(lock, "jo@example.com") for _ in range(5)))
    assert min(after) > max(before)


async def test_without_redis_each_process_keeps_order_by_itself(locks, own_redis):
    lock = locks(url=own_redis.url)
    own_redis.stop()
    async with whole_turn(lock, "one"), lock.lock("one"):
        assert fence() is None
        waiting = asyncio.create_task(take(lock, "one"))
        await take(lock, "two")
        assert not waiting.done()
    assert await waiting is None


async def test_connections_from_before_a_restart_cost_nobody_a_turn(locks, own_redis):
    lock = locks(url=own_redis.url)
    await asyncio.gather(*(take(lock, str(number)) for number in range(5)))
    own_redis.stop()
    own_redis.start()
    for number in range(10):
        await take(lock, str(number), patience=0.0)


async def test_a_redis_that_stands_still_holds_nobody_for_long(locks, own_redis):
    lock = locks(url=own_redis.url, socket_timeout=3)
    await take(lock, "one")
    own_redis.pause()
    # If each asked Redis after the one before, it would take 300 s.
    turns = (take(lock, str(number)) for number in range(100))
    assert await asyncio.wait_for(asyncio.gather(*turns), PATIENCE) == [None] * 100
    own_redis.resume()
    await take(lock, "one")


async def test_a_redis_that_stood_still_is_asked_again_after_a_while(locks, own_redis, monkeypatch):
    monkeypatch.setattr("needlepoint.stores.tickets.AWAY", 3600.0)
    lock, soon = (locks(url=own_redis.url, socket_timeout=1) for _ in range(2))
    own_redis.pause()
    assert await take(lock, "one") is None
    monkeypatch.setattr("needlepoint.stores.tickets.AWAY", 0.1)
    assert await take(soon, "one") is None
    own_redis.resume()
    end = time.monotonic() + PATIENCE
    while await take(soon, "another") is None:
        assert time.monotonic() < end, "it does not come back"
        await asyncio.sleep(0.05)
    # No turn waits for a Redis that hung a moment ago, and none has a ticket there.
    leaving = set(lock._leaving)
    assert await take(lock, "another") is None
    assert lock._leaving <= leaving


async def test_a_lost_lock_is_logged_and_its_holder_cannot_write(locks, settings, tmp_path, caplog):
    caplog.set_level(logging.ERROR)
    engine = connect(f"sqlite:///{tmp_path}/test.db")
    first, second = locks(lease=LEASE), locks()
    conversation = "jo@example.com"
    async with first.lock(conversation):
        version = append(engine, conversation, NEW, ["{}"], NO_HEAD, fence())
        client = redis.Redis.from_url(settings["url"])
        client.delete(*client.scan_iter(f"{settings['key_prefix']}:*"))
        client.close()
        async with second.lock(conversation):
            version = append(engine, conversation, version, ["{}"], NO_HEAD, fence())
        end = time.monotonic() + PATIENCE
        while "lost its lock" not in caplog.text and time.monotonic() < end:
            await asyncio.sleep(0.05)
        with pytest.raises(StaleWriterError):
            append(engine, conversation, version, ["{}"], NO_HEAD, fence())
    engine.dispose()
    assert f"Conversation {pseudonym(conversation)} has lost its lock" in caplog.text
    assert "jo@" not in caplog.text


async def test_the_end_of_a_lost_turn_does_not_release_the_lock_of_another(locks, settings):
    first, second, third = locks(), locks(), locks()
    async with first.lock("one"):
        client = redis.Redis.from_url(settings["url"])
        client.delete(*client.scan_iter(f"{settings['key_prefix']}:*"))
        client.close()
        held = second.lock("one")
        await held.__aenter__()
    with pytest.raises(LockError):
        await take(third, "one", patience=0.2)
    await held.__aexit__(None, None, None)


async def test_the_fence_is_that_of_the_innermost_lock_and_of_tasks_begun_under_it(locks):
    lock = locks()
    assert fence() is None

    async def look() -> int | None:
        return fence()

    outside = asyncio.create_task(asyncio.sleep(0.01))
    async with lock.lock("one") as number:
        assert fence() == number == await asyncio.create_task(look())
        async with lock.lock("another") as inner:
            assert fence() == inner > number
        assert fence() == number
    await outside
    assert fence() is None


async def test_keys_have_no_conversation_and_end_by_themselves(locks, settings):
    lock = locks()
    client = redis.Redis.from_url(settings["url"], decode_responses=True)
    async with lock.lock("jo@example.com"):
        waits = asyncio.create_task(take(lock, "jo@example.com"))
        await waiting(settings, 2)
        keys = list(client.scan_iter(f"{settings['key_prefix']}:*"))
        assert len(keys) >= 3
        assert not [key for key in keys if "jo@" in key]
        assert all(client.ttl(key) > 0 for key in keys)
    await waits
    left = [key.split(":")[-1] for key in client.scan_iter(f"{settings['key_prefix']}:*")]
    client.close()
    assert left == ["last"]


def test_one_lock_serves_one_loop_after_the_other(settings):
    lock = RedisConversationLock(EndpointConfig(**settings))

    async def turns() -> None:
        await asyncio.gather(take(lock, "one"), take(lock, "one"))
        await lock.close()

    for _ in range(2):
        asyncio.run(turns())


async def test_rasa_makes_it_and_lets_several_workers_run(settings, monkeypatch):
    endpoint = EndpointConfig.from_dict({"type": TYPE, **settings})
    lock = LockStore.create(endpoint)
    assert isinstance(lock, RedisConversationLock)
    await take(lock, "one")
    await lock.close()
    monkeypatch.setenv("SANIC_WORKERS", "2")
    assert number_of_sanic_workers(endpoint) == 2


async def test_a_host_as_rasa_has_it_and_the_url_of_the_environment(own_redis, monkeypatch):
    for given in (
        {"url": "127.0.0.1", "port": str(own_redis.port), "db": "3"},
        {"url": f"redis://127.0.0.1:{own_redis.port}/3"},
        {},
    ):
        if not given:
            monkeypatch.setenv("NEEDLEPOINT_REDIS_URL", f"{own_redis.url[:-1]}3")
        lock = RedisConversationLock(EndpointConfig(**given, socket_timeout=60))
        await take(lock, "one")
        await lock.close()
        with redis.Redis(port=own_redis.port, db=3) as client:
            assert client.delete("needlepoint:lock:last") == 1


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"url": "http://127.0.0.1"}, ValueError),
        ({"url": "127.0.0.1", "port": "many"}, ValueError),
        ({"lease": 0.1}, ValueError),
        ({"lease": 3600}, ValueError),
        ({"socket_timeout": 0}, ValueError),
        ({"leese": 10}, TypeError),
    ],
)
def test_a_wrong_setting_is_refused_at_the_start(wrong, error):
    with pytest.raises(error):
        RedisConversationLock(EndpointConfig(**wrong))
