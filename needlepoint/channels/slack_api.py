"""Calls to Slack that are tried again: its limits obeyed, its failures outlived. No Rasa here."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from needlepoint.channels.slack_blocks import EVENT_TYPE

TRIES = 5  # within one call; the inbox tries again later
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0  # seconds
TIMEOUT = 10  # seconds
LOOK_BACK = 3600.0  # seconds in which a message was posted, if it was
# What another try, or the same words somewhere else, may mend.
PASSING = ("ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout")
logger = logging.getLogger(__name__)


class CannotPostError(Exception):
    """Slack did not take something.

    Attributes:
        code: Slack's word for it, or the kind of failure
        is_passing: it may be taken later
        is_in_doubt: it may have been done all the same, for no answer came
    """

    def __init__(
        self, method: str, code: str, is_passing: bool = False, is_in_doubt: bool = False
    ) -> None:
        super().__init__(f"{method}: {code}")
        self.code, self.is_passing, self.is_in_doubt = code, is_passing, is_in_doubt


class _LimitError(Exception):
    """Slack asks us to wait for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class Api:
    """Slack's Web API, with one connection pool and one memory of what it asked us to wait for."""

    def __init__(self, token: str, base_url: str) -> None:
        """Take the bot's token and the address of the API, as https://slack.com/api/."""
        self._free_at: dict[str, float] = {}  # by method, in monotonic seconds
        self._session: aiohttp.ClientSession | None = None
        self.client = AsyncWebClient(token, base_url, timeout=TIMEOUT, retry_handlers=[])

    async def open(self) -> None:
        """Open the connections; inside the loop that uses them."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        self._session = self.client.session = aiohttp.ClientSession(timeout=timeout)

    async def close(self) -> None:
        """Close them."""
        if self._session is not None:
            await self._session.close()

    async def call(self, method: str, **fields: Any) -> Mapping[str, Any]:
        """Return Slack's answer to a call that may be made twice without harm.

        Raises:
            CannotPostError: it was refused, or failed each time.
        """
        return await self._tried(method, lambda: self._call(method, fields))

    async def post(self, channel: str, thread: str | None, message: Mapping[str, Any]) -> None:
        """Post a message once, also when Slack takes it and its answer is lost.

        Raises:
            CannotPostError: it was refused, or failed each time.
        """
        fields = {"channel": channel, **message}
        if thread:
            fields["thread_ts"] = thread

        async def once() -> Mapping[str, Any]:
            try:
                return await self._call("chat.postMessage", fields)
            except CannotPostError as error:
                if error.is_in_doubt and await self.is_posted(channel, thread, message):
                    return {}
                raise

        await self._tried("chat.postMessage", once)

    async def is_posted(self, channel: str, thread: str | None, message: Mapping[str, Any]) -> bool:
        """Tell whether a message is there already; False where the bot may not look."""
        key = message.get("metadata", {}).get("event_payload", {}).get("key")
        method = "conversations.replies" if thread else "conversations.history"
        since = f"{time.time() - LOOK_BACK:.6f}"
        fields = {"channel": channel, "oldest": since, "limit": 200, "include_all_metadata": True}
        try:
            if channel.startswith(("U", "W")):
                opened = await self.call("conversations.open", users=channel)
                fields["channel"] = opened["channel"]["id"]
            if thread:
                fields["ts"] = thread
            found = await self._tried(method, lambda: self._call(method, fields, "params"))
        except CannotPostError as error:
            logger.warning("It is not known whether a message was posted: %s", error.code)
            return False
        return bool(key) and any(
            (one.get("metadata") or {}).get("event_type") == EVENT_TYPE
            and one["metadata"].get("event_payload", {}).get("key") == key
            for one in found.get("messages", [])
        )

    async def respond(self, url: str, message: Mapping[str, Any]) -> None:
        """Send what only the person sees who gave a command or clicked.

        Raises:
            CannotPostError: it was refused, or failed each time.
        """
        if self._session is None:
            raise RuntimeError("The connections are not open.")
        webhook = AsyncWebhookClient(url, timeout=TIMEOUT, session=self._session, retry_handlers=[])

        async def once() -> Mapping[str, Any]:
            try:
                answer = await webhook.send_dict(dict(message))
            except _FAILURES as error:
                raise _failure("response_url", error) from None
            if answer.status_code != 200:
                raise _refusal("response_url", answer.status_code, answer.body, answer.headers)
            return {}

        # Each address has a limit of its own, and is a secret.
        await self._tried("response_url", once, limited=url)

    async def _call(
        self, method: str, fields: Mapping[str, Any], kind: str = "json"
    ) -> Mapping[str, Any]:
        try:
            answer = await self.client.api_call(method, **{kind: dict(fields)})  # type: ignore[arg-type]
        except SlackApiError as error:
            # Without JSON in it, the library gives aiohttp's own answer in place of its own.
            answer = error.response
            status = getattr(answer, "status_code", None) or answer.status
            data = getattr(answer, "data", None)
            code = data.get("error", "") if isinstance(data, dict) else ""
            raise _refusal(method, status, code, answer.headers) from None
        except _FAILURES as error:
            raise _failure(method, error) from None
        return answer.data if isinstance(answer.data, dict) else {}

    async def _tried(
        self,
        name: str,
        once: Callable[[], Awaitable[Mapping[str, Any]]],
        limited: str | None = None,
    ) -> Mapping[str, Any]:
        key = limited or name
        pause, problem = FIRST_PAUSE, CannotPostError(name, "ratelimited", is_passing=True)
        for _ in range(TRIES):
            await self._wait(key)
            try:
                return await once()
            except _LimitError as limit:
                self._free_at[key] = time.monotonic() + limit.seconds
                continue
            except CannotPostError as error:
                if not error.is_passing:
                    raise
                problem = error
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        raise problem

    async def _wait(self, name: str) -> None:
        """Wait as long as Slack has asked to."""
        while (seconds := self._free_at.get(name, 0.0) - time.monotonic()) > 0:
            await asyncio.sleep(seconds)
        self._free_at.pop(name, None)


_FAILURES = (aiohttp.ClientError, asyncio.TimeoutError, OSError)


def _failure(method: str, error: Exception) -> CannotPostError:
    return CannotPostError(method, type(error).__name__, is_passing=True, is_in_doubt=True)


def _refusal(
    method: str, status: int, code: str, headers: Mapping[str, str]
) -> CannotPostError | _LimitError:
    if status == 429:
        seconds = next((v for k, v in headers.items() if k.lower() == "retry-after"), "1")
        return _LimitError(float(seconds) if seconds.isdecimal() else LONGEST_PAUSE)
    is_broken = status >= 500
    return CannotPostError(
        method, code or f"status {status}", is_broken or code in PASSING, is_in_doubt=is_broken
    )
