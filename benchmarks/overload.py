"""Ten seconds of four times the load that a worker can take, a rush, and how it does afterwards.

``python -m benchmarks.overload`` starts a worker of the production profile; it takes two minutes.
"""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Sequence

from benchmarks.bots import percentile
from benchmarks.load import Call, capacity, offer, rush
from benchmarks.servers import PRODUCTION, workers

PORT = 5983
USERS, MEASURED = 16, 15.0  # seconds
TIMES, SECONDS = 4, 10.0
RECOVERY = 10.0  # seconds
RUSH = 500  # questions at one moment
MIB = 2**20


async def measure(processes: Sequence, port: int) -> list[str]:
    """Return the lines of the report."""
    able = await capacity([port], USERS, MEASURED)
    memory = processes[0].memory_info().rss / MIB
    before = await offer([port], able / 2, MEASURED)
    begun = time.perf_counter()
    during = await offer([port], TIMES * able, SECONDS)
    ended = time.perf_counter() - begun - SECONDS
    after = await offer([port], able / 2, RECOVERY)
    late = [call for call in after if call.at > RECOVERY / 2]
    crowd = await rush(port, RUSH)
    told = max((call.seconds for call in crowd if call.status != 200), default=0.0)
    grown = processes[0].memory_info().rss / MIB - memory
    return [
        f"capacity: {able:.1f} answers/s; half of it before: {_table(before)}",
        f"{TIMES} times of it for {SECONDS:.0f} s: {_table(during)}",
        f"refusals that say when to come again: {_share(during)}",
        f"the last answer came {ended:.2f} s after the load's end",
        f"half of the capacity at once after it: {_table(after)}",
        f"seconds 5 to 10 of that: {_table(late)}",
        f"{RUSH} questions at one moment: {_table(crowd)}; last refusal after {told:.2f} s",
        f"memory: {memory:.0f} MiB before, {grown:+.0f} MiB after",
    ]


def _table(calls: Sequence[Call]) -> str:
    statuses = dict(sorted(Counter(call.status for call in calls).items()))
    answered = [call.seconds for call in calls if call.status == 200]
    times = f"p50 {statistics.median(answered):.3f} s, p99 {percentile(answered, 99):.3f} s"
    return f"{len(calls)} calls, by status {statuses}; answered: {times}"


def _share(calls: Sequence[Call]) -> str:
    refused = [call for call in calls if call.status in (429, 503)]
    return f"{sum(call.waits for call in refused)} of {len(refused)}"


def main() -> None:
    """Measure and print."""
    with workers([PORT], PRODUCTION) as processes:
        print("\n".join(asyncio.run(measure(processes, PORT))))


if __name__ == "__main__":
    main()
