"""Files of the widget: hashed names for ever, plain names checked, nothing else."""

import gzip
import hashlib

import pytest

from needlepoint.channels.web_files import FOREVER, Files

SCRIPT = b"export const needle = 1;\n" * 50
KEY = hashlib.sha256(SCRIPT).hexdigest()[:16]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "widget.js").write_bytes(SCRIPT)
    (tmp_path / "demo.html").write_text("<!doctype html>")
    (tmp_path / "photo.png").write_bytes(b"png")
    (tmp_path / "notes.txt").write_text("not for the web")
    (tmp_path / "folder.js").mkdir()
    return Files(tmp_path)


def test_the_script_is_asked_after_each_time(files):
    reply = files.get("widget.js")
    assert (reply.status, reply.body) == (200, SCRIPT)
    assert reply.headers["Cache-Control"] == "no-cache"
    assert reply.headers["Content-Type"] == "text/javascript; charset=utf-8"
    again = files.get("widget.js", known=f'"other", {reply.headers["ETag"]}')
    assert (again.status, again.body) == (304, b"")


def test_with_its_hash_it_is_kept_for_ever(files):
    reply = files.get(f"widget.{KEY}.js")
    assert reply.headers["Cache-Control"] == FOREVER
    assert reply.body == SCRIPT
    assert files.get(f"widget.{'0' * 16}.js") is None


@pytest.mark.parametrize("accepts", ["gzip", "br, gzip;q=0.5", "deflate,GZIP ; q=1"])
def test_it_is_zipped_for_who_can_unzip(files, accepts):
    reply = files.get("widget.js", accepts)
    assert reply.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(reply.body) == SCRIPT


@pytest.mark.parametrize("accepts", ["", "br", "gzip;q=0", "gzip; q=0.0", "xgzip"])
def test_and_plain_for_others(files, accepts):
    assert "Content-Encoding" not in files.get("widget.js", accepts).headers
    assert "Content-Encoding" not in files.get("photo.png", "gzip").headers


def test_the_page_has_the_strict_policy(files):
    policy = files.get("").headers["Content-Security-Policy"]
    for line in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self'",
        "require-trusted-types-for 'script'",
    ):
        assert line in policy.split("; ")
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "name", ["notes.txt", "../web.py", "folder.js", "%2e%2e/web.py", "/etc/passwd", "demo.html/"]
)
def test_nothing_else_is_served(files, name):
    assert files.get(name) is None


def test_a_missing_folder_has_no_files(tmp_path):
    assert Files(tmp_path / "none").get("") is None
