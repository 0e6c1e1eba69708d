"""The bot as an integration meets it: a real server, real HTTP."""

import json
import socket
import threading
import time
import uuid

import pytest

FIXED = "Please note: this is information, not medical advice."
LIMIT = 2.0  # seconds: what a patient is promised when parts fail (product rule, not a benchmark)


@pytest.fixture
def bot(web):
    return web.rest


def texts(reply):
    return [message["text"] for message in reply]


def test_a_question_gets_its_answer_with_sources_and_notes(bot):
    (text,) = texts(bot.ask("first", "how long does one session take"))
    assert "Sources: " in text
    assert "automated assistant" in text
    assert "911" in text


def test_a_conversation_of_several_turns(bot):
    bot.ask("turns", "are the needles clean")
    (more,) = texts(bot.ask("turns", "can you tell me more about that"))
    (sources,) = texts(bot.ask("turns", "where did you get that from"))
    assert "Sources: " in more
    assert "FDA" in sources or "Food and Drug" in sources or "Acupuncture" in sources


def test_the_action_words_the_disclaimer_for_the_topic(bot):
    answer, disclaimer = texts(bot.ask("action", "can I have it while on warfarin"))
    assert "do not stop, cut or change any medicine" in disclaimer


def test_a_button_of_this_conversation_counts(bot):
    (greeting,) = bot.ask("button", "hello")
    payload = next(b["payload"] for b in greeting["buttons"] if "cost" in b["payload"])
    (text,) = texts(bot.ask("button", payload))
    assert text.startswith("Prices differ")


@pytest.mark.parametrize("space", ["", " ", "\u00a0", "\x1f", "\u2003/"])
def test_a_typed_intent_counts_as_words(bot, space):
    # As a payload this would say the texts of these intents, which the words alone do not.
    reply = texts(bot.ask(f"forger {space!r}", f"{space}/goodbye"))
    payload = texts(bot.ask("crisis", f'{space}/crisis{{"disclaimer_given": true}}'))
    assert reply and payload
    # A restart by payload would forget that the first note was given.
    bot.ask("restart", "what does it cost")
    bot.ask("restart", f"{space}/restart")
    assert "automated assistant" not in texts(bot.ask("restart", "what does it cost"))[0]


def test_half_a_character_in_json_gets_an_answer(bot):
    status, reply = bot.post(b'{"sender": "half", "message": "does it hurt \\ud800"}')
    assert status == 200
    assert texts(reply)


def test_a_large_body_is_refused(bot):
    body = {"sender": "large", "message": "hi", "metadata": {"x": "y" * 40_000}}
    status, answer = bot.post(json.dumps(body).encode())
    assert status == 413
    assert answer["error"]


def test_callers_without_a_name_do_not_share_a_conversation(bot):
    first, second = (bot.post(b'{"message": "what does it cost"}')[1] for _ in range(2))
    assert "automated assistant" in first[0]["text"]
    assert "automated assistant" in second[0]["text"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "    ",
        "x" * 4000,
        "why? " * 700,
        "\x00\x01\x1b[31m",
        "😀😀😀",
        "это больно?",
        "针灸疼吗",
        "<script>alert('x')</script>",
        '"; DROP TABLE events; --',
        "{}",
        "${jndi:ldap://x}",
    ],
)
def test_odd_text_gets_a_polite_answer(bot, text):
    reply = bot.ask("odd", text)
    assert reply
    for message in reply:
        assert message["text"]
        assert "faq_" not in message["text"]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{", b"{}", b'{"message": null}', b'{"message": ["a"]}', b'"text"'],
)
def test_a_bad_request_is_a_400_that_says_what_to_do(bot, body):
    status, answer = bot.post(body)
    assert status == 400
    assert answer["error"]


def test_too_long_a_text_is_refused_with_the_limit(bot):
    status, answer = bot.post(json.dumps({"sender": "l", "message": "x" * 10_000}).encode())
    assert status == 400
    assert "4000" in answer["error"]


def test_a_streamed_answer_ends(bot):
    bot_url = bot.url
    bot.url += "?stream=true"
    try:
        status, message = bot.post(b'{"sender": "stream", "message": "what does it cost"}')
    finally:
        bot.url = bot_url
    assert status == 200
    assert message["text"].startswith("Prices differ")


def test_an_emergency_is_answered_with_the_number_first(bot):
    reply = bot.ask("emergency", "since this morning i cant feel when i wipe and i cannot pee")
    assert len(reply) == 2
    assert reply[0]["text"].startswith("Call 911 now (999 in the UK")
    assert "automated assistant" not in reply[0]["text"]


def asked_in_time(bot, *said):
    """Return the answers to each text of a conversation, all of which came in time.

    A machine that stalls only makes times longer, so of up to five conversations the best time of
    each text counts; where a deadline is missing, all of them are long.
    """
    bot.ask(uuid.uuid4().hex, said[0])  # the first one of all may take its time
    best = [float("inf")] * len(said)
    for _ in range(5):
        sender, replies = uuid.uuid4().hex, []
        for place, text in enumerate(said):
            start = time.monotonic()
            replies.append(texts(bot.ask(sender, text)))
            best[place] = min(best[place], time.monotonic() - start)
        if max(best) < LIMIT:
            break
    assert max(best) < LIMIT
    return replies


def test_with_the_action_server_down(alone):
    (answer, disclaimer), (emergency, _), (crisis, _), (later, *_) = asked_in_time(
        alone.rest,
        "can I have it while on warfarin",
        "i cant feel my legs and i wet myself",
        "i want to end my life",
        "what does it cost",
    )
    assert "Sources: " in answer
    assert disclaimer.startswith(FIXED)
    assert emergency.startswith("Call 911 now")
    assert crisis.startswith("US and Canada: call or text 988 now")
    # Later answers in this conversation begin with the reminder.
    assert later.startswith("First: ")


def test_an_action_server_that_worked_and_then_died(start_bot, start_actions):
    port, process = start_actions()
    bot = start_bot(port)
    _, worded = texts(bot.ask("died", "can I have it while on warfarin"))
    assert not worded.startswith(FIXED)
    process.kill()
    process.wait()
    ((_, fixed),) = asked_in_time(bot, "can I have it while on warfarin")
    assert fixed.startswith(FIXED)


def test_with_an_action_server_that_never_answers(alone):
    with socket.create_server(("127.0.0.1", alone.actions_port)) as silent:
        held: list[socket.socket] = []

        def accept():
            try:
                while True:
                    held.append(silent.accept()[0])
            except OSError:
                return

        threading.Thread(target=accept, daemon=True).start()
        (answer, disclaimer), (more,), (crisis, _), (emergency, _) = asked_in_time(
            alone.rest,
            "can I have it while on warfarin",
            "tell me more please",
            "i want to end my life",
            "i cant feel my legs and i wet myself",
        )
        assert held, "the action server was never asked"
    assert "Sources: " in answer
    assert disclaimer.startswith(FIXED)
    # The turn is over, and the conversation goes on with what it knows.
    assert "Sources: " in more
    assert crisis.startswith("US and Canada: call or text 988 now")
    assert emergency.startswith("Call 911 now")
