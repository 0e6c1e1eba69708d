"""The built widget in the repository is that of its sources, and small."""

import gzip
import hashlib
import json

from conftest import ROOT

WIDGET = ROOT / "widget"
BUILT = ROOT / "needlepoint" / "channels" / "web_static"
SOURCES = ("package.json", "src", "vite.config.ts")
LIMIT = 15 * 1024  # bytes with gzip


def source_hash():
    """As widget/scripts/built.mjs describes it."""
    files = []
    for name in SOURCES:
        path = WIDGET / name
        files += [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]
    names = sorted((file.relative_to(WIDGET).as_posix() for file in files), key=str.encode)
    lines = (f"{n}\0{hashlib.sha256((WIDGET / n).read_bytes()).hexdigest()}\n" for n in names)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def test_it_is_built_from_these_sources():
    written = json.loads((BUILT / "widget.json").read_text())
    remedy = 'run "npm run build" in widget/ and commit what it writes'
    assert written["source_hash"] == source_hash(), remedy
    assert written["sha256"] == hashlib.sha256((BUILT / "widget.js").read_bytes()).hexdigest()


def test_it_is_small():
    assert len(gzip.compress((BUILT / "widget.js").read_bytes(), 9)) <= LIMIT
