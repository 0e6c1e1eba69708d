"""The Slack channel: direct messages, mentions, a command, buttons, a form, the Home tab.

Mounted by Rasa at ``/webhooks/slack``; Slack posts everything to ``/webhooks/slack/webhook``, or
sends it through a socket where ``SLACK_APP_TOKEN`` is set. This module has the settings and the
routes; what they do is in the small modules beside it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from asyncio import AbstractEventLoop
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rasa.core.channels.channel import InputChannel
from rasa.shared.exceptions import RasaException
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse
from slack_bolt.adapter.sanic import AsyncSlackRequestHandler
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.signature import SignatureVerifier

from needlepoint.channels.records import Records
from needlepoint.channels.rest import OnMessage
from needlepoint.channels.sessions import read_secret
from needlepoint.channels.settings import check_number
from needlepoint.channels.slack_api import Api
from needlepoint.channels.slack_incoming import Reader
from needlepoint.channels.slack_listeners import Listeners
from needlepoint.channels.slack_texts import read_texts
from needlepoint.channels.slack_worker import CHANNEL, Worker
from needlepoint.channels.start import make_ready
from needlepoint.observability.metrics import timed
from needlepoint.referral.clinic import read_clinic

BOT_TOKEN, SIGNING_SECRET, APP_TOKEN = "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN"
MAX_BODY = 1_048_576  # bytes; an interaction holds the whole message that it is about
LONGEST_TIME = 12  # digits of a time in seconds
logger = logging.getLogger(__name__)


class SlackSettingsError(RasaException):
    """The settings of the channel cannot be used; the text says what to change."""


class SlackChannel(InputChannel):
    """The channel ``slack``; its settings stand in ``credentials.yml``, its secrets do not."""

    def __init__(
        self,
        api_url: str = "https://slack.com/api/",
        max_length: int = 4000,
        keep_days: float = 30,
        action_deadline: float = 1.0,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """Take the settings.

        Args:
            api_url: of Slack's Web API, with a slash at its end
            max_length: of a message, in characters; what is behind is not read
            keep_days: how long conversations are kept, as the tracker store has it; told to people
            action_deadline: how long a custom action may take, in seconds
            environment: where the secrets are

        Raises:
            ValueError: a setting cannot be used.
        """
        if not api_url.startswith(("https://", "http://")) or not api_url.endswith("/"):
            raise ValueError(f"api_url is {api_url!r}; write it as https://slack.com/api/")
        check_number("max_length", max_length, 1)
        check_number("keep_days", keep_days, 1.0)
        check_number("action_deadline", action_deadline, 0.001)
        self.api_url, self.max_length, self.keep_days = api_url, max_length, keep_days
        self.action_deadline = action_deadline
        self._bot_token = environment.get(BOT_TOKEN)
        self._signing_secret = environment.get(SIGNING_SECRET)
        self._app_token = environment.get(APP_TOKEN)

    @classmethod
    def name(cls) -> str:
        """The channel's name, and its place below ``/webhooks``."""
        return CHANNEL

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> SlackChannel:
        """Create the channel from its part of ``credentials.yml``.

        Raises:
            SlackSettingsError: a setting cannot be used.
        """
        try:
            return cls(**(credentials or {}))
        except (ValueError, TypeError) as error:
            raise SlackSettingsError(f"{cls.__module__} in credentials.yml: {error}") from error

    @property
    def missing(self) -> list[str]:
        """The names of the secrets that are needed and not set."""
        # A socket is opened by us, with a token: nothing that comes through it is signed.
        needed = {BOT_TOKEN: self._bot_token, SIGNING_SECRET: self._signing_secret}
        if self._app_token:
            needed.pop(SIGNING_SECRET)
        return [name for name, value in needed.items() if not value]

    def blueprint(self, on_new_message: OnMessage) -> Blueprint:
        """Return the routes; none while a secret is missing."""
        blueprint = Blueprint("needlepoint_slack")
        if self.missing:
            logger.warning(
                "Slack is off: %s not set; see docs/slack.md.", " and ".join(self.missing)
            )
            return blueprint

        @blueprint.route("/", methods=["GET"], name="health")
        async def health(_: Request) -> HTTPResponse:
            return response.json({"status": "ok"})

        @blueprint.route("/webhook", methods=["POST"], name="webhook")
        async def webhook(request: Request) -> HTTPResponse:
            if not self._signing_secret:
                return response.text("Only by Socket Mode.", 404)
            if len(request.body) > MAX_BODY:
                return response.text("", 413)
            try:
                request.body.decode()
            except UnicodeDecodeError:
                return response.text("", 400)
            # Bolt reads the body before it looks, and fails on what is not as Slack sends it.
            if not _is_signed(request, self._signing_secret):
                return response.text("", 401)
            return await self._handler.handle(request)

        @blueprint.listener("before_server_start")
        async def prepare(app: Sanic, _: AbstractEventLoop) -> None:
            self._prepare(app, on_new_message)

        @blueprint.listener("after_server_start")
        async def begin(app: Sanic, _: AbstractEventLoop) -> None:
            make_ready(app.ctx.agent, self.action_deadline)
            await self._begin()

        @blueprint.listener("before_server_stop")
        async def end(*_: Any) -> None:
            await self._end()

        return blueprint

    def _prepare(self, app: Sanic, on_new_message: OnMessage) -> None:
        def agent() -> Any:
            return getattr(app.ctx, "agent", None)

        self._records, texts, clinic = Records(), read_texts(), read_clinic()
        self._api = Api(self._bot_token or "", self.api_url)
        self._worker = Worker(
            timed(on_new_message), agent, self._records, self._api, texts, clinic, self.max_length
        )
        self._listeners = Listeners(
            agent,
            self._records,
            self._api,
            self._worker,
            Reader(read_secret()),
            texts,
            clinic,
            self.keep_days,
        )
        self._bolt = self._listeners.app(self._signing_secret or "")
        self._handler = AsyncSlackRequestHandler(self._bolt)

    async def _begin(self) -> None:
        await self._api.open()
        await self._records.warm_up()
        self._tasks = [
            asyncio.ensure_future(self._worker.run()),
            asyncio.ensure_future(self._listeners.check_token()),
        ]
        self._socket = None
        if self._app_token:
            self._socket = AsyncSocketModeHandler(self._bolt, self._app_token)
            connecting = self._socket.connect_async()  # type: ignore[no-untyped-call]
            self._tasks.append(asyncio.ensure_future(connecting))

    async def _end(self) -> None:
        if self._socket is not None:
            await self._socket.close_async()  # type: ignore[no-untyped-call]
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._worker.stop()
        await self._api.close()


def _is_signed(request: Request, secret: str) -> bool:
    """Tell whether Slack signed a request, and lately."""
    at = request.headers.get("x-slack-request-timestamp", "")
    signature = request.headers.get("x-slack-signature", "")
    # The verifier fails on others.
    is_readable = at.isdecimal() and len(at) <= LONGEST_TIME and signature.isascii()
    return is_readable and SignatureVerifier(secret).is_valid(request.body, at, signature)
