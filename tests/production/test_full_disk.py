"""The default profile with SQLite: a disk that is full, and a file that may only be read."""

import resource
import sqlite3
import subprocess
import sys
import uuid

import pytest
from conftest import EXAMPLES, ROOT
from web_site import open_site

from needlepoint.channels.rest import NOT_KEPT

EMERGENCY = "my back hurts, I cannot feel my legs and I cannot hold my urine"
MOST = 400  # messages until the disk must be full
NO_LIMIT = resource.RLIM_INFINITY


def command(url, *arguments, limit=NO_LIMIT):
    """Run `needlepoint`, with files of so many bytes at most; return what has ended."""
    return subprocess.run(
        [sys.executable, "-m", "needlepoint.cli", *arguments],
        cwd=ROOT,
        env={"NEEDLEPOINT_DATABASE_URL": url},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, NO_LIMIT)),
        capture_output=True,
        text=True,
        timeout=120,
    )


def is_whole(path):
    with sqlite3.connect(path) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


class Bot:
    """A worker with a database in a file, whose disk can be made full."""

    def __init__(self, start, folder):
        self.path = folder / "bot.db"
        settings = {
            "NEEDLEPOINT_DATABASE_URL": f"sqlite:///{self.path}",
            "NEEDLEPOINT_SECRET": "for the tests of faults, and only those",
        }
        self.site = open_site(start, folder, settings, 1, profile="endpoints.yml")

    def fill(self):
        """Let no file of the worker grow beyond what SQLite's newest one has."""
        self._limit(self.path.with_name("bot.db-wal").stat().st_size)

    def free(self):
        self._limit(NO_LIMIT)

    def _limit(self, size):
        resource.prlimit(self.site.processes[0].pid, resource.RLIMIT_FSIZE, (size, NO_LIMIT))

    def say(self, token, text):
        """Return the id of a message that is sent once, and its answers."""
        body = {"id": uuid.uuid4().hex, "text": text}
        status, found = self.site.call(self.site.ports[0], "POST", "messages", body, token)
        assert status == 200, (status, found)
        return body["id"], found["answers"]


@pytest.fixture(scope="module")
def bot(start, model_path, tmp_path_factory):
    bot = Bot(start, tmp_path_factory.mktemp("disk"))
    yield bot
    for process in bot.site.processes:
        process.kill()
        process.wait()


def is_kept(answers):
    return answers[-1]["text"] != NOT_KEPT


def test_a_full_disk_is_said_and_costs_nothing_that_was_kept(bot):
    visitor = bot.site.start()
    kept, answers = bot.say(visitor, "does it hurt?")
    asked = [kept]
    bot.fill()
    for _ in range(MOST):
        key, answers = bot.say(visitor, "how much is it?")
        if not is_kept(answers):
            break
        asked.append(key)
    assert not is_kept(answers) and len(answers) == 2
    _, emergency = bot.say(visitor, EMERGENCY)
    assert emergency[0]["kind"] == "emergency" and not is_kept(emergency)
    port = bot.site.ports[0]
    opinion = {"answer": answers[0]["id"], "value": "up"}
    assert bot.site.call(port, "POST", "feedback", opinion, visitor)[0] in (404, 500)
    bot.free()
    key, answers = bot.say(visitor, "how long does a session take?")
    assert is_kept(answers)
    history = bot.site.history(visitor)
    assert [one["id"] for one in history if one["from"] == "user"] == [*asked, key]
    assert is_whole(bot.path)


@pytest.fixture
def practitioners(tmp_path):
    """A database with practitioners: its path and its URL."""
    path = tmp_path / "clinic.db"
    assert command(f"sqlite:///{path}", "practitioners", "import", EXAMPLES).returncode == 0
    return path, f"sqlite:///{path}"


IMPORT = ("practitioners", "import", EXAMPLES)


def check_refusal(done):
    assert (done.returncode, done.stdout) == (3, "")
    said = done.stderr.splitlines()[-1]
    assert said.startswith("The database cannot be used: ")
    assert said.endswith("for SQLite, that its file may be written and its disk has room.")


@pytest.mark.parametrize("arguments", [IMPORT, ("requests", "list"), ("purge",)])
def test_a_command_on_a_full_disk_breaks_nothing(practitioners, arguments):
    path, url = practitioners
    before = command(url, "practitioners", "list").stdout
    check_refusal(command(url, *arguments, limit=1))
    assert is_whole(path)
    assert command(url, "practitioners", "list").stdout == before
    assert command(url, *arguments).returncode == 0


def test_a_file_that_may_only_be_read_is_read_and_named(practitioners):
    path, _ = practitioners
    url = f"sqlite:///file:{path}?mode=ro&uri=true"
    assert command(url, "requests", "list").stdout == "No requests.\n"
    for arguments in (IMPORT, ("purge",)):
        check_refusal(command(url, *arguments))
    assert is_whole(path)
