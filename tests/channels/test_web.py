"""The web channel in Rasa's own Sanic app, over HTTP, with a bot that does as it is told."""

import asyncio
import json
import socket
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from types import SimpleNamespace

import pytest
from app_server import AppServer, wait_until
from databases import redis_url
from rasa.core.lock_store import LockError
from rasa.core.run import configure_app
from rasa.core.tracker_store import FailSafeTrackerStore, InMemoryTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.utils.endpoints import EndpointConfig
from sanic import Sanic
from sqlalchemy import select
from sqlalchemy.orm import Session

from needlepoint.channels import web_chats, web_files
from needlepoint.channels.refusals import EMERGENCY
from needlepoint.channels.rest import NOT_KEPT, TROUBLE
from needlepoint.channels.web import WebChannel, WebSettingsError
from needlepoint.database.engine import connect
from needlepoint.database.tables import ConversationEvent, Feedback, RevokedSession
from needlepoint.stores.database import DatabaseTrackerStore
from needlepoint.stores.failures import tell_failures
from needlepoint.stores.lock import RedisConversationLock
from needlepoint.stores.memory import MemoryTrackerStore

CLINIC = "https://www.clinic.example"
SUGGESTIONS = [{"title": f"Question {n}?", "payload": f"/faq_{n}"} for n in range(5)]


class FakeAgent:
    """Says what it heard, with a button; or does what its name says."""

    def __init__(self):
        self.domain = SimpleNamespace(responses={"utter_greet": [{"buttons": SUGGESTIONS}]})
        self.action_endpoint = self.processor = None
        self.heard = []
        self.go_on = threading.Event()
        self.ready = True
        self.tracker_store = FailSafeTrackerStore(MemoryTrackerStore(Domain.empty()))

    def is_ready(self):
        return self.ready

    async def handle_message(self, message):
        self.heard.append(message.text)
        if message.text == "locked":
            raise LockError("too long")
        if message.text == "fail":
            raise RuntimeError("the policy is gone")
        sender = message.sender_id
        tracker = await self.tracker_store.get_or_create_tracker(sender, append_action_listen=False)
        tracker.update(UserUttered(message.text, metadata=message.metadata))
        if message.text == "slow":
            await asyncio.sleep(0.3)
        if message.text == "held":
            await asyncio.to_thread(self.go_on.wait)
        if message.text != "silence":
            buttons = [{"title": "More?", "payload": "/more"}, {"title": "UK", "payload": "UK"}]
            response = "utter_no_data" if message.text == "delete my data" else "utter_echo"
            metadata = {"utter_action": response, "metadata": {"sources": []}}
            event = BotUttered(f"You said: {message.text}", {"buttons": buttons}, metadata)
            tracker.update(event)
            await message.output_channel.send_response(message.sender_id, event.message())
        if message.text == "fail late":
            raise RuntimeError("the policy is gone")
        await self.tracker_store.save(tracker)


class Server(AppServer):
    """The app in a thread of its own."""

    def __init__(self, folder, **settings):
        Sanic.test_mode = True
        settings = {
            "allowed_origins": [CLINIC],
            "messages_per_conversation": "1000/minute",
            "calls_per_address": "1000/minute",
            **settings,
        }
        self.channel = WebChannel.from_credentials(settings)
        self.agent = FakeAgent()
        self.database = f"sqlite:///{folder}/test.db"
        # The flag --cors of Rasa must not open this channel.
        self.app = configure_app([self.channel], cors="*", enable_api=False, use_uvloop=False)
        self.app.ctx.agent = self.agent
        self.start_app()

    def call(self, method, path, body=None, token=None, **headers):
        """Return status, headers and decoded body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = json.dumps(body) if isinstance(body, dict) else body
        connection.request(method, f"/webhooks/web/{path}", data, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        is_json = answer.headers.get("content-type") == "application/json"
        return answer.status, answer.headers, json.loads(content) if is_json else content

    def start(self):
        status, _, body = self.call("POST", "session")
        assert status == 201
        return body["token"]

    def say(self, token, text, key="12345678", **fields):
        status, _, body = self.call("POST", "messages", {"id": key, "text": text, **fields}, token)
        return status, body

    def history(self, token):
        status, _, body = self.call("GET", "history", token=token)
        assert status == 200, body
        return body["messages"]

    def rows(self, table):
        engine = connect(self.database)
        with Session(engine) as session:
            found = session.execute(select(table)).scalars().all()
        engine.dispose()
        return found


@pytest.fixture
def serve(tmp_path, monkeypatch):
    monkeypatch.setenv("NEEDLEPOINT_SECRET", "s" * 40)
    monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", f"sqlite:///{tmp_path}/test.db")
    monkeypatch.delenv("NEEDLEPOINT_REDIS_URL", raising=False)
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "widget.js").write_text("1;")
    (folder / "demo.html").write_text("<!doctype html>")
    files = web_files.Files(folder)
    monkeypatch.setattr("needlepoint.channels.web.Files", lambda: files)
    # A busy machine does not hide that a conversation was deleted.
    monkeypatch.setattr("needlepoint.channels.web_chats.REVOKED_LIMIT", 60.0)
    servers = []

    def run(**settings):
        servers.append(Server(tmp_path, **settings))
        return servers[-1]

    yield run
    for server in servers:
        server.agent.go_on.set()
        server.stop()


@pytest.fixture
def server(serve):
    return serve()


def test_a_session_has_its_settings(server):
    status, headers, body = server.call("POST", "session", {"lang": "en"})
    assert (status, headers["Cache-Control"]) == (201, "no-store")
    assert body["expires_in"] == 30 * 86_400
    assert body["settings"] == {
        "title": None,
        "phone": None,
        "emergency": "911, 999, 112, 000 or 111",
        "max_length": 1000,
        "suggestions": SUGGESTIONS[:4],
    }


def test_a_session_can_be_refreshed(server):
    token = server.start()
    server.say(token, "hello")
    status, _, body = server.call("POST", "session", token=token)
    assert status == 201
    assert server.history(body["token"]) == server.history(token) != []
    assert server.call("POST", "session", token="forged.token.x")[0] == 401


def test_a_message_and_its_history(server):
    token = server.start()
    status, body = server.say(token, "hello")
    assert (status, body["id"]) == (200, "12345678")
    (answer,) = body["answers"]
    assert answer["text"] == "You said: hello"
    asked, said = server.history(token)
    assert {**answer, "from": "bot", "feedback": None} == said
    assert (asked["from"], asked["id"], asked["text"]) == ("user", "12345678", "hello")


def test_the_same_message_is_handled_once(server):
    token = server.start()
    first = server.say(token, "hello")
    assert server.say(token, "something else") == first
    assert server.agent.heard == ["hello"]
    assert server.say(token, "hello", "87654321") != first
    assert server.agent.heard == ["hello", "hello"]


def test_a_retry_waits_for_the_first_one(server):
    token, found = server.start(), []
    threads = [
        threading.Thread(target=lambda: found.append(server.say(token, "slow"))) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.agent.heard == ["slow"]
    assert found[0][0] == 200
    assert all(one == found[0] for one in found)


def test_a_message_is_finished_when_its_sender_goes_offline(server):
    token = server.start()
    body = json.dumps({"id": "12345678", "text": "slow"})
    head = f"POST /webhooks/web/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        wait_until(lambda: server.agent.heard)
    status, answer = server.say(token, "slow")
    assert (status, answer["answers"][0]["text"]) == (200, "You said: slow")
    assert server.agent.heard == ["slow"]
    assert len(server.history(token)) == 2


def test_a_failure_is_told_and_the_message_may_come_again(server):
    token = server.start()
    status, body = server.say(token, "fail")
    assert status == 500
    assert body == {"error": {"code": "trouble", "message": TROUBLE}}
    assert server.history(token) == []
    assert server.say(token, "works now")[0] == 200


def test_what_was_said_before_a_failure_is_not_lost(server):
    status, body = server.say(server.start(), "fail late")
    assert status == 200
    assert [(a["kind"], a["text"]) for a in body["answers"]] == [
        ("answer", "You said: fail late"),
        ("notice", TROUBLE),
    ]


def test_silence_is_a_notice_now_and_later(server):
    token = server.start()
    status, body = server.say(token, "silence")
    assert status == 200
    (answer,) = body["answers"]
    assert (answer["kind"], answer["text"]) == ("notice", TROUBLE)
    later = server.history(token)[1]
    assert (later["id"], later["text"]) == (answer["id"], TROUBLE)


@pytest.mark.parametrize("reason", ["locked", "not ready"])
def test_a_busy_bot_says_when_to_come_back(server, reason):
    token = server.start()
    server.agent.ready = reason != "not ready"
    body = {"id": "12345678", "text": "locked"}
    status, headers, answer = server.call("POST", "messages", body, token)
    assert (status, answer["error"]["code"]) == (503, "busy")
    assert int(headers["Retry-After"]) > 0


def test_more_messages_than_can_wait_are_refused_and_may_come_again(serve):
    server = serve(at_once=2)
    tokens = [server.start() for _ in range(6)]
    with ThreadPoolExecutor(2) as people:
        waiting = [people.submit(server.say, token, "held") for token in tokens[:2]]
        wait_until(lambda: len(server.agent.heard) == 2)
        for token in tokens[2:]:
            status, body = server.say(token, "hello")
            assert (status, body["error"]["code"]) == (503, "busy")
            assert EMERGENCY in body["error"]["message"]
        server.agent.go_on.set()
        assert [call.result()[0] for call in waiting] == [200, 200]
    assert server.agent.heard == ["held", "held"]
    assert [server.say(token, "now")[0] for token in tokens] == [200] * 6


def test_who_goes_away_keeps_the_place_until_the_message_is_handled(serve):
    server = serve(at_once=1)
    body = json.dumps({"id": "12345678", "text": "held"})
    connection = HTTPConnection("127.0.0.1", server.port)
    headers = {"Authorization": f"Bearer {server.start()}"}
    other = server.start()
    connection.request("POST", "/webhooks/web/messages", body, headers)
    wait_until(lambda: server.agent.heard)
    connection.close()
    assert server.say(other, "early")[0] == 503
    server.agent.go_on.set()
    wait_until(lambda: server.say(other, "late")[0] == 200)


def test_a_button_of_this_conversation_counts_and_shows_its_title(server):
    token = server.start()
    assert server.say(token, "Question 0?", "00000000", payload="/faq_0")[0] == 200
    assert server.say(token, "More?", "00000001", payload="/more")[0] == 200
    assert server.agent.heard == ["/faq_0", "/more"]
    shown = [m["text"] for m in server.history(token) if m["from"] == "user"]
    assert shown == ["Question 0?", "More?"]


def test_a_payload_that_was_not_offered_is_refused(server):
    mine, other = server.start(), server.start()
    server.say(other, "hello")
    for payload in ("/more", "/faq_4", '/more{"slot": 1}', " /restart", "\u2003/crisis"):
        status, body = server.say(mine, "More?", payload=payload)
        assert (status, body["error"]["code"]) == (403, "forbidden_payload")
    assert server.agent.heard == ["hello"]
    assert server.history(mine) == []


def test_text_with_a_slash_is_words_unless_it_was_offered(server):
    token = server.start()
    server.say(token, "/restart", "00000000")
    server.say(token, "\u00a0//I cannot feel my legs", "00000001")
    server.say(token, "/more", "00000002")
    assert server.agent.heard == ["restart", "I cannot feel my legs", "/more"]
    assert server.history(token)[0]["text"] == "/restart"


def test_a_payload_without_slash_is_text(server):
    token = server.start()
    server.say(token, "United Kingdom", payload="UK")
    assert server.agent.heard == ["UK"]


def test_feedback_is_stored_replaced_and_shown(server):
    token = server.start()
    answer = server.say(token, "hello")[1]["answers"][0]["id"]
    opinion = {"answer": answer, "value": "down", "comment": "No.\n\x00"}
    assert server.call("POST", "feedback", opinion, token)[0] == 204
    (row,) = server.rows(Feedback)
    assert (row.response, row.value, row.comment) == ("utter_echo", "down", "No.")
    opinion = {"answer": answer, "value": "up"}
    assert server.call("POST", "feedback", opinion, token)[0] == 204
    assert [row.value for row in server.rows(Feedback)] == ["up"]
    assert server.history(token)[1]["feedback"] == "up"


def test_feedback_on_the_answers_of_others_is_refused(server):
    mine, other = server.start(), server.start()
    answer = server.say(other, "hello")[1]["answers"][0]["id"]
    server.say(mine, "hello")
    opinion = {"answer": answer, "value": "up"}
    status, _, body = server.call("POST", "feedback", opinion, mine)
    assert (status, body["error"]["code"]) == (404, "unknown_answer")
    assert server.rows(Feedback) == []


def test_deletion_leaves_nothing_and_ends_the_token(server):
    mine, other = server.start(), server.start()
    for token in (mine, other):
        answer = server.say(token, "hello")[1]["answers"][0]["id"]
        server.call("POST", "feedback", {"answer": answer, "value": "up"}, token)
    assert server.call("DELETE", "session", token=mine)[0] == 204
    for method, path in (
        ("GET", "history"),
        ("DELETE", "session"),
        ("POST", "session"),
    ):
        status, _, body = server.call(method, path, token=mine)
        assert (status, body["error"]["code"]) == (401, "unauthorized")
    assert server.say(mine, "hello")[0] == 401
    assert server.agent.heard == ["hello", "hello"]
    assert len(server.history(other)) == 2
    assert len(server.rows(Feedback)) == 1
    assert len(server.rows(RevokedSession)) == 1


def test_a_conversation_without_messages_can_be_deleted(server):
    token = server.start()
    assert server.call("DELETE", "session", token=token)[0] == 204
    assert server.say(token, "hello")[0] == 401


def test_deletion_by_words_is_answered_and_ends_the_token(server):
    token, other = server.start(), server.start()
    server.say(other, "hello")
    server.say(token, "hello")
    status, body = server.say(token, "delete my data", "87654321")
    assert (status, len(body["answers"])) == (200, 1)
    assert server.call("GET", "history", token=token)[0] == 401
    assert server.say(token, "hello", "12348765")[0] == 401
    assert server.agent.heard == ["hello", "hello", "delete my data"]
    assert len(server.history(other)) == 2


def test_deletion_by_words_is_answered_while_the_database_is_away(server, monkeypatch):
    def fails(*arguments):
        raise OSError("the disk is full")

    token = server.start()
    monkeypatch.setattr("needlepoint.channels.web_chats.revoke", fails)
    assert server.say(token, "delete my data")[0] == 200
    # Nothing is left of it, so it goes on as a new one.
    assert server.history(token) == []


@pytest.mark.parametrize("step", ["delete_requests", "delete_feedback", "revoke"])
def test_a_deletion_that_fails_promises_nothing_and_can_be_repeated(server, monkeypatch, step):
    def fails(*arguments):
        raise OSError("the disk is full")

    token = server.start()
    server.say(token, "hello")
    with monkeypatch.context() as patch:
        patch.setattr(f"needlepoint.stores.deletion.{step}", fails)
        status, _, body = server.call("DELETE", "session", token=token)
    assert (status, body["error"]["code"]) == (500, "trouble")
    assert server.call("DELETE", "session", token=token)[0] == 204
    assert server.call("GET", "history", token=token)[0] == 401


def test_a_store_that_cannot_delete_is_not_hidden(server):
    server.agent.tracker_store = InMemoryTrackerStore(Domain.empty())
    token = server.start()
    status, _, body = server.call("DELETE", "session", token=token)
    assert (status, body["error"]["code"]) == (500, "trouble")
    assert server.say(token, "hello")[0] == 200


class FullStore(MemoryTrackerStore):
    """A store that cannot be read or written for a while."""

    reads = writes = True

    async def retrieve(self, sender_id):
        if not self.reads:
            raise OSError("the disk is gone")
        return await super().retrieve(sender_id)

    async def retrieve_full_tracker(self, sender_id):
        if not self.reads:
            raise OSError("the disk is gone")
        return await super().retrieve_full_tracker(sender_id)

    async def save(self, tracker):
        if not self.writes and tracker.events:
            raise OSError("the disk is full")
        await super().save(tracker)


@pytest.fixture
def full(server):
    """The server's store."""
    store = FullStore(Domain.empty())
    server.agent.tracker_store = FailSafeTrackerStore(store)
    tell_failures(server.agent)
    return store


def notices(body):
    return [answer["text"] for answer in body["answers"] if answer["kind"] == "notice"]


def test_an_answer_that_could_not_be_stored_says_so_and_may_be_asked_again(server, full):
    token = server.start()
    assert notices(server.say(token, "hello", "00000000")[1]) == []
    full.writes = False
    status, body = server.say(token, "my knee", "00000001")
    assert (status, [one["text"] for one in body["answers"]]) == (
        200,
        ["You said: my knee", NOT_KEPT],
    )
    assert notices(body) == [NOT_KEPT]
    full.writes = True
    assert notices(server.say(token, "my knee", "00000001")[1]) == []
    said = [one["text"] for one in server.history(token) if one["from"] == "user"]
    assert said == ["hello", "my knee"]


def test_a_button_of_a_conversation_that_cannot_be_read_is_to_be_tried_again(server, full):
    token = server.start()
    server.say(token, "hello", "00000000")
    full.reads = False
    status, body = server.say(token, "More?", "00000001", payload="/more")
    assert (status, body["error"]["code"]) == (503, "busy")
    assert notices(server.say(token, "my leg is numb", "00000002")[1]) == [NOT_KEPT]
    full.reads = True
    assert notices(server.say(token, "More?", "00000001", payload="/more")[1]) == []


class LostStore(MemoryTrackerStore):
    """A store whose database is away."""

    async def retrieve_full_tracker(self, sender_id):
        raise OSError("the disk is gone")

    async def delete(self, sender_id):
        raise OSError("the disk is gone")


def test_a_conversation_that_cannot_be_read_is_not_an_empty_one(server):
    server.agent.tracker_store = FailSafeTrackerStore(LostStore(Domain.empty()))
    token = server.start()
    assert server.say(token, "I cannot feel my legs")[0] == 200
    for method, path in (("GET", "history"), ("DELETE", "session")):
        status, _, body = server.call(method, path, token=token)
        assert (status, body["error"]["code"]) == (500, "trouble")


def test_what_another_worker_has_answered_is_not_answered_again(server):
    mine = server.start()
    first = server.say(mine, "hello")
    # Nothing of a conversation is kept in one process.
    server.channel.chats._turns = type(server.channel.chats._turns)()
    assert server.say(mine, "hello") == first
    assert server.say(mine, "More?", "87654321", payload="/more")[0] == 200
    assert server.agent.heard == ["hello", "/more"]


@pytest.fixture
def workers(serve):
    """Two servers as two workers have them: with one database, and one lock of conversations."""
    lock = {"url": redis_url(), "key_prefix": f"test-{uuid.uuid4().hex}", "socket_timeout": 60}
    made = [serve(), serve()]
    for worker in made:
        store = DatabaseTrackerStore(Domain.empty(), answer_limit=60)
        worker.agent.tracker_store = FailSafeTrackerStore(store)
        worker.agent.lock_store = RedisConversationLock(EndpointConfig(**lock))
    yield made
    for worker in made:
        worker.agent.tracker_store._tracker_store._engine.dispose()


MEANWHILE = 0.5  # seconds for what does not wait for others to be done


def slowed(monkeypatch, name):
    """Have a function of the chats work slowly; return an event that tells that it was called."""
    begun, function = threading.Event(), getattr(web_chats, name)

    def run(*arguments):
        begun.set()
        time.sleep(MEANWHILE)
        return function(*arguments)

    monkeypatch.setattr(web_chats, name, run)
    return begun


def rate(server, token, answer):
    return server.call("POST", "feedback", {"answer": answer, "value": "up"}, token)[0]


def delete(server, token):
    return server.call("DELETE", "session", token=token)[0]


def test_a_deletion_waits_for_the_first_message_at_another_worker(workers):
    mine, other = workers
    token = mine.start()
    with ThreadPoolExecutor() as people:
        said = people.submit(mine.say, token, "held")
        wait_until(lambda: mine.agent.heard)
        deleted = people.submit(delete, other, token)
        time.sleep(MEANWHILE)
        mine.agent.go_on.set()
    assert (said.result()[0], deleted.result()) == (200, 204)
    assert mine.rows(ConversationEvent) == []
    assert [one.say(token, "hello", "87654321")[0] for one in workers] == [401, 401]


def test_a_deletion_waits_for_a_rating_at_another_worker(workers, monkeypatch):
    mine, other = workers
    token = mine.start()
    answer = mine.say(token, "hello")[1]["answers"][0]["id"]
    begun = slowed(monkeypatch, "store_feedback")
    with ThreadPoolExecutor() as people:
        rated = people.submit(rate, mine, token, answer)
        assert begun.wait(60)
        assert delete(other, token) == 204
    assert rated.result() == 204
    assert mine.rows(Feedback) == []


def test_what_comes_while_another_worker_deletes_is_not_stored(workers, monkeypatch):
    mine, other = workers
    token = mine.start()
    answer = mine.say(token, "hello")[1]["answers"][0]["id"]
    begun = slowed(monkeypatch, "end_conversation")
    with ThreadPoolExecutor() as people:
        deleted = people.submit(delete, other, token)
        assert begun.wait(60)
        said = people.submit(mine.say, token, "my knee", "87654321")
        assert rate(mine, token, answer) == 401
    assert (deleted.result(), said.result()[0]) == (204, 401)
    assert mine.agent.heard == ["hello"]
    assert mine.rows(ConversationEvent) == mine.rows(Feedback) == []


class TakenLock(RedisConversationLock):
    """A lock that others hold."""

    def lock(self, *_):
        raise LockError("too long")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "session", None),
        ("POST", "feedback", {"answer": "a" * 32, "value": "up"}),
        ("POST", "messages", {"id": "12345678", "text": "hello"}),
    ],
)
def test_a_conversation_that_others_hold_for_too_long_is_busy(server, method, path, body):
    server.agent.lock_store = TakenLock()
    status, headers, answer = server.call(method, path, body, server.start())
    assert (status, answer["error"]["code"]) == (503, "busy")
    assert int(headers["Retry-After"]) > 0


def test_without_a_database_questions_are_still_answered(serve, monkeypatch):
    monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", "sqlite:////no/such/folder/x.db")
    server = serve()
    token = server.start()
    status, body = server.say(token, "hello")
    assert status == 200
    assert len(server.history(token)) == 2
    opinion = {"answer": body["answers"][0]["id"], "value": "up"}
    for method, path, data in (("POST", "feedback", opinion), ("DELETE", "session", None)):
        status, _, body = server.call(method, path, data, token)
        assert (status, body["error"]["code"]) == (500, "trouble")


def test_a_history_has_the_newest_200_messages(server):
    token = server.start()
    for number in range(101):
        server.say(token, "hello", f"{number:08}")
    messages = server.history(token)
    assert len(messages) == 200
    assert (messages[0]["id"], messages[-2]["id"]) == ("00000001", "00000100")


@pytest.mark.parametrize("origin", [CLINIC, None, "own"])
def test_allowed_sites_can_read_the_answers(server, origin):
    origin = f"http://127.0.0.1:{server.port}" if origin == "own" else origin
    headers = {"Origin": origin} if origin else {}
    status, found, _ = server.call("POST", "session", **headers)
    assert status == 201
    assert found.get_all("Access-Control-Allow-Origin") == ([origin] if origin else None)
    assert found["Vary"] == "Origin"
    assert found["Access-Control-Allow-Credentials"] is None


def test_a_preflight_says_what_an_allowed_site_may_send(server):
    asks = {"Origin": CLINIC, "Access_Control_Request_Method": "DELETE"}
    status, headers, _ = server.call("OPTIONS", "session", **asks)
    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == CLINIC
    assert headers["Access-Control-Allow-Methods"] == "GET, POST, DELETE"
    assert headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"


@pytest.mark.parametrize("method", ["OPTIONS", "POST", "DELETE"])
def test_other_sites_are_refused(server, method):
    token = server.start()
    path = "messages" if method == "POST" else "session"
    body = {"id": "12345678", "text": "hi"} if method == "POST" else None
    status, headers, answer = server.call(method, path, body, token, Origin="https://evil.example")
    assert (status, answer["error"]["code"]) == (403, "forbidden_origin")
    assert headers["Access-Control-Allow-Origin"] is None
    assert server.agent.heard == []
    assert server.history(token) == []


def test_limits_of_address_and_conversation(serve):
    server = serve(messages_per_conversation="2/minute", calls_per_address="6/minute", proxies=1)
    token, other = server.start(), server.start()
    server.say(token, "hello", "00000000")
    server.say(token, "hello", "00000001")
    body = {"id": "00000002", "text": "hello"}
    status, headers, answer = server.call("POST", "messages", body, token)
    assert (status, answer["error"]["code"]) == (429, "rate_limited")
    assert int(headers["Retry-After"]) > 0
    assert len(server.agent.heard) == 2
    assert server.say(other, "hello")[0] == 200
    assert server.call("GET", "history", token=token)[0] == 429
    elsewhere = {"X_Forwarded_For": "6.6.6.6, 1.2.3.4"}
    assert server.call("GET", "history", token=token, **elsewhere)[0] == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_is_refused_before_it_is_read(server, chunked):
    token = server.start()
    body = b'{"id": "12345678", "text": "hi", "x": "' + b"y" * 200_000 + b'"}'
    data = iter([body[:90_000], body[90_000:]]) if chunked else body
    headers = {"Transfer_Encoding": "chunked"} if chunked else {}
    if chunked:
        data = iter([b"%x\r\n%b\r\n" % (len(body), body), b"0\r\n\r\n"])
    status, _, answer = server.call("POST", "messages", data, token, **headers)
    assert (status, answer["error"]["code"]) == (413, "too_large")
    assert server.agent.heard == []
    assert server.history(token) == []


def test_a_length_that_is_promised_is_enough_to_be_refused(server):
    head = b"POST /webhooks/web/session HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n{"
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(head)
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_small_chunked_body_is_read(server):
    body = b'{"id": "12345678", "text": "hello"}'
    data = iter([b"%x\r\n%b\r\n" % (len(body), body), b"0\r\n\r\n"])
    token = server.start()
    status, _, _ = server.call("POST", "messages", data, token, Transfer_Encoding="chunked")
    assert (status, server.agent.heard) == (200, ["hello"])


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("PUT", "session", 405, "not_allowed"),
        ("GET", "messages", 405, "not_allowed"),
        ("POST", "history", 405, "not_allowed"),
        ("POST", "", 405, "not_allowed"),
        ("GET", "nothing", 404, "not_found"),
        ("GET", "..%2f..%2fcredentials.yml", 404, "not_found"),
        ("GET", "../rest.py", 404, "not_found"),
        ("GET", "messages/", 404, "not_found"),
        ("GET", "%ff%fe", 404, "not_found"),
    ],
)
def test_what_is_not_there_is_json_too(server, method, path, status, code):
    found, headers, body = server.call(method, path)
    assert (found, body["error"]["code"]) == (status, code)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert ("Allow" in headers) == (status == 405)


@pytest.mark.parametrize(
    "value",
    [b"\xff\xfe", b"a" * 5_000, b"%0d%0aSet-Cookie: x=1", b"{}", b""],
    ids=["bytes", "long", "line", "json", "empty"],
)
@pytest.mark.parametrize(
    "name", ["Origin", "Authorization", "X-Forwarded-For", "If-None-Match", "Content-Type"]
)
def test_hostile_headers_are_refused_or_do_nothing(server, name, value):
    token = server.start()
    own = b"" if name == "Authorization" else f"Authorization: Bearer {token}\r\n".encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        head = b"GET /webhooks/web/history HTTP/1.1\r\nHost: x\r\n" + own
        connection.sendall(head + name.encode() + b": " + value + b"\r\n\r\n")
        answer = connection.recv(65_536)
    expected = {"Origin": b"403", "Authorization": b"401"}.get(name, b"200")
    assert answer.split(b" ")[1] == expected
    assert b"Set-Cookie" not in answer
    assert b"nosniff" in answer


def test_files_are_for_all_sites(server):
    status, headers, body = server.call("GET", "widget.js", Origin="https://any.example")
    assert (status, body) == (200, b"1;")
    assert headers.get_all("Access-Control-Allow-Origin") == ["*"]
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    again = server.call("GET", "widget.js", If_None_Match=headers["ETag"])
    assert (again[0], again[2]) == (304, b"")
    assert server.call("HEAD", "widget.js")[::2] == (200, b"")


def test_the_demo_page_and_its_address_without_slash(server):
    status, headers, body = server.call("GET", "")
    assert (status, body) == (200, b"<!doctype html>")
    assert "require-trusted-types-for 'script'" in headers["Content-Security-Policy"]
    connection = HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/webhooks/web")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (302, "/webhooks/web/")


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"allowed_origins": ["clinic.example"]}, "allowed_origins has 'clinic.example'"),
        ({"calls_per_address": "often"}, "limit of each address is 'often'"),
        ({"max_length": "1000"}, "max_length is '1000'"),
        ({"max_length": 0}, "max_length is 0"),
        ({"proxies": -1}, "proxies is -1"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_wrong_settings_stop_the_start(monkeypatch, settings, complaint):
    monkeypatch.setenv("NEEDLEPOINT_SECRET", "s" * 40)
    with pytest.raises(WebSettingsError, match=complaint):
        WebChannel.from_credentials(settings)
