"""Rasa's REST channel, with checked input.

Same address and same shape as Rasa's own; what differs: a bad request gets a 400 that says what
to do, text in ``message`` cannot forge an intent, and custom actions have a deadline.
"""

from __future__ import annotations

import logging
import uuid
from asyncio import AbstractEventLoop
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.core.channels.rest import RestInput
from sanic import Blueprint, Sanic, response
from sanic.exceptions import InvalidUsage
from sanic.request import Request
from sanic.response import HTTPResponse

from needlepoint.channels.admission import AT_ONCE, Admission
from needlepoint.channels.guard import (
    MAX_BODY,
    BadMessageError,
    checked_message,
    is_payload,
    offered_payloads,
    without_payload,
    without_surrogates,
)
from needlepoint.channels.refusals import EMERGENCY, RefusalError, busy
from needlepoint.channels.settings import check_number
from needlepoint.channels.start import make_ready
from needlepoint.observability.metrics import count_refusal, timed
from needlepoint.stores.failures import NotStoredError

logger = logging.getLogger(__name__)
# Said when Rasa itself fails, so it may not depend on the domain or on anything else.
TROUBLE = f"I am sorry, something went wrong on my side. Please ask again in a moment. {EMERGENCY}"
# Said under an answer that could not be stored.
NOT_KEPT = (
    "Please note: I could not save this part of our talk. "
    "Please tell me again later what matters to you in it."
)

OnMessage = Callable[[UserMessage], Awaitable[Any]]


class RestChannel(RestInput):
    """The channel ``rest``; its settings stand in ``credentials.yml``."""

    def __init__(
        self, max_length: int = 4000, action_deadline: float = 1.0, at_once: int = AT_ONCE
    ) -> None:
        """Take the settings.

        Args:
            max_length: of a message, in characters
            action_deadline: how long a custom action may take, in seconds
            at_once: how many messages are handled or wait in this process; more are refused

        Raises:
            ValueError: there cannot be so many at once.
        """
        check_number("at_once", at_once, 1)
        self.max_length = max_length
        self.action_deadline = action_deadline
        self.admission = Admission(at_once)

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> RestChannel:
        """Create the channel from its part of ``credentials.yml``."""
        return cls(**(credentials or {}))

    def blueprint(self, on_new_message: OnMessage) -> Blueprint:
        """Return Rasa's routes with a check in front of them."""
        handle = never_silent(timed(on_new_message))

        async def admitted(message: UserMessage) -> None:
            try:
                with self.admission.place():
                    await handle(message)
            except RefusalError as problem:  # others came while a stream was opened
                await message.output_channel.send_text_message(message.sender_id, problem.message)

        blueprint = super().blueprint(admitted)

        @blueprint.middleware("request")
        async def check(request: Request) -> HTTPResponse | None:
            if request.method != "POST":
                return None
            if self.admission.is_full:
                return _busy(busy())
            if len(request.body) > MAX_BODY:
                return _refusal(f"Please send {MAX_BODY} bytes or fewer.", 413)
            try:
                text = checked_message(request.json, self.max_length)
            except InvalidUsage:
                return _refusal("The body is not JSON.")
            except BadMessageError as problem:
                return _refusal(str(problem))
            # Callers without a name must not share one history.
            sender = request.json.get("sender") or uuid.uuid4().hex
            request.ctx.sender = without_surrogates(sender)
            request.ctx.text = await self._readable(request, text)
            return None

        @blueprint.listener("after_server_start")
        async def begin(app: Sanic, _: AbstractEventLoop) -> None:
            make_ready(app.ctx.agent, self.action_deadline)

        return blueprint

    async def _extract_sender(self, req: Request) -> str:
        sender: str = req.ctx.sender
        return sender

    def _extract_message(self, req: Request) -> str:
        text: str = req.ctx.text
        return text

    def _extract_input_channel(self, req: Request) -> str:
        # A caller may not pose as another channel.
        return self.name()

    async def _readable(self, request: Request, text: str) -> str:
        """Return ``text``, as words unless it is a button of this conversation."""
        if not is_payload(text):
            return text
        tracker = await request.app.ctx.agent.tracker_store.retrieve(request.ctx.sender)
        events = [event.as_dict() for event in tracker.events] if tracker else []
        return text if text.strip() in offered_payloads(events) else without_payload(text)


def never_silent(on_new_message: OnMessage) -> OnMessage:
    """Return a handler that says so when the given one fails, instead of nothing."""

    async def handle(message: UserMessage) -> None:
        try:
            await on_new_message(message)
        except NotStoredError:
            await message.output_channel.send_text_message(message.sender_id, NOT_KEPT)
        except Exception:  # noqa: BLE001  (whatever failed, the patient gets an answer)
            logger.exception("A message could not be handled.")
            await message.output_channel.send_text_message(message.sender_id, TROUBLE)

    return handle


def _busy(problem: RefusalError) -> HTTPResponse:
    answer = _refusal(problem.message, problem.status)
    answer.headers["Retry-After"] = str(problem.retry_after)
    return answer


def _refusal(message: str, status: int = 400) -> HTTPResponse:
    count_refusal(RestChannel.name())
    return response.json({"error": message}, status=status)
