"""Delivery by a signed HTTP POST.

The receiver checks ``X-Needlepoint-Signature``, refuses old values of ``X-Needlepoint-Timestamp``,
and answers 200 once it has the message safe. A message may come again: one with an
``Idempotency-Key`` that it has seen, it answers with 200 or 409 and drops. The same holds for a
request whose deletion it has seen already.
"""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests

from needlepoint.referral.loopback import is_loopback
from needlepoint.referral.message import Message, PermanentError, TemporaryError

CONNECT_LIMIT, READ_LIMIT = 5.0, 10.0  # seconds
# It has the message already.
CONFLICT = 409
# Request timed out, too early, too many requests: not the message is wrong, but the moment.
TRY_AGAIN = (408, 425, 429)


@dataclass(frozen=True)
class Webhook:
    """A destination that takes messages by HTTP.

    Raises:
        ValueError: the URL is none, or would send personal data over the network in the clear.
    """

    url: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        is_safe = parts.scheme == "https" or (
            parts.scheme == "http" and is_loopback(parts.hostname or "")
        )
        if not parts.hostname or not is_safe:
            raise ValueError("The webhook must be as https://clinic.example/requests.")

    def send(self, message: Message) -> None:
        """Post a message.

        Raises:
            TemporaryError: there was no answer, or one that may be better later.
            PermanentError: it was refused.
        """
        body = json.dumps(as_json(message)).encode()
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": message.key,
            "X-Needlepoint-Timestamp": timestamp,
            "X-Needlepoint-Signature": signature(self.secret, timestamp, body),
        }
        try:
            with requests.Session() as session:
                # A proxy from the environment is for the world outside.
                session.trust_env = not is_loopback(urlsplit(self.url).hostname or "")
                with session.post(
                    self.url,
                    data=body,
                    headers=headers,
                    timeout=(CONNECT_LIMIT, READ_LIMIT),
                    allow_redirects=False,
                    stream=True,  # only the status counts, and a body may have no end
                ) as answer:
                    status, retry_after = answer.status_code, answer.headers.get("Retry-After")
        except requests.RequestException as error:
            # Its text has the URL in it, which may hold a secret.
            reason = f"the webhook cannot be reached: {type(error).__name__}"
            raise TemporaryError(reason) from None
        _judge(status, retry_after)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return what proves that a body is from here: "v1=" and 64 hex digits.

    Args:
        timestamp: whole seconds since 1970, as in ``X-Needlepoint-Timestamp``
    """
    signed = timestamp.encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def as_json(message: Message) -> dict[str, object]:
    """Return a message as it is posted."""
    head: dict[str, object] = {
        "id": message.request_id,
        "created_at": message.created_at.isoformat(),
        "delete_after": message.delete_after.isoformat(),
    }
    if message.request is None:
        return {"type": "request.deleted", **head}
    given = message.request
    contact = {"kind": given.contact_kind, "value": given.contact}
    words = {"name": given.name, "contact": contact, "preferred_time": given.preferred_time}
    return {"type": "request.created", **head, **words}


def _judge(status: int, retry_after: str | None) -> None:
    if 200 <= status < 300 or status == CONFLICT:
        return
    if status in TRY_AGAIN or status >= 500:
        raise TemporaryError(f"the webhook answered {status}", _seconds(retry_after))
    if 300 <= status < 400:
        reason = "it leads elsewhere; set requests.webhook in clinic.yml to where that is"
        raise PermanentError(f"the webhook answered {status}: {reason}")
    raise PermanentError(f"the webhook answered {status}")


def _seconds(retry_after: str | None) -> float:
    """Return how long a ``Retry-After`` asks to wait; 0 if it is none."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())
