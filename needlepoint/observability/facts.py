"""What the database says about the running bot: counts and times, nothing that a person wrote."""

from dataclasses import dataclass
from datetime import datetime, time, timezone
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from needlepoint.database.engine import reader
from needlepoint.database.tables import (
    FAILED,
    WAITING,
    Conversation,
    Delivery,
    Feedback,
    ReferralRequest,
    now,
)
from needlepoint.feedback import DOWN, UP

_JOBS = Delivery.__table__


@dataclass(frozen=True)
class Outbox:
    """What is still to be brought to the clinic.

    Attributes:
        waiting: deliveries to be tried, or tried again
        failed: deliveries given up
        oldest_seconds: since the oldest request that waits was made; 0 if none does. Wishes to
            delete a request do not count: their age is not kept.
    """

    waiting: int
    failed: int
    oldest_seconds: float


@dataclass(frozen=True)
class Facts:
    """What ``needlepoint status`` shows.

    Attributes:
        conversations_today: with a message since midnight, UTC
        last_turn: when the last message was stored, or None
    """

    conversations_today: int
    last_turn: datetime | None
    outbox: Outbox
    feedback_up: int
    feedback_down: int


def read_outbox(engine: Engine) -> Outbox:
    """Return the state of the outbox.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database cannot be read.
    """
    with Session(reader(engine)) as session:
        return _outbox(session)


def read_facts(engine: Engine) -> Facts:
    """Return all facts.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database cannot be read.
    """
    updated_at = Conversation.updated_at
    midnight = datetime.combine(now().date(), time(), timezone.utc)
    today = select(func.count()).select_from(Conversation)
    with Session(reader(engine)) as session:
        thumbs = _counts(session, Feedback.value)
        return Facts(
            session.execute(today.where(updated_at >= midnight)).scalar_one(),
            session.execute(select(func.max(updated_at))).scalar_one(),
            _outbox(session),
            thumbs.get(UP, 0),
            thumbs.get(DOWN, 0),
        )


def _outbox(session: Session) -> Outbox:
    counts = _counts(session, _JOBS.c.status, _JOBS.c.status.in_((WAITING, FAILED)))
    oldest = (
        select(func.min(ReferralRequest.created_at))
        .join(_JOBS, _JOBS.c.request_id == ReferralRequest.id)
        .where(_JOBS.c.status == WAITING, _JOBS.c.is_deletion.is_(False))
    )
    since = session.execute(oldest).scalar_one()
    age = max(0.0, (now() - since).total_seconds()) if since else 0.0
    return Outbox(counts.get(WAITING, 0), counts.get(FAILED, 0), age)


def _counts(session: Session, column: Any, *where: Any) -> dict[str, int]:
    query = select(column, func.count()).where(*where).group_by(column)
    return dict(session.execute(query).all())
