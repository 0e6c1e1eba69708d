"""All that is stored of one conversation, for its owner. No Rasa here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Engine

from needlepoint.database.tables import Feedback, ReferralRequest
from needlepoint.names import SHOWN
from needlepoint.observability.pseudonym import pseudonym
from needlepoint.referral.requests import conversation_hash
from needlepoint.stores.conversations import (
    conversation_ids,
    read_all,
    reading,
)

Export = dict[str, Any]
REQUEST_FIELDS = ("name", "contact_kind", "contact", "preferred_time", "consented_at", "created_at")
FEEDBACK_FIELDS = ("answer_id", "response", "value", "comment", "created_at")


def find_conversation(engine: Engine, key: str) -> str | None:
    """Return the id of the conversation that logs or other tables call ``key``, or None."""
    for conversation in conversation_ids(engine):
        if key in (pseudonym(conversation), conversation_hash(conversation)):
            return conversation
    return None


def export_conversation(engine: Engine, conversation: str) -> Export | None:
    """Return what is stored of a conversation, as JSON can hold it; None if nothing is.

    It has ``conversation`` (the id), ``messages`` (each with from, text and time, oldest first),
    ``slots`` (what is kept in mind), ``feedback`` and ``requests``.
    """
    events = [json.loads(data) for data in read_all(engine, conversation)[1]]
    found = {
        "messages": _messages(events),
        "slots": _slots(events),
        "feedback": _rows(engine, Feedback, FEEDBACK_FIELDS, conversation),
        "requests": _rows(engine, ReferralRequest, REQUEST_FIELDS, conversation),
    }
    return {"conversation": conversation, **found} if any(found.values()) else None


def _messages(events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    messages = []
    for event in events:
        if event["event"] in ("user", "bot"):
            # A button's title is what the person saw, and not the payload.
            shown = (event.get("metadata") or {}).get(SHOWN)
            text = (shown if event["event"] == "user" else None) or event.get("text")
            moment = datetime.fromtimestamp(event["timestamp"], timezone.utc)
            messages.append({"from": event["event"], "text": text, "time": moment.isoformat()})
    return messages


def _slots(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    slots: dict[str, Any] = {}
    for event in events:
        if event["event"] == "slot":
            slots[event["name"]] = event["value"]
        elif event["event"] in ("session_started", "reset_slots", "restart"):
            slots.clear()
    return {name: value for name, value in slots.items() if value is not None}


def _rows(
    engine: Engine, table: Any, fields: tuple[str, ...], conversation: str
) -> list[dict[str, Any]]:
    columns = [getattr(table, field) for field in fields]
    mine = table.conversation == conversation_hash(conversation)
    query = select(*columns).where(mine).order_by(table.created_at)
    with reading(engine).connect() as connection:
        rows = [dict(row._mapping) for row in connection.execute(query)]
    return [
        {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()} for row in rows
    ]
