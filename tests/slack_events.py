"""What Slack sends to an app: its payloads as its reference has them, and signed requests."""

import hashlib
import hmac
import http.client
import itertools
import json
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

TEAM, APP = "T1", "A1"
BOT_USER, BOT = "UBOT", "BBOT"
COMMAND = "/acupuncture"
WEBHOOK = "/webhooks/slack/webhook"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
RETRY_REASONS = (
    "http_timeout",
    "too_many_redirects",
    "connection_failed",
    "ssl_error",
    "http_error",
    "unknown_error",
)
# Slack's old token, in each payload; nothing may trust it.
VERIFICATION_TOKEN = "not-to-be-trusted"

Payload = dict[str, Any]
_lock = threading.Lock()
_triggers = itertools.count(1)
_latest = 0


def new_ts() -> str:
    """Return the time now as Slack has it, later than all before."""
    global _latest
    with _lock:
        _latest = max(_latest + 1, time.time_ns() // 1000)
        return f"{_latest // 10**6}.{_latest % 10**6:06d}"


def new_trigger() -> str:
    return f"{time.time_ns() // 10**6}.{next(_triggers)}.{uuid.uuid4().hex}"


def new_event_id() -> str:
    return f"Ev{uuid.uuid4().hex[:9].upper()}"


def blocks_of(text: str) -> list[Payload]:
    """Return the blocks that Slack adds to what a person writes."""
    part = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return [{"type": "rich_text", "block_id": uuid.uuid4().hex[:5], "elements": [part]}]


# Events, as in the field "event" of what is sent.


def direct_message(user: str, text: str, channel: str | None = None, **more: Any) -> Payload:
    ts = new_ts()
    return {
        "type": "message",
        "user": user,
        "ts": ts,
        "client_msg_id": str(uuid.uuid4()),
        "text": text,
        "team": TEAM,
        "blocks": blocks_of(text),
        "channel": channel or f"D{user}",
        "event_ts": ts,
        "channel_type": "im",
        **more,
    }


def assistant_message(user: str, text: str, thread_ts: str, channel: str | None = None) -> Payload:
    """A message in the assistant's view: in a thread of the direct messages."""
    return direct_message(
        user,
        text,
        channel,
        thread_ts=thread_ts,
        parent_user_id=BOT_USER,
        assistant_thread={"action_token": uuid.uuid4().hex},
    )


def mention(
    user: str, channel: str, text: str, ts: str | None = None, thread_ts: str | None = None
) -> Payload:
    """A mention of the bot in a channel; ``text`` has ``<@UBOT>`` in it."""
    ts = ts or new_ts()
    found = {
        "type": "app_mention",
        "user": user,
        "ts": ts,
        "client_msg_id": str(uuid.uuid4()),
        "text": text,
        "team": TEAM,
        "blocks": blocks_of(text),
        "channel": channel,
        "event_ts": ts,
    }
    return {**found, "thread_ts": thread_ts} if thread_ts else found


def channel_message(user: str, channel: str, text: str, **more: Any) -> Payload:
    """What ``message.channels`` would send beside a mention."""
    return {**direct_message(user, text, channel), "channel_type": "channel", **more}


def edited(message: Mapping[str, Any], text: str) -> Payload:
    """The edit of a message of a person."""
    ts = new_ts()
    new = {
        **_bare(message),
        "text": text,
        "blocks": blocks_of(text),
        "edited": {"user": message["user"], "ts": ts},
    }
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": new,
        "previous_message": _bare(message),
        "channel": message["channel"],
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
        "channel_type": message.get("channel_type", "im"),
    }


def deleted(message: Mapping[str, Any]) -> Payload:
    """The deletion of a message of a person."""
    ts = new_ts()
    return {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": _bare(message),
        "channel": message["channel"],
        "hidden": True,
        "deleted_ts": message["ts"],
        "ts": ts,
        "event_ts": ts,
        "channel_type": message.get("channel_type", "im"),
    }


def _bare(message: Mapping[str, Any]) -> Payload:
    left = ("channel", "channel_type", "event_ts")
    return {name: value for name, value in message.items() if name not in left}


def bot_message(text: str, channel: str, user: str = BOT_USER, bot: str = BOT) -> Payload:
    """The message of a bot, our own or another one."""
    profile = {
        "id": bot,
        "app_id": APP if bot == BOT else "A2",
        "user_id": user,
        "name": "needlepoint",
        "icons": {},
        "deleted": False,
        "updated": 1700000000,
        "team_id": TEAM,
    }
    event = direct_message(user, text, channel, bot_id=bot, bot_profile=profile)
    del event["client_msg_id"]
    return {**event, "app_id": profile["app_id"]}


def old_bot_message(text: str, channel: str) -> Payload:
    """The message of a bot of the old kind, which has a subtype and no user."""
    event = bot_message(text, channel, bot="BOLD")
    del event["user"]
    return {**event, "subtype": "bot_message", "username": "old"}


def home_opened(user: str, view: Mapping[str, Any] | None = None) -> Payload:
    event = {
        "type": "app_home_opened",
        "user": user,
        "channel": f"D{user}",
        "tab": "home",
        "event_ts": new_ts(),
    }
    return {**event, "view": dict(view)} if view else event


def assistant_thread_started(user: str, thread_ts: str | None = None) -> Payload:
    context = {"channel_id": "C1", "team_id": TEAM, "enterprise_id": None}
    return {
        "type": "assistant_thread_started",
        "assistant_thread": {
            "user_id": user,
            "context": context,
            "channel_id": f"D{user}",
            "thread_ts": thread_ts or new_ts(),
        },
        "event_ts": new_ts(),
    }


def event_body(event: Mapping[str, Any], event_id: str | None = None) -> Payload:
    """Return the whole body of the request for an event; Socket Mode has the same as payload."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM,
        "context_team_id": TEAM,
        "context_enterprise_id": None,
        "api_app_id": APP,
        "event": dict(event),
        "type": "event_callback",
        "event_id": event_id or new_event_id(),
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{uuid.uuid4().hex}",
    }


def url_verification(challenge: str) -> Payload:
    """Return the body of Slack's check of a new address."""
    return {"token": VERIFICATION_TOKEN, "challenge": challenge, "type": "url_verification"}


# What people do, other than to write: a command's form, and payloads of interactions.


def slash(user: str, channel: str, text: str, response_url: str) -> dict[str, str]:
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM,
        "team_domain": "clinic",
        "channel_id": channel,
        "channel_name": "directmessage" if channel.startswith("D") else "wellness",
        "user_id": user,
        "user_name": user.lower(),
        "command": COMMAND,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": new_trigger(),
    }


def button(
    user: str,
    channel: str,
    message: Mapping[str, Any],
    action: str | Mapping[str, Any],
    response_url: str = "",
    *,
    ephemeral: bool = False,
) -> Payload:
    """Return the payload of a press on a button of a message.

    Args:
        user: who presses
        channel: of the message
        message: as the stand-in has it, with ts and blocks
        action: the button, or its action_id
        response_url: of the stand-in
        ephemeral: whether only ``user`` sees the message; Slack then sends none of it
    """
    container = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel,
        "is_ephemeral": ephemeral,
    }
    if message.get("thread_ts"):
        container["thread_ts"] = message["thread_ts"]
    payload = {
        **_interaction("block_actions", user),
        "container": container,
        "channel": _channel(channel),
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [_pressed(message.get("blocks", []), action)],
    }
    return payload if ephemeral else {**payload, "message": dict(message)}


def home_button(user: str, view: Mapping[str, Any], action: str | Mapping[str, Any]) -> Payload:
    """Return the payload of a press on a button of a view, as of the Home tab."""
    return {
        **_interaction("block_actions", user),
        "container": {"type": "view", "view_id": view["id"]},
        "view": dict(view),
        "actions": [_pressed(view["blocks"], action)],
    }


def _pressed(blocks: list[Payload], action: str | Mapping[str, Any]) -> Payload:
    """Return the action of a payload for a button, which must stand in the blocks."""
    for index, block in enumerate(blocks):
        parts = [*block.get("elements", []), block.get("accessory"), block.get("element")]
        for part in parts:
            if isinstance(part, dict) and (part == action or part.get("action_id") == action):
                return {
                    **part,
                    "block_id": block.get("block_id") or f"b{index}",
                    "action_ts": new_ts(),
                }
    raise LookupError(f"no such button among the blocks: {action}")


def submit(user: str, view: Mapping[str, Any], values: Mapping[str, Mapping[str, Any]]) -> Payload:
    """Return the payload of a form that is sent.

    Args:
        user: who sends it
        view: as the stand-in has it
        values: by block_id and action_id: a text, the value of an option, a list of them for
            checkboxes; those left out are as the view has them at first
    """
    state: dict[str, Payload] = {}
    for block in view["blocks"]:
        element = block.get("element")
        if element:
            given = values.get(block["block_id"], {}).get(element["action_id"])
            state[block["block_id"]] = {element["action_id"]: _filled_in(element, given)}
    unknown = set(values) - set(state)
    if unknown:
        raise LookupError(f"no such inputs in the view: {sorted(unknown)}")
    return {
        **_interaction("view_submission", user),
        "view": {**view, "state": {"values": state}},
        "response_urls": [],
    }


def _filled_in(element: Mapping[str, Any], given: Any) -> Payload:
    """Return the state of an input."""
    kind = element["type"]
    options = {each["value"]: each for each in element.get("options", [])}
    if kind == "checkboxes":
        ticked = element.get("initial_options", [])
        return {
            "type": kind,
            "selected_options": ticked if given is None else [options[each] for each in given],
        }
    if kind in ("static_select", "radio_buttons"):
        chosen = element.get("initial_option") if given is None else options[given]
        return {"type": kind, "selected_option": chosen}
    value = element.get("initial_value") if given is None else given
    return {"type": kind, "value": value or None}


def closed(user: str, view: Mapping[str, Any]) -> Payload:
    """Return the payload of a form that is closed."""
    payload = _interaction("view_closed", user)
    del payload["trigger_id"]
    return {**payload, "view": dict(view), "is_cleared": False}


def message_shortcut(
    user: str, channel: str, message: Mapping[str, Any], callback_id: str, response_url: str
) -> Payload:
    return {
        **_interaction("message_action", user),
        "action_ts": new_ts(),
        "channel": _channel(channel),
        "callback_id": callback_id,
        "response_url": response_url,
        "message_ts": message["ts"],
        "message": _bare(message),
    }


def _interaction(kind: str, user: str) -> Payload:
    return {
        "type": kind,
        "user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": TEAM},
        "api_app_id": APP,
        "token": VERIFICATION_TOKEN,
        "trigger_id": new_trigger(),
        "team": {"id": TEAM, "domain": "clinic"},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _channel(channel: str) -> Payload:
    return {"id": channel, "name": "directmessage" if channel.startswith("D") else "wellness"}


class Answer(NamedTuple):
    """What the app answered; names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Slack:
    """Slack's side of the Events API: signed requests to an app on this machine."""

    def __init__(self, port: int, secret: str, path: str = WEBHOOK, timeout: float = 30) -> None:
        """Take where the app is, its signing secret, and the seconds to wait for an answer."""
        self.port = port
        self.secret = secret
        self.path = path
        self.timeout = timeout

    def event(
        self,
        event: Mapping[str, Any],
        event_id: str | None = None,
        retry: int | tuple[int, str] | None = None,
    ) -> Answer:
        """Send an event.

        Args:
            event: what happened
            event_id: a new one if None
            retry: the number of the retry, and one of RETRY_REASONS if it is not the first
        """
        return self.json(event_body(event, event_id), headers=retry_headers(retry))

    def json(
        self,
        body: Mapping[str, Any],
        content_type: str = JSON,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a body in JSON, as of an event or of ``url_verification``."""
        return self.post(json.dumps(body).encode(), content_type, headers)

    def command(self, form: Mapping[str, str]) -> Answer:
        """Send a slash command."""
        return self.post(urlencode(form).encode(), FORM)

    def interact(self, payload: Mapping[str, Any]) -> Answer:
        """Send an interaction: a button, a form, a shortcut."""
        return self.post(urlencode({"payload": json.dumps(payload)}).encode(), FORM)

    def post(
        self,
        body: bytes,
        content_type: str,
        headers: Mapping[str, str] | None = None,
        timestamp: int | None = None,
        secret: str | None = None,
    ) -> Answer:
        """Send a request, signed.

        Args:
            body: as it is
            content_type: its header
            headers: more of them; they replace those of the same name
            timestamp: in seconds since 1970; now if None
            secret: another one than the app's
        """
        stamp = str(int(time.time()) if timestamp is None else timestamp)
        every = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "Accept": "*/*",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": signature(self.secret if secret is None else secret, stamp, body),
            **(headers or {}),
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        try:
            connection.request("POST", self.path, body, every)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return Slack's signature, version 0, of a body."""
    signed = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def retry_headers(retry: int | tuple[int, str] | None) -> dict[str, str]:
    """Return the headers of a retry: its number, and why, "http_timeout" if it is not said."""
    if retry is None:
        return {}
    number, reason = retry if isinstance(retry, tuple) else (retry, RETRY_REASONS[0])
    return {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
