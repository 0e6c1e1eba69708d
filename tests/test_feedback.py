"""Feedback and revoked sessions in the database; its tables are what the migrations make."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from needlepoint.channels.revoked import is_revoked, revoke
from needlepoint.database.engine import connect
from needlepoint.database.tables import Base, Feedback, RevokedSession, now
from needlepoint.feedback import delete_feedback, feedback_of, store_feedback
from needlepoint.referral.requests import conversation_hash

DAY = 86_400


def rows(engine, table):
    with Session(engine) as session:
        return session.execute(select(table)).scalars().all()


def test_the_migrations_make_the_tables(engine):
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_feedback_is_stored_without_the_id_of_the_conversation(engine):
    store_feedback(engine, "me", "a1", "utter_faq_cost", "down", "Too vague.")
    (row,) = rows(engine, Feedback)
    assert row.conversation == conversation_hash("me") != "me"
    assert (row.answer_id, row.response, row.value) == ("a1", "utter_faq_cost", "down")
    assert row.comment == "Too vague."
    assert now() - row.created_at < timedelta(minutes=1)


def test_a_second_opinion_replaces_the_first(engine):
    store_feedback(engine, "me", "a1", "utter_faq_cost", "down", "Too vague.")
    store_feedback(engine, "me", "a1", "utter_faq_cost", "up")
    (row,) = rows(engine, Feedback)
    assert (row.value, row.comment) == ("up", None)


def test_conversations_and_answers_are_apart(engine):
    store_feedback(engine, "me", "a1", "r", "up")
    store_feedback(engine, "me", "a2", "r", "down")
    store_feedback(engine, "you", "a1", "r", "down")
    assert feedback_of(engine, "me") == {"a1": "up", "a2": "down"}
    assert delete_feedback(engine, "me") == 2
    assert feedback_of(engine, "me") == {}
    assert feedback_of(engine, "you") == {"a1": "down"}


@pytest.mark.parametrize(("value", "comment"), [("sideways", None), ("up", "x" * 501)])
def test_what_is_no_feedback_is_not_stored(engine, value, comment):
    with pytest.raises(ValueError, match="up or down"):
        store_feedback(engine, "me", "a1", "r", value, comment)
    assert rows(engine, Feedback) == []


def test_a_revoked_conversation_is_known_until_its_tokens_end(engine):
    assert not is_revoked(engine, "me")
    revoke(engine, "me", DAY)
    revoke(engine, "me", DAY)
    assert is_revoked(engine, "me")
    assert not is_revoked(engine, "you")
    with engine.begin() as connection:
        table = RevokedSession.__table__
        connection.execute(update(table).values(expires_at=now() - timedelta(seconds=1)))
    revoke(engine, "you", DAY)
    (row,) = rows(engine, RevokedSession)
    assert row.conversation == conversation_hash("you")
    assert timedelta(hours=23) < row.expires_at - now() <= timedelta(days=1)


def test_several_threads_may_open_the_database_at_once(database):
    with ThreadPoolExecutor(4) as threads:
        for engine in threads.map(lambda _: connect(database), range(8)):
            assert feedback_of(engine, "me") == {}
            engine.dispose()
