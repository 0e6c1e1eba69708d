"""Which calls of the web channel count as refused messages."""

import asyncio
from types import SimpleNamespace

import pytest
from prometheus_client import REGISTRY

from needlepoint.channels.refusals import RefusalError, busy
from needlepoint.channels.web import WebChannel
from needlepoint.observability import metrics


def counted():
    return {
        outcome: REGISTRY.get_sample_value(
            "needlepoint_turns_total", {"channel": "web", "outcome": outcome}
        )
        for outcome in metrics.OUTCOMES
    }


async def answer(monkeypatch, path, method, work):
    """Let a channel answer a call by ``work``; return its status and what was counted."""
    monkeypatch.setenv("NEEDLEPOINT_SECRET", "s" * 40)
    monkeypatch.delenv("NEEDLEPOINT_REDIS_URL", raising=False)
    channel = WebChannel()
    monkeypatch.setattr(channel, "_answer", work)
    before = counted()
    found = await channel.answer(SimpleNamespace(method=method), path)
    after = counted()
    return found.status, {
        name: after[name] - before[name] for name in after if after[name] > before[name]
    }


async def refuse(*_):
    raise busy()


@pytest.mark.parametrize(
    ("path", "method", "expected"),
    [
        ("messages", "POST", {"refused": 1.0}),
        ("messages", "OPTIONS", {}),
        ("messages", "GET", {}),
        ("history", "GET", {}),
        ("wp-login.php", "POST", {}),
    ],
)
async def test_only_messages_are_refused_messages(monkeypatch, path, method, expected):
    assert await answer(monkeypatch, path, method, refuse) == (503, expected)


async def test_a_message_that_fails_in_its_turn_is_counted_as_that_alone(monkeypatch):
    @metrics.timed
    async def fail(_):
        raise OSError

    async def handle(*_):
        try:
            await asyncio.ensure_future(fail(SimpleNamespace(input_channel="web", sender_id="me")))
        except OSError:
            raise RefusalError("trouble", "Please try again.") from None

    assert await answer(monkeypatch, "messages", "POST", handle) == (500, {"failed": 1.0})
