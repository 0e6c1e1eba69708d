"""What came from Slack, kept until it is answered. No Slack and no Rasa here.

Slack takes an event for delivered once it is acknowledged, and sends it again when it is not, to
any worker. So what comes is stored first, under its own id, then acknowledged, then answered: each
once, also when it comes twice, when a worker is killed in the middle, or when Slack cannot be
reached for a while. All workers share the table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, aliased

from needlepoint.channels.slack_incoming import Incoming, Place
from needlepoint.database.engine import insert_into, reader
from needlepoint.database.tables import FAILED, WAITING, SlackIncoming, now
from needlepoint.referral.requests import conversation_hash

DONE, TOLD = "done", "told"
LEASE = timedelta(seconds=20)  # of who has one in hand; renewed while they do
KEEP = timedelta(days=7)  # Slack repeats an event within hours
# Nothing else is in these sessions that would have to know of a change.
_ALONE = {"synchronize_session": False}


@dataclass(frozen=True)
class Claim:
    """One that this worker has in hand.

    Attributes:
        number: of its row
        incoming: what came
        is_first: nothing of its conversation came before, for some days
        attempts: how often it was taken in hand before
        posted: how many messages of its answer were posted then, for certain
        said: these messages as plain data, if the bot has answered then
    """

    number: int
    incoming: Incoming
    is_first: bool
    attempts: int
    posted: int
    said: Sequence[Mapping[str, Any]] | None = None


def put(engine: Engine, incoming: Incoming) -> bool:
    """Store what came; return False if it was there.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: it could not be stored, and must not be acknowledged.
    """
    at = now()
    insert = insert_into(engine, SlackIncoming).values(
        id=incoming.id,
        conversation=conversation_hash(incoming.conversation),
        data=json.dumps(asdict(incoming)),
        status=WAITING,
        attempts=0,
        posted=0,
        next_attempt_at=at,
        created_at=at,
    )
    with Session(engine) as session, session.begin():
        return bool(session.execute(insert.on_conflict_do_nothing()).rowcount)


def claim(engine: Engine, limit: int) -> list[Claim]:
    """Take in hand what is due, oldest first, and one at a time of each conversation."""
    row: Any = SlackIncoming
    older = aliased(SlackIncoming)
    is_behind = exists().where(
        older.conversation == row.conversation,
        older.number < row.number,
        older.status == WAITING,
    )
    at = now()
    is_free = or_(row.claimed_until.is_(None), row.claimed_until <= at)
    due = (row.status == WAITING, row.next_attempt_at <= at, is_free)
    query = select(row.number).where(*due, ~is_behind).order_by(row.number).limit(limit)
    with Session(reader(engine)) as session:
        numbers = session.execute(query).scalars().all()
    if not numbers:
        return []
    taken: list[Claim] = []
    with Session(engine) as session, session.begin():
        for number in numbers:
            # Of two workers that saw it, one gets it.
            mine = update(row).where(row.number == number, *due)
            values = {"claimed_until": at + LEASE, "attempts": row.attempts + 1}
            if session.execute(mine.values(values), execution_options=_ALONE).rowcount:
                taken.append(_claimed(session, number))
    return taken


def renew(engine: Engine, numbers: Sequence[int]) -> None:
    """Keep in hand what is in hand."""
    _change(engine, numbers, claimed_until=now() + LEASE)


def keep_said(engine: Engine, claim: Claim, said: Sequence[Mapping[str, Any]]) -> None:
    """Keep what the bot says to it, as plain data, until it is posted: the bot is asked once."""
    row = SlackIncoming
    data = json.dumps({**asdict(claim.incoming), "said": list(said)})
    # Where its conversation was deleted meanwhile, the words do not come back.
    mine = (row.number == claim.number, row.status == WAITING)
    with Session(engine) as session, session.begin():
        session.execute(update(row).where(*mine).values(data=data), execution_options=_ALONE)


def count_posted(engine: Engine, number: int, posted: int) -> None:
    """Note that so many messages of an answer have been posted."""
    _change(engine, [number], posted=posted)


def finish(engine: Engine, number: int) -> None:
    """Note that it is answered, and forget its words."""
    _change(engine, [number], status=DONE, data="", claimed_until=None)


def fail(engine: Engine, number: int) -> None:
    """Note that its answer could not be sent, and forget its words."""
    _change(engine, [number], status=FAILED, data="", claimed_until=None)


def put_back(engine: Engine, number: int, seconds: float) -> None:
    """Let it be tried again, after some seconds."""
    at = now() + timedelta(seconds=seconds)
    _change(engine, [number], claimed_until=None, next_attempt_at=at)


def has_failed(engine: Engine, conversation: str) -> bool:
    """Tell whether an answer in a conversation could not be sent, and nobody was told so."""
    row = SlackIncoming
    key = conversation_hash(conversation)
    query = select(row.number).where(row.conversation == key, row.status == FAILED).limit(1)
    with Session(reader(engine)) as session:
        return session.execute(query).first() is not None


def tell(engine: Engine, conversation: str) -> None:
    """Note that the person was told of what could not be sent."""
    row = SlackIncoming
    mine = (row.conversation == conversation_hash(conversation), row.status == FAILED)
    with Session(engine) as session, session.begin():
        session.execute(update(row).where(*mine).values(status=TOLD), execution_options=_ALONE)


def forget(engine: Engine, conversation: str) -> None:
    """Forget the words of a conversation that are still to be answered."""
    row = SlackIncoming
    mine = (row.conversation == conversation_hash(conversation), row.status == WAITING)
    with Session(engine) as session, session.begin():
        session.execute(
            update(row).where(*mine).values(status=DONE, data=""), execution_options=_ALONE
        )


def purge(engine: Engine) -> int:
    """Delete what is over and old enough never to come again; return how much it was."""
    row = SlackIncoming
    # One that waits so long is answered by nobody: the channel was switched off.
    old = (row.created_at <= now() - KEEP,)
    with Session(engine) as session, session.begin():
        return int(session.execute(delete(row).where(*old), execution_options=_ALONE).rowcount)


def _claimed(session: Session, number: int) -> Claim:
    row = session.execute(select(SlackIncoming).where(SlackIncoming.number == number)).scalar_one()
    before = select(SlackIncoming.number).where(
        SlackIncoming.conversation == row.conversation, SlackIncoming.number < number
    )
    data = json.loads(row.data)
    said = data.pop("said", None)
    incoming = Incoming(**{**data, "place": Place(**data["place"])})
    is_first = session.execute(before.limit(1)).first() is None
    return Claim(number, incoming, is_first, row.attempts - 1, row.posted, said)


def _change(engine: Engine, numbers: Sequence[int], **values: Any) -> None:
    row: Any = SlackIncoming
    mine = row.number.in_(numbers)
    with Session(engine) as session, session.begin():
        session.execute(update(row).where(mine).values(**values), execution_options=_ALONE)
