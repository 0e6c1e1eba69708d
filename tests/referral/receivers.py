"""Receivers on loopback that take, refuse, keep waiting or are down: an HTTP and a mail server."""

import asyncio
import threading
import time
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from conftest import free_port


class HttpReceiver:
    """Answers each POST as ``answer`` says, after ``delay`` seconds, and remembers those taken."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/requests"
        self.answer: tuple[int, dict[str, str]] = (200, {})
        self.delay: Callable[[], float] = lambda: 0.0
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self._server: ThreadingHTTPServer | None = None

    def up(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = receiver.answer
                if status < 300:
                    receiver.taken.append((dict(self.headers), body))
                time.sleep(receiver.delay())
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """Who was to be answered has been killed: as planned."""

        self._server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def down(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class MailReceiver:
    """A mail server that answers each message as ``answer`` says, and remembers those taken."""

    def __init__(self, **options: Any) -> None:
        self.port = free_port()
        self.answer = "250 OK"
        self.recipient_answer = "250 OK"
        self.delay: Callable[[], float] = lambda: 0.0
        self.taken: list[EmailMessage] = []
        self.options = {"ready_timeout": 60.0, **options}  # a busy machine takes its time
        self._controller: Controller | None = None

    def up(self) -> None:
        self._controller = Controller(self, "127.0.0.1", self.port, **self.options)
        self._controller.start()

    def down(self) -> None:
        if self._controller:
            self._controller.stop()
            self._controller = None

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        answer = self.answer  # which may be another one after the delay
        if answer.startswith("250"):
            self.taken.append(message_from_bytes(envelope.content, policy=default))
        await asyncio.sleep(self.delay())
        return answer
