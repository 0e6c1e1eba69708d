"""The web channel as the widget meets it: the real bot, real HTTP."""

import json
import socket
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest
from conftest import ROOT
from itsdangerous import TimestampSigner
from web_stack import CLINIC, SECRET

from needlepoint.channels.sessions import Sessions
from needlepoint.database.engine import connect
from needlepoint.database.tables import Feedback, ReferralRequest, RevokedSession
from needlepoint.referral.requests import Request, store_request

FIXED = "Please note: this is information, not medical advice."
LIMIT = 2.0  # seconds: what a patient is promised when parts fail (product rule, not a benchmark)


def refused(answer, status, code):
    assert answer[0] == status
    error = answer[-1]["error"]
    assert error["code"] == code
    assert error["message"]


def at_last(status, call, *arguments):
    """Return the first answer with a status, or the last one of some.

    Whether a conversation was deleted is not waited for long; a message may be an emergency.
    """
    for _ in range(10):
        answer = call(*arguments)
        if answer[0] == status:
            break
    return answer


# What it does.


def test_a_question_gets_its_answer_with_sources_and_buttons(web):
    (answer,) = web.ask(web.start(), "how long does one session take")
    assert answer["kind"] == "answer"
    assert "automated assistant" in answer["text"]
    assert "Sources:" not in answer["text"]
    assert set(answer["sources"][0]) == {"title", "publisher", "year", "url"}
    assert all(button["payload"].startswith("/faq_") for button in answer["buttons"])


def test_a_disclaimer_follows_as_a_notice(web):
    answer, disclaimer = web.ask(web.start(), "can I have it while on warfarin")
    assert (answer["kind"], disclaimer["kind"]) == ("answer", "notice")
    assert "do not stop, cut or change any medicine" in disclaimer["text"]
    assert answer["id"] != disclaimer["id"]


def test_an_emergency_stands_out(web):
    answer, *_ = web.ask(web.start(), "i cant feel my legs and i wet myself")
    assert answer["kind"] == "emergency"
    assert answer["text"].startswith("Call 911 now")
    crisis, *_ = web.ask(web.start(), "i want to end my life")
    assert crisis["kind"] == "emergency"


def test_a_question_of_the_bot_is_one(web):
    token = web.start()
    (question,) = web.ask(token, "find me an acupuncturist")
    assert question["kind"] == "question"
    (regulator, *_) = web.ask(token, "Tulsa")
    assert regulator["kind"] == "answer"
    assert "Oklahoma" in regulator["text"]


def test_buttons_and_suggestions_count_and_show_their_title(web):
    status, _, session = web.call("POST", "session")
    token = session["token"]
    first = session["settings"]["suggestions"][0]
    (answer, *_) = web.ask(token, first["title"], payload=first["payload"])
    button = answer["buttons"][0]
    web.ask(token, button["title"], payload=button["payload"])
    shown = [message["text"] for message in web.history(token) if message["from"] == "user"]
    assert shown == [first["title"], button["title"]]


def test_a_reload_shows_the_same_conversation(web):
    token = web.start()
    said = []
    for text in ("hello", "is it safe", "tell me more"):
        key = uuid.uuid4().hex
        answers = web.ask(token, text, key=key)
        said += [(key, text), *((answer["id"], answer["text"]) for answer in answers)]
    history = web.history(token)
    assert [(message["id"], message["text"]) for message in history] == said
    assert [m["time"] for m in history] == sorted(m["time"] for m in history)


def test_feedback_is_stored_and_shown(web):
    token = web.start()
    answer = web.ask(token, "does it hurt")[0]["id"]
    opinion = {"answer": answer, "value": "down", "comment": "It did hurt."}
    assert web.call("POST", "feedback", opinion, token)[0] == 204
    (row,) = web.rows(Feedback, token)
    assert (row.response, row.comment) == ("utter_faq_does_it_hurt", "It did hurt.")
    assert web.history(token)[1]["feedback"] == "down"


def test_deletion_takes_everything_and_no_more(web):
    token, other = web.start(), web.start()
    conversation = Sessions(SECRET, 30).conversation(f"Bearer {token}")
    for one in (token, other):
        answer = web.ask(one, "does it hurt")[0]["id"]
        web.call("POST", "feedback", {"answer": answer, "value": "up"}, one)
    engine = connect(web.database)
    wish = Request("Jo", "phone", "+18285550100", "noon")
    store_request(engine, conversation, wish, 30, deliver=False)
    engine.dispose()
    assert web.rows(Feedback, token) and web.rows(ReferralRequest, token)
    assert web.call("DELETE", "session", token=token)[0] == 204
    assert web.rows(Feedback, token) == web.rows(ReferralRequest, token) == []
    assert len(web.rows(RevokedSession, token)) == 1
    for method, path in (("GET", "history"), ("DELETE", "session")):
        refused(at_last(401, web.call, method, path, None, token), 401, "unauthorized")
    assert len(web.history(other)) == 2
    assert len(web.rows(Feedback, other)) == 1
    assert web.rows(RevokedSession, other) == []


def test_a_message_after_the_deletion_is_refused(web):
    def say():
        token = web.start()
        web.ask(token, "does it hurt")
        assert web.call("DELETE", "session", token=token)[0] == 204
        return web.say(token, "does it hurt")

    refused(at_last(401, say), 401, "unauthorized")


def test_an_allowed_site_may_read_the_answers(web):
    status, headers, _ = web.call("OPTIONS", "messages", Origin=CLINIC)
    assert (status, headers["Access-Control-Allow-Origin"]) == (204, CLINIC)
    status, headers, _ = web.call("POST", "session", Origin=CLINIC)
    assert (status, headers["Access-Control-Allow-Origin"]) == (201, CLINIC)


# What it refuses, one test each; nothing changes.


def untouched(web, token):
    return web.history(token) == []


def test_a_forged_session(web):
    payload, when, signature = web.start().split(".")
    for token in (f"{payload}.{when}.{signature[::-1]}", "me", "x" * 200, "..", "null"):
        refused(web.say(token, "does it hurt"), 401, "unauthorized")
        refused(web.call("GET", "history", token=token), 401, "unauthorized")
    refused(web.say(None, "does it hurt"), 401, "unauthorized")


def test_the_token_of_another_conversation(web):
    mine, other = web.start(), web.start()
    answer = web.ask(mine, "does it hurt")[0]["id"]
    opinion = {"answer": answer, "value": "down"}
    refused(web.call("POST", "feedback", opinion, other), 404, "unknown_answer")
    assert untouched(web, other)
    assert web.call("DELETE", "session", token=other)[0] == 204
    assert [message.get("feedback") for message in web.history(mine)] == [None, None]
    # A token is a signature of one conversation: parts of two make none.
    payload, *_ = mine.split(".")
    _, *rest = web.start().split(".")
    refused(web.say(".".join([payload, *rest]), "does it hurt"), 401, "unauthorized")
    assert len(web.history(mine)) == 2


def test_an_expired_token(web, monkeypatch):
    sessions = Sessions(SECRET, 30)
    conversation = sessions.new_conversation()
    fresh = sessions.token(conversation)
    past = int(time.time()) - 31 * 86_400
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: past)
    expired = sessions.token(conversation)
    refused(web.say(expired, "does it hurt"), 401, "unauthorized")
    refused(web.call("DELETE", "session", token=expired), 401, "unauthorized")
    assert untouched(web, fresh)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{CLINIC}.evil.example"])
def test_a_foreign_origin(web, origin):
    token = web.start()
    body = {"id": "12345678", "text": "does it hurt"}
    refused(web.call("POST", "messages", body, token, Origin=origin), 403, "forbidden_origin")
    refused(web.call("POST", "session", Origin=origin), 403, "forbidden_origin")
    status, headers, _ = web.call("OPTIONS", "messages", Origin=origin)
    assert (status, headers["Access-Control-Allow-Origin"]) == (403, None)
    assert untouched(web, token)


def test_a_forged_payload(web):
    mine, other = web.start(), web.start()
    web.ask(other, "hello")
    for payload in ("/faq_insurance", '/affirm{"urgency": ""}', "/restart", "/faq_cost "):
        refused(web.say(mine, "Button", payload=payload), 403, "forbidden_payload")
    assert untouched(web, mine)
    web.ask(mine, "does it hurt")
    # Typed, it is words: as a payload this would forget that the notes were given.
    web.ask(mine, "/restart")
    assert "automated assistant" not in web.ask(mine, "what does it cost")[0]["text"]


def test_a_replayed_message(web):
    token, key = web.start(), uuid.uuid4().hex
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda _: web.say(token, "is it safe", key=key), range(6)))
    assert found[0][0] == 200
    assert all(one == found[0] for one in found)
    assert web.say(token, "another text", key=key) == found[0]
    assert len(web.history(token)) == 1 + len(found[0][1]["answers"])


@pytest.mark.parametrize("chunked", [False, True])
def test_an_oversized_body(web, chunked):
    token = web.start()
    data = json.dumps({"id": "12345678", "text": "does it hurt", "x": "y" * 20_000}).encode()
    headers = {}
    if chunked:
        data = iter([b"%x\r\n%b\r\n" % (len(data), data), b"0\r\n\r\n"])
        headers["Transfer-Encoding"] = "chunked"
    refused(web.call("POST", "messages", data, token, **headers), 413, "too_large")
    assert untouched(web, token)


def test_too_many_messages_and_calls(alone):
    def call(method, path, body=None, token=None):
        return alone.call(method, path, body, token, **{"X-Forwarded-For": "6.6.6.6, 1.2.3.4"})

    token = call("POST", "session")[2]["token"]
    for number in range(4):
        body = {"id": f"0000000{number}", "text": "does it hurt"}
        assert call("POST", "messages", body, token)[0] == 200
    before = len(alone.history(token))
    answer = call("POST", "messages", {"id": "00000004", "text": "does it hurt"}, token)
    refused(answer, 429, "rate_limited")
    assert int(answer[1]["Retry-After"]) > 0
    other = alone.start()
    assert alone.say(other, "does it hurt")[0] == 200
    # Two more of the eight; then another invented first address does not help.
    assert [call("GET", "history", token=token)[0] for _ in range(3)] == [200, 200, 429]
    assert len(alone.history(token)) == before


def test_too_long_a_text(web):
    token = web.start()
    refused(web.say(token, "x" * 1001), 422, "too_long")
    assert untouched(web, token)
    web.ask(token, "x" * 1000)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 15_000])
def test_what_is_not_json(web, body):
    token = web.start()
    refused(web.call("POST", "messages", body, token), 400, "bad_request")
    refused(web.call("POST", "feedback", body, token), 400, "bad_request")
    assert untouched(web, token)


def test_feedback_on_an_unknown_answer(web):
    token = web.start()
    web.ask(token, "does it hurt")
    for answer in ("0" * 32, "x", "' OR 1=1 --"):
        opinion = {"answer": answer, "value": "up"}
        refused(web.call("POST", "feedback", opinion, token), 404, "unknown_answer")
    assert web.rows(Feedback, token) == []


@pytest.mark.parametrize("name", ["Authorization", "Origin", "X-Forwarded-For", "Cookie"])
@pytest.mark.parametrize(
    "value",
    [b"\xff\xfe\x80", b"Bearer \xf0\x9f\x98\x80", b"a" * 5_000],
    ids=["bytes", "emoji", "long"],
)
def test_hostile_header_values(web, name, value):
    token = web.start()
    own = b"" if name == "Authorization" else f"Authorization: Bearer {token}\r\n".encode()
    with socket.create_connection(("127.0.0.1", web.port), timeout=60) as connection:
        head = b"GET /webhooks/web/history HTTP/1.1\r\nHost: x\r\n" + own
        connection.sendall(head + name.encode() + b": " + value + b"\r\n\r\n")
        status = connection.recv(65_536).split(b" ")[1]
    assert status == {"Authorization": b"401", "Origin": b"403"}.get(name, b"200")


# When parts fail.


def test_with_the_action_server_down(alone):
    question = "can I have it while on warfarin"
    alone.ask(alone.start(), question)  # the first one of all may take its time
    best = float("inf")
    for _ in range(5):  # a stall only makes it longer; without a deadline all are long
        token = alone.start()
        start = time.monotonic()
        answer, disclaimer = alone.ask(token, question)
        best = min(best, time.monotonic() - start)
        if best < LIMIT:
            break
    assert best < LIMIT
    assert answer["sources"]
    assert disclaimer["kind"] == "notice"
    assert disclaimer["text"].startswith(FIXED)
    emergency, *_ = alone.ask(token, "i cant feel my legs and i wet myself")
    assert emergency["text"].startswith("Call 911 now")


def test_many_conversations_at_once_are_not_mixed_up(web):
    texts = ["what does it cost", "how many sessions", "does it hurt", "is it painful for kids"]
    alone = [web.ask(web.start(), text)[0]["text"] for text in texts]
    tokens = [web.start() for _ in range(12)]
    found = {}

    def talk(number):
        found[number] = web.ask(tokens[number], texts[number % 4])[0]["text"]

    threads = [threading.Thread(target=talk, args=[number]) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: alone[number % 4] for number in range(12)}


def test_the_demo_page_and_the_script(web):
    folder = ROOT / "needlepoint" / "channels" / "web_static"
    for path, name in (("", "demo.html"), ("widget.js", "widget.js")):
        connection = HTTPConnection("127.0.0.1", web.port, timeout=60)
        connection.request("GET", f"/webhooks/web/{path}")
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.read() == (folder / name).read_bytes()
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
