"""The command of the staff: what it prints, and with which exit code it ends."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from needlepoint.cli import app
from needlepoint.database.engine import URL_VARIABLE, connect
from needlepoint.referral.practitioner_file import read_practitioners
from needlepoint.referral.practitioners import list_practitioners, replace_practitioners

EXAMPLE = Path("data/referral/practitioners_example.csv")
EXPIRED = "Example Dana Expired"


@pytest.fixture(autouse=True)
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path}/test.db"
    monkeypatch.setenv(URL_VARIABLE, url)
    return url


@pytest.fixture
def bad_file(tmp_path: Path) -> Path:
    path = tmp_path / "bad.csv"
    text = EXAMPLE.read_text(encoding="utf-8").replace("+1 828-555-0102", "call me")
    path.write_text(text.replace("2031-04-30", "soon"), encoding="utf-8")
    return path


def run(*arguments: str) -> Result:
    # Its own streams, so that a test sees which of the two a message goes to.
    result = CliRunner(mix_stderr=False).invoke(app, ["practitioners", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_imports_in_the_place_of_all(url) -> None:
    result = run("import", str(EXAMPLE))
    assert result.exit_code == 0
    assert result.stdout == "Imported 9 practitioners, in the place of 0.\n"
    assert EXPIRED in result.stderr
    assert "in the place of 9" in run("import", str(EXAMPLE)).stdout
    assert len(list_practitioners(connect(url))) == 9


def test_a_bad_file_changes_nothing(url, bad_file) -> None:
    run("import", str(EXAMPLE))
    before = list_practitioners(connect(url))
    result = run("import", str(bad_file))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert f"{bad_file}:3: phone: 'call me' is no phone number of US" in result.stderr
    assert f"{bad_file}:10: licence_expires: 'soon' is no date" in result.stderr
    assert "Problems: 2. The database was not changed." in result.stderr
    assert list_practitioners(connect(url)) == before


def test_problems_as_json(bad_file) -> None:
    result = run("import", str(bad_file), "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["imported"] == 0
    assert [(p["line"], p["column"]) for p in answer["problems"]] == [
        (3, "phone"),
        (10, "licence_expires"),
    ]


def test_a_dry_run_changes_nothing_and_needs_no_database(monkeypatch, bad_file) -> None:
    monkeypatch.setenv(URL_VARIABLE, "sqlite:////no/such/folder/test.db")
    result = run("import", str(EXAMPLE), "--dry-run")
    assert (result.exit_code, "not changed" in result.stdout) == (0, True)
    assert json.loads(run("import", str(EXAMPLE), "--dry-run", "--json").stdout)["imported"] == 0
    assert run("import", str(bad_file), "--dry-run").exit_code == 1


def test_lists_those_that_patients_see(url) -> None:
    assert run("list").stdout == "No practitioners.\n"
    run("import", str(EXAMPLE))
    text = run("list").stdout
    assert "Example Grzegorz Przykład, MBAcC" in text
    assert "languages: English, Polish" in text
    assert EXPIRED not in text
    assert EXPIRED in run("list", "--expired").stdout
    listed = json.loads(run("list", "--json").stdout)
    assert len(listed) == 8
    assert listed[0]["licence_expires"] == "2031-06-30"
    assert listed[0]["languages"] == ["en", "es"]


def test_checks_the_licences(url) -> None:
    first, second, third, *_ = read_practitioners(EXAMPLE)
    today = date.today()
    rows = [
        replace(first, licence_expires=today + timedelta(days=60)),
        replace(second, licence_expires=today + timedelta(days=61)),
        replace(third, licence_expires=today),
    ]
    replace_practitioners(connect(url), rows)
    result = run("check")
    assert result.exit_code == 0
    assert "3 practitioners, 0 expired, 2 expiring." in result.stdout
    rows[1] = replace(second, licence_expires=today - timedelta(days=1))
    replace_practitioners(connect(url), rows)
    result = run("check", "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert [p["name"] for p in answer["expired"]] == [second.name]
    assert [p["name"] for p in answer["expiring"]] == [third.name, first.name]


def test_wrong_use() -> None:
    assert run("import").exit_code == 2
    assert run("import", "no-such-file.csv").exit_code == 2
    assert run("import", "data").exit_code == 2
    assert run("list", "--nonsense").exit_code == 2


@pytest.mark.parametrize(
    "bad",
    [
        "sqlite:////no/such/folder/x.db",
        "mysql://x/y",
        "nonsense",
        "postgresql://u:secret@127.0.0.1:1/x",
    ],
)
@pytest.mark.parametrize("command", [["list"], ["check"], ["import", str(EXAMPLE)]])
def test_no_database(monkeypatch, bad, command) -> None:
    monkeypatch.setenv(URL_VARIABLE, bad)
    result = run(*command)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert URL_VARIABLE in result.stderr
    assert "secret" not in result.stderr


def test_every_command_tells_its_exit_codes() -> None:
    for command in ("import", "list", "check"):
        help_text = " ".join(run(command, "--help").stdout.split())
        for code in ("0 fine", "1 something is wrong", "2 wrong use", "3 the database"):
            assert code in help_text
    assert "in the place of ALL" in " ".join(run("import", "--help").stdout.split())


def test_version() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("needlepoint 0.")


def test_a_real_process(url, bad_file) -> None:
    def process(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "needlepoint.cli", "practitioners", *arguments]
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    assert process("import", str(bad_file)).returncode == 1
    assert process("import", str(EXAMPLE)).returncode == 0
    assert len(json.loads(process("list", "--json").stdout)) == 8
    assert process("check").returncode == 1
