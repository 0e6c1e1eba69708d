"""Calls of Slack's API against the stand-in: limits obeyed, failures outlived, posted once."""

import asyncio

import pytest
from slack_stand_in import (
    RESPONSE,
    AcceptThenDrop,
    DropConnection,
    Fail,
    RateLimit,
    SlackError,
    SlackStandIn,
)

from needlepoint.channels import slack_api
from needlepoint.channels.said import Said
from needlepoint.channels.slack_api import TRIES, Api, CannotPostError
from needlepoint.channels.slack_blocks import message
from needlepoint.channels.slack_texts import read_texts

POST = "chat.postMessage"
TEXTS = read_texts()
THREAD = "1700000000.000001"


@pytest.fixture(scope="module")
def running():
    with SlackStandIn() as found:
        yield found


@pytest.fixture
def stand_in(running, monkeypatch):
    monkeypatch.setattr(slack_api, "FIRST_PAUSE", 0.02)
    running.reset()
    yield running
    assert running.problems == []
    assert running.impatient == []


@pytest.fixture
async def api(stand_in):
    found = Api(stand_in.bot_token, stand_in.url)
    await found.open()
    yield found
    await found.close()


def content(key="k1", text="Most feel little."):
    return message(Said(text, (), "utter_faq_cost", {}, 0.0), key, TEXTS)


def attempts(stand_in, method):
    return [call for call in stand_in.attempts if call.method == method]


async def test_a_message_is_posted_with_what_finds_it_again(api, stand_in):
    await api.post("C1", THREAD, content())
    (posted,) = stand_in.messages("C1", THREAD)
    assert posted["metadata"]["event_payload"] == {"key": "k1"}
    assert await api.is_posted("C1", THREAD, content())
    assert not await api.is_posted("C1", THREAD, content("k2"))


@pytest.mark.parametrize("method", [POST, "chat.postEphemeral"])
async def test_slack_is_left_alone_as_long_as_it_asks(api, stand_in, method, monkeypatch):
    learned = asyncio.Event()

    class Memory(dict):
        def __setitem__(self, *pair):
            super().__setitem__(*pair)
            learned.set()

    monkeypatch.setattr(api, "_free_at", Memory())
    stand_in.faults.append(RateLimit(1, method=method))
    who = {"user": "U1"} if method == "chat.postEphemeral" else {}

    async def call():
        await api.call(method, channel="C1", text="x", **who)

    first = asyncio.ensure_future(call())
    # The others learn of it from the first. What comes too early, the stand-in notes.
    await asyncio.wait_for(learned.wait(), 60)
    await asyncio.gather(first, *[call() for _ in range(3)])
    assert len(stand_in.made(method)) == 4
    assert len(attempts(stand_in, method)) == 5


async def test_other_methods_go_on_meanwhile(api, stand_in):
    stand_in.faults.append(RateLimit(60, method=POST))
    posting = asyncio.ensure_future(api.post("C1", None, content()))
    while not stand_in.refused:
        await asyncio.sleep(0.01)
    await api.call("auth.test")
    assert stand_in.made(POST) == []
    assert not posting.done()
    posting.cancel()


async def test_slack_that_always_asks_to_wait_is_given_up_for_later(api, stand_in, monkeypatch):
    monkeypatch.setattr(slack_api, "TRIES", 2)
    stand_in.faults.append(RateLimit(1, method=POST, times=2))
    with pytest.raises(CannotPostError) as error:
        await api.post("C1", None, content())
    assert (error.value.code, error.value.is_passing) == ("ratelimited", True)


@pytest.mark.parametrize(("channel", "thread"), [("DU1", None), ("C1", THREAD), ("U1", None)])
async def test_what_slack_took_without_an_answer_is_posted_once(api, stand_in, channel, thread):
    stand_in.faults.append(AcceptThenDrop(method=POST))
    await api.post(channel, thread, content())
    assert len(stand_in.messages()) == 1
    assert len(attempts(stand_in, POST)) == 1


async def test_what_was_lost_on_its_way_is_posted_again(api, stand_in):
    stand_in.faults += [DropConnection(method=POST), Fail(503, method=POST)]
    await api.post("DU1", None, content())
    assert len(stand_in.messages("DU1")) == 1
    assert len(attempts(stand_in, POST)) == 3


async def test_another_answer_is_not_taken_for_this_one(api, stand_in):
    await api.post("DU1", None, content("k1"))
    stand_in.faults.append(DropConnection(method=POST))
    await api.post("DU1", None, content("k2"))
    keys = [one["metadata"]["event_payload"]["key"] for one in stand_in.messages("DU1")]
    assert keys == ["k1", "k2"]


async def test_where_the_bot_may_not_look_nothing_is_known(api, stand_in):
    await api.post("C1", THREAD, content())
    stand_in.faults.append(SlackError("missing_scope", method="conversations.replies"))
    assert not await api.is_posted("C1", THREAD, content())


@pytest.mark.parametrize("code", ["channel_not_found", "not_in_channel", "invalid_auth"])
async def test_what_is_refused_for_good_is_not_tried_again(api, stand_in, code):
    stand_in.faults.append(SlackError(code, method=POST))
    with pytest.raises(CannotPostError, match=f"{POST}: {code}") as error:
        await api.post("C1", None, content())
    assert (error.value.is_passing, error.value.is_in_doubt) == (False, False)
    assert len(attempts(stand_in, POST)) == 1


@pytest.mark.parametrize(
    "fault", [Fail(500), Fail(503), SlackError("internal_error"), SlackError("service_unavailable")]
)
async def test_what_may_pass_is_tried_again(api, stand_in, fault):
    fault.method, fault.times = POST, 2
    stand_in.faults.append(fault)
    await api.post("DU1", None, content())
    assert len(attempts(stand_in, POST)) == 3
    assert len(stand_in.messages("DU1")) == 1


async def test_what_does_not_pass_is_given_up_for_later(api, stand_in):
    stand_in.faults.append(Fail(500, method=POST, times=TRIES))
    with pytest.raises(CannotPostError) as error:
        await api.post("DU1", None, content())
    assert (error.value.code, error.value.is_passing) == ("status 500", True)
    assert len(attempts(stand_in, POST)) == TRIES


async def test_a_wrong_token_is_named(stand_in):
    api = Api("xoxb-wrong", stand_in.url)
    await api.open()
    with pytest.raises(CannotPostError, match="invalid_auth"):
        await api.call("auth.test")
    await api.close()


ANSWER = {"text": "x", "response_type": "ephemeral", "replace_original": False}


async def test_a_response_url_is_good_for_five_answers(api, stand_in):
    url = stand_in.response_url()
    for _ in range(5):
        await api.respond(url, ANSWER)
    with pytest.raises(CannotPostError) as error:
        await api.respond(url, ANSWER)
    assert (error.value.code, error.value.is_passing) == ("used_url", False)
    assert len(stand_in.responses(url)) == 5
    # Whoever has it can write there in the name of the bot.
    assert url not in str(error.value)


async def test_each_response_url_has_a_limit_of_its_own(api, stand_in):
    stand_in.faults.append(RateLimit(60, method=RESPONSE))
    limited, other = stand_in.response_url(), stand_in.response_url()
    waiting = asyncio.ensure_future(api.respond(limited, ANSWER))
    while not stand_in.refused:
        await asyncio.sleep(0.01)
    await api.respond(other, ANSWER)
    assert stand_in.responses(limited) == []
    assert not waiting.done()
    waiting.cancel()


async def test_a_response_url_in_trouble_is_tried_again(api, stand_in):
    stand_in.faults += [Fail(500, method=RESPONSE), DropConnection(method=RESPONSE)]
    url = stand_in.response_url()
    await api.respond(url, ANSWER)
    assert len(stand_in.responses(url)) == 1


async def test_a_response_url_that_always_asks_to_wait_is_not_named(api, stand_in, monkeypatch):
    monkeypatch.setattr(slack_api, "TRIES", 1)
    stand_in.faults.append(RateLimit(1, method=RESPONSE))
    url = stand_in.response_url()
    with pytest.raises(CannotPostError) as error:
        await api.respond(url, ANSWER)
    assert url not in str(error.value)
