"""The worker: who has a job, when it is tried again, when it is given up, what the log says."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from needlepoint.database.tables import Delivery, now
from needlepoint.referral import delivery, jobs
from needlepoint.referral.deletion import delete_requests
from needlepoint.referral.delivery import Pace, Tally, Worker
from needlepoint.referral.message import PermanentError, TemporaryError
from needlepoint.referral.requests import list_requests, retry, store_request

# What is to be tried again is not due again by itself, however slow the machine is.
SLOW = Pace(first_wait=3600)
LATER, NEVER = TemporaryError("the webhook answered 500"), PermanentError("it answered 400")


class Desk:
    """A destination that does with each message what the next of ``outcomes`` is."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.messages = []

    def send(self, message):
        self.messages.append(message)
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if isinstance(outcome, Exception):
            raise outcome
        if outcome:
            outcome()


@pytest.fixture
def store(engine, a_request):
    def run(conversation="s", **changes):
        return store_request(engine, conversation, a_request(**changes), 30, deliver=True)

    return run


def only_job(engine):
    with Session(engine) as session:
        return session.execute(select(Delivery)).scalars().one()


def move_back(engine, **columns):
    """As if time had passed: set moments of all jobs to some seconds before now."""
    values = {name: now() - timedelta(seconds=seconds) for name, seconds in columns.items()}
    with engine.begin() as connection:
        connection.execute(update(Delivery.__table__).values(**values))


def test_what_is_due_is_sent_once(engine, store, a_request):
    request_id, desk = store(), Desk()
    assert Worker(engine, desk).run_once() == Tally(sent=1)
    assert Worker(engine, desk).run_once() == Tally()
    [message] = desk.messages
    job = only_job(engine)
    assert (message.key, message.request_id) == (job.id, request_id)
    assert message.request == a_request()
    assert (job.status, job.attempts, job.claimed_until) == ("sent", 1, None)
    assert job.sent_at


def test_a_temporary_error_is_tried_again_with_the_same_key(engine, store):
    store()
    desk = Desk(LATER, LATER)
    worker = Worker(engine, desk, SLOW)
    for _ in range(2):
        before = now()
        assert worker.run_once() == Tally(postponed=1)
        job = only_job(engine)
        assert (job.status, job.last_error, job.claimed_until) == ("waiting", str(LATER), None)
        assert job.next_attempt_at > before
        assert worker.run_once() == Tally(), "it is not due yet"
        move_back(engine, next_attempt_at=0)
    assert worker.run_once() == Tally(sent=1)
    assert len({message.key for message in desk.messages}) == 1
    assert only_job(engine).last_error is None


def test_the_receivers_wish_to_wait_is_obeyed_within_reason(engine, store):
    store()
    for wish, expected in ((7200.0, 7200), (1e9, 86400)):
        before = now()
        Worker(engine, Desk(TemporaryError("busy", wish))).run_once()
        waits = only_job(engine).next_attempt_at - before
        assert expected <= waits.total_seconds() < expected + 60
        move_back(engine, next_attempt_at=0)


def test_a_permanent_error_is_given_up_until_retried(engine, store):
    store()
    worker = Worker(engine, Desk(NEVER))
    assert worker.run_once() == Tally(failed=1)
    [listed] = list_requests(engine, "failed")
    assert listed.last_error == str(NEVER)
    assert worker.run_once() == Tally()
    retry(engine)
    assert worker.run_once() == Tally(sent=1)


def test_after_so_many_attempts_a_job_is_given_up(engine, store):
    store()
    worker = Worker(engine, Desk(*[LATER] * 3), Pace(first_wait=3600, attempts=3))
    for expected in (Tally(postponed=1), Tally(postponed=1), Tally(failed=1), Tally()):
        assert worker.run_once() == expected
        move_back(engine, next_attempt_at=0)
    assert only_job(engine).status == "failed"


def test_waits_double_up_to_an_hour_and_are_spread():
    pace = Pace()
    waits = [[pace.wait(attempts) for _ in range(200)] for attempts in (1, 2, 5, 13, 10_000)]
    for values, full in zip(waits, (1, 2, 16, 3600, 3600), strict=True):
        assert full / 2 <= min(values) < max(values) <= full


def test_a_lease_outlasts_an_attempt():
    with pytest.raises(ValueError, match="lease"):
        Pace(attempt_limit=10, lease=10)


def test_a_job_in_hand_is_taken_by_nobody_until_its_lease_is_over(engine, store):
    store()
    killed = jobs.take(engine, lease=60)
    assert Worker(engine, Desk()).run_once() == Tally()
    move_back(engine, claimed_until=1)
    desk = Desk()
    assert Worker(engine, desk).run_once() == Tally(sent=1)
    assert desk.messages == [killed.message]
    # Who comes back from the dead has nothing to say any more.
    assert not jobs.note_failed(engine, killed, "late")
    assert only_job(engine).status == "sent"


def test_many_workers_never_have_the_same_job(engine, store):
    ids = {store(f"s{number}") for number in range(60)}
    desk = Desk()
    with ThreadPoolExecutor(6) as pool:
        tallies = list(pool.map(lambda _: Worker(engine, desk).run_once(), range(6)))
    assert sum(tally.sent for tally in tallies) == 60
    assert sorted(message.request_id for message in desk.messages) == sorted(ids)


def test_two_that_claim_at_the_same_moment_get_one_job(engine, store):
    store()
    barrier = threading.Barrier(8)

    def take(_):
        barrier.wait()
        return jobs.take(engine, 60)

    with ThreadPoolExecutor(8) as pool:
        assert sum(job is not None for job in pool.map(take, range(8))) == 1


def test_an_attempt_that_takes_too_long_is_left_alone(engine, store):
    store()
    over = threading.Event()
    worker = Worker(engine, Desk(over.wait), Pace(first_wait=3600, attempt_limit=0.1))
    assert worker.run_once() == Tally(postponed=1)
    over.set()
    assert only_job(engine).last_error == "no answer within 0.1 s"


def test_a_fault_holds_up_no_other_job_and_its_words_are_not_kept(engine, store, caplog):
    store("a")
    store("b")
    worker = Worker(engine, Desk(RuntimeError("about Zoë")), SLOW)
    assert worker.run_once() == Tally(sent=1, postponed=1)
    [waiting] = list_requests(engine, "waiting")
    assert waiting.last_error.startswith("RuntimeError in send, line ")
    assert "Zoë" not in caplog.text


def test_a_deletion_comes_after_the_request_it_is_about(engine, store):
    request_id = store()
    desk = Desk(lambda: delete_requests(engine, "s"))
    worker = Worker(engine, desk)
    assert worker.run_once() == Tally(sent=1)
    assert worker.run_once() == Tally(), "not while the request may be under way"
    move_back(engine, next_attempt_at=0)
    assert worker.run_once() == Tally(sent=1)
    told = [(message.request_id, message.request is None) for message in desk.messages]
    assert told == [(request_id, False), (request_id, True)]
    assert len({message.key for message in desk.messages}) == 2


def test_what_was_deleted_is_never_sent(engine, store):
    store()
    Worker(engine, Desk(LATER), SLOW).run_once()
    delete_requests(engine, "s")
    move_back(engine, next_attempt_at=0)
    desk = Desk()
    Worker(engine, desk).run_once()
    assert [message.request for message in desk.messages] == [None]


def test_a_worker_that_is_stopped_finishes_the_job_in_hand(engine, store):
    store("a")
    store("b")
    stop = threading.Event()
    desk = Desk(stop.set)
    Worker(engine, desk).run(stop)
    assert len(desk.messages) == 1
    assert [listed.status for listed in list_requests(engine)] == ["sent", "waiting"]


def test_a_running_worker_purges_and_outlives_a_database_that_is_away(
    engine, store, a_request, monkeypatch, caplog
):
    old = store_request(engine, "old", a_request(), -1, deliver=False)
    store()
    stop, take, calls = threading.Event(), jobs.take, []

    def away_at_first(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            raise OperationalError("INSERT", {"name": "Zoë"}, Exception("gone"))
        return take(*arguments)

    monkeypatch.setattr(jobs, "take", away_at_first)
    monkeypatch.setattr(delivery, "DATABASE_WAIT", 0.0)
    monkeypatch.setattr(delivery, "purge_requests", _then(stop.set, delivery.purge_requests))
    Worker(engine, Desk()).run(stop)
    assert [listed.status for listed in list_requests(engine)] == ["sent"]
    assert old not in [listed.id for listed in list_requests(engine)]
    assert "the database cannot be used: OperationalError" in caplog.text
    assert "Zoë" not in caplog.text


def _then(after, call):
    def both(*arguments):
        call(*arguments)
        after()

    return both


def test_the_log_has_ids_and_nothing_personal(engine, store, caplog):
    caplog.set_level(logging.DEBUG)
    ids = [store(f"s{number}", contact_kind="email", contact="jo@example.com") for number in "123"]
    delete_requests(engine, "s3")
    Worker(engine, Desk(LATER, NEVER), SLOW).run_once()
    retry(engine)
    Worker(engine, Desk()).run_once()
    assert ids[0] in caplog.text and ids[1] in caplog.text
    for word in ("Zoë", "jo@example.com", "Tuesday", "s1", "s2"):
        assert word not in caplog.text
