"""The tables. A change here needs a migration in ``migrations/versions``."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timezone
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import declarative_base, relationship
from sqlalchemy.types import TypeDecorator

Base: Any = declarative_base()

# For what each turn makes several of. SQLite gives numbers, of 64 bits, only to an INTEGER.
Wide = BigInteger().with_variant(Integer(), "sqlite")

# What a delivery is at: to be tried (again), taken by the receiver, given up.
WAITING, SENT, FAILED = "waiting", "sent", "failed"


def now() -> datetime:
    """Return the time, in UTC and with its zone."""
    return datetime.now(timezone.utc)


class UtcDateTime(TypeDecorator):
    """A moment: always with a zone in Python, always UTC in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what is stored.

        Raises:
            ValueError: the moment has no zone, so nobody knows when it is.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone.")
        return value.astimezone(timezone.utc).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what was stored."""
        return value.replace(tzinfo=timezone.utc) if value else None


def new_id() -> str:
    """Return an id that nobody can guess: 32 hex digits."""
    return uuid.uuid4().hex


class Practitioner(Base):
    """Somebody who works for the clinic, with the licence that was checked for the import."""

    __tablename__ = "practitioner"
    __table_args__ = (
        UniqueConstraint("licence_body", "licence_number"),
        Index("ix_practitioner_position", "latitude", "longitude"),
    )

    id: int = Column(Integer, primary_key=True)
    name: str = Column(String(200), nullable=False)
    titles: str = Column(String(200), nullable=False)
    gender: str | None = Column(String(20))
    licence_body: str = Column(String(200), nullable=False)
    licence_number: str = Column(String(100), nullable=False)
    licence_expires: date = Column(Date, nullable=False, index=True)
    address: str = Column(String(300), nullable=False)
    city: str = Column(String(100), nullable=False)
    region: str | None = Column(String(10))  # as "NC", "ON" or "WLS"
    postal_code: str | None = Column(String(20))
    country: str = Column(String(2), nullable=False)  # as "US"
    latitude: float = Column(Float, nullable=False)  # degrees
    longitude: float = Column(Float, nullable=False)  # degrees
    phone: str = Column(String(40), nullable=False)  # as "+18285550100"
    booking_url: str | None = Column(String(500))
    languages = relationship("Language", cascade="all, delete-orphan", lazy="selectin")
    specialities = relationship("Speciality", cascade="all, delete-orphan", lazy="selectin")


class Language(Base):
    """A language that a practitioner speaks."""

    __tablename__ = "practitioner_language"

    practitioner_id: int = Column(
        ForeignKey("practitioner.id", ondelete="CASCADE"), primary_key=True
    )
    code: str = Column(String(3), primary_key=True)  # ISO 639, as "es"


class Speciality(Base):
    """Something that a practitioner has a special interest in, in small letters."""

    __tablename__ = "practitioner_speciality"

    practitioner_id: int = Column(
        ForeignKey("practitioner.id", ondelete="CASCADE"), primary_key=True
    )
    name: str = Column(String(100), primary_key=True)


class ReferralRequest(Base):
    """A patient's request to be called back, with their consent."""

    __tablename__ = "referral_request"
    # The same words in the same conversation are the same request, however often they are sent.
    __table_args__ = (UniqueConstraint("conversation", "fingerprint"),)

    id: str = Column(String(32), primary_key=True, default=new_id)
    conversation: str = Column(String(64), nullable=False, index=True)  # a hash of its id
    fingerprint: str = Column(String(64), nullable=False)  # a hash of the other fields
    name: str = Column(Text, nullable=False)
    contact_kind: str = Column(String(5), nullable=False)  # "phone" or "email"
    contact: str = Column(String(320), nullable=False)
    preferred_time: str = Column(Text, nullable=False)
    consented_at: datetime = Column(UtcDateTime, nullable=False)
    created_at: datetime = Column(UtcDateTime, nullable=False, default=now, index=True)
    delete_after: datetime = Column(UtcDateTime, nullable=False, index=True)
    deliveries = relationship("Delivery", cascade="all, delete-orphan", back_populates="request")


class Delivery(Base):
    """The job to bring a request, or the wish to delete one, to the clinic."""

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_due", "status", "next_attempt_at"),)

    id: str = Column(String(32), primary_key=True, default=new_id)  # the idempotency key
    request_id: str = Column(
        ForeignKey("referral_request.id", ondelete="CASCADE"), nullable=False, index=True
    )
    is_deletion: bool = Column(Boolean, nullable=False, default=False)
    status: str = Column(String(10), nullable=False, default=WAITING)
    attempts: int = Column(Integer, nullable=False, default=0)
    next_attempt_at: datetime = Column(UtcDateTime, nullable=False, default=now)
    claimed_until: datetime | None = Column(UtcDateTime)  # a worker has it in hand
    last_error: str | None = Column(Text)
    sent_at: datetime | None = Column(UtcDateTime)
    request = relationship("ReferralRequest", back_populates="deliveries")


class Feedback(Base):
    """What a patient thinks of one answer."""

    __tablename__ = "feedback"
    __table_args__ = (UniqueConstraint("conversation", "answer_id"),)

    id: str = Column(String(32), primary_key=True, default=new_id)
    conversation: str = Column(String(64), nullable=False)  # a hash of its id
    answer_id: str = Column(String(32), nullable=False)
    response: str = Column(String(200), nullable=False)  # as "utter_faq_cost"; "" is none
    value: str = Column(String(4), nullable=False)  # "up" or "down"
    comment: str | None = Column(Text)
    created_at: datetime = Column(UtcDateTime, nullable=False, default=now, index=True)


class RevokedSession(Base):
    """A conversation that was deleted: its tokens are of no use for as long as they would live."""

    __tablename__ = "revoked_session"

    conversation: str = Column(String(64), primary_key=True)  # a hash of its id
    expires_at: datetime = Column(UtcDateTime, nullable=False, index=True)


class Conversation(Base):
    """How far a conversation is; what was said in it are its events."""

    __tablename__ = "conversation"

    id: str = Column(String(255), primary_key=True)  # as the channel gave it
    generation: str = Column(String(32), nullable=False, default=new_id)  # another after a deletion
    last_number: int = Column(Integer, nullable=False)  # of its newest event
    fence: int = Column(BigInteger, nullable=False)  # the highest of those who wrote; 0 is none
    # Events that sum up those up to the number, as a JSON list; see stores/bounded.py.
    head: str | None = Column(Text)
    head_number: int = Column(Integer, nullable=False)
    updated_at: datetime = Column(UtcDateTime, nullable=False, default=now, index=True)


class ConversationEvent(Base):
    """An event of a conversation, as Rasa's tracker has it."""

    __tablename__ = "conversation_event"
    __table_args__ = (
        Index("ix_conversation_event_number", "conversation", "number", unique=True),
        Index("ix_conversation_event_message_key", "conversation", "message_key"),
    )

    id: int = Column(Wide, primary_key=True)
    conversation: str = Column(String(255), nullable=False)
    number: int = Column(Integer, nullable=False)  # in its conversation: 1, 2, ...
    data: str = Column(Text, nullable=False)  # JSON
    message_key: str | None = Column(String(255))  # of a person's message, as the channel has it
    stored_at: datetime = Column(UtcDateTime, nullable=False, default=now)


class SlackIncoming(Base):
    """What came from Slack: to be answered, or answered and kept so that it is not again."""

    __tablename__ = "slack_incoming"
    __table_args__ = (
        Index("ix_slack_incoming_due", "status", "next_attempt_at"),
        Index("ix_slack_incoming_conversation", "conversation", "number"),
    )

    number: int = Column(Wide, primary_key=True)  # in the order in which they came
    id: str = Column(String(255), nullable=False, unique=True)  # Slack's own
    conversation: str = Column(String(64), nullable=False)  # a hash of its id
    data: str = Column(Text, nullable=False)  # JSON; "" once it is answered
    status: str = Column(String(10), nullable=False, default=WAITING)
    attempts: int = Column(Integer, nullable=False, default=0)
    posted: int = Column(Integer, nullable=False, default=0)  # messages of the answer
    next_attempt_at: datetime = Column(UtcDateTime, nullable=False, default=now)
    claimed_until: datetime | None = Column(UtcDateTime)  # a worker has it in hand
    created_at: datetime = Column(UtcDateTime, nullable=False, default=now, index=True)
