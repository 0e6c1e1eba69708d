"""What the bot says, as the wire of the web channel has it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from needlepoint.channels.said import Collected, Said, Turn, identified, kind

CHANNEL = "web"  # a rich one in endpoints.yml: sources come as data
Answer = dict[str, Any]


class WebOutput(Collected):
    """Collects what the bot says to a visitor."""

    channel = CHANNEL


def answers(conversation: str, turn: Turn) -> list[Answer]:
    """Return what the bot said in a turn, as the wire has it; at least one answer."""
    return [_answer(key, said) for key, said in identified(conversation, turn)]


def moment(at: float) -> str:
    """Return a time as the wire has it."""
    found = datetime.fromtimestamp(at, timezone.utc)
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _answer(key: str, said: Said) -> Answer:
    return {
        "id": key,
        "kind": kind(said),
        "text": said.text,
        "buttons": [
            {"title": button["title"], "payload": button["payload"]}
            for button in said.buttons
            if button.get("title") and button.get("payload")
        ],
        "sources": [
            {name: source.get(name) for name in ("title", "publisher", "year", "url")}
            for source in said.about.get("sources") or []
        ],
        "time": moment(said.at),
    }
