"""A stand-in for Slack's API on this machine: a real HTTP server, with faults on demand.

It takes what Slack takes, refuses what Slack refuses, and remembers both. Use it as a context::

    with SlackStandIn() as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.url)
        slack.faults.append(RateLimit(1, method="chat.postMessage"))
"""

from slack_stand_in.faults import (
    AcceptThenDrop,
    DropConnection,
    Fail,
    RateLimit,
    SlackError,
    Slow,
)
from slack_stand_in.server import APP_TOKEN, BOT_TOKEN, RESPONSE, SlackStandIn

__all__ = [
    "APP_TOKEN",
    "BOT_TOKEN",
    "RESPONSE",
    "AcceptThenDrop",
    "DropConnection",
    "Fail",
    "RateLimit",
    "SlackError",
    "SlackStandIn",
    "Slow",
]
