"""What the stand-in remembers, and what a test asks of it."""

import copy
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from slack_events import BOT

from slack_stand_in.arguments import Payload
from slack_stand_in.faults import Fault
from slack_stand_in.shapes import channel_id

Found = TypeVar("Found")


@dataclass(frozen=True)
class Call:
    """A call to the API; ``time`` is in seconds since 1970."""

    method: str
    payload: Payload
    time: float


class Kept:
    """The calls and what came of them.

    Attributes:
        calls: those that were done, in order
        attempts: all that came, with those that failed
        refused: method and error of those that were refused, by a fault or not
        problems: all that was wrong with blocks, texts, views and prompts
        impatient: calls that came before a Retry-After had passed
        faults: what goes wrong next; the first that is for a method is used, and used up
        acknowledgements: of Socket Mode, by envelope
    """

    def __init__(self) -> None:
        self.port = 0
        self._changed = threading.Condition(threading.RLock())
        self.reset()

    def reset(self) -> None:
        """Forget all that happened, and all faults."""
        with self._changed:
            self.calls: list[Call] = []
            self.attempts: list[Call] = []
            self.refused: list[tuple[str, str]] = []
            self.problems: list[str] = []
            self.impatient: list[Call] = []
            self.faults: list[Fault] = []
            self.acknowledgements: dict[str, Payload] = {}
            self._messages: list[Payload] = []
            self._ephemerals: list[Payload] = []
            self._responses: dict[str, list[Payload]] = {}
            self._homes: dict[str, list[Payload]] = defaultdict(list)
            self._modals: dict[str, Payload] = {}
            self._triggers: set[str] = set()
            self._limited: dict[str, float] = {}

    def wait_for(self, predicate: Callable[[], Found], seconds: float = 60) -> Found:
        """Return what ``predicate`` returns once it is true.

        Raises:
            TimeoutError: it was not within ``seconds``.
        """
        end = time.monotonic() + seconds
        with self._changed:
            while not (found := predicate()):
                left = end - time.monotonic()
                if left <= 0:
                    done = [call.method for call in self.calls]
                    raise TimeoutError(f"done: {done}; refused: {self.refused}; {self.problems}")
                # Some predicates look at other things than the stand-in.
                self._changed.wait(min(left, 0.1))
            return found

    def messages(self, channel: str | None = None, thread_ts: str | None = None) -> list[Payload]:
        """Return the bot's messages as they are now, oldest first.

        Args:
            channel: or all; a user's id is their direct messages
            thread_ts: only those of a thread
        """
        with self._changed:
            found = [each for each in self._messages if each.get("bot_id") == BOT]
            if channel is not None:
                found = [each for each in found if each["channel"] == channel_id(channel)]
            if thread_ts is not None:
                found = [each for each in found if each.get("thread_ts") == thread_ts]
            return copy.deepcopy(found)

    def ephemerals(self, channel: str | None = None, user: str | None = None) -> list[Payload]:
        """Return the messages that only one user saw."""
        with self._changed:
            found = [
                each
                for each in self._ephemerals
                if (channel is None or each["channel"] == channel)
                and (user is None or each["user"] == user)
            ]
            return copy.deepcopy(found)

    def response_url(self) -> str:
        """Return a new response URL."""
        name = uuid.uuid4().hex
        with self._changed:
            self._responses[name] = []
        return f"http://127.0.0.1:{self.port}/response/{name}"

    def responses(self, url: str) -> list[Payload]:
        """Return what was posted to a response URL."""
        with self._changed:
            return copy.deepcopy(self._responses[url.rpartition("/")[2]])

    def homes(self, user: str) -> list[Payload]:
        """Return all views of a user's Home tab, oldest first."""
        with self._changed:
            return copy.deepcopy(self._homes[user])

    def modals(self) -> list[Payload]:
        """Return all modals as they are now, oldest first."""
        with self._changed:
            return copy.deepcopy(list(self._modals.values()))

    def prompts(self) -> list[Payload]:
        """Return the arguments of all calls that set suggested prompts."""
        return self.made("assistant.threads.setSuggestedPrompts")

    def made(self, method: str) -> list[Payload]:
        """Return the arguments of all calls of a method that were done."""
        with self._changed:
            return [copy.deepcopy(call.payload) for call in self.calls if call.method == method]

    def say(self, event: Mapping[str, Any]) -> Payload:
        """Take the message of a person, as an event has it, into the history of its channel."""
        left = ("event_ts", "channel_type")
        message = {name: part for name, part in event.items() if name not in left}
        message["type"] = "message"
        with self._changed:
            self._messages.append(message)
        return copy.deepcopy(message)
