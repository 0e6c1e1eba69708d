"""What the web channel takes: bodies of a bounded size, and their fields. No Rasa here."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from sanic.exceptions import InvalidUsage, PayloadTooLarge
from sanic.request import Request

from needlepoint.channels.guard import without_surrogates
from needlepoint.channels.refusals import RefusalError
from needlepoint.feedback import COMMENT_LIMIT, VALUES
from needlepoint.referral.plain_text import one_line

MAX_BODY = 16_384  # bytes
# So much of a body that is too large is still taken in, so that its sender gets to read why not.
MAX_DRAINED = 1_048_576
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_ANSWER_ID = re.compile(r"[0-9a-f]{32}")
_LANGUAGE = re.compile(r"[A-Za-z0-9-]{2,35}")


@dataclass(frozen=True)
class Message:
    """What a person sent.

    Attributes:
        id: given by the client; the same one is the same message
        text: what they wrote, or the title of the button
        payload: of the button, or None
    """

    id: str
    text: str
    payload: str | None


@dataclass(frozen=True)
class Opinion:
    """What a person thinks of an answer."""

    answer: str
    value: str
    comment: str | None


async def read_body(request: Request) -> bytes:
    """Return the body of a request, chunked or not.

    Raises:
        RefusalError: it is too large, or not HTTP.
    """
    stream: Any = request.stream
    stream.request_max_size = MAX_DRAINED
    parts, size = [], 0
    try:
        async for part in stream:
            size += len(part)
            if size <= MAX_BODY:
                parts.append(part)
    except PayloadTooLarge:
        size = MAX_DRAINED
    except InvalidUsage:
        raise RefusalError("bad_request", "The body is not valid HTTP.") from None
    if size > MAX_BODY:
        raise RefusalError("too_large", f"Please send {MAX_BODY} bytes or fewer.")
    return b"".join(parts)


def read_json(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body.

    Raises:
        RefusalError: it holds none.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusalError("bad_request", "The body is not JSON.") from None
    if not isinstance(found, dict):
        raise RefusalError("bad_request", "Send a JSON object.")
    return found


def read_message(body: bytes, max_length: int) -> Message:
    """Return the message of a body.

    Raises:
        RefusalError: a field is missing or wrong, or the text is too long.
    """
    found = read_json(body)
    key = found.get("id")
    if not isinstance(key, str) or not _CLIENT_ID.fullmatch(key):
        raise RefusalError("bad_request", '"id" must be 8 to 64 letters, digits, "-" or "_".')
    text = _text(found, "text", max_length)
    if not text.strip():
        raise RefusalError("bad_request", 'Put the question into "text"; it must not be empty.')
    payload = None
    if found.get("payload") is not None:
        payload = _text(found, "payload", max_length)
        if not payload.strip():
            raise RefusalError("bad_request", '"payload" must not be empty; leave it out.')
    return Message(key, text, payload)


def read_opinion(body: bytes) -> Opinion:
    """Return the feedback of a body.

    Raises:
        RefusalError: a field is missing or wrong, or the comment is too long.
    """
    found = read_json(body)
    answer, value = found.get("answer"), found.get("value")
    if not isinstance(answer, str):
        raise RefusalError("bad_request", 'Put the id of the answer into "answer".')
    if not isinstance(value, str) or value not in VALUES:
        raise RefusalError("bad_request", '"value" must be "up" or "down".')
    comment = None
    if found.get("comment") is not None:
        comment = one_line(_text(found, "comment", COMMENT_LIMIT)) or None
    if not _ANSWER_ID.fullmatch(answer):
        raise unknown_answer()
    return Opinion(answer, value, comment)


def check_language(body: bytes) -> None:
    """Make sure that the body of a new session, which may be empty, is one.

    Raises:
        RefusalError: it is not.
    """
    if not body.strip():
        return
    language = read_json(body).get("lang")
    if language is not None and not (isinstance(language, str) and _LANGUAGE.fullmatch(language)):
        raise RefusalError("bad_request", '"lang" must be a language, as "en" or "es-MX".')


def unknown_answer() -> RefusalError:
    """Return the problem of feedback on what the bot never said here."""
    return RefusalError("unknown_answer", "There is no such answer in this chat.")


def _text(found: dict[str, Any], name: str, max_length: int) -> str:
    text = found.get(name)
    if not isinstance(text, str):
        raise RefusalError("bad_request", f'"{name}" must be a text.')
    if len(text) > max_length:
        message = f"Please send {max_length} characters or fewer; this has {len(text)}."
        raise RefusalError("too_long", message)
    return without_surrogates(text)
