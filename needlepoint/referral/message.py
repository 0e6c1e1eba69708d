"""What is brought to the clinic, and how a destination says what became of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from needlepoint.referral.requests import Request


@dataclass(frozen=True)
class Message:
    """A request on its way to the clinic, or the word that one is deleted.

    Attributes:
        key: the same at every attempt, so that the receiver can drop what it has already
        request_id: 32 hex digits
        request: what the patient gave; None: delete what you have of ``request_id``
        created_at: when the patient gave it
        delete_after: until when the patient was told that it is kept
    """

    key: str
    request_id: str
    request: Request | None
    created_at: datetime
    delete_after: datetime


class TemporaryError(Exception):
    """The message was not taken, but may be later; the text has no personal data.

    Attributes:
        wait: seconds that the receiver asked to be left alone; 0 if it did not
    """

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class PermanentError(Exception):
    """The message was refused for good; the text has no personal data."""


class Destination(Protocol):
    """Something that takes messages to the clinic."""

    def send(self, message: Message) -> None:
        """Bring a message to the receiver; return once it is answerable for it.

        Raises:
            TemporaryError: it was not taken, or nobody knows; try again later.
            PermanentError: it was refused, and would be again.
        """
