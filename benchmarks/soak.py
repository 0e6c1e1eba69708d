"""Mixed conversations at 70 % of capacity for a long time: memory, errors and times by minute.

``python -m benchmarks.soak --minutes 30`` starts a worker of the production profile.
"""

import argparse
import asyncio
import statistics
from collections.abc import Sequence

from benchmarks.bots import percentile
from benchmarks.load import capacity, offer
from benchmarks.servers import DEFAULT, PRODUCTION, workers

PORT = 5984
USERS, MEASURED = 16, 20.0  # seconds
SHARE = 0.7
MIB = 2**20
PROFILES = {"default": DEFAULT, "production": PRODUCTION}


async def soak(processes: Sequence, port: int, minutes: int) -> None:
    """Print a row for each minute."""
    rate = SHARE * await capacity([port], USERS, MEASURED)
    print(f"{rate:.1f} messages/s, which is {SHARE:.0%} of the capacity")
    print("| minute | messages | not 200 | p50, ms | p99, ms | memory, MiB |")
    print("|---|---|---|---|---|---|")
    for minute in range(1, minutes + 1):
        calls = await offer([port], rate, 60.0)
        took = [1000 * call.seconds for call in calls if call.status == 200]
        wrong = len(calls) - len(took)
        memory = processes[0].memory_info().rss / MIB
        p50, p99 = statistics.median(took), percentile(took, 99)
        row = f"| {minute} | {len(calls)} | {wrong} | {p50:.1f} | {p99:.1f} | {memory:.0f} |"
        print(row, flush=True)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    options.add_argument("--minutes", type=int, default=30)
    options.add_argument("--profile", choices=PROFILES, default="production")
    arguments = options.parse_args()
    with workers([PORT], PROFILES[arguments.profile]) as processes:
        asyncio.run(soak(processes, PORT, arguments.minutes))


if __name__ == "__main__":
    main()
