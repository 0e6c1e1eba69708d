"""What a public channel checks before a message reaches Rasa."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

MAX_BODY = 32_768  # bytes; 4,000 characters take at most 16,000 in UTF-8
MAX_SENDER_LENGTH = 255  # the width of the column in Rasa's SQL tracker store


class BadMessageError(ValueError):
    """A request that is no message; its text tells the caller what to do."""


def checked_message(body: Any, max_length: int) -> str:
    """Return the text of a request body.

    Args:
        body: the decoded JSON of the request
        max_length: of the text, in characters

    Raises:
        BadMessageError: the body is not an object with a text of this length, or its ``sender`` or
            ``metadata`` is of the wrong kind.
    """
    if not isinstance(body, dict):
        raise BadMessageError(
            'Send a JSON object, as {"sender": "a name", "message": "a question"}.'
        )
    text = body.get("message")
    if not isinstance(text, str):
        raise BadMessageError('Put the question into "message", as a text.')
    if len(text) > max_length:
        raise BadMessageError(
            f"Please send {max_length} characters or fewer; this has {len(text)}."
        )
    sender = body.get("sender")
    if sender is not None and (
        not isinstance(sender, str) or not 0 < len(sender) <= MAX_SENDER_LENGTH
    ):
        raise BadMessageError(f'"sender" must be a text of 1 to {MAX_SENDER_LENGTH} characters.')
    if not isinstance(body.get("metadata"), dict | None):
        raise BadMessageError('"metadata" must be a JSON object.')
    return without_surrogates(text)


def without_surrogates(text: str) -> str:
    """Return ``text`` with "?" for halves of characters, which JSON can hold and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def is_payload(text: str) -> bool:
    """Tell whether Rasa would take ``text`` as an intent instead of reading it."""
    # Rasa strips the text before it looks, of all that Unicode calls white space.
    return text.strip().startswith("/")


def without_payload(text: str) -> str:
    """Return ``text`` so that Rasa reads it as words: without slashes in front."""
    return re.sub(r"^[\s/]+", "", text)


def offered_payloads(events: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the payloads of all buttons that the bot showed in a conversation.

    Args:
        events: the events of its tracker as plain data
    """
    payloads = set()
    for event in events:
        if event.get("event") == "bot":
            for button in (event.get("data") or {}).get("buttons") or []:
                payloads.add(button.get("payload"))
    return payloads
