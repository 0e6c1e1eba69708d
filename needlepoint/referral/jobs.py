"""The outbox in the database: which job is due, who has it, what became of it.

Who has a job is decided by an UPDATE that changes it only as long as nobody else has it. The claim
is a lease: of a worker that dies, the job is taken by another one when the lease is over.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from needlepoint.database.engine import reader
from needlepoint.database.tables import FAILED, SENT, WAITING, Delivery, now
from needlepoint.referral.message import Message
from needlepoint.referral.requests import Request

AT_ONCE = 20  # jobs looked at; another worker may take some of them first
_JOBS = Delivery.__table__


@dataclass(frozen=True)
class Job:
    """A job that a worker has in hand.

    Attributes:
        claimed_until: the end of the lease; it tells this claim from later ones
        attempts: how many there were, with this one
    """

    message: Message
    claimed_until: datetime
    attempts: int


def take(engine: Engine, lease: float) -> Job | None:
    """Return a job that is due and that nobody else has, or None if there is none.

    Args:
        lease: seconds until others may take the job, if nothing was noted of it
    """
    # One after the other, as long as others are quicker.
    while due := _due(engine):
        for job_id in due:
            job = _claim(engine, job_id, lease)
            if job is not None:
                return job
    return None


def note_sent(engine: Engine, job: Job) -> bool:
    """Note that the receiver has the message; see ``_note``."""
    return _note(engine, job, status=SENT, sent_at=now(), last_error=None)


def note_failed(engine: Engine, job: Job, error: str) -> bool:
    """Note that the job is given up; see ``_note``."""
    return _note(engine, job, status=FAILED, last_error=error)


def note_postponed(engine: Engine, job: Job, error: str, wait: float) -> bool:
    """Note that the job is to be tried again after ``wait`` seconds; see ``_note``."""
    next_attempt = now() + timedelta(seconds=wait)
    return _note(engine, job, next_attempt_at=next_attempt, last_error=error)


def _note(engine: Engine, job: Job, **values: Any) -> bool:
    """Return whether the job was still this worker's; if not, nothing is changed."""
    mine = and_(_JOBS.c.id == job.message.key, _JOBS.c.claimed_until == job.claimed_until)
    with engine.begin() as connection:
        change = update(_JOBS).where(mine).values(claimed_until=None, **values)
        return connection.execute(change).rowcount == 1


def _is_due() -> Any:
    moment = now()
    is_free = or_(_JOBS.c.claimed_until.is_(None), _JOBS.c.claimed_until <= moment)
    return and_(_JOBS.c.status == WAITING, _JOBS.c.next_attempt_at <= moment, is_free)


def _due(engine: Engine) -> list[str]:
    query = select(_JOBS.c.id).where(_is_due()).order_by(_JOBS.c.next_attempt_at)
    with reader(engine).connect() as connection:
        return list(connection.execute(query.limit(AT_ONCE)).scalars())


def _claim(engine: Engine, job_id: str, lease: float) -> Job | None:
    until = now() + timedelta(seconds=lease)
    claim = update(_JOBS).where(_JOBS.c.id == job_id, _is_due())
    with Session(engine) as session, session.begin():
        # Counted now: a worker that dies with the job in hand has tried it, too.
        counted = claim.values(claimed_until=until, attempts=_JOBS.c.attempts + 1)
        if session.execute(counted).rowcount == 0:
            return None
        job = session.get(Delivery, job_id)
        return Job(_message(job), until, job.attempts)


def _message(job: Any) -> Message:
    row = job.request
    request = None
    if not job.is_deletion:
        request = Request(row.name, row.contact_kind, row.contact, row.preferred_time)
    return Message(job.id, row.id, request, row.created_at, row.delete_after)
