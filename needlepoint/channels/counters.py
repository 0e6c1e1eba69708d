"""Counters of calls in this process, for the library ``limits``."""

from __future__ import annotations

import time

from limits.storage import Storage

SWEEP = 1_000  # calls


class Counters(Storage):
    """Counts without threads.

    The library's own storage starts one at nearly each call, which took more than a millisecond of
    a message that is answered in seven.
    """

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[str, tuple[int, float]] = {}  # and when each ends
        self._calls = 0

    def incr(self, key: str, expiry: int, elastic_expiry: bool = False, amount: int = 1) -> int:
        """Count, and return the count; it ends ``expiry`` seconds after its first call."""
        self._calls += 1
        if self._calls % SWEEP == 0:
            self._sweep()
        count, ends = self._counts.get(key, (0, 0.0))
        now = time.time()
        if ends <= now:
            count, ends = 0, now + expiry
        elif elastic_expiry:
            ends = now + expiry
        self._counts[key] = count + amount, ends
        return count + amount

    def get(self, key: str) -> int:
        """Return the count."""
        count, ends = self._counts.get(key, (0, 0.0))
        return count if ends > time.time() else 0

    def get_expiry(self, key: str) -> int:
        """Return when the count ends, in seconds since 1970."""
        _, ends = self._counts.get(key, (0, time.time()))
        return int(ends)

    def check(self) -> bool:
        """Tell whether it works."""
        return True

    def reset(self) -> None:
        """Forget all counts."""
        self._counts.clear()

    def clear(self, key: str) -> None:
        """Forget a count."""
        self._counts.pop(key, None)

    def __len__(self) -> int:
        return len(self._counts)

    def _sweep(self) -> None:
        now = time.time()
        self._counts = {key: count for key, count in self._counts.items() if count[1] > now}
