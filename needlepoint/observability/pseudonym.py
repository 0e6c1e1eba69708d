"""What stands in logs in place of a conversation's id. No Rasa here."""

import hashlib
import hmac
import secrets
from functools import lru_cache

from needlepoint.channels.sessions import SecretError, read_secret

LENGTH = 16  # hex digits


def pseudonym(conversation_id: str) -> str:
    """Return 16 hex digits, the same for the same conversation in all processes with one secret.

    Keyed, because callers of the REST channel may name conversations by something that can be
    guessed, as a phone number.
    """
    text = conversation_id.encode(errors="surrogatepass")
    return hmac.new(_key(), text, hashlib.sha256).hexdigest()[:LENGTH]


@lru_cache(maxsize=1)
def _key() -> bytes:
    try:
        secret = read_secret()
    except (SecretError, OSError):
        # Of this process only: its lines still belong together.
        secret = secrets.token_hex()
    return hashlib.sha256(f"needlepoint.logs {secret}".encode()).digest()
