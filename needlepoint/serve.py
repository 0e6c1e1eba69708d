"""Start the action server and Rasa, wait until both answer, stop both on Ctrl-C.

``make run`` runs this. Settings, from the environment:

    NEEDLEPOINT_HOST   address that Rasa listens on (127.0.0.1)
    NEEDLEPOINT_PORT   port that Rasa listens on (5005)
    NEEDLEPOINT_MODEL  the model to load (models/needlepoint.tar.gz)
    NEEDLEPOINT_PROFILE  "production" takes endpoints.production.yml in place of endpoints.yml

The action server listens on loopback, at the port that the profile's file names.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from needlepoint.content.yaml_lines import DataError
from needlepoint.referral.clinic import read_clinic
from needlepoint.referral.destination import DestinationError, read_destination

START_LIMIT = 120.0  # seconds; a slow machine takes about 30
STOP_LIMIT = 10.0  # seconds
# So many connections wait for a busy worker; Rasa's own 100 are soon too few, and then Linux resets
# them, where they would be told to come again. The files in deploy/ have the same number.
BACKLOG = "1024"


class CannotStartError(Exception):
    """Something that the person who runs the bot has to mend; the text says what to do."""


# Of each profile: where the stores are, and what the environment must say for it.
PROFILES = {
    "default": (Path("endpoints.yml"), ()),
    "production": (
        Path("endpoints.production.yml"),
        (
            "NEEDLEPOINT_DATABASE_URL",
            "NEEDLEPOINT_REDIS_URL",
            "NEEDLEPOINT_AMQP_URL",
            # Of a file for each host, passes that one has given are none to the others.
            "NEEDLEPOINT_SECRET",
        ),
    ),
}
# What Rasa fills in for ${...} in these files.
ACTIONS_VARIABLE, ACTIONS_URL = "NEEDLEPOINT_ACTIONS_URL", "http://localhost:5055/webhook"


@dataclass(frozen=True)
class Settings:
    """Where the two servers listen, and which file says where the stores are."""

    host: str
    port: int
    model: str
    actions_port: int
    endpoints: Path = PROFILES["default"][0]

    @property
    def address(self) -> str:
        """Where a person on this machine reaches Rasa."""
        host = "localhost" if self.host in ("0.0.0.0", "127.0.0.1") else self.host
        return f"http://{host}:{self.port}"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings.

    Raises:
        CannotStartError: a port is no port, or a profile is none or lacks a variable.
    """
    profile = _profile(environment)
    endpoints, needed = PROFILES[profile]
    missing = [name for name in needed if not environment.get(name)]
    if missing:
        raise CannotStartError(f"The {profile} profile needs {', '.join(missing)}; set each.")
    actions = yaml.safe_load(endpoints.read_text(encoding="utf-8"))["action_endpoint"]["url"]
    actions = actions.replace(f"${{{ACTIONS_VARIABLE}}}", _actions_url(environment))
    port = environment.get("NEEDLEPOINT_PORT", "5005")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise CannotStartError(f"NEEDLEPOINT_PORT must be a number from 1 to 65535, not '{port}'.")
    return Settings(
        environment.get("NEEDLEPOINT_HOST", "127.0.0.1"),
        int(port),
        environment.get("NEEDLEPOINT_MODEL", "models/needlepoint.tar.gz"),
        urlsplit(actions).port or 80,
        endpoints,
    )


def endpoints_file(environment: Mapping[str, str]) -> Path:
    """Return the file that says where the stores are.

    Raises:
        CannotStartError: there is no such profile.
    """
    return PROFILES[_profile(environment)][0]


def _profile(environment: Mapping[str, str]) -> str:
    profile = environment.get("NEEDLEPOINT_PROFILE") or "default"
    if profile not in PROFILES:
        raise CannotStartError(f"NEEDLEPOINT_PROFILE must be {' or '.join(PROFILES)}.")
    return profile


def _actions_url(environment: Mapping[str, str]) -> str:
    return environment.get(ACTIONS_VARIABLE) or ACTIONS_URL


def check_clinic() -> None:
    """Make sure that the clinic's settings can be used.

    Raises:
        CannotStartError: they cannot; the message says what to change.
    """
    try:
        clinic = read_clinic()
        read_destination(clinic.requests_email, clinic.requests_webhook)
    except (DataError, DestinationError) as error:
        raise CannotStartError(str(error)) from None


def check_port(host: str, port: int, remedy: str) -> None:
    """Make sure that nobody listens at a port.

    Raises:
        CannotStartError: somebody does; the message ends with ``remedy``.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStartError(
                f"Port {port} on {host} cannot be used ({error}). {remedy}"
            ) from None


def commands(settings: Settings) -> dict[str, list[str]]:
    """Return the command of each server, by its name."""
    rasa = [sys.executable, "-m", "rasa", "run"]
    logs = ["--logging-config-file", "logging.yml"]
    server = ["--interface", settings.host, "--port", str(settings.port), "--model", settings.model]
    return {
        "action server": [*rasa, "actions", "--port", str(settings.actions_port), *logs],
        "Rasa": [
            *rasa,
            *server,
            *logs,
            "--endpoints",
            str(settings.endpoints),
            "--credentials",
            "credentials.yml",
        ],
    }


@contextmanager
def running(settings: Settings) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Run both servers inside a ``with`` block; yields their processes by name.

    Their output goes to ``build/``, one file each. They are stopped at the end, whatever happens.
    """
    logs = Path("build")
    logs.mkdir(exist_ok=True)
    environment = {
        "SANIC_BACKLOG": BACKLOG,
        **os.environ,
        "SANIC_HOST": "127.0.0.1",
        "RASA_TELEMETRY_ENABLED": "false",
        ACTIONS_VARIABLE: _actions_url(os.environ),
    }
    servers: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands(settings).items():
            with (logs / f"{name.lower().replace(' ', '-')}.log").open("wb") as log:
                # In a group of their own, so that Ctrl-C reaches them once, from here.
                servers[name] = subprocess.Popen(
                    command, env=environment, stdout=log, stderr=log, start_new_session=True
                )
        yield servers
    finally:
        for server in servers.values():
            server.send_signal(signal.SIGTERM)
        for server in servers.values():
            try:
                server.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                server.kill()


def answers(url: str) -> bool:
    """Tell whether something answers at ``url`` without an error."""
    try:
        # A proxy set for the outside world must not come between this machine and itself.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def wait_until_ready(settings: Settings, servers: Mapping[str, subprocess.Popen[bytes]]) -> None:
    """Return when both servers answer.

    Raises:
        CannotStartError: one stopped, or did not answer in time.
    """
    health = {
        "action server": f"http://127.0.0.1:{settings.actions_port}/health",
        "Rasa": f"{settings.address}/webhooks/rest/",
    }
    deadline = time.monotonic() + START_LIMIT
    for name, url in health.items():
        while not answers(url):
            log = f"build/{name.lower().replace(' ', '-')}.log"
            if servers[name].poll() is not None:
                raise CannotStartError(f"The {name} stopped while starting; {log} says why.")
            if time.monotonic() > deadline:
                raise CannotStartError(f"The {name} does not answer at {url}; {log} may say why.")
            print(".", end="", flush=True)
            time.sleep(0.5)


def main() -> int:
    """Run until Ctrl-C or SIGTERM; return the exit code."""
    # Said for both: a shell that starts us in the background has SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        settings = read_settings(os.environ)
        if not Path(settings.model).is_file():
            raise CannotStartError(
                f"There is no model at {settings.model}. Run `make train` first."
            )
        check_clinic()
        check_port(settings.host, settings.port, "Stop what uses it, or set NEEDLEPOINT_PORT.")
        check_port(
            "127.0.0.1", settings.actions_port, "Stop what uses it, or change endpoints.yml."
        )
        print("Starting the action server and Rasa ", end="", flush=True)
        with running(settings) as servers:
            wait_until_ready(settings, servers)
            print(
                f"\nReady. Chat at {settings.address}/webhooks/web/\n\nCtrl-C stops both servers."
            )
            while all(server.poll() is None for server in servers.values()):
                time.sleep(0.5)
            if servers["Rasa"].poll() is None:
                print("The action server stopped; answers go on, with the fixed disclaimer.")
                servers["Rasa"].wait()
            raise CannotStartError("Rasa stopped by itself; build/rasa.log says why.")
    except CannotStartError as problem:
        print(f"\nerror: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0


if __name__ == "__main__":
    sys.exit(main())
