"""Socket Mode: events by a connection that the app has opened."""

import asyncio
import json
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web
from slack_events import APP

from slack_stand_in.arguments import Payload
from slack_stand_in.kept import Kept


class SocketMode(Kept):
    """Takes the connections of an app, and sends by them."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._sockets: list[web.WebSocketResponse] = []
        self._tickets: set[str] = set()

    def _apps_connections_open(self) -> Payload:
        ticket = uuid.uuid4().hex
        self._tickets.add(ticket)
        return {"url": f"ws://127.0.0.1:{self.port}/link/?ticket={ticket}&app_id={APP}"}

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=401)
        self._tickets.remove(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(
            {
                "type": "hello",
                "num_connections": len(self._sockets) + 1,
                "connection_info": {"app_id": APP},
                "debug_info": {"host": "stand-in", "approximate_connection_time": 18060},
            }
        )
        with self._changed:
            self._sockets.append(socket)
            self._changed.notify_all()
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self._acknowledge(message.data)
        finally:
            with self._changed:
                self._sockets.remove(socket)
        return socket

    def _acknowledge(self, data: str) -> None:
        with suppress(ValueError):
            answer = json.loads(data)
            with self._changed:
                self.acknowledgements[answer["envelope_id"]] = answer.get("payload") or {}
                self._changed.notify_all()

    def send_envelope(
        self,
        kind: str,
        payload: Mapping[str, Any],
        retry: tuple[int, str] | None = None,
        seconds: float = 60,
    ) -> str:
        """Send something by Socket Mode; return its id, by which ``acknowledgements`` has it.

        Args:
            kind: "events_api", "interactive" or "slash_commands"
            payload: the body of an event, the payload of an interaction, the form of a command
            retry: number and reason, if it is one
            seconds: to wait for a connection
        """
        envelope = {
            "envelope_id": str(uuid.uuid4()),
            "payload": dict(payload),
            "type": kind,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            number, reason = retry or (0, "")
            envelope |= {"retry_attempt": number, "retry_reason": reason}
        self._send(envelope, seconds)
        return str(envelope["envelope_id"])

    def disconnect(self, reason: str = "refresh_requested", seconds: float = 60) -> None:
        """Tell the app to connect anew, as Slack does from time to time, and hang up."""
        socket = self._send({"type": "disconnect", "reason": reason}, seconds)
        asyncio.run_coroutine_threadsafe(socket.close(), self._loop).result(seconds)

    def _send(self, envelope: Payload, seconds: float) -> web.WebSocketResponse:
        socket = self.wait_for(lambda: self._sockets[-1:], seconds)[0]
        sending = asyncio.run_coroutine_threadsafe(socket.send_json(envelope), self._loop)
        sending.result(seconds)
        return socket
