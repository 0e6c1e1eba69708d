"""What the web channel refuses, and how it says so."""

from __future__ import annotations

from typing import Any

STATUS = {
    "bad_request": 400,
    "unauthorized": 401,
    "forbidden_origin": 403,
    "forbidden_payload": 403,
    "not_found": 404,
    "unknown_answer": 404,
    "not_allowed": 405,
    "too_large": 413,
    "too_long": 422,
    "rate_limited": 429,
    "trouble": 500,
    "busy": 503,
}


# Beside whatever cannot be answered; it may not depend on anything that can fail.
EMERGENCY = "In an emergency call 911, 999, 112, 000 or 111."


class RefusalError(Exception):
    """A call that cannot be answered as asked; its message tells people what to do."""

    def __init__(self, code: str, message: str, retry_after: int | None = None) -> None:
        """``code`` is one of ``STATUS``; ``retry_after`` is in seconds."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUS[self.code]

    @property
    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        return {"error": {"code": self.code, "message": self.message}}


def busy() -> RefusalError:
    """Return the problem of a bot that is not ready, or not done with the messages before."""
    message = f"I am busy just now. Please try again in a few seconds. {EMERGENCY}"
    return RefusalError("busy", message, 5)
