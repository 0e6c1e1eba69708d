"""The files of the widget and of its demo page, read once at the start. No Rasa here."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "web_static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
PACKED = (".png", ".webp")
DEMO = "demo.html"
FOREVER = "public, max-age=31536000, immutable"
CHECKED = "no-cache"  # kept, but asked after each time
HASH_LENGTH = 16
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "require-trusted-types-for 'script'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
FILE_POLICY = "default-src 'none'; frame-ancestors 'none'"


@dataclass(frozen=True)
class Reply:
    """What is answered when a file is asked for."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class _File:
    type: str
    body: bytes
    zipped: bytes | None
    hash: str
    is_page: bool


class Files:
    """The files of one folder, each by its name; ``widget.<hash>.js`` is ``widget.js``, too."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Read them; the folder may be missing."""
        self._files: dict[str, _File] = {}
        self._cache: dict[str, str] = {}
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            if path.suffix in TYPES and path.is_file():
                self._add(path)

    def _add(self, path: Path) -> None:
        body = path.read_bytes()
        key = hashlib.sha256(body).hexdigest()[:HASH_LENGTH]
        # Without a time in it, so that all servers give the same bytes.
        zipped = None if path.suffix in PACKED else gzip.compress(body, 9, mtime=0)
        file = _File(TYPES[path.suffix], body, zipped, key, path.suffix == ".html")
        self._files[path.name], self._cache[path.name] = file, CHECKED
        hashed = f"{path.stem}.{key}{path.suffix}"
        self._files[hashed], self._cache[hashed] = file, FOREVER

    def get(self, name: str, accepts: str = "", known: str = "") -> Reply | None:
        """Return the answer to a request for a file, or None if there is no such file.

        Args:
            name: of the file; "" is the demo page
            accepts: the header ``Accept-Encoding``
            known: the header ``If-None-Match``
        """
        name = name or DEMO
        file = self._files.get(name)
        if file is None:
            return None
        # The same for the zipped file: a weak one.
        tag = f'W/"{file.hash}"'
        headers = {
            "Cache-Control": self._cache[name],
            "ETag": tag,
            "Content-Security-Policy": PAGE_POLICY if file.is_page else FILE_POLICY,
        }
        if tag in (one.strip() for one in known.split(",")):
            return Reply(304, headers, b"")
        headers["Content-Type"] = file.type
        if file.zipped is not None and _takes_gzip(accepts):
            return Reply(200, {**headers, "Content-Encoding": "gzip"}, file.zipped)
        return Reply(200, headers, file.body)


def _takes_gzip(accepts: str) -> bool:
    for part in accepts.lower().split(","):
        name, _, quality = part.partition(";")
        if name.strip() == "gzip":
            return quality.replace(" ", "").rstrip(".0") != "q="
    return False
