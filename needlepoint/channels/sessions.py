"""Who may speak in which conversation: signed tokens that hold its id. No Rasa here."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from needlepoint.channels.refusals import RefusalError

SECRET_VARIABLE = "NEEDLEPOINT_SECRET"
SECRET_FILE = Path("needlepoint.secret")
SECRET_LENGTH = 32  # characters at least
SESSION_DAYS = 30.0
_TOKEN = re.compile(r"[A-Za-z0-9_.\-]{1,256}")
_CONVERSATION = re.compile(r"[0-9a-f]{32}")


class SecretError(ValueError):
    """A secret that is none; the text says what to do."""


class Sessions:
    """Makes tokens and reads them. A token ends by itself after some days."""

    def __init__(self, secret: str, days: float) -> None:
        """Take the secret that signs, and how many days a token is good for."""
        self.seconds = int(days * 86_400)
        self._serializer = URLSafeTimedSerializer(
            secret,
            salt="needlepoint.web.session",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def new_conversation(self) -> str:
        """Return an id of 128 random bits, as 32 hex digits."""
        return secrets.token_hex(16)

    def token(self, conversation: str) -> str:
        """Return a token that is good from now on."""
        token = self._serializer.dumps(conversation)
        return token if isinstance(token, str) else token.decode()

    def conversation(self, authorization: str | None) -> str:
        """Return the conversation that the header ``Authorization`` is good for.

        Raises:
            RefusalError: there is no token, or it is not ours, or its time is over.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not _TOKEN.fullmatch(token.strip()):
            raise _unauthorized("This chat has no session. Start a new one.")
        try:
            found = self._serializer.loads(token.strip(), max_age=self.seconds)
        except SignatureExpired:
            raise _unauthorized("This chat is too old. Start a new one.") from None
        except BadSignature:
            raise _unauthorized("This session is not valid. Start a new one.") from None
        if not isinstance(found, str) or not _CONVERSATION.fullmatch(found):
            raise _unauthorized("This session is not valid. Start a new one.")
        return found


def deleted() -> RefusalError:
    """Return the problem of a token whose conversation was deleted."""
    return _unauthorized("This chat was deleted. Start a new one.")


def read_secret(environment: Mapping[str, str] = os.environ, path: Path = SECRET_FILE) -> str:
    """Return the secret: ``NEEDLEPOINT_SECRET``, else that of a file, made at the first start.

    Raises:
        SecretError: it is too short to be one.
        OSError: the file can be neither read nor made.
    """
    given = environment.get(SECRET_VARIABLE)
    if given:
        return _long_enough(given, SECRET_VARIABLE)
    if not path.exists():
        _make_secret(path)
    return _long_enough(path.read_text(encoding="ascii").strip(), str(path))


def _make_secret(path: Path) -> None:
    # Whole before it has its name: of two that start at once, both read the same one.
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 600
    try:
        with os.fdopen(number, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_urlsafe(48)}\n")
        os.link(name, path)
    except FileExistsError:
        return
    finally:
        Path(name).unlink()


def _long_enough(secret: str, where: str) -> str:
    if len(secret) < SECRET_LENGTH:
        raise SecretError(f"{where} must have {SECRET_LENGTH} characters or more, at random.")
    return secret


def _unauthorized(message: str) -> RefusalError:
    return RefusalError("unauthorized", message)
