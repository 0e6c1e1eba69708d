"""Delivery to a real mail server on loopback, with and without TLS; settings of destinations."""

import datetime as dt
import ipaddress
import smtplib
import ssl

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from receivers import HttpReceiver, MailReceiver

from needlepoint.referral import mail
from needlepoint.referral.destination import DestinationError, read_destination
from needlepoint.referral.mail import (
    FROM_START,
    OFF,
    STARTTLS,
    Mail,
    SmtpServer,
    read_smtp_url,
)
from needlepoint.referral.message import Message, PermanentError, TemporaryError
from needlepoint.referral.webhook import Webhook

MORNING = dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.timezone.utc)
KEY, REQUEST = "k" * 32, "r" * 32
SENDER, DESK = "bot@clinic.example", "desk@clinic.example"


@pytest.fixture
def start():
    """Start a mail server with these options of aiosmtpd."""
    started = []

    def run(**options):
        receiver = MailReceiver(**options)
        receiver.up()
        started.append(receiver)
        return receiver

    yield run
    for receiver in started:
        receiver.down()


@pytest.fixture
def send(a_request):
    """Send a request with these changes to a receiver."""

    def run(receiver, query="", scheme="smtp", user="", **changes):
        server = read_smtp_url(f"{scheme}://{user}127.0.0.1:{receiver.port}{query}")
        moment = MORNING + dt.timedelta(days=30)
        message = Message(KEY, REQUEST, a_request(**changes), MORNING, moment)
        Mail(server, SENDER, DESK).send(message)

    return run


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of 127.0.0.1 that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    today = dt.datetime.now(dt.timezone.utc)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls(certificate, monkeypatch):
    """The server's side of TLS with a certificate that this process trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def only_with_password(server, session, envelope, mechanism, data):
    return AuthResult(
        handled=False, success=(data.login, data.password) == (b"bot@clinic", b"p:/w")
    )


def test_a_request_arrives_as_plain_text(start, send):
    receiver = start()
    send(receiver)
    [email] = receiver.taken
    assert email["From"] == SENDER
    assert email["To"] == DESK
    assert email["Subject"] == "New request to be called back"
    assert email["Message-ID"] == f"<{KEY}@clinic.example>"
    assert email["X-Needlepoint-Request"] == REQUEST
    assert email["Reply-To"] is None
    assert email["Date"].datetime.tzinfo
    assert email.get_content_type() == "text/plain"
    assert email.get_content().splitlines() == [
        "A patient asks to be called back.",
        "",
        "Name: Zoë Müller",
        "Phone: +1 828-555-0100",
        "Preferred time: Tuesday morning",
        "",
        "Asked at: 2026-03-01 09:30 UTC",
        f"Request: {REQUEST}",
        "The patient was told that this is kept until 2026-03-31. Please delete it by then.",
    ]


def test_the_clinic_can_answer_an_email_address(start, send):
    receiver = start()
    send(receiver, contact_kind="email", contact="jo@example.com")
    assert receiver.taken[0]["Reply-To"] == "jo@example.com"
    assert "E-mail: jo@example.com" in receiver.taken[0].get_content()


@pytest.mark.parametrize(
    "address", ["a@example.com,b@example.com", "jo@exämple.com", "<jo@example.com>"]
)
def test_no_doubtful_address_stands_in_a_header(start, send, address):
    receiver = start()
    send(receiver, contact_kind="email", contact=address)
    assert receiver.taken[0]["Reply-To"] is None
    assert address in receiver.taken[0].get_content()


@pytest.mark.parametrize(
    "words",
    [
        "Jo\r\nBcc: all@example.org",
        "Jo\n\n.\nMAIL FROM:<x@example.org>",
        '=HYPERLINK("http://x.example")',
        "دانا کریمی",
        "Jo 👩\u200d👩\u200d👧",
        "x" * 10_000,
        "=?utf-8?q?=0ABcc:_all@example.org?=",
    ],
)
def test_no_words_of_a_patient_get_into_a_header(start, send, words):
    receiver = start()
    send(receiver)
    # Not even those that never should have been stored.
    send(receiver, name=words, preferred_time=words)
    plain, odd = receiver.taken
    assert odd.keys() == plain.keys()
    fixed = [name for name in plain if name.startswith(("From", "To", "Subj", "Mess", "X-"))]
    assert [odd[name] for name in fixed] == [plain[name] for name in fixed]
    assert words.splitlines()[0] in odd.get_content()


def test_a_deletion_names_only_the_request(start):
    receiver = start()
    server = read_smtp_url(f"smtp://127.0.0.1:{receiver.port}")
    Mail(server, SENDER, DESK).send(Message(KEY, REQUEST, None, MORNING, MORNING))
    [email] = receiver.taken
    assert email["Subject"] == "Please delete a request"
    assert f"about request {REQUEST}." in email.get_content()


@pytest.mark.parametrize("answer", ["451 4.3.0 try later", "421 closing", "452 full"])
def test_4xx_means_later(start, send, answer):
    receiver = start()
    receiver.answer = answer
    with pytest.raises(TemporaryError, match=answer[:3]):
        send(receiver)


def test_5xx_means_never_and_its_words_are_not_told(start, send):
    receiver = start()
    receiver.answer = "554 5.7.1 no mail about Zoë".encode("ascii", "replace").decode()
    with pytest.raises(PermanentError) as never:
        send(receiver)
    assert str(never.value) == "the mail server refused the message (554 5.7.1)"
    receiver.recipient_answer = "550 who is that"
    with pytest.raises(PermanentError, match=r"refused the recipient \(550\)"):
        send(receiver)
    receiver.recipient_answer = "450 4.2.1 not now"
    with pytest.raises(TemporaryError, match=r"refused the recipient \(450 4.2.1\)"):
        send(receiver)


def test_nobody_there_means_later(send):
    with pytest.raises(TemporaryError, match="cannot be reached: ConnectionRefusedError"):
        send(MailReceiver())


def test_no_mail_server_means_later(send, monkeypatch):
    monkeypatch.setattr(mail, "SOCKET_LIMIT", 0.2)
    other = HttpReceiver()
    other.up()
    with pytest.raises(TemporaryError):
        send(other)
    other.down()


def test_no_answer_means_later(start, send, monkeypatch):
    monkeypatch.setattr(mail, "SOCKET_LIMIT", 0.2)
    receiver = start()
    receiver.delay = lambda: 2.0
    with pytest.raises(TemporaryError):
        send(receiver)


def test_a_message_that_was_taken_is_sent_whatever_the_farewell(start, send, monkeypatch):
    def quit_(client):
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(smtplib.SMTP, "quit", quit_)
    receiver = start()
    send(receiver)
    assert len(receiver.taken) == 1


def test_starttls_with_a_password(start, send, tls):
    receiver = start(tls_context=tls, authenticator=only_with_password, auth_required=True)
    send(receiver, "?tls=on", user="bot%40clinic:p%3A%2Fw@")
    assert len(receiver.taken) == 1


def test_tls_from_the_start(start, send, tls):
    receiver = start(ssl_context=tls)
    send(receiver, scheme="smtps")
    assert len(receiver.taken) == 1


def test_a_wrong_password_loses_nothing(start, send, tls):
    receiver = start(tls_context=tls, authenticator=only_with_password, auth_required=True)
    with pytest.raises(TemporaryError, match="refused the user or password") as later:
        send(receiver, "?tls=on", user="bot:hidden@")
    assert "hidden" not in str(later.value)
    with pytest.raises(TemporaryError, match="530"):
        send(receiver, "?tls=on")
    assert receiver.taken == []


def test_no_password_and_no_message_without_starttls(start, send):
    receiver = start()
    with pytest.raises(TemporaryError, match="no STARTTLS"):
        send(receiver, "?tls=on")
    assert receiver.taken == []


@pytest.mark.parametrize(("scheme", "query"), [("smtps", ""), ("smtp", "?tls=on")])
def test_a_certificate_that_nobody_vouches_for_is_refused(
    start, send, tls, monkeypatch, scheme, query
):
    monkeypatch.delenv("SSL_CERT_FILE")
    options = {"ssl_context": tls} if scheme == "smtps" else {"tls_context": tls}
    receiver = start(**options)
    with pytest.raises(TemporaryError, match="certificate .* not valid"):
        send(receiver, query, scheme)
    assert receiver.taken == []


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", SmtpServer("mail.example", 587, None, None, STARTTLS)),
        ("smtp://u:p@mail.example:25", SmtpServer("mail.example", 25, "u", "p", STARTTLS)),
        ("smtp://mail.example?tls=off", SmtpServer("mail.example", 587, None, None, OFF)),
        ("smtp://localhost:2525", SmtpServer("localhost", 2525, None, None, OFF)),
        ("smtp://[::1]/?tls=on", SmtpServer("::1", 587, None, None, STARTTLS)),
        ("smtps://a%40b:%23@mail.example", SmtpServer("mail.example", 465, "a@b", "#", FROM_START)),
    ],
)
def test_a_url_names_the_server_and_how_private_the_way_is(url, server):
    assert read_smtp_url(url) == server
    assert "password" not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://user@mail.example",
        "smtp://mail.example?tls=perhaps",
        "smtps://mail.example?tls=off",
        "smtp://mail.example?ssl=off",
        "smtp://mail.example/folder",
        "smtp://user:hid#den@mail.example",
        "smtp://user:hid/den@mail.example",
        "smtp://user:hidden€@mail.example",
        "smtp://[mail.example",
    ],
)
def test_a_url_that_is_none_is_refused_and_not_repeated(url):
    with pytest.raises(ValueError, match="must|may") as refused:
        read_smtp_url(url)
    assert "hid" not in str(refused.value)


MAIL = {"NEEDLEPOINT_SMTP_URL": "smtp://mail.example", "NEEDLEPOINT_MAIL_FROM": SENDER}
SECRET = {"NEEDLEPOINT_WEBHOOK_SECRET": "hidden"}
HOOK = "https://clinic.example/x"


def test_destinations_from_settings():
    server = SmtpServer("mail.example", 587, None, None, STARTTLS)
    assert read_destination(DESK, None, {**MAIL, **SECRET}) == Mail(server, SENDER, DESK)
    assert read_destination(None, HOOK, SECRET) == Webhook(HOOK, "hidden")
    assert read_destination(None, None, {}) is None


@pytest.mark.parametrize(
    ("email", "webhook", "environment", "says"),
    [
        (DESK, HOOK, {**MAIL, **SECRET}, "not both"),
        (DESK, None, SECRET, "set NEEDLEPOINT_SMTP_URL"),
        (DESK, None, {"NEEDLEPOINT_SMTP_URL": "smtp://mail.example"}, "set NEEDLEPOINT_MAIL_FROM"),
        (DESK, None, {**MAIL, "NEEDLEPOINT_SMTP_URL": "x"}, "NEEDLEPOINT_SMTP_URL must be"),
        (DESK, None, {**MAIL, "NEEDLEPOINT_MAIL_FROM": "bot"}, "NEEDLEPOINT_MAIL_FROM must be"),
        (f"{DESK}\nBcc: x@example.com", None, MAIL, "requests.email must be"),
        (f"{DESK},x@example.com", None, MAIL, "requests.email must be"),
        (None, HOOK, MAIL, "set NEEDLEPOINT_WEBHOOK_SECRET"),
        (None, "http://clinic.example", SECRET, "https://"),
        (None, None, SECRET, "NEEDLEPOINT_WEBHOOK_SECRET is set"),
        (None, None, MAIL, "NEEDLEPOINT_SMTP_URL is set"),
    ],
)
def test_half_a_setting_is_explained(email, webhook, environment, says):
    with pytest.raises(DestinationError, match=says) as refused:
        read_destination(email, webhook, environment)
    assert "hidden" not in str(refused.value)
