"""Rasa's REST channel, with checked input.

Same address and same shape as Rasa's own; what differs: a bad request gets a 400 that says what
to do, text in ``message`` cannot forge an intent, and custom actions have a deadline.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, Queue
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.core.channels.rest import RestInput
from sanic import Blueprint, Sanic, response
from sanic.exceptions import InvalidUsage
from sanic.request import Request
from sanic.response import HTTPResponse

from needlepoint.channels.deadline import limit_actions
from needlepoint.channels.guard import (
    BadMessageError,
    checked_message,
    is_payload,
    offered_payloads,
    without_payload,
)

OnMessage = Callable[[UserMessage], Awaitable[Any]]


class RestChannel(RestInput):
    """The channel ``rest``; its settings stand in ``credentials.yml``."""

    def __init__(self, max_length: int = 4000, action_deadline: float = 1.0) -> None:
        """Set the longest message, in characters, and the deadline of actions, in seconds."""
        self.max_length = max_length
        self.action_deadline = action_deadline

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> RestChannel:
        """Create the channel from its part of ``credentials.yml``."""
        return cls(**(credentials or {}))

    def blueprint(self, on_new_message: OnMessage) -> Blueprint:
        """Return Rasa's routes with a check in front of them."""
        blueprint = super().blueprint(on_new_message)

        @blueprint.middleware("request")
        async def check(request: Request) -> HTTPResponse | None:
            if request.method != "POST":
                return None
            try:
                text = checked_message(request.json, self.max_length)
            except InvalidUsage:
                return _refusal("The body is not JSON.")
            except BadMessageError as problem:
                return _refusal(str(problem))
            request.ctx.text = await self._readable(request, text)
            return None

        @blueprint.listener("after_server_start")
        async def set_deadline(app: Sanic, _: AbstractEventLoop) -> None:
            limit_actions(app.ctx.agent, self.action_deadline)

        return blueprint

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
        sender = await self._extract_sender(request)
        tracker = await request.app.ctx.agent.tracker_store.retrieve(sender) if sender else None
        events = [event.as_dict() for event in tracker.events] if tracker else []
        return text if text.strip() in offered_payloads(events) else without_payload(text)

    @staticmethod
    async def on_message_wrapper(
        on_new_message: OnMessage,
        text: str,
        queue: Queue[Any],
        sender_id: str,
        input_channel: str,
        metadata: dict[str, Any] | None,
    ) -> None:
        """Handle a streamed message; unlike Rasa's, the stream also ends when handling fails."""
        try:
            await RestInput.on_message_wrapper(
                on_new_message, text, queue, sender_id, input_channel, metadata
            )
        except Exception:
            await queue.put("DONE")
            raise


def _refusal(message: str) -> HTTPResponse:
    return response.json({"error": message}, status=400)
