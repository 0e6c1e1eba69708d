"""Delivery to a real HTTP server on loopback."""

import json
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from receivers import HttpReceiver

from needlepoint.referral import webhook
from needlepoint.referral.message import Message, PermanentError, TemporaryError
from needlepoint.referral.webhook import Webhook, signature

SECRET = "a secret"
MORNING = datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc)


@pytest.fixture
def receiver():
    receiver = HttpReceiver()
    receiver.up()
    yield receiver
    receiver.down()


@pytest.fixture
def message(a_request):
    odd = a_request(name='=HYPERLINK("x") دانا 👩\u200d👧', preferred_time="after 3")
    return Message("k" * 32, "r" * 32, odd, MORNING, MORNING + timedelta(days=30))


def test_a_request_is_posted_with_key_and_signature(receiver, message):
    Webhook(receiver.url, SECRET).send(message)
    [(headers, body)] = receiver.taken
    assert json.loads(body) == {
        "type": "request.created",
        "id": "r" * 32,
        "created_at": "2026-03-01T09:30:00+00:00",
        "delete_after": "2026-03-31T09:30:00+00:00",
        "name": '=HYPERLINK("x") دانا 👩\u200d👧',
        "contact": {"kind": "phone", "value": "+18285550100"},
        "preferred_time": "after 3",
    }
    assert headers["Idempotency-Key"] == "k" * 32
    assert headers["Content-Type"] == "application/json"
    timestamp = headers["X-Needlepoint-Timestamp"]
    assert headers["X-Needlepoint-Signature"] == signature(SECRET, timestamp, body)
    assert abs(datetime.now().timestamp() - int(timestamp)) < 60


def test_the_signature_is_the_one_in_the_manual():
    # echo -n '1700000000.{}' | openssl dgst -sha256 -hmac 'a secret'
    expected = "v1=f4c7f7db2c2d22e9144ae6536d7918d29e7c70122e5704b842c2a7d02bee924f"
    assert signature(SECRET, "1700000000", b"{}") == expected


def test_a_deletion_has_no_personal_data(receiver):
    Webhook(receiver.url, SECRET).send(Message("k", "r", None, MORNING, MORNING))
    [(_, body)] = receiver.taken
    assert json.loads(body).keys() == {"type", "id", "created_at", "delete_after"}
    assert json.loads(body)["type"] == "request.deleted"


@pytest.mark.parametrize("status", [200, 201, 204, 409])
def test_an_answer_that_means_taken(receiver, message, status):
    receiver.answer = (status, {})
    Webhook(receiver.url, SECRET).send(message)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 599])
def test_an_answer_that_means_later(receiver, message, status):
    receiver.answer = (status, {})
    with pytest.raises(TemporaryError, match=f"answered {status}") as later:
        Webhook(receiver.url, SECRET).send(message)
    assert later.value.wait == 0


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 410, 422])
def test_an_answer_that_means_never(receiver, message, status):
    receiver.answer = (status, {"Location": receiver.url})
    with pytest.raises(PermanentError, match=f"answered {status}"):
        Webhook(receiver.url, SECRET).send(message)


@pytest.mark.parametrize("status", [302, 307, 308])
def test_no_redirect_is_followed(receiver, message, status):
    other = HttpReceiver()
    other.up()
    receiver.answer = (status, {"Location": other.url})
    with pytest.raises(PermanentError, match="leads elsewhere"):
        Webhook(receiver.url, SECRET).send(message)
    other.down()
    assert other.taken == []


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("120", 120),
        ("soon", 0),
        ("-5", 0),
        ("٣", 0),
        ("9" * 5000, 999_999_999),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
    ],
)
def test_the_receiver_says_how_long_to_wait(receiver, message, retry_after, seconds):
    receiver.answer = (429, {"Retry-After": retry_after.encode().decode("latin-1")})
    with pytest.raises(TemporaryError) as later:
        Webhook(receiver.url, SECRET).send(message)
    assert later.value.wait == seconds


def test_the_receiver_says_until_when_to_wait(receiver, message):
    until = datetime.now(timezone.utc) + timedelta(hours=1)
    receiver.answer = (503, {"Retry-After": format_datetime(until, usegmt=True)})
    with pytest.raises(TemporaryError) as later:
        Webhook(receiver.url, SECRET).send(message)
    assert 3000 < later.value.wait <= 3600


def test_nobody_there_means_later_and_the_url_is_not_told(message):
    hook = Webhook(HttpReceiver().url + "?token=hidden", SECRET)
    with pytest.raises(TemporaryError, match="cannot be reached: ConnectionError") as later:
        hook.send(message)
    assert "hidden" not in str(later.value)


def test_no_answer_means_later(receiver, message, monkeypatch):
    monkeypatch.setattr(webhook, "READ_LIMIT", 0.1)
    receiver.delay = lambda: 1.0
    with pytest.raises(TemporaryError, match="ReadTimeout"):
        Webhook(receiver.url, SECRET).send(message)


def test_a_proxy_is_not_asked_for_this_machine(receiver, message, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    Webhook(receiver.url, SECRET).send(message)
    assert len(receiver.taken) == 1


@pytest.mark.parametrize(
    "url",
    ["http://clinic.example/x", "ftp://127.0.0.1/x", "clinic.example", "https:///x", "http://[x/"],
)
def test_personal_data_go_nowhere_in_the_clear(url):
    with pytest.raises(ValueError):
        Webhook(url, SECRET)


@pytest.mark.parametrize(
    "url", ["https://clinic.example/x", "http://localhost:8000/", "http://[::1]:1/"]
)
def test_private_ways_are_taken(url):
    assert SECRET not in repr(Webhook(url, SECRET))
