"""What goes wrong with calls, when a test wants it, and what Slack refuses."""

from dataclasses import dataclass, field


@dataclass
class Fault:
    """Something that goes wrong with the next calls.

    Attributes:
        method: of the API, "response", or "*" for all
        times: how often it still happens
    """

    method: str = field(default="*", kw_only=True)
    times: int = field(default=1, kw_only=True)


@dataclass
class Slow(Fault):
    """The call is done after some seconds, whether its caller still waits or not."""

    seconds: float


@dataclass
class Fail(Fault):
    """The call is not done; the answer is a page of a server in trouble."""

    status: int = 500


@dataclass
class RateLimit(Fault):
    """The call is not done, nor any of this method or response URL for some seconds."""

    retry_after: int


@dataclass
class SlackError(Fault):
    """The call is refused as Slack refuses."""

    error: str


@dataclass
class DropConnection(Fault):
    """The call is not done, and there is no answer."""


@dataclass
class AcceptThenDrop(Fault):
    """The call is done, but there is no answer."""


class RefusedError(Exception):
    def __init__(self, error: str, *messages: str, status: int = 200) -> None:
        super().__init__(error)
        self.error = error
        self.messages = list(messages)
        self.status = status
