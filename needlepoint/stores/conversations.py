"""Conversations in the database, as rows. No Rasa here, so that commands start at once.

Every change of a conversation is one transaction that begins with its row: of two that come at
once, the second one sees what the first has done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import zip_longest
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from needlepoint.database.engine import reader
from needlepoint.database.tables import Conversation, ConversationEvent, new_id, now
from needlepoint.observability.pseudonym import pseudonym

KEEP_DAYS = 30.0
# So many conversations one transaction of a purge deletes at most; turns wait for it in SQLite.
PURGED_AT_ONCE = 50


class StaleWriterError(RuntimeError):
    """Who writes has not seen what another one has written, or holds the lock no more."""

    def __init__(self, conversation: str) -> None:
        super().__init__(
            f"Conversation {pseudonym(conversation)} has been changed by another worker meanwhile."
        )


@dataclass(frozen=True)
class Version:
    """A state of a conversation.

    Attributes:
        generation: another one after the conversation was deleted; "" if there is none
        last: the number of its newest event, from 1; 0 if there is none
    """

    generation: str
    last: int


NEW = Version("", 0)
# Built once: anew for each turn, that took a third of the time that a turn spends on the database.
_MINE = Conversation.id == bindparam("conversation")
_STATE = (Conversation.generation, Conversation.last_number, Conversation.head_number)
_AT = select(*_STATE).where(_MINE)
_AT_LOCKED = _AT.add_columns(Conversation.fence).with_for_update()
_HEAD = select(Conversation.head, Conversation.head_number, Conversation.last_number).where(_MINE)
_UPDATE = update(Conversation).where(_MINE)
_INSERT = insert(Conversation)
_INSERT_EVENTS = insert(ConversationEvent)
_EVENTS = (
    select(ConversationEvent.data)
    .where(
        ConversationEvent.conversation == bindparam("conversation"),
        ConversationEvent.number > bindparam("after"),
        ConversationEvent.number <= bindparam("last"),
    )
    .order_by(ConversationEvent.number)
)


@dataclass(frozen=True)
class Recent:
    """What somebody has to read of a conversation.

    Attributes:
        version: what it is at
        head_number: of the last event that the head sums up; 0 is none
        head: JSON, or None if there is none; also where it is known already
        since: the number after which the events are
        events: JSON of each, oldest first
    """

    version: Version
    head_number: int
    head: str | None
    since: int
    events: list[str]

    def follows(self, known: Version, known_head: int) -> bool:
        """Tell whether it goes on where a reader was."""
        was = (known.generation, known.last, known_head)
        return (self.version.generation, self.since, self.head_number) == was


@dataclass(frozen=True)
class Head:
    """What sums up a conversation up to an event.

    Attributes:
        number: of that event
        data: makes the JSON, or None if there is none; called only where it is to be written
    """

    number: int
    data: Callable[[], str | None]


def read_recent(
    engine: Engine, conversation: str, known: Version = NEW, known_head: int = 0
) -> Recent | None:
    """Return what is new in a conversation, or None if there is no such conversation.

    Args:
        known: what the reader has in memory
        known_head: the number of the head that the reader has
    """
    mine = {"conversation": conversation}
    with reading(engine).connect() as connection:
        found = connection.execute(_AT, mine).first()
        if found is None:
            return None
        version = Version(found.generation, found.last_number)
        if version == known:
            return Recent(version, known_head, None, known.last, [])
        if version.generation == known.generation and found.head_number == known_head:
            events = _events(connection, conversation, known.last, version.last)
            return Recent(version, known_head, None, known.last, events)
        # The head again, with its number: another worker may just have moved it.
        found = connection.execute(_HEAD, mine).first()
        if found is None:
            return None
        since = found.head_number
        events = _events(connection, conversation, since, found.last_number)
        version = Version(version.generation, found.last_number)
        return Recent(version, since, found.head, since, events)


def read_all(engine: Engine, conversation: str) -> tuple[Version, list[str]]:
    """Return all events of a conversation as JSON, oldest first, and its version."""
    with reading(engine).connect() as connection:
        found = connection.execute(_AT, {"conversation": conversation}).first()
        if found is None:
            return NEW, []
        events = _events(connection, conversation, 0, found.last_number)
        return Version(found.generation, found.last_number), events


def version_of(engine: Engine, conversation: str) -> Version:
    """Return what a conversation is at; ``NEW`` if there is no such conversation."""
    with reading(engine).connect() as connection:
        found = connection.execute(_AT, {"conversation": conversation}).first()
    return Version(found.generation, found.last_number) if found else NEW


def append(
    engine: Engine,
    conversation: str,
    seen: Version,
    events: Sequence[str],
    head: Head,
    fence: int | None = None,
    keys: Sequence[str | None] = (),
) -> Version:
    """Add events to a conversation, all or none, and return its version.

    Args:
        seen: what the writer knows of it; ``NEW`` makes it
        events: JSON of each
        head: what sums it up from now on
        fence: of the lock that the writer holds, or None if its lock has none
        keys: by which ``has_message`` finds each event; None for most of them

    Raises:
        StaleWriterError: the conversation is at another version, or somebody with a higher fence
            has written; nothing is changed.
    """
    try:
        with engine.begin() as connection:
            return _append(connection, conversation, seen, events, head, fence or 0, keys)
    except IntegrityError:
        # Two have begun it at once.
        raise StaleWriterError(conversation) from None


def _append(
    connection: Connection,
    conversation: str,
    seen: Version,
    events: Sequence[str],
    head: Head,
    fence: int,
    keys: Sequence[str | None],
) -> Version:
    mine = {"conversation": conversation}
    found = connection.execute(_AT_LOCKED, mine).first()
    at = Version(found.generation, found.last_number) if found else NEW
    if at != seen or (found and 0 < fence < found.fence):
        raise StaleWriterError(conversation)
    last = seen.last + len(events)
    new: dict[str, Any] = {"last_number": last, "updated_at": now()}
    new["fence"] = max(fence, found.fence) if found else fence
    if found is None or found.head_number != head.number:
        new.update(head=head.data(), head_number=head.number)
    if found:
        generation = found.generation
        connection.execute(_UPDATE, {**mine, **new})
    else:
        generation = new_id()
        connection.execute(_INSERT, {"id": conversation, "generation": generation, **new})
    rows = [
        {"conversation": conversation, "number": number, "data": data, "message_key": key}
        for number, (data, key) in enumerate(zip_longest(events, keys), seen.last + 1)
    ]
    connection.execute(_INSERT_EVENTS, rows)
    return Version(generation, last)


def has_message(engine: Engine, conversation: str, key: str) -> bool:
    """Tell whether a conversation has a message with a key."""
    row = ConversationEvent
    mine = (row.conversation == conversation, row.message_key == key)
    with reading(engine).connect() as connection:
        return connection.execute(select(row.id).where(*mine).limit(1)).first() is not None


def delete_conversation(engine: Engine, conversation: str) -> bool:
    """Delete a conversation, and tell whether there was one."""
    with engine.begin() as connection:
        return _delete(connection, conversation, Conversation.id == conversation)


def purge_conversations(engine: Engine, keep: timedelta) -> int:
    """Delete the conversations without a message for longer than ``keep``; return how many."""
    is_over = Conversation.updated_at < now() - keep
    query = select(Conversation.id).where(is_over).order_by(Conversation.id).limit(PURGED_AT_ONCE)
    count = 0
    while True:
        with reading(engine).connect() as connection:
            ids = list(connection.execute(query).scalars())
        if not ids:
            return count
        with engine.begin() as connection:
            # One that has gone on since is not over.
            count += sum(_delete(connection, one, is_over) for one in ids)


def conversation_ids(engine: Engine) -> Iterator[str]:
    """Return the ids of all conversations."""
    with reading(engine).connect() as connection:
        return iter(connection.execute(select(Conversation.id)).scalars().all())


def reading(engine: Engine) -> Engine:
    """Return the same engine for single reads, which need no transaction around them."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="AUTOCOMMIT")
    return reader(engine)


def _delete(connection: Connection, conversation: str, condition: Any) -> bool:
    gone = delete(Conversation).where(Conversation.id == conversation, condition)
    if not connection.execute(gone).rowcount:
        return False
    mine = ConversationEvent.conversation == conversation
    connection.execute(delete(ConversationEvent).where(mine))
    return True


def _events(connection: Connection, conversation: str, after: int, last: int) -> list[str]:
    stretch = {"conversation": conversation, "after": after, "last": last}
    return list(connection.execute(_EVENTS, stretch).scalars())
