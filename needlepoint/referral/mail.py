"""Delivery by e-mail. A message that comes again has the same ``Message-ID``: mailboxes drop it."""

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime
from urllib.parse import parse_qsl, unquote, urlsplit

from needlepoint.referral.contact import EMAIL, shown_contact, valid_email
from needlepoint.referral.loopback import is_loopback
from needlepoint.referral.message import Message, PermanentError, TemporaryError

SOCKET_LIMIT = 10.0  # seconds, for each answer of the server
PORTS = {"smtp": 587, "smtps": 465}
# How a connection is kept private: from its start, from STARTTLS on, not at all.
FROM_START, STARTTLS, OFF = "from start", "starttls", "off"
AUTHENTICATION_REQUIRED = 530
_ENHANCED_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")
_Failures = (smtplib.SMTPException, OSError)


@dataclass(frozen=True)
class SmtpServer:
    """Where e-mail is handed in."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    privacy: str


def read_smtp_url(url: str) -> SmtpServer:
    """Read where to hand in e-mail.

    Args:
        url: ``smtp://user:password@host:587`` (STARTTLS, except on this machine; ``?tls=off`` and
            ``?tls=on`` say otherwise) or ``smtps://user:password@host:465``

    Raises:
        ValueError: it is neither; the text does not repeat it.
    """
    shape = "must be as smtp://user:password@host:587 or smtps://user:password@host"
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (KeyError, ValueError):  # what it says may be half of a password
        raise ValueError(f"{shape}; write %40 for @, %2F for / and %23 for #") from None
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    tls = options.pop("tls", None)
    if not parts.hostname or options or parts.path not in ("", "/") or parts.fragment:
        raise ValueError(shape)
    if tls not in (None, "on", "off") or (tls == "off" and parts.scheme == "smtps"):
        raise ValueError("may end in ?tls=on or, with smtp://, in ?tls=off")
    user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
    if (user is None) != (password is None) or not ((user or "") + (password or "")).isascii():
        raise ValueError("must have a user and a password, both in ASCII, or neither")
    if parts.scheme == "smtps":
        privacy = FROM_START
    else:
        is_off = tls == "off" or (tls is None and is_loopback(parts.hostname))
        privacy = OFF if is_off else STARTTLS
    return SmtpServer(parts.hostname, port, user, password, privacy)


@dataclass(frozen=True)
class Mail:
    """A destination that takes messages by e-mail.

    Attributes:
        sender: an e-mail address of the bot
        recipient: the e-mail address of the clinic
    """

    server: SmtpServer
    sender: str
    recipient: str

    def send(self, message: Message) -> None:
        """Hand a message to the mail server.

        Raises:
            TemporaryError: it was not taken, or nobody knows.
            PermanentError: the server refused this message or its recipient.
        """
        client = self._open()
        try:
            client.send_message(as_email(message, self.sender, self.recipient))
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused("the recipient", *error.recipients[self.recipient]) from None
        except smtplib.SMTPSenderRefused as error:
            raise _refused("the sender", error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPResponseException as error:
            raise _refused("the message", error.smtp_code, error.smtp_error) from None
        except _Failures as error:
            raise _lost(error) from None
        finally:
            # The message is handed over, or not; a farewell changes nothing about that.
            with suppress(*_Failures):
                client.quit()
            client.close()

    def _open(self) -> smtplib.SMTP:
        """Return a connection that is private and authenticated, as the settings say.

        Raises:
            TemporaryError: there is none to be had. Nothing is lost while settings are mended.
        """
        server = self.server
        client: smtplib.SMTP | None = None
        try:
            client = self._connect()
            if server.privacy == STARTTLS:
                client.starttls(context=ssl.create_default_context())
            if server.user is not None and server.password is not None:
                client.login(server.user, server.password)
        except _Failures as error:
            if client:
                client.close()
            raise _not_open(error) from None
        return client

    def _connect(self) -> smtplib.SMTP:
        server, name = self.server, self.sender.rpartition("@")[2]
        if server.privacy == FROM_START:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(
                server.host, server.port, name, timeout=SOCKET_LIMIT, context=context
            )
        return smtplib.SMTP(server.host, server.port, name, timeout=SOCKET_LIMIT)


def as_email(message: Message, sender: str, recipient: str) -> EmailMessage:
    """Return a message as an e-mail. The patient's words are in its body only."""
    email = EmailMessage(SMTP)
    email["From"], email["To"] = sender, recipient
    email["Date"] = localtime()
    email["Message-ID"] = f"<{message.key}@{sender.rpartition('@')[2]}>"
    email["X-Needlepoint-Request"] = message.request_id
    email["Auto-Submitted"] = "auto-generated"
    given = message.request
    if given is None:
        email["Subject"] = "Please delete a request"
        email.set_content(
            "A patient has taken back their request to be called back.\n"
            f"Please delete all e-mails and notes about request {message.request_id}.\n"
        )
        return email
    email["Subject"] = "New request to be called back"
    # Only an address that is surely one stands in a header.
    if given.contact_kind == EMAIL and given.contact.isascii() and valid_email(given.contact):
        email["Reply-To"] = given.contact
    label = "E-mail" if given.contact_kind == EMAIL else "Phone"
    email.set_content(
        "A patient asks to be called back.\n\n"
        f"Name: {given.name}\n"
        f"{label}: {shown_contact(given.contact_kind, given.contact)}\n"
        f"Preferred time: {given.preferred_time}\n\n"
        f"Asked at: {message.created_at:%Y-%m-%d %H:%M} UTC\n"
        f"Request: {message.request_id}\n"
        f"The patient was told that this is kept until {message.delete_after:%Y-%m-%d}. "
        "Please delete it by then.\n"
    )
    return email


def _refused(what: str, code: int, answer: bytes | str) -> TemporaryError | PermanentError:
    """Return the error for an answer of the server, of which only the codes are told."""
    # Its words may repeat anything of the message.
    words = answer.decode("ascii", "replace") if isinstance(answer, bytes) else answer
    enhanced = _ENHANCED_CODE.match(words)
    codes = f"{code} {enhanced.group()}" if enhanced else str(code)
    reason = f"the mail server refused {what} ({codes})"
    is_final = code >= 500 and code != AUTHENTICATION_REQUIRED
    return PermanentError(reason) if is_final else TemporaryError(reason)


def _not_open(error: Exception) -> TemporaryError:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        reason = "the mail server refused the user or password of NEEDLEPOINT_SMTP_URL"
        return TemporaryError(f"{reason} ({error.smtp_code})")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return TemporaryError("the mail server offers no STARTTLS, or no way to log in")
    if isinstance(error, smtplib.SMTPResponseException):
        return TemporaryError(f"the mail server takes nothing now ({error.smtp_code})")
    return _lost(error)


def _lost(error: Exception) -> TemporaryError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return TemporaryError("the certificate of the mail server is not valid")
    return TemporaryError(f"the mail server cannot be reached: {type(error).__name__}")
