"""What came from Slack: stored once, in hand once, in order, and forgotten when it is answered."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from needlepoint.channels import slack_inbox as inbox
from needlepoint.channels.slack_incoming import Incoming, Place
from needlepoint.database.tables import FAILED, WAITING, SlackIncoming, now

PLACE = Place("C1", "U1", "1700000000.000001", True, "https://hooks.slack.example/1")


def incoming(key, conversation="slack-1", text="does it hurt?"):
    return Incoming(key, conversation, text, "Does it hurt?", PLACE)


def stored(engine):
    with Session(engine) as session:
        query = select(SlackIncoming).order_by(SlackIncoming.number)
        return session.execute(query).scalars().all()


def claimed(engine, limit=10):
    return [claim.incoming.id for claim in inbox.claim(engine, limit)]


@pytest.fixture
def later(monkeypatch):
    """Let time pass for the inbox, which otherwise stands still."""
    begun, passed = now(), timedelta()

    def pass_by(seconds):
        nonlocal passed
        passed += timedelta(seconds=seconds)

    monkeypatch.setattr(inbox, "now", lambda: begun + passed)
    return pass_by


def test_what_comes_again_is_there_already(engine):
    assert inbox.put(engine, incoming("a"))
    assert not inbox.put(engine, incoming("a", text="other words"))
    assert inbox.put(engine, incoming("b", "slack-2"))
    assert claimed(engine) == ["a", "b"]


def test_it_comes_again_also_after_it_was_answered(engine):
    inbox.put(engine, incoming("a"))
    (claim,) = inbox.claim(engine, 1)
    inbox.finish(engine, claim.number)
    assert not inbox.put(engine, incoming("a"))
    assert claimed(engine) == []


def test_what_is_claimed_is_what_was_put(engine):
    one = incoming("a", text="a 'quoted' text with 👍\nand lines")
    inbox.put(engine, one)
    (claim,) = inbox.claim(engine, 1)
    assert claim.incoming == one
    assert (claim.is_first, claim.attempts, claim.posted) == (True, 0, 0)


def test_of_a_conversation_one_at_a_time_and_in_order(engine):
    for key, conversation in (("a1", "a"), ("b1", "b"), ("a2", "a"), ("a3", "a"), ("b2", "b")):
        inbox.put(engine, incoming(key, conversation))
    first, other = inbox.claim(engine, 10)
    assert (first.incoming.id, other.incoming.id) == ("a1", "b1")
    assert claimed(engine) == []
    inbox.finish(engine, first.number)
    (second,) = inbox.claim(engine, 10)
    assert (second.incoming.id, second.is_first) == ("a2", False)
    inbox.fail(engine, second.number)
    assert claimed(engine) == ["a3"]


def test_no_more_are_claimed_than_there_is_room_for(engine):
    for number in range(5):
        inbox.put(engine, incoming(str(number), f"slack-{number}"))
    assert claimed(engine, 2) == ["0", "1"]
    assert claimed(engine, 9) == ["2", "3", "4"]


def test_what_a_worker_left_is_claimed_again_once_its_time_is_over(engine, later):
    inbox.put(engine, incoming("a"))
    (claim,) = inbox.claim(engine, 1)
    inbox.count_posted(engine, claim.number, 2)
    later(inbox.LEASE.total_seconds() - 5)
    assert claimed(engine) == []
    later(10)
    (again,) = inbox.claim(engine, 1)
    assert (again.number, again.attempts, again.posted) == (claim.number, 1, 2)
    assert again.incoming == claim.incoming


def test_while_it_is_renewed_it_stays_in_hand(engine, later):
    inbox.put(engine, incoming("a"))
    (claim,) = inbox.claim(engine, 1)
    for _ in range(3):
        later(inbox.LEASE.total_seconds() - 5)
        inbox.renew(engine, [claim.number])
    assert claimed(engine) == []


def test_what_is_put_back_waits_and_those_behind_it_too(engine, later):
    inbox.put(engine, incoming("a1", "a"))
    inbox.put(engine, incoming("a2", "a"))
    (claim,) = inbox.claim(engine, 10)
    inbox.put_back(engine, claim.number, 30)
    inbox.put(engine, incoming("b", "b"))
    assert claimed(engine) == ["b"]
    later(31)
    again = inbox.claim(engine, 10)[0]
    assert (again.incoming.id, again.attempts) == ("a1", 1)


def test_answered_or_failed_its_words_are_gone(engine):
    for key in ("a", "b"):
        inbox.put(engine, incoming(key, f"slack-{key}"))
    one, two = inbox.claim(engine, 2)
    assert all("hurt" in row.data for row in stored(engine))
    inbox.finish(engine, one.number)
    inbox.fail(engine, two.number)
    assert [(row.data, row.status) for row in stored(engine)] == [("", inbox.DONE), ("", FAILED)]
    assert all("slack-" not in row.conversation for row in stored(engine))


def test_who_was_not_told_is_told_once(engine):
    inbox.put(engine, incoming("a", "a"))
    inbox.put(engine, incoming("b", "b"))
    one, _ = inbox.claim(engine, 2)
    assert not inbox.has_failed(engine, "a")
    inbox.fail(engine, one.number)
    assert inbox.has_failed(engine, "a")
    assert not inbox.has_failed(engine, "b")
    inbox.tell(engine, "b")
    assert inbox.has_failed(engine, "a")
    inbox.tell(engine, "a")
    assert not inbox.has_failed(engine, "a")
    assert [row.status for row in stored(engine)] == [inbox.TOLD, WAITING]


def test_what_waits_of_a_conversation_can_be_forgotten(engine):
    for key, conversation in (("a1", "a"), ("a2", "a"), ("b", "b")):
        inbox.put(engine, incoming(key, conversation))
    inbox.forget(engine, "a")
    assert claimed(engine) == ["b"]
    assert [bool(row.data) for row in stored(engine)] == [False, False, True]


def test_what_is_over_is_deleted_once_it_cannot_come_again(engine, later):
    for key in ("done", "failed", "waiting"):
        inbox.put(engine, incoming(key, f"slack-{key}"))
    done, failed, _ = inbox.claim(engine, 3)
    inbox.finish(engine, done.number)
    inbox.fail(engine, failed.number)
    later(inbox.KEEP.total_seconds() - 60)
    assert inbox.purge(engine) == 0
    later(120)
    # Also what nobody has answered by then: the channel was switched off.
    assert inbox.purge(engine) == 3
    assert stored(engine) == []


def test_workers_that_look_at_once_get_each_once(engine):
    count, workers = 40, 4
    for number in range(count):
        inbox.put(engine, incoming(str(number), f"slack-{number % 10}"))
    start = threading.Barrier(workers)

    def work():
        taken = []
        start.wait(30)
        while True:
            claims = inbox.claim(engine, 3)
            taken += [claim.incoming for claim in claims]
            for claim in claims:
                inbox.finish(engine, claim.number)
            if not claims and all(row.status == inbox.DONE for row in stored(engine)):
                return taken

    with ThreadPoolExecutor(workers) as pool:
        runs = [pool.submit(work) for _ in range(workers)]
        taken = [one.id for run in runs for one in run.result(60)]
    assert sorted(taken, key=int) == [str(number) for number in range(count)]


def test_of_several_that_put_the_same_one_stores_it(engine):
    start = threading.Barrier(4)

    def put(_):
        start.wait(30)
        return [inbox.put(engine, incoming(str(number))) for number in range(10)]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(put, range(4)))
    assert [sum(run[number] for run in results) for number in range(10)] == [1] * 10
    assert len(stored(engine)) == 10
