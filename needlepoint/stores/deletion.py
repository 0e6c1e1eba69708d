"""Deleting what is stored of people: a conversation, or what is too old. No Rasa here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.engine import Engine

from needlepoint.channels import slack_inbox
from needlepoint.channels.revoked import revoke
from needlepoint.database.engine import wipe
from needlepoint.database.tables import Feedback, RevokedSession, now
from needlepoint.feedback import delete_feedback
from needlepoint.referral.deletion import delete_requests, purge_requests
from needlepoint.stores.conversations import delete_conversation, purge_conversations


@dataclass(frozen=True)
class Removed:
    """How many of each kind were deleted.

    Attributes:
        maybe_delivered: a request may be at the clinic, which is told to delete it, too
    """

    conversations: int
    feedback: int
    requests: int
    maybe_delivered: bool = False

    @property
    def is_any(self) -> bool:
        """Whether anything was there."""
        return any((self.conversations, self.feedback, self.requests))


@dataclass(frozen=True)
class Purged:
    """How many of each kind were deleted because their time was over."""

    conversations: int
    feedback: int
    revoked: int
    requests: int
    undelivered: int
    from_slack: int


def remove_conversation(engine: Engine, conversation: str) -> Removed:
    """Delete what is stored of a conversation; of a request the clinic may be told, too."""
    requests = delete_requests(engine, conversation)
    feedback = delete_feedback(engine, conversation)
    is_there = delete_conversation(engine, conversation)
    wipe(engine)
    return Removed(int(is_there), feedback, requests.count, requests.maybe_delivered)


def end_conversation(engine: Engine, conversation: str, seconds: int) -> Removed:
    """Delete a conversation, and what still waits for an answer in it; nobody goes on in it.

    Args:
        seconds: how long a token of the web channel lives
    """
    slack_inbox.forget(engine, conversation)
    removed = remove_conversation(engine, conversation)
    # Last: with the token, the person can have the rest deleted when a step failed.
    revoke(engine, conversation, seconds)
    return removed


def purge(engine: Engine, keep: timedelta) -> Purged:
    """Delete what is older than ``keep``, and what had a time of its own that is over.

    Args:
        keep: of conversations, since their last message, and of feedback
    """
    conversations = purge_conversations(engine, keep)
    at = now()
    with engine.begin() as connection:
        feedback = connection.execute(delete(Feedback).where(Feedback.created_at < at - keep))
        revoked = connection.execute(delete(RevokedSession).where(RevokedSession.expires_at <= at))
    requests = purge_requests(engine)
    from_slack = slack_inbox.purge(engine)
    wipe(engine, thoroughly=True)
    return Purged(
        conversations,
        feedback.rowcount,
        revoked.rowcount,
        requests.count,
        requests.undelivered,
        from_slack,
    )
