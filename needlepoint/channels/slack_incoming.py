"""What people do in Slack, as the bot sees it, read from Slack's payloads. No network here."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from needlepoint.channels.guard import is_payload, without_payload, without_surrogates
from needlepoint.channels.slack_mrkdwn import plain_words

Payload = Mapping[str, Any]
# Of messages, those that somebody wrote; others tell of edits, deletions, people who join.
WRITTEN = (None, "file_share", "thread_broadcast")


@dataclass(frozen=True)
class Place:
    """Where an answer goes.

    Attributes:
        channel: its id; that of a person stands for their direct messages
        user: who asked
        thread: the thread that the answer goes to, or None
        is_public: others read along
        response_url: for an answer that only ``user`` sees, or None
    """

    channel: str
    user: str
    thread: str | None = None
    is_public: bool = False
    response_url: str | None = None


@dataclass(frozen=True)
class Incoming:
    """Something to answer.

    Attributes:
        id: Slack's own; what comes again has the same
        conversation: the id of Rasa's tracker
        text: words, or the payload of a button that the bot offered
        question: what was asked, where it does not stand above the answer already, or None
        place: where the answer goes
    """

    id: str
    conversation: str
    text: str
    question: str | None
    place: Place


class Reader:
    """Reads Slack's payloads."""

    def __init__(self, secret: str) -> None:
        """Take the secret that makes the ids of conversations."""
        self._secret = secret.encode()

    def conversation(self, *parts: str) -> str:
        """Return the id of a conversation, which nobody can guess from Slack's ids.

        Args:
            parts: workspace and person, or workspace, channel and thread
        """
        key = " ".join(parts).encode()
        return f"slack-{hmac.new(self._secret, key, hashlib.sha256).hexdigest()[:32]}"

    def message(self, body: Payload, bot: str | None) -> Incoming | None:
        """Read the event of a direct message or of a mention; None if nobody wrote it to us.

        Args:
            body: of the event
            bot: the user id of the bot, if it is known
        """
        event: Payload = body["event"]
        user, channel = event.get("user"), event["channel"]
        is_direct = event.get("channel_type") == "im" or channel.startswith("D")
        is_ours = event["type"] == "app_mention" or is_direct
        is_written = event.get("subtype") in WRITTEN and not event.get("bot_id")
        if not user or not is_written or not is_ours or user == bot:
            return None
        team = _team(body, event)
        text = readable(plain_words(event.get("text") or "", bot))
        if is_direct:
            # In the assistant's view each conversation is a thread; else there is none.
            place = Place(channel, user, event.get("thread_ts"))
            return Incoming(body["event_id"], self.conversation(team, user), text, None, place)
        thread = event.get("thread_ts") or event["ts"]
        place = Place(channel, user, thread, is_public=True)
        conversation = self.conversation(team, channel, thread)
        return Incoming(body["event_id"], conversation, text, None, place)

    def command(self, body: Payload) -> Incoming:
        """Read a slash command: it belongs to the person's own conversation."""
        place = Place(body["channel_id"], body["user_id"], response_url=body["response_url"])
        words = plain_words(body.get("text") or "")
        conversation = self.conversation(body["team_id"], body["user_id"])
        return Incoming(body["trigger_id"], conversation, readable(words), words, place)

    def shortcut(self, body: Payload) -> Incoming:
        """Read "Ask Needlepoint" on a message.

        What somebody else wrote says nothing about who asks: it has a conversation of its own.
        """
        user, message = body["user"]["id"], body["message"]
        place = Place(body["channel"]["id"], user, response_url=body["response_url"])
        words = plain_words(message.get("text") or "")
        conversation = self.conversation(_team(body), body["trigger_id"])
        return Incoming(body["trigger_id"], conversation, readable(words), words, place)

    def button(self, body: Payload) -> Incoming:
        """Read a click on a question. Slack signs it, so it is one that the bot offered."""
        value = json.loads(body["actions"][0]["value"])
        place, conversation = self.place(body), self.conversation_at(body)
        return Incoming(body["trigger_id"], conversation, value["payload"], value["title"], place)

    def place(self, body: Payload) -> Place:
        """Return where the answer to a click goes: to where the button stands."""
        user, container = body["user"]["id"], body["container"]
        if container["type"] == "view":
            return Place(user, user)
        channel = container["channel_id"]
        if container.get("is_ephemeral"):
            return Place(channel, user, response_url=body["response_url"])
        thread = container.get("thread_ts")
        return Place(channel, user, thread, is_public=not channel.startswith("D"))

    def conversation_at(self, body: Payload) -> str:
        """Return the conversation that a click belongs to.

        In a thread of a channel it is the thread's, also where only one person sees the message.
        """
        container: Payload = body["container"]
        channel, thread = container.get("channel_id", ""), container.get("thread_ts")
        if thread is None and not container.get("is_ephemeral"):
            thread = container.get("message_ts")
        if container["type"] == "view" or channel.startswith("D") or thread is None:
            return self.conversation(_team(body), body["user"]["id"])
        return self.conversation(_team(body), channel, thread)


def readable(text: str) -> str:
    """Return what a person typed, so that Rasa reads it as words."""
    words = without_surrogates(text)
    return without_payload(words) if is_payload(words) else words


def _team(body: Payload, event: Payload | None = None) -> str:
    team = (event or {}).get("team") or body.get("team_id") or (body.get("team") or {}).get("id")
    # A workspace may be part of an organisation, which then stands for it.
    return team or (body.get("enterprise") or {}).get("id") or ""
