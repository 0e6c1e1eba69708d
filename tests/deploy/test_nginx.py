"""The real nginx, with the settings of the deployment, in front of two stand-ins for Rasa."""

import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, free_port

SETTINGS = ROOT / "deploy" / "nginx"
MESSAGES = "/webhooks/web/messages"
SLACK = "/webhooks/slack/webhook"
WORDS = "sciatica"
PATIENCE = 60  # seconds; only what is broken takes so long
# Who calls from an address of their own has rate limits of their own.
ADDRESSES = (f"127.0.0.{number}" for number in count(10))


class Worker:
    """A stand-in for one Rasa process: keeps what comes, and answers with its name."""

    def __init__(self, name: str) -> None:
        self.seen: list[tuple[str, str, http.client.HTTPMessage, bytes]] = []
        self.drops = False
        self.status = 200
        worker = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                worker.seen.append((self.command, self.path, self.headers, body))
                if worker.drops:
                    self.close_connection = True
                    return
                reply = json.dumps({"worker": name}).encode()
                self.send_response(worker.status)
                self.send_header("X-Content-Type-Options", "nosniff")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            do_GET = do_POST = do_DELETE = do_OPTIONS = answer  # noqa: N815  (named by http.server)

            def log_message(self, *_: Any) -> None:
                pass

            def handle(self) -> None:
                worker.connections.append(self.connection)
                super().handle()

        self.connections: list[Any] = []
        self.port = free_port()
        self._handler = Handler
        self._server: ThreadingHTTPServer | None = None
        self.start()

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Die as a killed process does: its port is closed, and so are its connections."""
        if self._server is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._server = None
        for connection in self.connections:
            connection.close()
        self.connections.clear()


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Nginx:
    folder: Path
    tls: int
    plain: int
    inner: int
    workers: list[Worker]
    address: str = field(default_factory=lambda: next(ADDRESSES))

    @cached_property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.folder / "secrets" / "tls.crt"))

    def call(
        self,
        path: str = MESSAGES,
        method: str = "POST",
        body: bytes | None = b"{}",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPSConnection(
            "localhost",
            self.tls,
            timeout=PATIENCE,
            context=self.trust,
            source_address=(self.address, 0),
        )
        return exchange(connection, path, method, body, headers or {})

    def seen(self) -> list[tuple[str, str, http.client.HTTPMessage, bytes]]:
        return [call for worker in self.workers for call in worker.seen]

    def logs(self) -> str:
        return (self.folder / "output").read_text()


def exchange(
    connection: http.client.HTTPConnection,
    path: str,
    method: str,
    body: bytes | None,
    headers: dict[str, str],
) -> Answer:
    try:
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        return Answer(reply.status, reply.headers, reply.read())
    finally:
        connection.close()


def missing(program: str) -> None:
    """Skip the test, or fail it in CI."""
    reason = f"no {program}; `sh scripts/nginx.sh` installs it"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    """Nginx with the files of ``deploy/nginx``; only ports and places are others."""
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        missing("nginx")
    if shutil.which("openssl") is None:
        missing("openssl")
    folder = tmp_path
    workers = [Worker("first"), Worker("second")]
    nginx = Nginx(folder, free_port(), free_port(), free_port(), workers)
    make_certificate(folder / "secrets")
    places = {
        "listen 8443": f"listen 127.0.0.1:{nginx.tls}",
        "listen 8080": f"listen 127.0.0.1:{nginx.plain}",
        "listen 8081": f"listen 127.0.0.1:{nginx.inner}",
        "/run/secrets/": f"{folder}/secrets/",
        "/tmp/": f"{folder}/",
    }
    for file in SETTINGS.glob("*.conf"):
        text = re.sub("|".join(places), lambda found: places[found[0]], file.read_text())
        (folder / file.name).write_text(text)
    upstream = folder / "upstream.conf"
    # As if the name stood for the addresses of both.
    for worker in workers:
        text = upstream.read_text().replace("server:5005", f"127.0.0.1:{worker.port}", 1)
        upstream.write_text(text)
    command = [program, "-c", str(folder / "nginx.conf")]
    check = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stderr
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(
            [*command, "-g", "daemon off;"], stdout=output, stderr=subprocess.STDOUT
        )
        try:
            wait_until_open(nginx, process)
            yield nginx
        finally:
            process.terminate()
            process.wait(PATIENCE)
            for worker in workers:
                worker.stop()


def make_certificate(folder: Path) -> None:
    folder.mkdir()
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-days", "1"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", folder / "tls.key", "-out", folder / "tls.crt"),
        ],
        check=True,
        capture_output=True,
    )


def wait_until_open(nginx: Nginx, process: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, nginx.logs()
        try:
            inner = http.client.HTTPConnection("127.0.0.1", nginx.inner, timeout=2)
            exchange(inner, "/", "GET", None, {})
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail("nginx does not answer")


def test_a_message_reaches_a_worker_as_it_was_sent(nginx: Nginx) -> None:
    body = b'{"id": "12345678", "text": "Does it hurt?"}'
    # What a proxy may not rewrite, or Slack's signature is wrong.
    kind = "application/json; charset=utf-8"

    answer = nginx.call(body=body, headers={"Content-Type": kind, "Authorization": "Bearer x"})

    assert answer.status == 200
    [(method, path, headers, received)] = nginx.seen()
    assert (method, path, received) == ("POST", MESSAGES, body)
    assert headers["Content-Type"] == kind
    assert headers["Authorization"] == "Bearer x"
    assert headers["Host"] == f"localhost:{nginx.tls}"


def test_headers_of_security_are_there_once(nginx: Nginx) -> None:
    for path in (MESSAGES, "/nothing"):
        headers = nginx.call(path).headers
        assert len(headers.get_all("Strict-Transport-Security")) == 1
        assert headers.get_all("X-Content-Type-Options") == ["nosniff"]
        assert headers["Server"] == "nginx"


def test_what_a_caller_says_of_its_address_does_not_count(nginx: Nginx) -> None:
    forged = {
        "X-Forwarded-For": "6.6.6.6, 7.7.7.7",
        "X-Real-IP": "6.6.6.6",
        "Forwarded": "for=6.6.6.6",
    }

    nginx.call(headers=forged)

    [(_, _, headers, _)] = nginx.seen()
    assert headers.get_all("X-Forwarded-For") == [nginx.address]
    assert "6.6.6.6" not in str(headers)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/metrics",
        "/status",
        "/webhooks/health/metrics",
        "/webhooks/health/ready",
        "/webhooks/rest/webhook",
        "/webhooks/slack/other",
        "/webhooks/web/../health/metrics",
        "/webhooks/web/%2e%2e/health/metrics",
        "//webhooks/health/metrics",
        "/conversations/x/tracker",
    ],
)
def test_everything_else_is_closed(nginx: Nginx, path: str) -> None:
    answer = nginx.call(path, "GET", None)

    assert answer.status == 404
    assert answer.json["error"]["code"] == "not_found"
    assert nginx.seen() == []


def test_health_asks_whether_the_worker_is_ready_and_tells_no_more(nginx: Nginx) -> None:
    assert nginx.call("/health", "GET", None).status == 200
    assert nginx.seen()[0][1] == "/webhooks/health/ready"
    assert nginx.call("/health", "POST").status == 405

    for worker in nginx.workers:
        worker.status = 503
    answer = nginx.call("/health", "GET", None)

    assert answer.status == 503
    assert answer.json["error"]["code"] == "busy"


@pytest.mark.parametrize(("path", "limit"), [(MESSAGES, 16_384), (SLACK, 65_536)])
def test_a_body_that_is_too_large_is_refused(nginx: Nginx, path: str, limit: int) -> None:
    assert nginx.call(path, body=b"x" * limit).status == 200
    answer = nginx.call(path, body=b"x" * (limit + 1))

    assert answer.status == 413
    assert answer.json["error"]["code"] == "too_large"
    assert len(nginx.seen()) == 1


def test_a_flood_from_one_address_is_refused_and_others_are_answered(nginx: Nginx) -> None:
    # Several at once: one after the other may be no flood on a slow machine.
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: nginx.call(body=b"{}"), range(300)))

    assert {answer.status for answer in answers} == {200, 429}
    answer = next(answer for answer in answers if answer.status == 429)
    assert answer.json["error"]["code"] == "rate_limited"
    assert answer.headers["Retry-After"] == "5"
    # So that the widget on another site can read it.
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert nginx.call(SLACK).status == 200
    nginx.address = next(ADDRESSES)
    assert nginx.call().status == 200


def test_both_workers_get_work(nginx: Nginx) -> None:
    assert {nginx.call().json["worker"] for _ in range(12)} == {"first", "second"}


def test_when_a_worker_dies_the_other_one_answers(nginx: Nginx) -> None:
    first, second = nginx.workers
    first.stop()

    answers = [nginx.call(body=str(number).encode()) for number in range(12)]

    assert [answer.status for answer in answers] == [200] * 12
    assert {answer.json["worker"] for answer in answers} == {"second"}
    # Each was handled once.
    assert [body for *_, body in second.seen] == [str(n).encode() for n in range(12)]


def test_a_message_that_may_have_been_handled_is_not_sent_to_another_worker(nginx: Nginx) -> None:
    for worker in nginx.workers:
        worker.drops = True

    answer = nginx.call()

    assert answer.status == 503
    assert answer.json["error"]["code"] == "busy"
    assert len(nginx.seen()) == 1


def test_without_any_worker_callers_are_told_to_try_again(nginx: Nginx) -> None:
    for worker in nginx.workers:
        worker.stop()

    answer = nginx.call()

    assert answer.status == 503
    assert answer.headers["Retry-After"] == "5"


def test_plain_http_leads_to_tls(nginx: Nginx) -> None:
    plain = http.client.HTTPConnection("localhost", nginx.plain, timeout=PATIENCE)
    answer = exchange(plain, "/webhooks/web/", "GET", None, {})

    assert answer.status == 301
    assert answer.headers["Location"] == "https://localhost/webhooks/web/"
    assert nginx.seen() == []


def test_old_tls_is_refused(nginx: Nginx) -> None:
    old = ssl.create_default_context(cafile=str(nginx.folder / "secrets" / "tls.crt"))
    # Else the refusal would be this side's own.
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    connection = http.client.HTTPSConnection("localhost", nginx.tls, timeout=PATIENCE, context=old)

    with pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"):
        exchange(connection, MESSAGES, "GET", None, {})


def test_no_word_and_no_whole_address_gets_into_the_logs(nginx: Nginx) -> None:
    nginx.call(body=WORDS.encode())
    nginx.call(f"{MESSAGES}?text={WORDS}")
    nginx.call(f"/{WORDS}", "GET", None)
    nginx.call(f"/webhooks/web/{WORDS}", "GET", None, {"Referer": WORDS, "User-Agent": WORDS})
    nginx.call(f"{MESSAGES}?text={WORDS}", body=b"x" * 20_000)
    for worker in nginx.workers:
        worker.stop()
    nginx.call(f"{MESSAGES}?text={WORDS}")
    for _ in range(60):
        nginx.call(f"{MESSAGES}?text={WORDS}")

    logs = nginx.logs()

    assert re.search(r"127\.0\.0\.0 POST web-messages 503", logs)
    assert WORDS not in logs
    assert nginx.address not in logs
    # Nor are bodies put on the disk.
    assert not [file for file in (nginx.folder / "client_body").rglob("*") if file.is_file()]
