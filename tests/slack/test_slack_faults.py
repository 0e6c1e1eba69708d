"""300 events that come twice, while Slack fails and the bot is killed: each is answered once."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

from slack_events import RETRY_REASONS, direct_message, new_event_id
from slack_stack import SECRET
from slack_stand_in import (
    AcceptThenDrop,
    DropConnection,
    Fail,
    RateLimit,
    SlackStandIn,
    Slow,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from needlepoint.channels.said import Said, Turn, identified
from needlepoint.channels.slack_incoming import Reader
from needlepoint.database.engine import connect
from needlepoint.database.tables import SlackIncoming

PEOPLE, EACH = 60, 5
QUESTIONS = (
    "does it hurt?",
    "how much is it?",
    "are the needles clean?",
    "how long does a session take?",
    "what are the risks?",
)
POST = "chat.postMessage"


def first_key(user, event_id):
    """Return the id of the first message that answers an event."""
    conversation = Reader(SECRET).conversation(user)
    turn = Turn(event_id, "", 0.0, [Said("x", (), "", {}, 0.0)])
    return next(key for key, _ in identified(conversation, turn))


def rows(database):
    engine = connect(database)
    with Session(engine) as session:
        query = select(SlackIncoming).order_by(SlackIncoming.number)
        found = session.execute(query).scalars().all()
    engine.dispose()
    return found


def test_each_event_is_answered_once(start_slack):
    draw = random.Random(3)
    events = [
        (f"U{person}", direct_message(f"U{person}", QUESTIONS[number]), new_event_id())
        for number in range(EACH)
        for person in range(PEOPLE)
    ]
    with SlackStandIn() as stand_in:
        bot = start_slack(stand_in)
        stand_in.faults += [
            *[
                fault
                for _ in range(12)
                for fault in (AcceptThenDrop(method=POST), Fail(method=POST))
            ],
            *[RateLimit(1, method=POST) for _ in range(4)],
            *[DropConnection(method=POST) for _ in range(12)],
            *[Slow(0.5, method=POST) for _ in range(10)],
        ]
        draw.shuffle(stand_in.faults)
        running = threading.Event()
        running.set()

        def deliver(given):
            """Send an event as Slack does: again until it is taken, and at times once more."""
            _, event, event_id = given
            again, tries = draw.random() < 0.3, 0
            while True:
                retry = (tries, draw.choice(RETRY_REASONS)) if tries else None
                running.wait(120)
                try:
                    taken = bot.slack.event(event, event_id, retry).status == 200
                except (OSError, HTTPException):
                    taken = False
                tries += 1
                assert tries < 50
                if taken and not again:
                    return
                again = again and not taken
                time.sleep(0.2)

        with ThreadPoolExecutor(8) as pool:
            sent = [pool.submit(deliver, given) for given in events]
            while sum(future.done() for future in sent) < len(events) // 2:
                time.sleep(0.05)
            running.clear()
            bot.process.kill()
            bot.process.wait()
            start_slack(stand_in, bot.database, port=bot.port)
            running.set()
            for future in sent:
                future.result()
        expected = {first_key(user, event_id) for user, _, event_id in events}

        def keys():
            return [message["metadata"]["event_payload"]["key"] for message in stand_in.messages()]

        stand_in.wait_for(lambda: expected <= set(keys()), 180)
        time.sleep(3)
        found = keys()
        assert len(found) == len(set(found))
        assert expected <= set(found)
        # Of one conversation, in the order in which they came.
        came = [row.id for row in rows(bot.database)]
        for user in {user for user, _, _ in events}:
            mine = [e for u, _, e in events if u == user]
            order = [first_key(user, e) for e in came if e in mine]
            said = [m["metadata"]["event_payload"]["key"] for m in stand_in.messages(f"D{user}")]
            assert [key for key in said if key in order] == order
        assert stand_in.problems == []
