"""The web channel: what the chat widget on a clinic's site speaks to.

Mounted by Rasa at ``/webhooks/web``. This module has the routes and the settings; what they do is
in the small modules beside it.
"""

from __future__ import annotations

import logging
import os
from asyncio import AbstractEventLoop
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import nullcontext
from typing import Any

from rasa.core.channels.channel import InputChannel
from rasa.shared.exceptions import RasaException
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from needlepoint.channels.admission import AT_ONCE, Admission
from needlepoint.channels.limits import REDIS_VARIABLE, Limits, client_address
from needlepoint.channels.origins import API, FILES, PREFLIGHT, SECURITY, Origins
from needlepoint.channels.records import Records
from needlepoint.channels.refusals import RefusalError
from needlepoint.channels.rest import TROUBLE, OnMessage
from needlepoint.channels.sessions import SESSION_DAYS, Sessions, read_secret
from needlepoint.channels.settings import check_number
from needlepoint.channels.start import make_ready
from needlepoint.channels.web_answers import CHANNEL
from needlepoint.channels.web_chats import Chats
from needlepoint.channels.web_files import Files
from needlepoint.channels.web_input import (
    check_language,
    read_body,
    read_message,
    read_opinion,
)
from needlepoint.observability.metrics import received, timed
from needlepoint.referral.clinic import read_clinic
from needlepoint.safety.numbers import EVERYWHERE, read_numbers

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ADDRESS, CONVERSATION = "address", "conversation"
logger = logging.getLogger(__name__)

Route = Callable[[Request, bytes], Awaitable[HTTPResponse]]


class WebSettingsError(RasaException):
    """The settings of the channel cannot be used; the text says what to change."""


class WebChannel(InputChannel):
    """The channel ``web``; its settings stand in ``credentials.yml``."""

    def __init__(
        self,
        allowed_origins: Sequence[str] = (),
        max_length: int = 1000,
        messages_per_conversation: str = "20/minute",
        calls_per_address: str = "120/minute",
        session_days: float = SESSION_DAYS,
        proxies: int = 0,
        action_deadline: float = 1.0,
        at_once: int = AT_ONCE,
    ) -> None:
        """Take the settings.

        Args:
            allowed_origins: sites that may use the channel, beside its own pages
            max_length: of a message, in characters
            messages_per_conversation: as "20/minute"
            calls_per_address: of any kind, as "120/minute"
            session_days: after so many days a session ends
            proxies: how many of our own stand in front and add to X-Forwarded-For
            action_deadline: how long a custom action may take, in seconds
            at_once: how many messages are handled or wait in this process; more are refused

        Raises:
            ValueError: a setting cannot be used.
        """
        for name, number, least in (
            ("max_length", max_length, 1),
            ("session_days", session_days, 0.001),
            ("proxies", proxies, 0),
            ("action_deadline", action_deadline, 0.001),
            ("at_once", at_once, 1),
        ):
            check_number(name, number, least)
        self.max_length = max_length
        self.proxies = proxies
        self.action_deadline = action_deadline
        self.admission = Admission(at_once)
        self.origins = Origins(allowed_origins)
        rules = {CONVERSATION: messages_per_conversation, ADDRESS: calls_per_address}
        self.limits = Limits(rules, os.environ.get(REDIS_VARIABLE))
        self.sessions = Sessions(read_secret(), session_days)
        self.files = Files()
        clinic = read_clinic()
        self.settings = {
            "title": clinic.name,
            "phone": clinic.phone,
            "emergency": read_numbers()[EVERYWHERE]["emergency"],
            "max_length": max_length,
        }
        self._routes: dict[str, dict[str, Route]] = {
            "session": {"POST": self.start, "DELETE": self.delete},
            "messages": {"POST": self.say},
            "history": {"GET": self.history},
            "feedback": {"POST": self.rate},
        }

    @classmethod
    def name(cls) -> str:
        """The channel's name, and its place below ``/webhooks``."""
        return CHANNEL

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> WebChannel:
        """Create the channel from its part of ``credentials.yml``.

        Raises:
            WebSettingsError: a setting cannot be used.
        """
        try:
            return cls(**(credentials or {}))
        except (ValueError, TypeError, OSError) as error:
            raise WebSettingsError(f"{cls.__module__} in credentials.yml: {error}") from error

    def blueprint(self, on_new_message: OnMessage) -> Blueprint:
        """Return the routes."""
        blueprint = Blueprint("needlepoint_web")

        # Streams, so that a body is looked at before all of it is taken in. One route for all, so
        # that no answer is Sanic's own, which is not JSON.
        @blueprint.route("/", methods=METHODS, stream=True, name="page")
        async def page(request: Request) -> HTTPResponse:
            return await self.answer(request, "")

        @blueprint.route("/<path:path>", methods=METHODS, stream=True, name="call")
        async def call(request: Request, path: str) -> HTTPResponse:
            return await self.answer(request, path)

        @blueprint.middleware("response")
        async def finish(request: Request, answer: HTTPResponse) -> HTTPResponse | None:
            return self.finish(request, answer)

        @blueprint.listener("before_server_start")
        async def open_chats(app: Sanic, loop: AbstractEventLoop) -> None:
            def agent() -> Any:
                return getattr(app.ctx, "agent", None)

            records = Records()
            handle = timed(on_new_message)
            self.chats = Chats(handle, agent, records, self.sessions.seconds, self.admission)
            self._warm_up = loop.create_task(records.warm_up())  # kept: loops hold tasks weakly

        @blueprint.listener("after_server_start")
        async def begin(app: Sanic, _: AbstractEventLoop) -> None:
            make_ready(app.ctx.agent, self.action_deadline)

        return blueprint

    async def answer(self, request: Request, path: str) -> HTTPResponse:
        """Return the answer to any request, also to a wrong one."""
        is_message = path == "messages" and request.method == "POST"
        try:
            with received(CHANNEL) if is_message else nullcontext():
                return await self._answer(request, path)
        except RefusalError as problem:
            return _refusal(problem)
        except Exception:  # whatever failed, the caller gets JSON
            logger.exception("A call could not be answered.")
            return _refusal(RefusalError("trouble", TROUBLE))

    def finish(self, request: Request, answer: HTTPResponse) -> HTTPResponse | None:
        """Complete the headers of an answer; that to a preflight is made anew.

        Rasa answers preflights by itself, for all channels alike; here each site must be allowed.
        """
        new = None
        if request.method == "OPTIONS":
            new = answer = self._preflight(request)
        else:
            for name in set(answer.headers):
                if name.lower().startswith("access-control-"):
                    answer.headers.popall(name, None)
        if getattr(request.ctx, "is_file", False):
            answer.headers.update(FILES)
        else:
            answer.headers.update({**API, **self.origins.headers(*_origin(request))})
        answer.headers.update(SECURITY)
        return new

    async def start(self, request: Request, body: bytes) -> HTTPResponse:
        """Begin a conversation; with a token, give a fresh one for the same conversation."""
        check_language(body)
        header = _header(request, "authorization")
        if header is None:
            conversation = self.sessions.new_conversation()
        else:
            conversation = self.sessions.conversation(header)
            await self.chats.check(conversation)
        return response.json(
            {
                "token": self.sessions.token(conversation),
                "expires_in": self.sessions.seconds,
                "settings": {**self.settings, "suggestions": self.chats.suggestions()},
            },
            201,
        )

    async def say(self, request: Request, body: bytes) -> HTTPResponse:
        """Answer a message."""
        conversation = self._conversation(request)
        await self.limits.count(CONVERSATION, conversation)
        message = read_message(body, self.max_length)
        answers = await self.chats.say(conversation, message)
        return response.json({"id": message.id, "answers": answers})

    async def history(self, request: Request, _: bytes) -> HTTPResponse:
        """Return what was said."""
        messages = await self.chats.history(self._conversation(request))
        return response.json({"messages": messages})

    async def rate(self, request: Request, body: bytes) -> HTTPResponse:
        """Store feedback."""
        conversation = self._conversation(request)
        await self.chats.rate(conversation, read_opinion(body))
        return response.empty()

    async def delete(self, request: Request, _: bytes) -> HTTPResponse:
        """Delete the conversation."""
        await self.chats.delete(self._conversation(request))
        return response.empty()

    async def _answer(self, request: Request, path: str) -> HTTPResponse:
        body = await read_body(request)
        if request.method == "OPTIONS":
            return self._preflight(request)
        if path not in self._routes:
            return self._file(request, path)
        self.origins.check(*_origin(request))
        forwarded = request.headers.getall("x-forwarded-for", [])
        await self.limits.count(ADDRESS, client_address(request.ip, forwarded, self.proxies))
        route = self._routes[path].get(request.method)
        if route is None:
            return _not_allowed(self._routes[path])
        return await route(request, body)

    def _conversation(self, request: Request) -> str:
        return self.sessions.conversation(_header(request, "authorization"))

    def _file(self, request: Request, path: str) -> HTTPResponse:
        if request.method not in ("GET", "HEAD"):
            return _not_allowed(("GET", "HEAD"))
        if not path and not request.path.endswith("/"):
            # The links of the page are relative to its folder.
            return response.redirect(f"{request.path}/")
        encoding = _header(request, "accept-encoding") or ""
        file = self.files.get(path, encoding, _header(request, "if-none-match") or "")
        if file is None:
            raise RefusalError("not_found", "There is nothing at this address.")
        request.ctx.is_file = True
        return HTTPResponse(file.body, file.status, file.headers)

    def _preflight(self, request: Request) -> HTTPResponse:
        try:
            self.origins.check(*_origin(request))
        except RefusalError as problem:
            return _refusal(problem)
        return response.empty(headers=PREFLIGHT)


def _origin(request: Request) -> tuple[str | None, str | None]:
    return _header(request, "origin"), _header(request, "host")


def _header(request: Request, name: str) -> str | None:
    """Return a header; one that is there twice is neither of both, but wrong."""
    values = request.headers.getall(name, [])
    return ", ".join(values) if values else None


def _not_allowed(methods: Collection[str]) -> HTTPResponse:
    answer = _refusal(RefusalError("not_allowed", f"Use {' or '.join(methods)} here."))
    answer.headers["Allow"] = ", ".join(methods)
    return answer


def _refusal(problem: RefusalError) -> HTTPResponse:
    headers = {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    return response.json(problem.body, problem.status, headers)
