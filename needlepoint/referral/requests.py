"""Requests to be called back: stored with the job to deliver them, listed, tried again.

A request has one job at most: to bring it to the clinic or, once the patient has had it deleted,
to tell the clinic so. Without a destination it has none and is only kept and listed.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from needlepoint.database.engine import insert_into, reader
from needlepoint.database.tables import FAILED, WAITING, Delivery, ReferralRequest, now
from needlepoint.referral.contact import CONTACT_LIMIT, KINDS
from needlepoint.referral.person_name import NAME_LIMIT
from needlepoint.referral.plain_text import one_line

PREFERRED_TIME_LIMIT = 300  # characters
# The status of a request that has no job.
KEPT = "kept"


@dataclass(frozen=True)
class Request:
    """What a patient gave, on one line each; see ``valid_name``, ``valid_contact``, ``clean_text``.

    Attributes:
        name: 1 to 100 characters
        contact_kind: "phone" or "email"
        contact: as "+18285550100" or "jo@example.com"
        preferred_time: in the patient's words, up to 300 characters
    """

    name: str
    contact_kind: str
    contact: str
    preferred_time: str


@dataclass(frozen=True)
class Listed:
    """A request as the clinic's staff see it; personal fields are "" once deleted.

    Attributes:
        status: "waiting", "sent", "failed", or "kept" if there is nowhere to deliver to
        is_deletion: the patient has had it deleted; the status is of telling the clinic
        attempts: to deliver; since it was last retried by hand
    """

    id: str
    status: str
    is_deletion: bool
    name: str
    contact_kind: str
    contact: str
    preferred_time: str
    created_at: datetime
    delete_after: datetime
    attempts: int
    last_error: str | None
    sent_at: datetime | None


def conversation_hash(conversation_id: str) -> str:
    """Return what is stored instead of a conversation's id: 64 hex digits."""
    return hashlib.sha256(conversation_id.encode(errors="surrogatepass")).hexdigest()


def store_request(
    engine: Engine, conversation_id: str, request: Request, keep_days: int, deliver: bool
) -> str:
    """Store a request, and the job to deliver it, in one transaction.

    The same request in the same conversation is stored once, however often and at once it comes.

    Args:
        keep_days: after so many days it is deleted
        deliver: there is a destination

    Returns:
        The id of the request: 32 hex digits.

    Raises:
        ValueError: a field is not as ``Request`` says; the text has its name, not its content.
    """
    _check(request)
    key = {
        "conversation": conversation_hash(conversation_id),
        "fingerprint": hashlib.sha256(json.dumps(astuple(request)).encode()).hexdigest(),
    }
    at = now()
    values = {
        "name": request.name,
        "contact_kind": request.contact_kind,
        "contact": request.contact,
        "preferred_time": request.preferred_time,
        "consented_at": at,
        "created_at": at,
        "delete_after": at + timedelta(days=keep_days),
    }
    insert = insert_into(engine, ReferralRequest).values(**key, **values)
    stored = select(ReferralRequest.id).filter_by(**key).with_for_update()
    with Session(engine) as session, session.begin():
        request_id = None
        while request_id is None:  # one that was there may be deleted at this very moment
            session.execute(insert.on_conflict_do_nothing())
            request_id = session.execute(stored).scalar_one_or_none()
        job = select(Delivery.id).where(Delivery.request_id == request_id)
        if deliver and session.execute(job).first() is None:
            session.add(Delivery(request_id=request_id))
    return str(request_id)


def list_requests(engine: Engine, status: str | None = None) -> list[Listed]:
    """Return all requests, or those with a status, oldest first."""
    query = select(ReferralRequest, Delivery).outerjoin(Delivery)
    if status == KEPT:
        query = query.where(~ReferralRequest.deliveries.any())
    elif status is not None:
        query = query.where(Delivery.status == status)
    with Session(reader(engine)) as session:
        rows = session.execute(query.order_by(ReferralRequest.created_at, ReferralRequest.id))
        return [_listed(request, job) for request, job in rows]


def retry(engine: Engine, ids: Iterable[str] | None = None) -> list[str]:
    """Have failed jobs tried again, from now on and as often as new ones.

    Args:
        ids: of requests; None is all that failed

    Returns:
        The ids of the requests whose job had failed.
    """
    query = select(Delivery).where(Delivery.status == FAILED).order_by(Delivery.id)
    if ids is not None:
        query = query.where(Delivery.__table__.c.request_id.in_(list(ids)))
    with Session(engine) as session, session.begin():
        jobs = session.execute(query.with_for_update()).scalars().all()
        for job in jobs:
            # The last error stays: it says that the job has been tried; see deletion.py.
            job.status, job.attempts, job.next_attempt_at = WAITING, 0, now()
        return [job.request_id for job in jobs]


def _check(request: Request) -> None:
    limits = (("name", NAME_LIMIT), ("contact", CONTACT_LIMIT))
    for field, limit in (*limits, ("preferred_time", PREFERRED_TIME_LIMIT)):
        value = getattr(request, field)
        if len(value) > limit or one_line(value) != value:
            raise ValueError(f"{field} must be one line of {limit} characters at most.")
    if not request.name or not request.contact or request.contact_kind not in KINDS:
        raise ValueError("A request needs a name, and a contact by phone or email.")


def _listed(request: Any, job: Any) -> Listed:
    return Listed(
        id=request.id,
        status=job.status if job else KEPT,
        is_deletion=bool(job and job.is_deletion),
        name=request.name,
        contact_kind=request.contact_kind,
        contact=request.contact,
        preferred_time=request.preferred_time,
        created_at=request.created_at,
        delete_after=request.delete_after,
        attempts=job.attempts if job else 0,
        last_error=job.last_error if job else None,
        sent_at=job.sent_at if job else None,
    )
