"""Probes: deadlines, what a failure means, and that what hangs is asked once."""

import asyncio

from needlepoint.observability.probe import Finding, Probe, Reporter


def probe(check, essential=True, deadline=0.05):
    return Probe(check, deadline, essential)


async def works():
    return None


async def fails():
    raise ConnectionRefusedError("db.internal:5432 with password secret")


async def test_the_worst_part_counts():
    async def status(*probes):
        return (await Reporter(dict(enumerate(probes)), 1.0).report()).status

    assert await status(probe(works)) == "ok"
    assert await status(probe(works), probe(fails, essential=False)) == "degraded"
    assert await status(probe(fails), probe(fails, essential=False)) == "failing"


async def test_a_reason_is_the_name_of_the_error():
    assert await probe(fails).find() == Finding("failing", "ConnectionRefusedError")


async def test_a_part_that_hangs_is_not_asked_twice_and_comes_back():
    calls, release = [], asyncio.Event()

    async def hang():
        calls.append(1)
        await release.wait()

    hanging = probe(hang)
    assert [await hanging.find() for _ in range(3)] == [Finding("failing", "timeout")] * 3
    assert len(calls) == 1
    release.set()
    await asyncio.sleep(0)
    assert await hanging.find() == Finding("ok")
    assert await hanging.find() == Finding("ok")
    assert len(calls) == 2


async def test_a_report_is_kept_for_a_moment():
    calls = []

    async def count():
        calls.append(1)

    kept = Reporter({"part": probe(count)}, 60.0)
    await asyncio.gather(*(kept.report() for _ in range(5)))
    assert len(calls) == 1
    fresh = Reporter({"part": probe(count)}, -1.0)
    await fresh.report()
    await fresh.report()
    assert len(calls) == 3
