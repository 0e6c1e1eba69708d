"""Conversations that were deleted, so that nobody goes on in them with an old token."""

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from needlepoint.database.engine import insert_into, reader
from needlepoint.database.tables import RevokedSession, now
from needlepoint.referral.requests import conversation_hash


def revoke(engine: Engine, conversation_id: str, seconds: int) -> None:
    """Make the tokens of a conversation useless, and forget those that have ended by now.

    Args:
        seconds: how long a token lives
    """
    at = now()
    insert = insert_into(engine, RevokedSession).values(
        conversation=conversation_hash(conversation_id), expires_at=at + timedelta(seconds=seconds)
    )
    with Session(engine) as session, session.begin():
        session.execute(delete(RevokedSession).where(RevokedSession.expires_at <= at))
        session.execute(insert.on_conflict_do_nothing())


def is_revoked(engine: Engine, conversation_id: str) -> bool:
    """Tell whether a conversation was deleted."""
    key = conversation_hash(conversation_id)
    query = select(RevokedSession.conversation).where(RevokedSession.conversation == key)
    with Session(reader(engine)) as session:
        return session.execute(query).first() is not None
