"""Which web sites may use the channel, and the headers that say so. No Rasa here."""

from __future__ import annotations

import re
from collections.abc import Iterable

from needlepoint.channels.refusals import RefusalError

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:.]+\](:[0-9]{1,5})?")
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "7200",
}
# On all answers.
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
# On answers of the API: nothing to show, nothing to keep.
API = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# On files: other sites load the widget, and some check its hash, for which they must read it.
FILES = {
    "Vary": "Accept-Encoding",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
}


class OriginError(ValueError):
    """An origin that browsers do not send; the text says what one looks like."""


class Origins:
    """The sites that may use the channel: those in the settings, and the server's own pages."""

    def __init__(self, allowed: Iterable[str]) -> None:
        """Take origins as ``https://www.example.org``.

        Raises:
            OriginError: one is none.
        """
        self._allowed = frozenset(allowed)
        for origin in self._allowed:
            if not isinstance(origin, str) or not _ORIGIN.fullmatch(origin):
                raise OriginError(
                    f"allowed_origins has {origin!r}; write each as https://www.example.org, in "
                    "small letters, without a path or a slash at the end."
                )

    def check(self, origin: str | None, host: str | None) -> None:
        """Make sure that a page may call.

        Args:
            origin: the header of that name; browsers send it, and pages cannot change it
            host: the header of that name

        Raises:
            RefusalError: it may not.
        """
        if origin is not None and not self._is_allowed(origin, host):
            raise RefusalError(
                "forbidden_origin",
                "This web site may not use the chat. Its owner can add it to allowed_origins.",
            )

    def headers(self, origin: str | None, host: str | None) -> dict[str, str]:
        """Return the headers that let a page read an answer."""
        headers = {"Vary": "Origin"}
        if origin is not None and self._is_allowed(origin, host):
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = "Retry-After"
        return headers

    def _is_allowed(self, origin: str, host: str | None) -> bool:
        if not _ORIGIN.fullmatch(origin):
            return False
        # A proxy may have taken off the TLS, so the scheme is not compared.
        is_own = host is not None and origin.partition("://")[2] == host.lower()
        return is_own or origin in self._allowed
