"""Requests in the database: stored once with one job, listed, retried, deleted, purged."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from needlepoint.database.tables import Delivery, ReferralRequest, now
from needlepoint.referral import jobs
from needlepoint.referral.deletion import (
    Deleted,
    Purged,
    delete_request,
    delete_requests,
    purge_requests,
)
from needlepoint.referral.person_name import valid_name
from needlepoint.referral.requests import (
    KEPT,
    conversation_hash,
    list_requests,
    retry,
    store_request,
)

LEASE = 60.0


def rows(engine, table):
    with Session(engine) as session:
        return session.execute(select(table)).scalars().all()


def make_due(engine):
    with engine.begin() as connection:
        connection.execute(update(Delivery.__table__).values(next_attempt_at=now()))


def test_a_request_is_stored_with_its_job(engine, a_request):
    request_id = store_request(engine, "sender-1", a_request(), 30, deliver=True)
    [listed] = list_requests(engine)
    assert (listed.id, listed.status, listed.is_deletion) == (request_id, "waiting", False)
    assert (listed.name, listed.contact_kind) == ("Zoë Müller", "phone")
    assert (listed.contact, listed.preferred_time) == ("+18285550100", "Tuesday morning")
    assert listed.delete_after - listed.created_at == timedelta(days=30)
    [row] = rows(engine, ReferralRequest)
    assert row.conversation == conversation_hash("sender-1") != "sender-1"


def test_the_same_request_is_stored_once(engine, a_request):
    first = store_request(engine, "s", a_request(), 30, deliver=True)
    assert store_request(engine, "s", a_request(), 30, deliver=True) == first
    assert len(rows(engine, Delivery)) == 1
    others = {
        store_request(engine, "another", a_request(), 30, deliver=True),
        store_request(engine, "s", a_request(name="Bo"), 30, deliver=True),
        store_request(engine, "s", a_request(preferred_time="noon"), 30, deliver=True),
    }
    assert len({first, *others}) == len(rows(engine, Delivery)) == 4


def test_the_same_request_at_the_same_moment_is_stored_once(engine, a_request):
    with ThreadPoolExecutor(8) as pool:
        stored = pool.map(
            lambda number: store_request(engine, f"s{number % 5}", a_request(), 30, deliver=True),
            range(100),
        )
        assert len(set(stored)) == 5
    assert len(rows(engine, ReferralRequest)) == len(rows(engine, Delivery)) == 5


def test_without_destination_a_request_is_kept_until_there_is_one(engine, a_request):
    request_id = store_request(engine, "s", a_request(), 30, deliver=False)
    assert [listed.status for listed in list_requests(engine)] == [KEPT]
    assert rows(engine, Delivery) == []
    assert store_request(engine, "s", a_request(), 30, deliver=True) == request_id
    assert [listed.status for listed in list_requests(engine)] == ["waiting"]


@pytest.mark.parametrize(
    "broken",
    [
        {"name": "Jo\nBcc: x"},
        {"name": ""},
        {"name": "x" * 10_000},
        {"name": "\u202eJo"},
        {"contact_kind": "fax"},
        {"contact": "a@example.com\r\nBcc: b@example.com"},
        {"contact": ""},
        {"preferred_time": "noon\x00"},
        {"preferred_time": "x" * 10_000},
    ],
)
def test_what_was_not_cleaned_is_refused_without_repeating_it(engine, a_request, broken):
    with pytest.raises(ValueError) as refused:
        store_request(engine, "s", a_request(**broken), 30, deliver=True)
    [value] = broken.values()
    assert not value or value not in str(refused.value)
    assert rows(engine, ReferralRequest) == []


@pytest.mark.parametrize(
    "name",
    ['=HYPERLINK("http://x.example")', "دانا", "Jo 👩\u200d👩\u200d👧", "'); DROP TABLE delivery;"],
)
def test_odd_names_are_stored_as_text(engine, a_request, name):
    store_request(engine, "s", a_request(name=valid_name(name)), 30, deliver=True)
    assert [listed.name for listed in list_requests(engine)] == [name]


def test_requests_are_listed_by_status_oldest_first(engine, a_request):
    ids = [store_request(engine, f"s{n}", a_request(), 30, deliver=n < 3) for n in range(4)]
    jobs.note_sent(engine, jobs.take(engine, LEASE))
    jobs.note_failed(engine, jobs.take(engine, LEASE), "the webhook answered 400")
    assert [listed.id for listed in list_requests(engine)] == ids
    by_status = [
        [listed.id for listed in list_requests(engine, status)]
        for status in ("sent", "failed", "waiting", "kept")
    ]
    assert by_status == [[request_id] for request_id in ids]
    assert list_requests(engine, "failed")[0].last_error == "the webhook answered 400"


def test_only_what_failed_is_retried(engine, a_request):
    ids = [store_request(engine, f"s{n}", a_request(), 30, deliver=True) for n in range(4)]
    for note in (jobs.note_sent, _fail, _fail):
        note(engine, jobs.take(engine, LEASE))
    assert retry(engine, [ids[0], ids[1], ids[3], "unknown"]) == [ids[1]]
    assert retry(engine) == [ids[2]]
    assert retry(engine) == []
    assert sorted(listed.attempts for listed in list_requests(engine)) == [0, 0, 0, 1]


def _fail(engine, job):
    return jobs.note_failed(engine, job, "refused")


def test_what_was_never_tried_vanishes_with_its_job(engine, a_request):
    store_request(engine, "s", a_request(), 30, deliver=True)
    store_request(engine, "s", a_request(name="Bo"), 30, deliver=False)
    other = store_request(engine, "another", a_request(), 30, deliver=True)
    assert delete_requests(engine, "s") == Deleted(2, maybe_delivered=False)
    assert [listed.id for listed in list_requests(engine)] == [other]
    assert len(rows(engine, Delivery)) == 1
    assert delete_requests(engine, "s") == Deleted(0, maybe_delivered=False)


@pytest.mark.parametrize("state", ["sent", "in hand", "postponed", "failed", "retried"])
def test_of_what_may_have_arrived_the_clinic_is_told(engine, a_request, state):
    request_id = store_request(engine, "s", a_request(), 30, deliver=True)
    job = jobs.take(engine, LEASE)
    if state == "sent":
        jobs.note_sent(engine, job)
    elif state == "postponed":
        jobs.note_postponed(engine, job, "no answer", 60)
    elif state != "in hand":
        _fail(engine, job)
        if state == "retried":
            retry(engine)
    assert delete_requests(engine, "s") == Deleted(1, maybe_delivered=True)
    [row] = rows(engine, ReferralRequest)
    erased = (row.name, row.contact, row.preferred_time, row.conversation)
    assert (row.id, *erased, row.fingerprint) == (request_id, "", "", "", "", request_id)
    [listed] = list_requests(engine)
    assert (listed.status, listed.is_deletion) == ("waiting", True)
    # It must not overtake an attempt that may still be under way.
    assert (jobs.take(engine, LEASE) is not None) == (state == "sent")
    assert delete_requests(engine, "s") == Deleted(0, maybe_delivered=False)
    assert delete_request(engine, request_id) == Deleted(0, maybe_delivered=False)


def test_a_worker_cannot_note_a_job_that_was_deleted_in_its_hand(engine, a_request):
    store_request(engine, "s", a_request(), 30, deliver=True)
    job = jobs.take(engine, LEASE)
    delete_requests(engine, "s")
    assert not jobs.note_sent(engine, job)
    [listed] = list_requests(engine)
    assert (listed.status, listed.is_deletion) == ("waiting", True)
    make_due(engine)
    assert jobs.take(engine, LEASE).message.request is None


def test_after_a_deletion_the_same_words_are_a_new_request(engine, a_request):
    first = store_request(engine, "s", a_request(), 30, deliver=True)
    jobs.note_sent(engine, jobs.take(engine, LEASE))
    delete_requests(engine, "s")
    assert store_request(engine, "s", a_request(), 30, deliver=True) != first
    assert len(list_requests(engine)) == 2


def test_storing_and_deleting_at_the_same_moment_leaves_no_job_without_request(engine, a_request):
    def work(number):
        if number % 2:
            return delete_requests(engine, "s")
        return store_request(engine, "s", a_request(), 30, deliver=True)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(100)))
    assert len(rows(engine, Delivery)) == len(rows(engine, ReferralRequest)) <= 1


def test_a_purge_deletes_what_is_past_its_time(engine, a_request):
    ids = [store_request(engine, f"s{n}", a_request(), n, deliver=n < 6) for n in range(1, 8)]
    old, in_hand, deleted, waiting, _, kept, young = ids
    jobs.note_sent(engine, jobs.take(engine, LEASE))
    in_hand_job = jobs.take(engine, LEASE)
    jobs.note_sent(engine, jobs.take(engine, LEASE))
    delete_request(engine, deleted)
    _fail(engine, jobs.take(engine, LEASE))
    assert in_hand_job.message.request_id == in_hand
    assert purge_requests(engine) == Purged(0, 0)

    assert purge_requests(engine, now() + timedelta(days=6, hours=1)) == Purged(4, undelivered=2)
    assert [listed.id for listed in list_requests(engine)] == [in_hand, deleted, young]
    assert len(rows(engine, Delivery)) == 2

    # Once the clinic has been told, nothing of the deleted one is left.
    jobs.note_sent(engine, jobs.take(engine, LEASE))
    assert purge_requests(engine, now() + timedelta(days=6, hours=1)) == Purged(1, 0)
    assert [row.status for row in rows(engine, Delivery)] == ["waiting"]
    assert {old, waiting, kept}.isdisjoint(listed.id for listed in list_requests(engine))


def test_what_is_noted_ends_the_claim(engine, a_request):
    store_request(engine, "s", a_request(), 30, deliver=True)
    job = jobs.take(engine, LEASE)
    assert _fail(engine, job)
    assert not jobs.note_sent(engine, job)
    assert [listed.status for listed in list_requests(engine)] == ["failed"]
