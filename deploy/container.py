"""The entry point of the image: becomes the one process of its container.

    container.py server              Rasa with its channels, at port 5005
    container.py actions             the action server, at port 5055
    container.py health              exit code 0 if the process of this container answers
    container.py ANYTHING ...        ``needlepoint ANYTHING ...``, as deliver, purge, requests list

Secrets may be files in /run/secrets, each named as its variable; a variable that is set wins.
Only the standard library here: a health check must not load Rasa.
"""

from __future__ import annotations

import os
import sys
import urllib.request
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import NoReturn

SECRETS = Path("/run/secrets")
PREFIXES = ("NEEDLEPOINT_", "SLACK_")
# What this container is, for the health check, which is started without the arguments.
ROLE_FILE = Path("/tmp/needlepoint.role")
HEALTH_LIMIT = 4.0  # seconds
SERVER_PORT = 5005
ACTIONS_PORT = 5055
HEALTH = {
    "server": f"http://127.0.0.1:{SERVER_PORT}/webhooks/health/live",
    "actions": f"http://127.0.0.1:{ACTIONS_PORT}/health",
}


def read_secrets(environment: MutableMapping[str, str], folder: Path = SECRETS) -> None:
    """Set each variable that a file in ``folder`` is named after, and that is not set.

    Raises:
        OSError: a file cannot be read.
    """
    for file in sorted(folder.iterdir()) if folder.is_dir() else []:
        if not file.name.startswith(PREFIXES) or file.name in environment:
            continue
        # Editors end files with a new line; an empty file is a secret that is not used.
        value = file.read_text(encoding="utf-8").strip()
        if value:
            environment[file.name] = value


def command(arguments: Sequence[str]) -> list[str]:
    """Return the command line of what the container shall be."""
    role, *rest = arguments or ["server"]
    rasa = [sys.executable, "-m", "rasa", "run"]
    logging = ["--logging-config-file", "logging.yml"]
    if role == "server":
        return [
            *rasa,
            *("--interface", "0.0.0.0"),
            *("--port", str(SERVER_PORT)),
            *("--model", "models/needlepoint.tar.gz"),
            *("--endpoints", "endpoints.production.yml"),
            *("--credentials", "credentials.yml"),
            *logging,
            *rest,
        ]
    if role == "actions":
        return [*rasa, "actions", "--port", str(ACTIONS_PORT), *logging, *rest]
    return [sys.executable, "-m", "needlepoint.cli", role, *rest]


def is_healthy(role: str) -> bool:
    """Return whether the server of this container answers; what is no server is, while it runs."""
    if role not in HEALTH:
        return True
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(HEALTH[role], timeout=HEALTH_LIMIT) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def become(arguments: Sequence[str]) -> NoReturn:
    """Run what ``arguments`` say in place of this process, so that it gets the signals itself."""
    read_secrets(os.environ)
    role = arguments[0] if arguments else "server"
    # A command that somebody runs beside the server does not change what the container is.
    if role in HEALTH or not ROLE_FILE.exists():
        ROLE_FILE.write_text(role, encoding="utf-8")
    line = command(arguments)
    os.execv(line[0], line)


if __name__ == "__main__":
    if sys.argv[1:] == ["health"]:
        sys.exit(not is_healthy(ROLE_FILE.read_text(encoding="utf-8")))
    become(sys.argv[1:])
