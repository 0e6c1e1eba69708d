"""Who may read the metrics."""

import pytest

from needlepoint.observability.access import may_read

TOKEN = "a token for tests"


@pytest.mark.parametrize(
    ("peer", "headers", "token", "allowed"),
    [
        ("127.0.0.1", {}, None, True),
        ("10.1.2.3", {}, None, True),
        ("172.31.0.1", {}, None, True),
        ("172.32.0.1", {}, None, False),
        ("::1", {}, None, True),
        ("fd00::1", {}, None, True),
        ("::ffff:192.168.0.7", {}, None, True),
        ("::ffff:203.0.113.7", {}, None, False),
        ("203.0.113.7", {}, None, False),
        ("169.254.169.254", {}, None, False),
        ("", {}, None, False),
        ("127.0.0.1", {"x-forwarded-for": "10.0.0.1"}, None, False),
        ("127.0.0.1", {"forwarded": "for=10.0.0.1"}, None, False),
        ("127.0.0.1", {"x-real-ip": ""}, None, False),
        ("203.0.113.7", {"authorization": f"Bearer {TOKEN}"}, TOKEN, True),
        ("127.0.0.1", {"x-forwarded-for": "1.1.1.1", "authorization": f"bearer {TOKEN}"}, TOKEN, 1),
        ("203.0.113.7", {"authorization": f"Basic {TOKEN}"}, TOKEN, False),
        ("203.0.113.7", {"authorization": "Bearer wrong"}, TOKEN, False),
        ("203.0.113.7", {"authorization": "Bearer é"}, TOKEN, False),
        ("203.0.113.7", {"authorization": "Bearer "}, "", False),
        ("203.0.113.7", {"authorization": "Bearer None"}, None, False),
    ],
)
def test_only_who_is_near_or_has_the_token(peer, headers, token, allowed):
    assert may_read(peer, headers, token) == allowed
