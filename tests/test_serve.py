"""`make run`: clear words when it cannot start, and a clean stop."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest
from conftest import PATIENCE, ROOT, free_port

from needlepoint.serve import CannotStartError, Settings, check_port, commands, read_settings


def test_defaults():
    settings = read_settings({})
    assert settings == Settings("127.0.0.1", 5005, "models/needlepoint.tar.gz", 5055)
    assert settings.address == "http://localhost:5005"


@pytest.mark.parametrize("port", ["", "http", "0", "70000", "-1"])
def test_a_port_that_is_none(port):
    with pytest.raises(CannotStartError, match="NEEDLEPOINT_PORT must be a number"):
        read_settings({"NEEDLEPOINT_PORT": port})


def test_a_busy_port_says_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(CannotStartError, match=f"Port {port} .* Do this."):
            check_port("127.0.0.1", port, "Do this.")


def test_rasa_listens_where_it_is_told():
    command = commands(Settings("127.0.0.1", 6000, "m.tar.gz", 5055))["Rasa"]
    assert command[command.index("--port") + 1] == "6000"
    assert command[command.index("--interface") + 1] == "127.0.0.1"


def test_without_a_model(tmp_path):
    environment = {**os.environ, "NEEDLEPOINT_MODEL": str(tmp_path / "none.tar.gz")}
    result = subprocess.run(
        [sys.executable, "-m", "needlepoint.serve"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 1
    assert "make train" in result.stderr
    assert "Traceback" not in result.stderr


def test_starts_answers_and_stops(model_path, tmp_path):
    port = free_port()
    environment = {
        **os.environ,
        "NEEDLEPOINT_PORT": str(port),
        "NEEDLEPOINT_DATABASE_URL": f"sqlite:///{tmp_path}/needlepoint.db",
        "PYTHONUNBUFFERED": "1",
    }
    # As `python -m needlepoint.serve`, but on a busy machine, too.
    code = f"from needlepoint import serve; serve.START_LIMIT = {PATIENCE}; exit(serve.main())"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        # Not killed, so that it stops its servers, too.
        watchdog = threading.Timer(PATIENCE + 60, process.terminate)
        watchdog.start()
        said = ""
        for line in process.stdout:
            said += line
            if "Ctrl-C stops" in line:
                break
        assert "Ready." in said, said
        assert f"Chat at http://localhost:{port}/webhooks/web/" in said
        urllib.request.urlopen(f"http://localhost:{port}/webhooks/rest/", timeout=60).close()
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0
        watchdog.cancel()
    # A server that did not stop in time was killed, which may take another moment.
    end = time.monotonic() + 60
    while is_open(port):
        assert time.monotonic() < end, "Rasa still runs"
        time.sleep(0.1)


def is_open(port):
    with socket.socket() as probe:
        probe.settimeout(60)
        return probe.connect_ex(("127.0.0.1", port)) == 0
