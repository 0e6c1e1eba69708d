"""Conversations in the database: for several processes, on both databases, whatever fails."""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import FailSafeTrackerStore, TrackerStore
from rasa.core.utils import AvailableEndpoints
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, UserUttered
from rasa.shared.core.slots import TextSlot
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import create_engine, event, func, select, update
from sqlalchemy.exc import OperationalError
from test_memory import SESSION, TURN

from needlepoint.database.engine import MIGRATIONS, connect
from needlepoint.database.tables import Conversation, ConversationEvent
from needlepoint.stores import database as module
from needlepoint.stores.conversations import StaleWriterError, read_all
from needlepoint.stores.database import DatabaseTrackerStore, StoreError
from needlepoint.stores.deletion import remove_conversation

DAY = timedelta(days=1)


class Broker(EventBroker):
    """Keeps what is published."""

    def __init__(self):
        self.published = []

    @classmethod
    async def from_endpoint_config(cls, *_):
        return cls()

    def publish(self, event):
        self.published.append(event)


@pytest.fixture
def opened(database, monkeypatch):
    """Open the store, as each process does for itself."""
    monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", database)
    domain = Domain.empty()
    domain.slots[:] = [TextSlot("country", mappings=[{}])]
    stores = []

    def open_store(**options):
        # A machine that stalls must not decide.
        stores.append(DatabaseTrackerStore(domain, **{"answer_limit": 60, **options}))
        return stores[-1]

    yield open_store
    for store in stores:
        store._engine.dispose()


@pytest.fixture
def held(monkeypatch):
    """Set the fence of the lock that is held."""
    holding = {"fence": None}
    monkeypatch.setattr(module, "fence", lambda: holding["fence"])
    return lambda number: holding.update(fence=number)


def texts(tracker):
    return [event.text for event in tracker.events if isinstance(event, UserUttered)]


def retrieved(store, conversation="me"):
    return asyncio.run(store.retrieve(conversation))


def save(store, *events, conversation="me"):
    """A turn: what Rasa does with a store."""

    async def turn():
        tracker = await store.get_or_create_tracker(conversation, append_action_listen=False)
        for one in events:
            tracker.update(one)
        await store.save(tracker)

    asyncio.run(turn())


def turn(text):
    return [
        UserUttered(text, {"name": "faq_cost", "confidence": 0.9}),
        ActionExecuted("utter_faq_cost"),
        BotUttered(f"to {text}", {"buttons": []}, {"utter_action": "utter_faq_cost"}),
        ActionExecuted("action_listen"),
    ]


def test_a_conversation_goes_on_after_a_restart(opened):
    first = opened()
    save(first, *SESSION, *TURN)
    save(first, UserUttered("why?"))
    second = opened()
    kept = retrieved(second)
    assert [e.as_dict() for e in kept.events] == [e.as_dict() for e in retrieved(first).events]
    assert kept.get_slot("country") == "GB"
    save(second, UserUttered("and how long?"))
    assert texts(retrieved(opened())) == ["does it hurt", "why?", "and how long?"]


def test_what_was_deleted_is_not_stored_again(opened, engine):
    mine, others, broker = opened(), opened(), Broker()
    save(mine, *SESSION, *TURN)
    save(others, *turn("how much?"))
    mine.event_broker = broker
    told = BotUttered("I have deleted it.", {}, {"utter_action": "utter_data_deleted"})

    async def delete_by_words():
        tracker = await mine.get_or_create_tracker("me", append_action_listen=False)
        tracker.update(UserUttered("delete my data"))
        remove_conversation(engine, "me")  # as the action does, in another process
        tracker.update(told)
        await mine.save(tracker)

    asyncio.run(delete_by_words())
    for store in (mine, others):
        assert retrieved(store) is None
        assert asyncio.run(store.retrieve_full_tracker("me")) is None
    assert [event["event"] for event in broker.published] == ["user", "bot"]
    save(mine, *turn("why?"))
    assert texts(retrieved(others)) == ["why?"]


@pytest.mark.parametrize("most", [1, 10, 1000])
def test_workers_in_turn_see_what_the_others_have_said(opened, most):
    workers = [opened(max_events=most) for _ in range(3)]
    save(workers[0], *SESSION)
    said = [f"question {number}" for number in range(20)]
    for number, text in enumerate(said):
        worker = workers[number % 3]
        assert texts(asyncio.run(worker.retrieve_full_tracker("me")) or SESSION) == said[:number]
        save(worker, *turn(text))
        assert texts(retrieved(workers[number % 2]))[-1] == text
    whole = asyncio.run(workers[1].retrieve_full_tracker("me"))
    assert texts(whole) == said
    assert len(whole.events) == len(SESSION) + 4 * 20
    assert len(texts(retrieved(workers[0]))) == {1: 1, 10: 1, 1000: 20}[most]


def test_nothing_is_read_again_that_is_in_memory(opened):
    store, other = opened(), opened()
    save(store, *SESSION, *TURN)
    read = []

    def note(connection, cursor, statement, parameters, *_):
        if "conversation_event" in statement:
            read.append(parameters)

    event.listen(store._engine, "after_cursor_execute", note)
    assert texts(retrieved(store)) == ["does it hurt"]
    assert read == []
    save(other, *turn("why?"))
    assert texts(retrieved(store)) == ["does it hurt", "why?"]
    assert [sorted(map(str, getattr(one, "values", lambda o=one: o)())) for one in read] == [
        ["12", "8", "me"]
    ]


def test_under_one_lock_the_database_is_asked_once(opened, held):
    store, other = opened(), opened()
    asked = []

    def note(connection, cursor, statement, *_):
        if "head_number" in statement:
            asked.append(statement)

    event.listen(store._engine, "after_cursor_execute", note)
    held(7)
    save(store, *SESSION, *TURN)
    asked.clear()
    assert texts(retrieved(store)) == ["does it hurt"]
    assert asked == []
    held(8)  # another one may have had it in between
    save(other, *turn("why?"))
    held(9)
    assert texts(retrieved(store)) == ["does it hurt", "why?"]
    asked.clear()
    assert texts(retrieved(store)) == ["does it hurt", "why?"]
    assert asked == []
    held(None)
    retrieved(store)
    assert asked


def test_what_another_wrote_while_a_lock_was_lost_is_not_overwritten(opened, held):
    store, other = opened(), opened()
    held(7)
    save(store, *SESSION)
    held(8)
    save(other, *turn("first"))
    held(7)
    late = retrieved(store)  # it does not know yet
    late.update(UserUttered("second"))
    with pytest.raises(StaleWriterError):
        asyncio.run(store.save(late))
    assert texts(retrieved(store)) == ["first"]


def test_a_long_conversation_is_given_out_and_read_in_part(opened):
    store = opened(max_events=20)
    save(store, *SESSION)
    for number in range(50):
        save(store, *turn(str(number)))
        assert len(retrieved(store).events) <= 40
    fresh = opened(max_events=20)
    rows = []
    event.listen(fresh._engine, "after_cursor_execute", lambda *call: rows.append(call[2:4]))
    assert texts(retrieved(fresh))[-2:] == ["48", "49"]
    assert sum("conversation_event" in statement for statement, _ in rows) == 1
    kept = fresh._kept["me"]
    assert kept.head_number > 150
    assert len(kept.parts[1]) <= 20


def test_each_event_is_stored_once_over_sessions(opened):
    store = opened()
    save(store, *SESSION, *TURN)
    save(store, *SESSION, UserUttered("hello again"))
    save(store, UserUttered("bye"))
    assert texts(retrieved(store)) == ["hello again", "bye"]
    assert retrieved(store).get_slot("country") is None
    assert texts(retrieved(opened())) == ["hello again", "bye"]
    whole = asyncio.run(opened().retrieve_full_tracker("me"))
    assert texts(whole) == ["does it hurt", "hello again", "bye"]
    # The whole conversation, retrieved and saved, is not doubled, and can be gone on with.
    asyncio.run(store.save(whole))
    whole.update(UserUttered("one more"))
    asyncio.run(store.save(whole))
    assert texts(asyncio.run(opened().retrieve_full_tracker("me"))) == [*texts(whole)]
    assert texts(retrieved(opened())) == ["hello again", "bye", "one more"]


def test_the_same_tracker_saved_twice_is_stored_once(opened):
    async def run(store):
        tracker = DialogueStateTracker.from_events("me", [*SESSION, *TURN])
        await store.save(tracker)
        await store.save(tracker)
        for text in ("why?", "and how long?"):
            tracker.update(UserUttered(text))
            await store.save(tracker)

    asyncio.run(run(opened(max_events=1)))
    whole = asyncio.run(opened().retrieve_full_tracker("me"))
    assert texts(whole) == ["does it hurt", "why?", "and how long?"]


def test_a_tracker_that_rasa_made_when_it_could_not_read_is_added(opened):
    store = opened()
    save(store, *SESSION, *TURN)
    made = DialogueStateTracker.from_events("me", [*SESSION, UserUttered("hello?")])
    asyncio.run(store.save(made))
    assert texts(retrieved(opened())) == ["hello?"]
    assert texts(asyncio.run(store.retrieve_full_tracker("me"))) == ["does it hurt", "hello?"]


def test_a_whole_conversation_is_put_together_beside_the_turns(opened, monkeypatch):
    store = opened()
    save(store, *SESSION, *TURN)
    threads = []
    build = DialogueStateTracker.from_events

    def note(*arguments):
        threads.append(threading.current_thread())
        return build(*arguments)

    monkeypatch.setattr(DialogueStateTracker, "from_events", note)
    assert texts(asyncio.run(store.retrieve_full_tracker("me"))) == ["does it hurt"]
    assert threads
    assert threading.current_thread() not in threads


def test_a_writer_that_has_not_seen_the_newest_is_refused(opened):
    store, other = opened(), opened()
    save(store, *SESSION)
    stale = retrieved(store)
    save(other, *turn("first"))
    stale.update(UserUttered("second"))
    with pytest.raises(StaleWriterError, match="Conversation [0-9a-f]{16} has been changed"):
        asyncio.run(store.save(stale))
    assert texts(retrieved(store)) == ["first"]
    save(store, *turn("third"))
    assert texts(asyncio.run(other.retrieve_full_tracker("me"))) == ["first", "third"]


def test_of_many_writers_at_once_each_is_stored_whole_or_refused(opened):
    stores = [opened() for _ in range(4)]
    save(stores[0], *SESSION)

    def write(number):
        tracker = retrieved(stores[number % 4])
        for one in turn(f"question {number}"):
            tracker.update(one)
        try:
            asyncio.run(stores[number % 4].save(tracker))
        except StaleWriterError:
            return None
        return f"question {number}"

    with ThreadPoolExecutor(4) as threads:
        stored = {text for text in threads.map(write, range(40)) if text}
    whole = asyncio.run(opened().retrieve_full_tracker("me"))
    assert stored
    assert set(texts(whole)) == stored
    assert len(whole.events) == len(SESSION) + 4 * len(stored)


def test_two_that_begin_a_conversation_at_once_do_not_mix(opened):
    stores = [opened() for _ in range(4)]

    def begin(number):
        made = DialogueStateTracker.from_events("me", [*SESSION, *turn(f"question {number}")])
        try:
            asyncio.run(stores[number].save(made))
        except StaleWriterError:
            return 0
        return 1

    with ThreadPoolExecutor(4) as threads:
        stored = sum(threads.map(begin, range(4)))
    whole = asyncio.run(opened().retrieve_full_tracker("me"))
    assert len(whole.events) == stored * (len(SESSION) + 4)


def test_of_two_first_messages_at_once_the_second_is_refused_and_hides_nothing(opened):
    first, second = opened(), opened()
    # Each has found nothing, as where no lock is shared.
    begun = [
        asyncio.run(store.get_or_create_tracker("me", append_action_listen=False))
        for store in (first, second)
    ]
    for tracker, text in zip(begun, ("I take warfarin", "does it hurt"), strict=True):
        for one in [*SESSION, *turn(text)]:
            tracker.update(one)
    asyncio.run(first.save(begun[0]))
    with pytest.raises(StaleWriterError):
        asyncio.run(second.save(begun[1]))
    assert texts(retrieved(second)) == ["I take warfarin"]
    begun[0].update(UserUttered("why?"))
    asyncio.run(first.save(begun[0]))
    assert texts(retrieved(opened())) == ["I take warfarin", "why?"]


def test_a_writer_whose_lock_has_gone_to_another_is_refused(opened, held):
    store = opened()
    held(7)
    save(store, *SESSION, *TURN)
    held(6)
    with pytest.raises(StaleWriterError):
        save(store, *turn("late"))
    assert texts(retrieved(store)) == ["does it hurt"]
    held(8)
    save(store, *turn("in time"))
    held(None)  # a lock without fences
    save(store, *turn("and more"))
    held(7)
    with pytest.raises(StaleWriterError):
        save(store, *turn("late"))
    assert texts(retrieved(opened())) == ["does it hurt", "in time", "and more"]


def test_conversations_are_apart_and_can_be_deleted(opened):
    store, other = opened(), opened()
    save(store, *SESSION, *TURN)
    save(store, UserUttered("hi"), conversation="other")
    seen = retrieved(other)
    assert sorted(asyncio.run(store.keys())) == ["me", "other"]
    asyncio.run(store.delete("me"))
    assert [retrieved(one) for one in (store, other, opened())] == [None, None, None]
    assert texts(retrieved(opened(), "other")) == ["hi"]
    # Who was in the middle of a turn does not bring it back.
    seen.update(UserUttered("still here"))
    with pytest.raises(StaleWriterError):
        asyncio.run(other.save(seen))
    assert asyncio.run(other.keys()) == ["other"]


def test_a_deleted_conversation_of_the_same_length_is_not_taken_for_the_new_one(opened):
    store, other = opened(), opened()
    save(store, *SESSION, UserUttered("old"))
    assert texts(retrieved(other)) == ["old"]
    asyncio.run(store.delete("me"))
    save(store, *SESSION, UserUttered("new"))
    assert texts(retrieved(other)) == ["new"]


def test_what_could_not_be_stored_is_not_in_memory_either(opened):
    store = opened()
    save(store, *SESSION, *TURN)

    def fail(connection, cursor, statement, *_):
        if statement.startswith("INSERT INTO conversation_event"):
            raise OperationalError(statement, {}, Exception("database or disk is full\nDETAIL: me"))

    event.listen(store._engine, "before_cursor_execute", fail)
    with pytest.raises(StoreError) as caught:
        save(store, UserUttered("lost"))
    assert str(caught.value).endswith("could not be stored: database or disk is full.")
    event.remove(store._engine, "before_cursor_execute", fail)
    save(store, UserUttered("kept"))
    assert texts(retrieved(store)) == ["does it hurt", "kept"]
    assert texts(retrieved(opened())) == ["does it hurt", "kept"]


def test_a_database_that_hangs_is_given_up_in_time_and_found_again(opened):
    save(opened(), *SESSION, *TURN)
    store, goes_on = opened(answer_limit=0.1), threading.Event()
    event.listen(store._engine, "before_cursor_execute", lambda *_: goes_on.wait(60))
    with pytest.raises(StoreError, match="could not be read within 0.1 s"):
        retrieved(store)
    goes_on.set()
    store._answer_limit = 60
    assert texts(retrieved(store)) == ["does it hurt"]


def test_each_event_is_published_once_and_what_is_not_stored_is_not(opened):
    broker, other = Broker(), Broker()
    stores = [opened(event_broker=broker, max_events=1), opened(event_broker=other, max_events=1)]
    save(stores[0], *SESSION)
    for number in range(6):
        save(stores[number % 2], *turn(str(number)))
    stale = retrieved(stores[0])
    save(stores[1], *turn("6"))
    stale.update(UserUttered("refused"))
    with pytest.raises(StaleWriterError):
        asyncio.run(stores[0].save(stale))
    published = [*broker.published, *other.published]
    heard = [one["text"] for one in published if one["event"] == "user"]
    assert sorted(heard) == [str(number) for number in range(7)]
    assert len(published) == len(SESSION) + 4 * 7
    assert {one["sender_id"] for one in published} == {"me"}


def test_rasas_own_wrapper_hears_of_a_failure_without_a_word_of_the_person(opened, caplog):
    store = opened()
    save(store, *SESSION)
    store._engine.dispose()

    def fail(connection, cursor, statement, *_):
        raise OperationalError(statement, {}, Exception("attempt to write a readonly database"))

    event.listen(store._engine, "before_cursor_execute", fail)
    wrapped = FailSafeTrackerStore(store)
    tracker = DialogueStateTracker.from_events("Jo Planted", [UserUttered("planted words")])
    asyncio.run(wrapped.save(tracker))
    assert "could not be stored: attempt to write a readonly database" in caplog.text
    assert "lanted" not in caplog.text


def test_conversations_are_purged_beside_the_turns(opened, database):
    save(opened(), *SESSION, *TURN)
    save(opened(), UserUttered("hi"), conversation="other")
    engine = connect(database)
    with engine.begin() as connection:
        old = Conversation.updated_at
        connection.execute(
            update(Conversation)
            .where(Conversation.id == "me")
            .values(updated_at=connection.execute(select(func.min(old))).scalar() - 31 * DAY)
        )

    async def goes_on(store):
        await store.retrieve("other")
        end = time.monotonic() + 240
        while await store.keys() != ["other"] and time.monotonic() < end:
            await asyncio.sleep(0.05)

    store = opened(keep_days=30)
    asyncio.run(goes_on(store))
    assert asyncio.run(store.keys()) == ["other"]
    assert retrieved(store) is None
    with engine.connect() as connection:
        left = connection.execute(select(ConversationEvent.conversation).distinct())
        assert list(left.scalars()) == ["other"]
    engine.dispose()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has no server
def test_postgresql_that_was_restarted_is_found_again(opened, database):
    store = opened()
    save(store, *SESSION, *TURN)
    admin = create_engine(database.rsplit("/", 1)[0] + "/postgres", isolation_level="AUTOCOMMIT")
    name = (database.rsplit("/", 1)[1],)
    of_it = "FROM pg_stat_activity WHERE datname = %s"
    end = time.monotonic() + 240
    with admin.connect() as connection:
        assert connection.exec_driver_sql(f"SELECT pg_terminate_backend(pid) {of_it}", name).all()
        while connection.exec_driver_sql(f"SELECT pid {of_it}", name).all():
            assert time.monotonic() < end, "they do not go"
            time.sleep(0.05)
    admin.dispose()
    save(store, *turn("why?"))
    assert texts(retrieved(store)) == ["does it hurt", "why?"]


FULL_DISK = """
import asyncio, resource, sys
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered
from needlepoint.stores.database import DatabaseTrackerStore, StoreError

async def run():
    store = DatabaseTrackerStore(Domain.empty(), answer_limit=60)
    stored = 0
    for number in range(400):
        tracker = await store.get_or_create_tracker("me", append_action_listen=False)
        tracker.update(UserUttered(f"{number} " + "x" * 20000))
        try:
            await store.save(tracker)
            stored += 1
        except StoreError as error:
            print(stored, error)
            return

asyncio.run(run())
"""


def test_a_full_disk_is_named_and_breaks_nothing(tmp_path):
    url = f"sqlite:///{tmp_path}/test.db"
    connect(url).dispose()

    def no_more_than_a_megabyte():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK],
        env={**os.environ, "NEEDLEPOINT_DATABASE_URL": url},
        cwd=Path(__file__).parents[2],
        preexec_fn=no_more_than_a_megabyte,
        capture_output=True,
        text=True,
        timeout=120,
    )
    stored, _, message = done.stdout.partition(" ")
    assert "could not be stored: " in message, done.stderr
    assert "xxx" not in done.stdout + done.stderr
    engine = connect(url)
    assert len(read_all(engine, "me")[1]) == int(stored) > 5
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    engine.dispose()


def test_conversations_from_before_are_numbered_by_the_migration(database, monkeypatch):
    engine = create_engine(database)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        for who, one in [("me", one) for one in (*SESSION, *TURN)] + [("you", UserUttered("hi"))]:
            # The others' events come between.
            for conversation in (who, "them"):
                connection.exec_driver_sql(
                    "INSERT INTO conversation_event (conversation, data, stored_at)"
                    f" VALUES ('{conversation}', $j${json.dumps(one.as_dict())}$j$,"
                    " '2026-11-01 10:00:00')".replace("$j$", "'")
                )
    monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", database)
    store = DatabaseTrackerStore(Domain.empty(), keep_days=36_500, answer_limit=60)
    assert sorted(asyncio.run(store.keys())) == ["me", "them", "you"]
    assert texts(retrieved(store)) == ["does it hurt"]
    save(store, *turn("why?"))
    assert texts(asyncio.run(store.retrieve_full_tracker("me"))) == ["does it hurt", "why?"]
    assert texts(retrieved(store, "them")) == ["does it hurt", "hi"]
    store._engine.dispose()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")
        count = connection.exec_driver_sql("SELECT count(*) FROM conversation_event").scalar()
    assert count == 2 * (len(SESSION) + len(TURN) + 1) + 4
    engine.dispose()


def test_the_endpoints_name_it(opened):
    endpoint = AvailableEndpoints.read_endpoints("endpoints.yml").tracker_store
    assert isinstance(TrackerStore.create(endpoint, Domain.empty()), DatabaseTrackerStore)
