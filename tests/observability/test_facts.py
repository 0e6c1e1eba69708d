"""What the database counts, on SQLite and PostgreSQL."""

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from needlepoint.database.tables import FAILED, Conversation, Delivery, ReferralRequest, now
from needlepoint.feedback import store_feedback
from needlepoint.observability import facts as module
from needlepoint.observability.facts import Outbox, read_facts, read_outbox
from needlepoint.referral.deletion import delete_request
from needlepoint.referral.requests import store_request


def test_an_empty_database_has_nothing(engine):
    facts = read_facts(engine)
    assert (facts.conversations_today, facts.last_turn) == (0, None)
    assert (facts.outbox, facts.feedback_up, facts.feedback_down) == (Outbox(0, 0, 0.0), 0, 0)


def test_the_outbox_is_counted_with_the_age_of_the_oldest(engine, a_request):
    ids = [
        store_request(engine, "me", a_request(name=f"Zoë {n}"), keep_days=30, deliver=True)
        for n in range(3)
    ]
    with Session(engine) as session, session.begin():
        hour_ago = now() - timedelta(hours=1)
        aged = update(ReferralRequest).where(ReferralRequest.id == ids[0])
        session.execute(aged.values(created_at=hour_ago))
        older = update(ReferralRequest).where(ReferralRequest.id == ids[1])
        session.execute(older.values(created_at=hour_ago - timedelta(days=1)))
        given_up = update(Delivery).where(Delivery.request_id == ids[1])
        session.execute(given_up.values(status=FAILED))
    outbox = read_outbox(engine)
    assert (outbox.waiting, outbox.failed) == (2, 1)
    assert outbox.oldest_seconds == pytest.approx(3600, abs=60)


def test_a_wish_to_delete_waits_but_has_no_age(engine, a_request):
    request_id = store_request(engine, "me", a_request(), keep_days=30, deliver=True)
    with Session(engine) as session, session.begin():
        session.execute(update(Delivery).values(attempts=1))
    delete_request(engine, request_id)
    with Session(engine) as session:
        assert session.execute(select(Delivery.is_deletion)).scalars().all() == [True]
    outbox = read_outbox(engine)
    assert (outbox.waiting, outbox.oldest_seconds) == (1, 0.0)


def test_conversations_and_feedback_are_counted(engine, monkeypatch):
    noon = datetime(2026, 11, 3, 12, tzinfo=timezone.utc)
    monkeypatch.setattr(module, "now", lambda: noon)
    with Session(engine) as session, session.begin():
        for conversation, hours in (("a", 0), ("b", 12), ("c", 12.01)):
            row = Conversation(id=conversation, last_number=1, fence=0, head_number=0)
            row.updated_at = noon - timedelta(hours=hours)
            session.add(row)
    store_feedback(engine, "a", "1" * 32, "utter_faq_cost", "up")
    store_feedback(engine, "a", "2" * 32, "utter_faq_cost", "down", "Zoë was here")
    facts = read_facts(engine)
    assert facts.conversations_today == 2
    assert facts.last_turn == noon
    assert (facts.feedback_up, facts.feedback_down) == (1, 1)
    assert "Zoë" not in repr(facts)
