"""What many tests share: the one trained model, and the real servers."""

import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import yaml

from needlepoint.serve import BACKLOG

pytest_plugins = ["databases", "browser_stack", "slack_stack", "web_stack"]

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "models" / "needlepoint.tar.gz"
EXAMPLES = "data/referral/practitioners_example.csv"
PATIENCE = 600.0  # seconds for a server to start; on an idle machine it takes about 20
Reply = list[dict[str, Any]]

# A machine that stalls is no failure: only what an example does counts, not how long it takes.
hypothesis.settings.register_profile(
    "needlepoint", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("needlepoint")


def _own_ports() -> Iterator[int]:
    """Give each port of this worker's (`pytest -n`) once, so that no two servers want the same.

    They are below those that the system gives to whoever asks for any, and in random order, for
    the sake of another run on this machine.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    own = range(10_000 + worker, 32_000, workers)
    return iter(random.sample(own, len(own)))


PORTS = _own_ports()
HELD: list[socket.socket] = []
# What workers (`pytest -n`) take as a whole, so that none starts the servers or loads the agent of
# another again; the longest first, so that none is left with it at the end. Of all other files,
# each is taken as a whole.
GROUPS = {
    "agent": (
        "conversations",
        "stores/test_bounded.py",
        "nlu",
        "safety",
        "slack/test_every_response.py",
    ),
    "browser": ("browser",),
    "slack": (
        "slack/test_same_as_rest.py",
        "slack/test_slack_over_http.py",
        "slack/test_lifecycle.py",
        "slack/test_slack_faults.py",
    ),
    "faults": ("referral/test_faults.py",),
    "http": ("http",),
    "production": ("production",),
    "clinic": ("referral/test_end_to_end.py",),
    "logs": ("observability/test_logs.py",),
    "serve": ("test_serve.py",),
    "content": ("content",),
}


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests into their groups, and the groups into their order."""
    places = list(GROUPS)
    order: dict[pytest.Item, int] = {}
    for item in items:
        name = item.path.relative_to(ROOT / "tests").as_posix()
        group = next((g for g, paths in GROUPS.items() if name.startswith(paths)), name)
        item.add_marker(pytest.mark.xdist_group(group))
        order[item] = places.index(group) if group in GROUPS else len(places)
    items.sort(key=lambda item: order[item])


@pytest.fixture(scope="session", autouse=True)
def _project_folder() -> Iterator[None]:
    before = Path.cwd()
    os.chdir(ROOT)
    yield
    os.chdir(before)


@pytest.fixture(scope="session")
def model_path() -> Path:
    if not MODEL.is_file():
        pytest.fail("There is no trained model: run the tests by `make test`.")
    return MODEL


@pytest.fixture(scope="session")
def agent(model_path: Path) -> Any:
    """Rasa's own agent with the trained model; its action server is not there."""
    return load_agent(model_path, nobodys_port())


@pytest.fixture(scope="session")
def clinic_agent(
    model_path: Path,
    start_actions: Callable[..., tuple[int, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Any]:
    """The same for a clinic, ``tests/clinic.yml``, with an action server and practitioners."""
    folder = tmp_path_factory.mktemp("clinic")
    settings = {
        "NEEDLEPOINT_CLINIC": str(ROOT / "tests" / "clinic.yml"),
        "NEEDLEPOINT_DATABASE_URL": f"sqlite:///{folder}/clinic.db",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        command = [sys.executable, "-m", "needlepoint.cli", "practitioners", "import", EXAMPLES]
        subprocess.run(command, check=True, capture_output=True)
        port, _ = start_actions()
        clinic_agent = load_agent(model_path, port)
    yield clinic_agent


def load_agent(model_path: Path, actions_port: int) -> Any:
    """Return Rasa's own agent with the trained model."""
    from rasa.core.agent import Agent
    from rasa.core.utils import AvailableEndpoints

    endpoints = AvailableEndpoints.read_endpoints("endpoints.yml")
    endpoints.action.url = f"http://127.0.0.1:{actions_port}/webhook"
    return Agent.load(str(model_path), generator=endpoints.nlg, action_endpoint=endpoints.action)


def free_port() -> int:
    """Return a free port, which is nobody else's later either."""
    for port in PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    pytest.fail("no port is free")


def nobodys_port() -> int:
    """Return a port that is held to the end, so that nobody is there; a test itself may listen."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", free_port()))
    HELD.append(held)
    return held.getsockname()[1]


def patient_credentials() -> dict[str, Any]:
    """Return our credentials.yml, but a busy machine does not decide what is said."""
    credentials = yaml.safe_load((ROOT / "credentials.yml").read_text())
    # The shortest one of all channels counts.
    for channel in ("rest.RestChannel", "web.WebChannel", "slack.SlackChannel"):
        credentials[f"needlepoint.channels.{channel}"]["action_deadline"] = 20.0
    return credentials


def write_endpoints(folder: Path, actions_port: int) -> None:
    """Write our endpoints.yml for an action server at a port; the database has time, too."""
    endpoints = yaml.safe_load((ROOT / "endpoints.yml").read_text())
    endpoints["action_endpoint"]["url"] = f"http://127.0.0.1:{actions_port}/webhook"
    endpoints["tracker_store"]["answer_limit"] = 60.0
    (folder / "endpoints.yml").write_text(yaml.safe_dump(endpoints))


class Bot:
    """A running Rasa server, spoken to over HTTP."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/webhooks/rest/webhook"

    def post(self, body: bytes) -> tuple[int, Any]:
        """Post a raw body; return the status and the decoded answer."""
        request = urllib.request.Request(
            self.url, data=body, headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def ask(self, sender: str, text: str) -> Reply:
        status, reply = self.post(json.dumps({"sender": sender, "message": text}).encode())
        assert status == 200, reply
        return reply


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., subprocess.Popen]]:
    """Start a `rasa` command in the background; it is stopped at the end of the session."""
    started: list[subprocess.Popen] = []
    folder = tmp_path_factory.mktemp("servers")

    def run(*arguments: str) -> subprocess.Popen:
        log = (folder / f"{len(started)}.log").open("wb")
        environment = {
            "NEEDLEPOINT_DATABASE_URL": f"sqlite:///{folder}/{len(started)}.db",
            "NEEDLEPOINT_SECRET": "for tests only, and as long as it must be",
            "SANIC_BACKLOG": BACKLOG,
            **os.environ,
            "SANIC_HOST": "127.0.0.1",
            "RASA_TELEMETRY_ENABLED": "false",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "rasa", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def start_bot(
    start: Callable[..., subprocess.Popen],
    model_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[int], Bot]:
    """Start Rasa with its action server expected at a port; return it once it answers."""

    def run(actions_port: int) -> Bot:
        folder = tmp_path_factory.mktemp("bot")
        write_endpoints(folder, actions_port)
        (folder / "credentials.yml").write_text(yaml.safe_dump(patient_credentials()))
        port = free_port()
        options = f"--interface 127.0.0.1 --port {port} --model {model_path}"
        files = f"--endpoints {folder}/endpoints.yml --credentials {folder}/credentials.yml"
        process = start("run", *options.split(), *files.split())
        wait_for(f"http://127.0.0.1:{port}/webhooks/rest/", process)
        return Bot(port)

    return run


@pytest.fixture(scope="session")
def start_actions(start: Callable[..., subprocess.Popen]) -> Callable[[], tuple[int, Any]]:
    """Start the action server; return its port and its process."""

    def run() -> tuple[int, subprocess.Popen]:
        port = free_port()
        process = start("run", "actions", "--port", str(port))
        wait_for(f"http://127.0.0.1:{port}/health", process)
        return port, process

    return run


def wait_for(url: str, process: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, f"the server for {url} stopped"
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"no answer from {url}")
