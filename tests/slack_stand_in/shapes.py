"""Messages and views as Slack has them."""

import copy
import re
import time
import uuid

from slack_events import APP, BOT, TEAM

from slack_stand_in.arguments import Payload
from slack_stand_in.faults import RefusedError


def channel_id(name: str) -> str:
    """Return a channel's id; a person's id means their direct messages."""
    if re.fullmatch("[UW][A-Z0-9]+", name):
        return f"D{name}"
    if re.fullmatch("[CDG][A-Z0-9]+", name):
        return name
    raise RefusedError("channel_not_found")


def with_ids(content: Payload) -> Payload:
    found = copy.deepcopy(content)
    if "blocks" in found:
        found["blocks"] = _named(found["blocks"])
    return found


def _named(blocks: list[Payload]) -> list[Payload]:
    """Return blocks with ids, as Slack gives them to those that have none."""
    return [{"block_id": uuid.uuid4().hex[:5], **block} for block in blocks]


def whole_view(view: Payload, name: str) -> Payload:
    """Return a view as Slack has it in answers and payloads."""
    return {
        "id": name,
        "team_id": TEAM,
        "callback_id": "",
        "private_metadata": "",
        "external_id": "",
        "title": {"type": "plain_text", "text": "Needlepoint", "emoji": True},
        "submit": None,
        "close": None,
        "clear_on_close": False,
        "notify_on_close": False,
        "previous_view_id": None,
        "root_view_id": name,
        "app_id": APP,
        "bot_id": BOT,
        "app_installed_team_id": TEAM,
        "hash": f"{time.time_ns() // 10**9}.{uuid.uuid4().hex[:8]}",
        "state": {"values": {}},
        **copy.deepcopy(view),
        "blocks": _named(view["blocks"]),
    }


def shown(message: Payload, with_metadata: bool = True) -> Payload:
    """Return a message as a history has it."""
    left = ("channel",) if with_metadata else ("channel", "metadata")
    return {name: copy.deepcopy(part) for name, part in message.items() if name not in left}


def age(message: Payload) -> int:
    return moment(message["ts"])


def moment(ts: str) -> int:
    """Return a timestamp in microseconds; as a float it would lose some."""
    seconds, _, rest = ts.partition(".")
    try:
        return int(seconds) * 10**6 + int(rest.ljust(6, "0")[:6] or 0)
    except ValueError:
        raise RefusedError("invalid_arguments", f"no timestamp: {ts}") from None


def position(text: str) -> int:
    if not text:
        return 0
    if not re.fullmatch(r"after:\d+", text):
        raise RefusedError("invalid_cursor")
    return int(text.partition(":")[2])
