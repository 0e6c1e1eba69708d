"""The servers that the production profile needs, each a real process that a test may kill."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from conftest import free_port

LIMIT = 240  # seconds for a start
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


class Part:
    """A server on loopback; a subclass says how it is started and when it is up."""

    user = None  # the one of this process

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()

    def prepare(self):
        """Do what is done once, before the first start."""

    def end(self):
        if self.process.poll() is None:
            self.kill()

    def start(self):
        end = time.monotonic() + LIMIT
        self._launch()
        while not self.is_up():
            assert time.monotonic() < end, f"no start; see {self.folder}"
            if self.process.poll() is not None:
                self._launch()  # what was killed may hold a resource for a moment
            time.sleep(0.1)

    def kill(self):
        """Kill it with all its processes, as `kill -9` does."""
        for process in self._processes():
            process.kill()
        self.process.wait()

    def pause(self):
        for process in self._processes():
            process.suspend()

    def resume(self):
        for process in self._processes():
            process.resume()

    def _processes(self):
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def _launch(self):
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                env={**os.environ, **self.environment()},
                user=self.user,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    def environment(self):
        return {}


class Redis(Part):
    def command(self):
        return ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]

    def is_up(self):
        return says(self.port, b"PING\r\n", b"+PONG")

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"


class Postgres(Part):
    # It refuses to run as root.
    user = "postgres" if os.getuid() == 0 else None

    def prepare(self):
        command = [POSTGRES[0] / "initdb", "-D", "data", "-U", "needlepoint", "-A", "trust", "-N"]
        subprocess.run(command, cwd=self.folder, user=self.user, check=True, capture_output=True)

    def command(self):
        # Without fsync a power cut may cost data, the death of a process does not.
        options = f"-p {self.port} -k {self.folder} -c fsync=off -c listen_addresses=127.0.0.1"
        return [POSTGRES[0] / "postgres", "-D", "data", *options.split()]

    def is_up(self):
        command = [POSTGRES[0] / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command).returncode == 0

    @property
    def url(self):
        return f"postgresql://needlepoint@127.0.0.1:{self.port}/postgres"


class RabbitMQ(Part):
    def __init__(self, folder):
        super().__init__(folder)
        self._names = str(free_port())
        (folder / "plugins").write_text("[].")
        (folder / "rabbitmq.conf").write_text("")

    def prepare(self):
        # Erlang's own name server; otherwise RabbitMQ starts one that nobody ends.
        self.epmd = subprocess.Popen(["epmd", "-port", self._names])

    def end(self):
        super().end()
        self.epmd.kill()
        self.epmd.wait()

    def command(self):
        return [RABBITMQ]

    def environment(self):
        return {
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": self._names,
            "RABBITMQ_NODENAME": f"needlepoint_{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-setcookie needlepoint",
        }

    def is_up(self):
        return says(self.port, b"AMQP\x00\x00\x09\x01", b"\x01")

    @property
    def url(self):
        return f"amqp://guest:guest@127.0.0.1:{self.port}"


@contextmanager
def running(kind):
    """Start a part with a folder of its own, and end it afterwards."""
    binary = {Redis: "redis-server", Postgres: "postgres", RabbitMQ: "rabbitmq-server"}[kind]
    if not (shutil.which(binary) or (POSTGRES and kind is Postgres)):
        missing = f"no {binary} on this machine"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    # Not in pytest's own folder, which is closed to the user that PostgreSQL runs as.
    folder = Path(tempfile.mkdtemp(prefix="needlepoint-"))
    if kind.user:
        shutil.chown(folder, kind.user)
    part = kind(folder)
    part.prepare()
    try:
        part.start()
        yield part
    finally:
        part.end()
        shutil.rmtree(folder)


def says(port, request, answer):
    """Tell whether a server answers a request so."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.settimeout(2)
            connection.sendall(request)
            return connection.recv(len(answer)) == answer
    except OSError:
        return False
