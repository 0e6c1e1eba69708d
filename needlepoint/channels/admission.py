"""How many messages a worker takes on at once. No Rasa here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from needlepoint.channels.refusals import busy

# What a worker answers in about a second; who comes later has waited long enough to be told.
AT_ONCE = 32


class Admission:
    """Lets so many messages in, and refuses what comes beside them.

    A message takes a worker some milliseconds, so a queue is soon longer than anybody's patience.
    Who is refused at once can try another time, or be sent to another worker.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._free = at_once

    @property
    def is_full(self) -> bool:
        """Whether the next one would be refused."""
        return self._free <= 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Have a place while a message is handled.

        Raises:
            RefusalError: there is none; it says when to come again.
        """
        if self.is_full:
            raise busy()
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1
