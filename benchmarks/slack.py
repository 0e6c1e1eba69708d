"""How soon the bot acknowledges what comes from Slack, 50 events at once.

``python -m benchmarks.slack`` starts the bot and the tests' stand-in for Slack, sends 50 direct
messages of 50 people at once, several times, and prints how long the acknowledgements took. It
takes about a minute and a half.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from benchmarks.bots import percentile

# The stand-in belongs to the tests.
sys.path.append(str(Path(__file__).parents[1] / "tests"))

from slack_events import Slack, direct_message  # noqa: E402
from slack_stand_in import BOT_TOKEN, SlackStandIn  # noqa: E402

MODEL = "models/needlepoint.tar.gz"
PORT = 5994
AT_ONCE, ROUNDS = 50, 6
SECRET = "for this benchmark only"
START_LIMIT, ANSWER_LIMIT = 180.0, 120.0  # seconds


def main() -> None:
    """Measure and print."""
    with SlackStandIn() as stand_in, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        credentials = yaml.safe_load(Path("credentials.yml").read_text(encoding="utf-8"))
        credentials["needlepoint.channels.slack.SlackChannel"]["api_url"] = stand_in.url
        (folder / "credentials.yml").write_text(yaml.safe_dump(credentials), encoding="utf-8")
        command = [sys.executable, "-m", "rasa", "run", "--interface", "127.0.0.1"]
        command += ["--port", str(PORT), "--model", MODEL, "--endpoints", "endpoints.yml"]
        command += ["--credentials", str(folder / "credentials.yml")]
        settings = {
            "NEEDLEPOINT_DATABASE_URL": f"sqlite:///{folder}/slack.db",
            "NEEDLEPOINT_SECRET": "for this benchmark only, and long enough",
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_SIGNING_SECRET": SECRET,
        }
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                command, env={**os.environ, **settings}, stdout=log, stderr=log
            )
        try:
            slack = Slack(PORT, SECRET)
            _wait_until_ready(slack)
            print(_table(slack, stand_in))
        finally:
            server.kill()
            server.wait()


def _table(slack: Slack, stand_in: SlackStandIn) -> str:
    acknowledged: list[float] = []
    answered: list[float] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number in range(ROUNDS):
            events = [
                direct_message(f"U{number}P{person}", "how long does one session take?")
                for person in range(AT_ONCE)
            ]
            before, start = len(stand_in.messages()), time.perf_counter()
            took = list(pool.map(lambda event: _seconds(slack, event), events))
            stand_in.wait_for(
                lambda goal=before + AT_ONCE: len(stand_in.messages()) >= goal, ANSWER_LIMIT
            )
            if number:  # the first warms up
                acknowledged += took
                answered.append(time.perf_counter() - start)
    return (
        f"{AT_ONCE} events at once, {ROUNDS - 1} times\n"
        f"acknowledged, p50: {statistics.median(acknowledged):.3f} s\n"
        f"acknowledged, p99: {percentile(acknowledged, 99):.3f} s\n"
        f"all answered after: {statistics.median(answered):.2f} s"
    )


def _seconds(slack: Slack, event: dict) -> float:
    start = time.perf_counter()
    status = slack.event(event).status
    if status != 200:
        raise RuntimeError(f"An event was answered with {status}.")
    return time.perf_counter() - start


def _wait_until_ready(slack: Slack) -> None:
    end = time.monotonic() + START_LIMIT
    while time.monotonic() < end:
        try:
            slack.event(direct_message("U0", "hello"))
            return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError("The bot does not answer.")


if __name__ == "__main__":
    main()
