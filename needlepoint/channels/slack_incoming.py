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
CONVERSATION = "conversation"  # in the value of a button, where it is none that its place tells


@dataclass(frozen=True)
class Place:
    """Where an answer goes.

    Attributes:
        channel: its id; that of a person stands for their direct messages
        user: who asked
        thread: the thread that the answer goes to, or None
        is_public: others read along
        response_url: for an answer that only ``user`` sees, or None
        is_whispered: only ``user`` sees what stands there, in a thread that others read
    """

    channel: str
    user: str
    thread: str | None = None
    is_public: bool = False
    response_url: str | None = None
    is_whispered: bool = False


@dataclass(frozen=True)
class Incoming:
    """Something to answer.

    Attributes:
        id: Slack's own; what comes again has the same
        conversation: the id of Rasa's tracker
        text: words, or the payload of a button that the bot offered; without any, the answer is the
            welcome
        question: what was asked, where it does not stand above the answer already, or None
        place: where the answer goes
        is_apart: it has a conversation of its own, which the place of a click does not tell; each
            button under the answer has it
        confirms: the name in a request to be called back that was stored by a form; the answer
            confirms it
    """

    id: str
    conversation: str
    text: str
    question: str | None
    place: Place
    is_apart: bool = False
    confirms: str | None = None


class Reader:
    """Reads Slack's payloads."""

    def __init__(self, secret: str) -> None:
        """Take the secret that makes the ids of conversations."""
        self._secret = secret.encode()

    def conversation(self, *parts: str) -> str:
        """Return the id of a conversation, which nobody can guess from Slack's ids.

        The workspace is no part of it: an app serves one, and in channels that are shared with
        another, payloads do not agree on which it is.

        Args:
            parts: the person, or channel and thread
        """
        key = " ".join(parts).encode()
        return f"slack-{hmac.new(self._secret, key, hashlib.sha256).hexdigest()[:32]}"

    def message(self, body: Payload) -> Incoming | None:
        """Read the event of a direct message or of a mention; None if nobody wrote it to us."""
        event: Payload = body["event"]
        user, channel, bot = event.get("user"), event["channel"], _own_id(body)
        is_direct = event.get("channel_type") == "im" or channel.startswith("D")
        is_ours = event["type"] == "app_mention" or is_direct
        # A mention that was edited comes once more, as a new one.
        is_new = not event.get("bot_id") and not event.get("edited")
        is_written = event.get("subtype") in WRITTEN and is_new
        if not user or not is_written or not is_ours or user == bot:
            return None
        text = readable(plain_words(event.get("text") or "", bot))
        if is_direct:
            # In the assistant's view each conversation is a thread; else there is none.
            place = Place(channel, user, event.get("thread_ts"))
            return Incoming(body["event_id"], self.conversation(user), text, None, place)
        thread = event.get("thread_ts") or event["ts"]
        place = Place(channel, user, thread, is_public=True)
        conversation = self.conversation(channel, thread)
        return Incoming(body["event_id"], conversation, text, None, place)

    def command(self, body: Payload) -> Incoming:
        """Read a slash command: it belongs to the person's own conversation."""
        place = Place(body["channel_id"], body["user_id"], response_url=body["response_url"])
        words = plain_words(body.get("text") or "")
        conversation = self.conversation(body["user_id"])
        return Incoming(body["trigger_id"], conversation, readable(words), words, place)

    def shortcut(self, body: Payload) -> Incoming:
        """Read "Ask Needlepoint" on a message.

        What somebody else wrote says nothing about who asks: it has a conversation of its own.
        """
        user, message = body["user"]["id"], body["message"]
        place = Place(body["channel"]["id"], user, response_url=body["response_url"])
        words = plain_words(message.get("text") or "")
        conversation, text = self.conversation(body["trigger_id"]), readable(words)
        return Incoming(body["trigger_id"], conversation, text, words, place, is_apart=True)

    def assistant(self, body: Payload) -> Incoming:
        """Read that somebody opened the assistant's view: it begins with the welcome."""
        thread = body["event"]["assistant_thread"]
        place = Place(thread["channel_id"], thread["user_id"], thread["thread_ts"])
        conversation = self.conversation(place.user)
        return Incoming(body["event_id"], conversation, "", None, place)

    def button(self, body: Payload) -> Incoming:
        """Read a click on a question. Slack signs it, so it is one that the bot offered."""
        value = _value(body)
        return Incoming(
            body["trigger_id"],
            self.conversation_at(body),
            value["payload"],
            value["title"],
            self.place(body),
            is_apart=CONVERSATION in value,
        )

    def place(self, body: Payload) -> Place:
        """Return where the answer to a click goes: to where the button stands."""
        user, container = body["user"]["id"], body["container"]
        if container["type"] == "view":
            return Place(user, user)
        channel, thread = container["channel_id"], container.get("thread_ts")
        if not container.get("is_ephemeral"):
            return Place(channel, user, thread, is_public=not channel.startswith("D"))
        if thread is None:
            return Place(channel, user, response_url=body["response_url"])
        # What is sent to the response address may leave the thread.
        return Place(channel, user, thread, is_whispered=True)

    def conversation_at(self, body: Payload) -> str:
        """Return the conversation that a click belongs to.

        It is that of the button, if it has one. In a thread of a channel it is the thread's, also
        where only one person sees the message.
        """
        value, container = _value(body), body["container"]
        if CONVERSATION in value:
            return str(value[CONVERSATION])
        channel, thread = container.get("channel_id", ""), container.get("thread_ts")
        if thread is None and not container.get("is_ephemeral"):
            thread = container.get("message_ts")
        if container["type"] == "view" or channel.startswith("D") or thread is None:
            return self.conversation(body["user"]["id"])
        return self.conversation(channel, thread)


def readable(text: str) -> str:
    """Return what a person typed, so that Rasa reads it as words."""
    words = without_surrogates(text)
    return without_payload(words) if is_payload(words) else words


def _own_id(body: Payload) -> str | None:
    """Return the bot's own user id, which each event has."""
    first: Payload = next(iter(body.get("authorizations") or ()), {})
    return first.get("user_id")


def _value(body: Payload) -> Payload:
    """Return what stands behind the button that was pressed."""
    value: Payload = json.loads(body["actions"][0]["value"])
    return value
