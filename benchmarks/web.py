"""What the web channel costs beside Rasa's REST channel, over HTTP.

``python -m benchmarks.web`` starts the bot, asks both the same questions in turns, and prints the
median of both; it takes about two minutes.
"""

import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import yaml

from benchmarks.bots import percentile

MODEL = "models/needlepoint.tar.gz"
PORT = 5995
START_LIMIT = 180.0  # seconds
WARM_UP = 20
CONVERSATIONS = 40
REST, WEB = "rest", "web"
# As in a conversation: answers with and without a disclaimer, follow-ups, small talk.
QUESTIONS = (
    "hello",
    "does it hurt",
    "how long does one session take",
    "can I have it while on warfarin",
    "tell me more",
    "what does it cost",
    "how many sessions do i need and what are the risks?",
    "where did you get that from",
    "is it safe in pregnancy",
    "thanks",
)


class Client:
    """A caller that keeps its connection, as browsers do."""

    def __init__(self) -> None:
        self._connection = HTTPConnection("127.0.0.1", PORT, timeout=60)

    def post(self, path: str, body: dict[str, Any], token: str = "") -> tuple[Any, float]:
        """Return the decoded answer, and the milliseconds it took."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        if not token:
            del headers["Authorization"]
        data = json.dumps(body)
        start = time.perf_counter()
        self._connection.request("POST", f"/webhooks/{path}", data, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        milliseconds = (time.perf_counter() - start) * 1000
        if answer.status >= 300:
            raise RuntimeError(f"{path}: {answer.status} {content!r}")
        return json.loads(content), milliseconds


def converse(client: Client, channel: str) -> Iterator[float]:
    """Yield the milliseconds of each turn of a new conversation; ask for one after the other."""
    token, sender = "", secrets.token_hex(16)
    if channel == WEB:
        token = client.post("web/session", {})[0]["token"]
    for question in QUESTIONS:
        if channel == WEB:
            message = {"id": uuid.uuid4().hex, "text": question}
            answer, took = client.post("web/messages", message, token)
            answers = answer["answers"]
        else:
            answers, took = client.post("rest/webhook", {"sender": sender, "message": question})
        if not answers:
            raise RuntimeError(f"no answer to {question!r}")
        yield took


def measure() -> dict[str, list[float]]:
    """Return the milliseconds of all turns, by channel."""
    client = Client()
    took: dict[str, list[float]] = {REST: [], WEB: []}
    for number in range(CONVERSATIONS):
        # In turns, question by question: what else the machine does then meets both alike.
        both = {channel: converse(client, channel) for channel in took}
        order = sorted(both, reverse=bool(number % 2))
        for _ in QUESTIONS:
            for channel in order:
                took[channel].append(next(both[channel]))
    return {channel: times[WARM_UP:] for channel, times in took.items()}


@contextmanager
def serving() -> Iterator[None]:
    """Run the bot with its action server, and limits too wide to be met."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        credentials = yaml.safe_load(Path("credentials.yml").read_text(encoding="utf-8"))
        web = credentials["needlepoint.channels.web.WebChannel"]
        web["messages_per_conversation"] = web["calls_per_address"] = "1000000/minute"
        (folder / "credentials.yml").write_text(yaml.safe_dump(credentials), encoding="utf-8")
        endpoints = Path("endpoints.yml").read_text(encoding="utf-8")
        actions = endpoints.replace(":5055", f":{PORT + 1}")
        (folder / "endpoints.yml").write_text(actions, encoding="utf-8")
        environment = {
            **os.environ,
            "NEEDLEPOINT_DATABASE_URL": f"sqlite:///{folder}/needlepoint.db",
            "NEEDLEPOINT_SECRET": secrets.token_hex(32),
            "RASA_TELEMETRY_ENABLED": "false",
            "SANIC_HOST": "127.0.0.1",
        }
        rasa = [sys.executable, "-m", "rasa", "run"]
        files = ["--credentials", f"{folder}/credentials.yml"]
        files += ["--endpoints", f"{folder}/endpoints.yml"]
        commands = (
            [*rasa, "actions", "--port", str(PORT + 1)],
            [*rasa, "-i", "127.0.0.1", "--port", str(PORT), "--model", MODEL, *files],
        )
        with (folder / "log").open("wb") as log:
            servers = [
                subprocess.Popen(command, env=environment, stdout=log, stderr=log)
                for command in commands
            ]
        try:
            wait_until_ready()
            yield
        finally:
            for server in servers:
                server.kill()
                server.wait()


def wait_until_ready() -> None:
    """Return when the bot answers.

    Raises:
        RuntimeError: it does not.
    """
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        try:
            Client().post("rest/webhook", {"sender": "start", "message": "hello"})
            return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError("The bot did not start.")


def main() -> None:
    """Measure, and print a table."""
    with serving():
        took = measure()
    print(f"{len(took[WEB])} turns each, in conversations of {len(QUESTIONS)}")
    for channel, times in took.items():
        p50, p95 = statistics.median(times), percentile(times, 95)
        print(f"{channel:5} p50 {p50:6.2f} ms   p95 {p95:6.2f} ms")
    ratio = statistics.median(took[WEB]) / statistics.median(took[REST])
    print(f"web / rest at p50: {ratio:.2f}")


if __name__ == "__main__":
    main()
