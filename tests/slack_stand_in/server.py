"""The stand-in itself: its life, and how it treats what comes."""

import asyncio
import json
import math
import re
import threading
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web
from slack_block_kit import problems

from slack_stand_in.arguments import (
    METHODS,
    RESPONSE_ARGUMENTS,
    Payload,
    check_arguments,
    decoded,
    error_of,
    read_arguments,
    read_token,
)
from slack_stand_in.faults import (
    AcceptThenDrop,
    DropConnection,
    Fail,
    Fault,
    RateLimit,
    RefusedError,
    SlackError,
    Slow,
)
from slack_stand_in.kept import Call
from slack_stand_in.methods import Methods
from slack_stand_in.socket_mode import SocketMode

BOT_TOKEN, APP_TOKEN = "xoxb-for-tests-only", "xapp-for-tests-only"
SCOPES = "app_mentions:read,assistant:write,channels:history,chat:write,commands,im:history"
RESPONSE = "response"  # the method of what is posted to a response URL
RESPONSE_USES = 5


class SlackStandIn(Methods, SocketMode):
    """The stand-in; ``Kept`` says what it remembers."""

    def __init__(self, bot_token: str = BOT_TOKEN, app_token: str = APP_TOKEN) -> None:
        super().__init__()
        self.bot_token = bot_token
        self.app_token = app_token
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()

    @property
    def url(self) -> str:
        """The base of the API, as ``base_url`` of a client of slack_sdk."""
        return f"http://127.0.0.1:{self.port}/api/"

    def __enter__(self) -> "SlackStandIn":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(30), "the stand-in for Slack did not start"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application(client_max_size=2**22)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post("/response/{id}", self._response)
        app.router.add_get("/link/", self._link)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self.port = runner.addresses[0][1]
        self._started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    # The Web API.

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        try:
            arguments = await read_arguments(request)
            token = read_token(request, arguments)
        except RefusedError as error:
            return self._refuse(method, error)
        return await self._treat(
            request, method, arguments, lambda: self._do(method, arguments, token)
        )

    async def _treat(
        self, request: web.Request, method: str, payload: Payload, do: Callable[[], Any]
    ) -> web.StreamResponse:
        """Do a call, as far as there is no fault for it."""
        call = Call(method, payload, time.time())
        with self._changed:
            self.attempts.append(call)
            left = self._limited.get(request.path, 0.0) - time.monotonic()
            if left > 0:
                self.impatient.append(call)
                return self._limit(method, math.ceil(left))
            fault = self._next_fault(method)
        if isinstance(fault, Slow):
            await asyncio.sleep(fault.seconds)
        if isinstance(fault, RateLimit):
            self._limited[request.path] = time.monotonic() + fault.retry_after
            return self._limit(method, fault.retry_after)
        if isinstance(fault, Fail):
            self.refused.append((method, str(fault.status)))
            return web.Response(
                status=fault.status, text="<html>Server Error</html>", content_type="text/html"
            )
        if isinstance(fault, DropConnection):
            self.refused.append((method, "dropped"))
            return _drop(request)
        try:
            if isinstance(fault, SlackError):
                raise RefusedError(fault.error)
            with self._changed:
                done = do()
                self.calls.append(call)
                self._changed.notify_all()
        except RefusedError as error:
            return self._refuse(method, error)
        if isinstance(fault, AcceptThenDrop):
            return _drop(request)
        if isinstance(done, dict):
            headers = {"X-OAuth-Scopes": SCOPES} if method == "auth.test" else {}
            return web.json_response({"ok": True, **done}, headers=headers)
        return web.Response(text=done)

    def _next_fault(self, method: str) -> Fault | None:
        for fault in self.faults:
            if fault.method in (method, "*"):
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def _limit(self, method: str, seconds: int) -> web.Response:
        self.refused.append((method, "ratelimited"))
        return web.json_response(
            {"ok": False, "error": "ratelimited"},
            status=429,
            headers={"Retry-After": str(seconds)},
        )

    def _refuse(self, method: str, error: RefusedError) -> web.Response:
        with self._changed:
            self.refused.append((method, error.error))
            self._changed.notify_all()
        if method == RESPONSE:
            return web.Response(status=error.status, text=error.error)
        body: Payload = {"ok": False, "error": error.error}
        if error.messages:
            body["response_metadata"] = {"messages": [f"[ERROR] {each}" for each in error.messages]}
        return web.json_response(body)

    def _do(self, method: str, arguments: Payload, token: str | None) -> Payload:
        if method not in METHODS:
            raise RefusedError("unknown_method")
        if token is None:
            raise RefusedError("not_authed")
        if token not in (self.bot_token, self.app_token):
            raise RefusedError("invalid_auth")
        if (token == self.app_token) != (method == "apps.connections.open"):
            raise RefusedError("not_allowed_token_type")
        needed, allowed = METHODS[method]
        check_arguments(arguments, needed, {**needed, **allowed})
        self._check(method, arguments)
        name = re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", method.replace(".", "_"))
        done: Payload = getattr(self, f"_{name}")(**arguments)
        return done

    def _check(self, method: str, arguments: Payload) -> None:
        writes = method.startswith("chat.") and method != "chat.delete"
        if writes and not any(arguments.get(name) for name in ("text", "blocks", "attachments")):
            raise RefusedError("no_text")
        found = problems(method, arguments)
        if found:
            self.problems.extend(f"{method}: {each}" for each in found)
            raise RefusedError(error_of(method, found), *found)

    # Response URLs.

    async def _response(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["id"]
        try:
            sent = json.loads(await request.read())
        except ValueError:
            sent = None
        if not isinstance(sent, dict):
            return self._refuse(RESPONSE, RefusedError("invalid_payload", status=400))
        payload = decoded(sent, RESPONSE_ARGUMENTS)
        return await self._treat(request, RESPONSE, payload, lambda: self._respond(name, payload))

    def _respond(self, name: str, payload: Payload) -> str:
        posted = self._responses.get(name)
        if posted is None or len(posted) >= RESPONSE_USES:
            raise RefusedError("used_url", status=404)
        try:
            check_arguments(payload, {}, RESPONSE_ARGUMENTS)
        except RefusedError as error:
            self.problems.extend(f"{RESPONSE}: {each}" for each in error.messages)
            raise RefusedError("invalid_payload", status=400) from None
        if not payload.get("delete_original"):
            if not any(payload.get(part) for part in ("text", "blocks", "attachments")):
                raise RefusedError("no_text", status=400)
            found = problems(RESPONSE, payload)
            if found:
                self.problems.extend(f"{RESPONSE}: {each}" for each in found)
                raise RefusedError(error_of(RESPONSE, found), status=400)
        posted.append(payload)
        return "ok"


def _drop(request: web.Request) -> web.Response:
    """Close the connection of a request without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
