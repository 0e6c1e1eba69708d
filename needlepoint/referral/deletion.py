"""Requests deleted: because the patient wants it, or because their time is over."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from needlepoint.database.tables import SENT, Delivery, ReferralRequest, now
from needlepoint.referral.requests import conversation_hash

# The conversation of a request whose personal data are gone.
_ERASED = ""
# An attempt that was under way is surely over by then; the word to delete must not overtake it.
_SETTLED = timedelta(minutes=5)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deleted:
    """What a deletion did.

    Attributes:
        count: of requests deleted
        maybe_delivered: some of them may be at the clinic, which is told to delete them, too
    """

    count: int
    maybe_delivered: bool


@dataclass(frozen=True)
class Purged:
    """What a purge did: how many requests are gone, and how many of them never were delivered."""

    count: int
    undelivered: int


def delete_requests(engine: Engine, conversation_id: str) -> Deleted:
    """Delete what a patient asked for in a conversation; see ``delete_request``."""
    return _delete(engine, ReferralRequest.conversation == conversation_hash(conversation_id))


def delete_request(engine: Engine, request_id: str) -> Deleted:
    """Delete a request.

    One that no worker ever had in hand is gone, with its job. Of another one nobody can be sure
    that the clinic has not got it: its personal data are erased here, and a job is stored, in the
    same transaction, that tells the clinic to delete its copy.

    Returns:
        What was done; a count of 0 if there is no such request, or no more.
    """
    return _delete(engine, ReferralRequest.id == request_id)


def purge_requests(engine: Engine, at: datetime | None = None) -> Purged:
    """Delete the requests whose time is over, delivered or not.

    The patient was promised that time, and nobody answers a request that is weeks old. What
    remains: a request that a worker has in hand (until the next purge), and what holds no personal
    data any more but must still tell the clinic to delete its copy.

    Args:
        at: the moment to look from; None is now
    """
    moment = at or now()
    old = select(ReferralRequest).where(ReferralRequest.delete_after <= moment)
    count = undelivered = 0
    with Session(engine) as session, session.begin():
        for request in _locked(session, old.order_by(ReferralRequest.id)):
            job = _job(session, request)
            is_in_hand = bool(job and job.claimed_until and job.claimed_until > now())
            is_open = bool(job and job.status != SENT)
            if is_in_hand or (is_open and job.is_deletion):
                continue
            if is_open:
                log.warning("request %s is purged and was not delivered", request.id)
            session.delete(request)
            count, undelivered = count + 1, undelivered + is_open
    return Purged(count, undelivered)


def _delete(engine: Engine, condition: Any) -> Deleted:
    query = select(ReferralRequest).where(condition, ReferralRequest.conversation != _ERASED)
    with Session(engine) as session, session.begin():
        requests = _locked(session, query.order_by(ReferralRequest.id))
        jobs = [_job(session, request) for request in requests]
        for request, job in zip(requests, jobs, strict=True):
            if _was_tried(job):
                _erase(session, request, job)
            else:
                session.delete(request)
        return Deleted(len(requests), any(map(_was_tried, jobs)))


def _erase(session: Session, request: Any, job: Any) -> None:
    request.name = request.contact = request.preferred_time = ""
    # A hash of few likely words can be guessed; the id keeps the row unique.
    request.conversation, request.fingerprint = _ERASED, request.id
    start = now() if job.status == SENT else max(now() + _SETTLED, job.claimed_until or now())
    session.delete(job)
    session.add(Delivery(request_id=request.id, is_deletion=True, next_attempt_at=start))


def _was_tried(job: Any) -> bool:
    return bool(job and (job.attempts or job.last_error))


def _locked(session: Session, query: Any) -> Any:
    return session.execute(query.with_for_update()).scalars().all()


def _job(session: Session, request: Any) -> Any:
    """Return the request's job, which no worker can take meanwhile, or None."""
    query = select(Delivery).where(Delivery.request_id == request.id).with_for_update()
    return session.execute(query).scalar_one_or_none()
