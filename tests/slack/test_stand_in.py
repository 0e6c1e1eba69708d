"""The stand-in for Slack holds what the tests of the channel take for granted."""

import asyncio
import json
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode

import aiohttp
import pytest
import slack_events as says
from aiohttp.test_utils import TestServer
from slack_block_kit import problems, raw_markdown
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient
from slack_stand_in import (
    AcceptThenDrop,
    DropConnection,
    Fail,
    RateLimit,
    SlackError,
    SlackStandIn,
    Slow,
)

SECRET = "the secret of a test"
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*Does it hurt?*"}}
VIEW = {
    "type": "modal",
    "callback_id": "request",
    "title": {"type": "plain_text", "text": "Call me back"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "name",
            "label": {"type": "plain_text", "text": "Your name"},
            "element": {"type": "plain_text_input", "action_id": "text", "initial_value": "Zoë"},
        },
        {
            "type": "input",
            "block_id": "by",
            "label": {"type": "plain_text", "text": "How"},
            "element": {
                "type": "static_select",
                "action_id": "choice",
                "options": [
                    {"text": {"type": "plain_text", "text": "Phone"}, "value": "phone"},
                    {"text": {"type": "plain_text", "text": "Mail"}, "value": "mail"},
                ],
            },
        },
    ],
}
HOME = {"type": "home", "blocks": [SECTION]}


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn() as stand_in:
        yield stand_in


@pytest.fixture
async def client(slack: SlackStandIn) -> AsyncIterator[AsyncWebClient]:
    # aiohttp closes a connection by itself: without a session, each call has its own.
    yield AsyncWebClient(token=slack.bot_token, base_url=slack.url, timeout=10, retry_handlers=[])


def a_button(action_id: str = "cost") -> dict[str, Any]:
    return {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": "What does it cost?"},
        "value": "/faq_cost",
    }


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as raised:
        await call
    return str(raised.value.response["error"])


# Messages.


async def test_a_message_is_remembered_with_its_blocks(slack, client) -> None:
    answer = await client.chat_postMessage(channel="C1", text="Hello", blocks=[SECTION])
    (message,) = slack.messages("C1")
    assert message["ts"] == answer["ts"] == answer["message"]["ts"]
    assert message["text"] == "Hello"
    assert message["blocks"][0]["text"] == SECTION["text"]
    assert message["blocks"][0]["block_id"]
    assert [call.method for call in slack.calls] == ["chat.postMessage"]
    assert slack.calls[0].payload["blocks"] == [SECTION]


async def test_a_form_is_read_like_json(slack, client) -> None:
    form = {
        "token": slack.bot_token,
        "channel": "C1",
        "text": "Hello",
        "blocks": json.dumps([SECTION]),
        "unfurl_links": "false",
    }
    request = urllib.request.Request(
        slack.url + "chat.postMessage", data=urlencode(form).encode(), method="POST"
    )
    with await asyncio.to_thread(urllib.request.urlopen, request) as answer:
        assert json.load(answer)["ok"]
    assert slack.calls[0].payload["blocks"] == [SECTION]
    assert slack.calls[0].payload["unfurl_links"] is False


async def test_a_persons_id_means_their_direct_messages(slack, client) -> None:
    posted = await client.chat_postMessage(channel="U1", text="Hello")
    opened = await client.conversations_open(users="U1")
    assert posted["channel"] == opened["channel"]["id"] == "DU1"
    assert slack.messages("U1") == slack.messages("DU1") != []


async def test_messages_of_a_thread(slack, client) -> None:
    root = await client.chat_postMessage(channel="C1", text="root")
    await client.chat_postMessage(channel="C1", text="reply", thread_ts=root["ts"])
    assert [each["text"] for each in slack.messages(thread_ts=root["ts"])] == ["reply"]
    assert [each["text"] for each in slack.messages("C1")] == ["root", "reply"]


async def test_an_update_with_text_alone_takes_the_blocks_away(slack, client) -> None:
    posted = await client.chat_postMessage(channel="C1", text="one", blocks=[SECTION])
    await client.chat_update(channel="C1", ts=posted["ts"], text="two")
    (message,) = slack.messages()
    assert (message["text"], message.get("blocks")) == ("two", None)


async def test_an_update_with_blocks_puts_them_in(slack, client) -> None:
    posted = await client.chat_postMessage(channel="C1", text="one", blocks=[SECTION])
    await client.chat_update(
        channel="C1", ts=posted["ts"], text="two", blocks=[{"type": "divider"}]
    )
    (message,) = slack.messages()
    assert message["ts"] == posted["ts"]
    assert [block["type"] for block in message["blocks"]] == ["divider"]


async def test_a_deleted_message_is_gone(slack, client) -> None:
    posted = await client.chat_postMessage(channel="C1", text="one")
    await client.chat_delete(channel="C1", ts=posted["ts"])
    assert slack.messages() == []
    gone = client.chat_update(channel="C1", ts=posted["ts"], text="two")
    assert await error_of(gone) == "message_not_found"


async def test_the_message_of_a_person_cannot_be_updated(slack, client) -> None:
    said = slack.say(says.direct_message("U1", "mine"))
    update = client.chat_update(channel="DU1", ts=said["ts"], text="yours")
    assert await error_of(update) == "cant_update_message"
    assert slack.messages() == []


async def test_an_ephemeral_message_is_no_other_message(slack, client) -> None:
    await client.chat_postEphemeral(channel="C1", user="U1", text="only you")
    assert slack.messages() == []
    assert [each["text"] for each in slack.ephemerals("C1", "U1")] == ["only you"]
    assert slack.ephemerals("C1", "U2") == []


# Histories.


async def test_a_history_is_newest_first_and_without_replies(slack, client) -> None:
    root = slack.say(says.mention("U1", "C1", "<@UBOT> hello"))
    await client.chat_postMessage(channel="C1", text="reply", thread_ts=root["ts"])
    await client.chat_postMessage(channel="C1", text="later")
    found = (await client.conversations_history(channel="C1"))["messages"]
    assert [each["text"] for each in found] == ["later", "<@UBOT> hello"]
    assert found[1]["reply_count"] == 1


async def test_replies_are_oldest_first_with_the_root(slack, client) -> None:
    root = slack.say(says.mention("U1", "C1", "root"))
    for text in ("one", "two"):
        await client.chat_postMessage(channel="C1", text=text, thread_ts=root["ts"])
    found = await client.conversations_replies(channel="C1", ts=root["ts"])
    assert [each["text"] for each in found["messages"]] == ["root", "one", "two"]
    unknown = client.conversations_replies(channel="C1", ts="1.000001")
    assert await error_of(unknown) == "thread_not_found"


async def test_metadata_is_shown_only_when_asked_for(client) -> None:
    metadata = {"event_type": "answer", "event_payload": {"key": "k1"}}
    await client.chat_postMessage(channel="C1", text="one", metadata=metadata)
    plain = await client.conversations_history(channel="C1")
    full = await client.conversations_history(channel="C1", include_all_metadata=True)
    assert "metadata" not in plain["messages"][0]
    assert full["messages"][0]["metadata"] == metadata


async def test_oldest_leaves_out_itself_unless_inclusive(client) -> None:
    ts = [(await client.chat_postMessage(channel="C1", text=text))["ts"] for text in "abc"]

    async def texts(**options: Any) -> list[str]:
        found = await client.conversations_history(channel="C1", **options)
        return [each["text"] for each in found["messages"]]

    assert await texts(oldest=ts[1]) == ["c"]
    assert await texts(oldest=ts[1], inclusive=True) == ["c", "b"]
    assert await texts(latest=ts[1]) == ["a"]


async def test_a_history_comes_in_pages(client) -> None:
    for text in "abcde":
        await client.chat_postMessage(channel="C1", text=text)
    pages = []
    async for page in await client.conversations_history(channel="C1", limit=2):
        pages.append("".join(each["text"] for each in page["messages"]))
    assert pages == ["ed", "cb", "a"]
    assert await error_of(client.conversations_history(channel="C1", limit=0)) == "invalid_limit"


# What is refused.


@pytest.mark.parametrize(
    ("token", "error"), [(None, "not_authed"), ("xoxb-of-another", "invalid_auth")]
)
async def test_a_wrong_token_is_refused(slack, token: str | None, error: str) -> None:
    client = AsyncWebClient(token=token, base_url=slack.url)
    assert await error_of(client.chat_postMessage(channel="C1", text="Hello")) == error
    assert slack.calls == []


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("chat.postMassage", {}, "unknown_method"),
        ("chat.postMessage", {"text": "no channel"}, "invalid_arguments"),
        ("chat.postMessage", {"channel": "C1", "text": "a", "txet": "b"}, "invalid_arguments"),
        ("chat.postMessage", {"channel": "C1", "text": {"a": 1}}, "invalid_arguments"),
        ("chat.postMessage", {"channel": "C1"}, "no_text"),
        ("chat.postMessage", {"channel": "C1", "text": ""}, "no_text"),
        ("chat.postMessage", {"channel": "#general", "text": "a"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "C1", "text": "a" * 40_001}, "msg_too_long"),
        (
            "chat.postMessage",
            {"channel": "C1", "text": "a", "metadata": {"event_type": "a"}},
            "invalid_metadata_format",
        ),
        ("chat.update", {"channel": "C1", "ts": "1.1", "text": "a"}, "message_not_found"),
        ("views.open", {"view": VIEW, "trigger_id": "made up"}, "invalid_trigger_id"),
        ("views.publish", {"view": VIEW, "user_id": "U1"}, "invalid_arguments"),
        ("users.info", {"user": "C1"}, "user_not_found"),
    ],
)
async def test_what_slack_refuses(slack, client, method: str, arguments: Any, error: str) -> None:
    assert await error_of(client.api_call(method, json=arguments)) == error
    assert slack.refused == [(method, error)]
    assert slack.calls == []


async def test_bad_blocks_are_refused_and_remembered(slack, client) -> None:
    bad = {"type": "section", "text": {"type": "mrkdwn", "text": "a" * 3001}}
    with pytest.raises(SlackApiError) as raised:
        await client.chat_postMessage(channel="C1", text="a", blocks=[bad])
    assert raised.value.response["error"] == "invalid_blocks"
    (message,) = raised.value.response["response_metadata"]["messages"]
    assert "blocks[0].text.text" in message
    assert len(slack.problems) == 1
    assert slack.messages() == []


# Views, prompts, people.


async def test_a_trigger_opens_one_modal(slack, client) -> None:
    trigger = says.new_trigger()
    opened = await client.views_open(view=VIEW, trigger_id=trigger)
    assert [modal["id"] for modal in slack.modals()] == [opened["view"]["id"]]
    again = client.views_open(view=VIEW, trigger_id=trigger)
    assert await error_of(again) == "exchanged_trigger_id"


async def test_a_view_is_updated_in_place(slack, client) -> None:
    opened = await client.views_open(view=VIEW, trigger_id=says.new_trigger())
    title = {"type": "plain_text", "text": "Thank you"}
    name, stamp = opened["view"]["id"], opened["view"]["hash"]
    await client.views_update(view={**VIEW, "title": title}, view_id=name, hash=stamp)
    assert [modal["title"] for modal in slack.modals()] == [title]
    late = client.views_update(view=VIEW, view_id=name, hash=stamp)
    assert await error_of(late) == "hash_conflict"
    assert await error_of(client.views_update(view=VIEW, view_id="V0")) == "not_found"


async def test_homes_are_kept_by_user(slack, client) -> None:
    await client.views_publish(user_id="U1", view=HOME)
    await client.views_publish(user_id="U1", view={**HOME, "blocks": [{"type": "divider"}]})
    kinds = [view["blocks"][0]["type"] for view in slack.homes("U1")]
    assert kinds == ["section", "divider"]
    assert slack.homes("U2") == []
    late = client.views_publish(user_id="U1", view=HOME, hash=slack.homes("U1")[0]["hash"])
    assert await error_of(late) == "hash_conflict"


async def test_the_assistants_threads(slack, client) -> None:
    place = {"channel_id": "DU1", "thread_ts": "1700000000.000001"}
    prompts = [{"title": "Cost", "message": "What does it cost?"}]
    await client.assistant_threads_setSuggestedPrompts(**place, prompts=prompts)
    await client.assistant_threads_setStatus(**place, status="is thinking...")
    await client.assistant_threads_setTitle(**place, title="Cost")
    assert [each["prompts"] for each in slack.prompts()] == [prompts]
    assert [call.method.rpartition(".")[2] for call in slack.calls] == [
        "setSuggestedPrompts",
        "setStatus",
        "setTitle",
    ]
    many = client.assistant_threads_setSuggestedPrompts(**place, prompts=prompts * 5)
    assert await error_of(many) == "invalid_arguments"


async def test_who_the_bot_and_a_person_are(client) -> None:
    assert (await client.auth_test())["bot_id"] == says.BOT
    assert (await client.users_info(user="U1", include_locale=True))["user"]["locale"] == "en-US"


# Response URLs.


async def test_a_response_url_is_used_five_times(slack) -> None:
    url = slack.response_url()
    async with aiohttp.ClientSession() as session:
        webhook = AsyncWebhookClient(url, session=session)
        answers = [await webhook.send(text=str(number)) for number in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert answers[-1].body == "used_url"
    assert [each["text"] for each in slack.responses(url)] == list("01234")


async def test_a_response_is_checked_too(slack) -> None:
    url = slack.response_url()
    async with aiohttp.ClientSession() as session:
        webhook = AsyncWebhookClient(url, session=session)
        bad = await webhook.send(text="a", blocks=[{"type": "actions", "elements": []}])
        wrong = await webhook.send_dict({"text": "a", "channel": "C1"})
        empty = await webhook.send_dict({})
        removal = await webhook.send(delete_original=True)
    assert [each.status_code for each in (bad, wrong, empty, removal)] == [400, 400, 400, 200]
    assert slack.responses(url) == [{"delete_original": True}]
    assert len(slack.problems) == 2


# Faults.


async def test_a_fault_happens_as_often_as_it_says(slack, client) -> None:
    slack.faults.append(SlackError("channel_not_found", method="chat.postMessage", times=2))
    for _ in range(2):
        await client.auth_test()
        post = client.chat_postMessage(channel="C1", text="a")
        assert await error_of(post) == "channel_not_found"
    await client.chat_postMessage(channel="C1", text="a")
    assert slack.faults == []
    assert len(slack.messages()) == 1
    assert sum(call.method == "chat.postMessage" for call in slack.attempts) == 3


async def test_faults_come_in_order(slack, client) -> None:
    slack.faults += [SlackError("first"), SlackError("second")]
    assert await error_of(client.auth_test()) == "first"
    assert await error_of(client.auth_test()) == "second"


async def test_a_failing_server(slack, client) -> None:
    slack.faults.append(Fail(503))
    with pytest.raises(SlackApiError) as raised:
        await client.chat_postMessage(channel="C1", text="a")
    assert raised.value.response.status_code == 503
    assert slack.messages() == []


@pytest.mark.parametrize(("fault", "posted"), [(DropConnection(), 0), (AcceptThenDrop(), 1)])
async def test_a_lost_answer(slack, client, fault, posted: int) -> None:
    slack.faults.append(fault)
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.chat_postMessage(channel="C1", text="a")
    assert len(slack.messages()) == posted


async def test_a_slow_call_is_done_also_when_nobody_waits() -> None:
    goes_on = threading.Event()

    class Held(SlackStandIn):
        """Slow until the test lets it go on, however long this machine takes for the rest."""

        async def _treat(self, *call: Any) -> Any:
            await asyncio.to_thread(goes_on.wait, 240)
            return await super()._treat(*call)

    with Held() as slack:
        slack.faults.append(Slow(0.1))
        client = AsyncWebClient(slack.bot_token, slack.url, timeout=1, retry_handlers=[])
        with pytest.raises(asyncio.TimeoutError):
            await client.chat_postMessage(channel="C1", text="a")
        assert slack.messages() == []
        goes_on.set()
        await asyncio.to_thread(slack.wait_for, slack.messages)


async def test_who_does_not_wait_after_a_limit_is_found_out(slack, client) -> None:
    slack.faults.append(RateLimit(30, method="chat.postMessage"))
    for _ in range(2):
        with pytest.raises(SlackApiError) as raised:
            await client.chat_postMessage(channel="C1", text="a")
        assert raised.value.response.status_code == 429
        assert 0 < int(raised.value.response.headers["Retry-After"]) <= 30
    await client.auth_test()
    assert [call.method for call in slack.impatient] == ["chat.postMessage"]
    assert slack.messages() == []


async def test_who_waits_after_a_limit_is_served(slack, client) -> None:
    slack.faults.append(RateLimit(1))
    assert await error_of(client.chat_postMessage(channel="C1", text="a")) == "ratelimited"
    await asyncio.sleep(1)
    await client.chat_postMessage(channel="C1", text="a")
    assert slack.impatient == []


def test_waiting_in_vain_says_what_came(slack) -> None:
    with pytest.raises(TimeoutError, match="done: "):
        slack.wait_for(slack.messages, seconds=0)


async def test_reset_forgets_all(slack, client) -> None:
    await client.chat_postMessage(channel="C1", text="a")
    slack.faults.append(Fail())
    slack.reset()
    await client.auth_test()
    assert slack.messages() == []
    assert [call.method for call in slack.calls] == ["auth.test"]


# Socket Mode.


async def test_socket_mode(slack) -> None:
    async def answer(client: SocketModeClient, request: Any) -> None:
        got.append((request.type, request.payload, request.retry_attempt, request.retry_reason))
        payload = {"response_action": "clear"} if request.accepts_response_payload else None
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload))

    got: list[Any] = []
    web_client = AsyncWebClient(base_url=slack.url)
    socket = SocketModeClient(slack.app_token, web_client=web_client)
    socket.socket_mode_request_listeners.append(answer)
    await socket.connect()
    try:
        event = says.event_body(says.direct_message("U1", "Hello"))
        view = {"type": "view_submission"}
        sent = [
            await asyncio.to_thread(slack.send_envelope, "events_api", event, (1, "timeout")),
            await asyncio.to_thread(slack.send_envelope, "interactive", view),
        ]
        await asyncio.to_thread(slack.wait_for, lambda: len(slack.acknowledgements) == 2)
    finally:
        await socket.close()
        await socket.aiohttp_client_session.close()
    assert got == [("events_api", event, 1, "timeout"), ("interactive", view, None, None)]
    assert [slack.acknowledgements[each] for each in sent] == [{}, {"response_action": "clear"}]


async def test_socket_mode_needs_the_apps_token_and_each_ticket_once(slack, client) -> None:
    refused = client.apps_connections_open(app_token=slack.bot_token)
    assert await error_of(refused) == "not_allowed_token_type"
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url) as socket:
            assert (await socket.receive_json())["type"] == "hello"
            await asyncio.to_thread(slack.disconnect)
            assert (await socket.receive_json())["type"] == "disconnect"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


# What Slack sends, as Bolt reads it.


@pytest.fixture
async def heard(client) -> AsyncIterator[tuple[says.Slack, list[Any]]]:
    """An app of Bolt that notes what it is sent, and Slack's side of it."""
    app = AsyncApp(client=client, signing_secret=SECRET, process_before_response=True)
    found: list[Any] = []

    async def note_event(event: dict[str, Any], ack: Any) -> None:
        await ack()
        found.append((event["type"], event.get("subtype")))

    async def note(body: dict[str, Any], ack: Any) -> None:
        await ack()
        found.append(body)

    for event in ("message", "app_mention", "app_home_opened", "assistant_thread_started"):
        app.event(event)(note_event)
    for subtype in ("message_changed", "message_deleted", "bot_message"):
        app.event({"type": "message", "subtype": subtype})(note_event)
    app.command(says.COMMAND)(note)
    app.action("cost")(note)
    app.view("request")(note)
    app.view_closed("request")(note)
    app.shortcut("ask")(note)
    server = TestServer(app.web_app(says.WEBHOOK))
    await server.start_server()
    yield says.Slack(server.port, SECRET), found
    await server.close()


MESSAGE = says.direct_message("U1", "Does it hurt?")


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (MESSAGE, ("message", None)),
        (says.assistant_message("U1", "Hello", "1.1"), ("message", None)),
        (says.channel_message("U1", "C1", "Hello"), ("message", None)),
        (says.mention("U1", "C1", "<@UBOT> hello"), ("app_mention", None)),
        (says.edited(MESSAGE, "Does that hurt?"), ("message", "message_changed")),
        (says.deleted(MESSAGE), ("message", "message_deleted")),
        (says.bot_message("I am one", "C1", "UOTHER", "BOTHER"), ("message", None)),
        (says.old_bot_message("I am one", "C1"), ("message", "bot_message")),
        (says.home_opened("U1"), ("app_home_opened", None)),
        (says.assistant_thread_started("U1"), ("assistant_thread_started", None)),
    ],
)
async def test_bolt_reads_each_event(heard, event: Any, kind: Any) -> None:
    slack, found = heard
    answer = await asyncio.to_thread(slack.event, event)
    assert answer.status == 200, answer.body
    assert found == [kind]


async def test_bolt_ignores_the_bots_own_message(heard) -> None:
    slack, found = heard
    assert (await asyncio.to_thread(slack.event, says.bot_message("mine", "C1"))).status == 200
    assert found == []


async def test_bolt_reads_a_command(heard) -> None:
    slack, found = heard
    form = says.slash("U1", "C1", "does it hurt & why?", "http://127.0.0.1:1/response/1")
    assert (await asyncio.to_thread(slack.command, form)).status == 200
    assert found == [form]


async def test_bolt_reads_a_button_of_a_message(heard, client) -> None:
    slack, found = heard
    blocks = [SECTION, {"type": "actions", "elements": [a_button()]}]
    posted = await client.chat_postMessage(channel="C1", text="a", blocks=blocks)
    message = {**posted["message"], "thread_ts": "1.1"}
    pressed = says.button("U1", "C1", message, "cost", "http://127.0.0.1:1/response/1")
    assert (await asyncio.to_thread(slack.interact, pressed)).status == 200
    (body,) = found
    assert body["actions"][0]["value"] == "/faq_cost"
    assert body["actions"][0]["block_id"] == message["blocks"][1]["block_id"]
    assert body["container"]["thread_ts"] == "1.1"


async def test_bolt_reads_a_button_of_an_ephemeral_message(heard) -> None:
    slack, found = heard
    message = {"ts": "1.1", "blocks": [{"type": "actions", "elements": [a_button()]}]}
    pressed = says.button("U1", "C1", message, "cost", ephemeral=True)
    assert (await asyncio.to_thread(slack.interact, pressed)).status == 200
    assert found[0]["container"]["is_ephemeral"] is True
    assert "message" not in found[0]


async def test_bolt_reads_a_button_of_the_home_tab(heard, client) -> None:
    slack, found = heard
    home = {"type": "home", "blocks": [{"type": "actions", "elements": [a_button()]}]}
    view = (await client.views_publish(user_id="U1", view=home))["view"]
    assert (await asyncio.to_thread(slack.interact, says.home_button("U1", view, "cost"))).status
    assert found[0]["container"] == {"type": "view", "view_id": view["id"]}


def test_a_button_that_is_not_there_cannot_be_pressed() -> None:
    with pytest.raises(LookupError):
        says.button("U1", "C1", {"ts": "1.1", "blocks": [SECTION]}, "cost")


async def test_bolt_reads_a_form(heard, client) -> None:
    slack, found = heard
    view = (await client.views_open(view=VIEW, trigger_id=says.new_trigger()))["view"]
    sent = says.submit("U1", view, {"by": {"choice": "mail"}})
    assert (await asyncio.to_thread(slack.interact, sent)).status == 200
    values = found[0]["view"]["state"]["values"]
    assert values["name"]["text"] == {"type": "plain_text_input", "value": "Zoë"}
    assert values["by"]["choice"]["selected_option"]["value"] == "mail"
    assert (await asyncio.to_thread(slack.interact, says.closed("U1", view))).status == 200
    assert found[1]["type"] == "view_closed"


async def test_bolt_reads_a_shortcut(heard) -> None:
    slack, found = heard
    sent = says.message_shortcut("U2", "C1", MESSAGE, "ask", "http://127.0.0.1:1/response/1")
    assert (await asyncio.to_thread(slack.interact, sent)).status == 200
    assert found[0]["message"]["text"] == "Does it hurt?"


async def test_bolt_answers_the_challenge(heard) -> None:
    slack, _ = heard
    answer = await asyncio.to_thread(slack.json, says.url_verification("c1"))
    assert json.loads(answer.body) == {"challenge": "c1"}


@pytest.mark.parametrize("wrong", [{"secret": "another"}, {"timestamp": 1_700_000_000}])
async def test_bolt_refuses_a_wrong_signature(heard, wrong: dict[str, Any]) -> None:
    slack, found = heard
    body = json.dumps(says.event_body(MESSAGE)).encode()
    answer = await asyncio.to_thread(lambda: slack.post(body, says.JSON, **wrong))
    assert (answer.status, found) == (401, [])


def test_signatures_are_those_of_slack() -> None:
    body = b"payload=%7B%7D"
    verifier = SignatureVerifier(SECRET)
    made = verifier.generate_signature(timestamp="1700000000", body=body)
    assert says.signature(SECRET, "1700000000", body) == made


@pytest.mark.parametrize("reason", says.RETRY_REASONS)
async def test_a_retry_says_its_number_and_its_reason(reason: str) -> None:
    got: list[Any] = []

    async def take(request: aiohttp.web.Request) -> aiohttp.web.Response:
        got.append(request.headers)
        got.append(await request.json())
        return aiohttp.web.Response()

    app = aiohttp.web.Application()
    app.router.add_post(says.WEBHOOK, take)
    async with TestServer(app) as server:
        slack = says.Slack(server.port, SECRET)
        await asyncio.to_thread(slack.event, MESSAGE, "Ev1", (2, reason))
    assert got[0]["X-Slack-Retry-Num"] == "2"
    assert got[0]["X-Slack-Retry-Reason"] == reason
    assert got[1]["event_id"] == "Ev1"


def test_moments_are_all_different_also_when_the_clock_stands(monkeypatch) -> None:
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now)
    moments = [says.new_ts() for _ in range(10)]
    assert moments == sorted(set(moments))


def test_a_form_keeps_what_is_in_it() -> None:
    form = says.slash("U1", "C1", "a=b&c", "http://127.0.0.1:1/")
    assert parse_qs(urlencode(form))["text"] == ["a=b&c"]


# What Slack takes.


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "a", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(text), **more}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def asks(**element: Any) -> dict[str, Any]:
    return {"type": "input", "label": plain("Name"), "element": element}


def buttons(count: int) -> dict[str, Any]:
    return actions(*(a_button(str(number)) for number in range(count)))


def boxes(count: int, **more: Any) -> dict[str, Any]:
    options = [{"text": mrkdwn("Yes"), "value": str(number)} for number in range(count)]
    return {"type": "checkboxes", "action_id": "c", "options": options, **more}


IMAGE = {"type": "image", "image_url": "https://clinic.example/a.png", "alt_text": "A needle"}
WHOLE = [
    {"type": "header", "text": plain("h" * 150)},
    section("t" * 3_000, accessory=a_button("one")),
    {"type": "section", "fields": [mrkdwn("f" * 100)] * 10},
    {"type": "context", "elements": [mrkdwn("Source"), plain("a"), IMAGE] + [mrkdwn("b")] * 7},
    {"type": "divider", "block_id": "d"},
    IMAGE,
    actions(
        {**a_button("full"), "text": plain("b" * 75), "value": "v" * 2_000, "style": "primary"},
        {**a_button("link"), "url": "https://clinic.example/"},
        boxes(10),
    ),
    buttons(24),
    asks(type="plain_text_input", action_id="p", max_length=3_000, multiline=True),
]


def test_a_whole_message_is_taken() -> None:
    assert problems("chat.postMessage", {"text": "a", "blocks": WHOLE}) == []
    assert problems("chat.postMessage", {"text": "a", "blocks": [section()] * 50}) == []


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        (section(""), "0 characters"),
        (section("a" * 3_001), "3001 characters"),
        ({"type": "section"}, "text or fields"),
        ({"type": "section", "fields": [mrkdwn("a")] * 11}, "11 items"),
        ({"type": "section", "fields": [mrkdwn("a" * 2_001)]}, "2001 characters"),
        ({"type": "section", "text": "a"}, "must be an object"),
        (section(titel="a"), "titel is not a field"),
        (section(block_id="b" * 256), "256 characters"),
        ({"type": "section", "text": {**mrkdwn("a"), "emoji": True}}, "emoji is not a field"),
        ({"type": "sektion"}, "'sektion' is none of"),
        ({"type": ["section"]}, "is none of"),
        ("a", "must be an object"),
        ({"type": "header", "text": mrkdwn("a")}, "'mrkdwn' is none of"),
        ({"type": "header", "text": plain("a" * 151)}, "151 characters"),
        ({"type": "context", "elements": []}, "0 items"),
        ({"type": "context", "elements": [plain("a")] * 11}, "11 items"),
        ({"type": "context", "elements": [a_button()]}, "'button' is none of"),
        (actions(), "0 items"),
        (buttons(26), "26 items"),
        (actions(IMAGE), "'image' is none of"),
        (actions({**a_button(), "text": plain("a" * 76)}), "76 characters"),
        (actions({**a_button(), "text": mrkdwn("a")}), "'mrkdwn' is none of"),
        (actions({**a_button(), "value": "a" * 2_001}), "2001 characters"),
        (actions({**a_button(), "value": ""}), "0 characters"),
        (actions({**a_button(), "value": {"a": 1}}), "must be a string"),
        (actions({**a_button(), "action_id": "a" * 256}), "256 characters"),
        (actions({**a_button(), "style": "default"}), "primary|danger"),
        (actions({**a_button(), "url": "a" * 3_001}), "3001 characters"),
        (actions({**a_button(), "title": "a"}), "title is not a field"),
        (actions(a_button(), a_button()), "action_id: 'cost' is there 2 times"),
        (actions({"type": "plain_text_input", "action_id": "a"}), "is none of"),
        (actions(boxes(0)), "0 items"),
        (actions(boxes(11)), "11 items"),
        (actions(boxes(1, initial_options=[{"text": mrkdwn("No"), "value": "0"}])), "not offered"),
        ({"type": "divider", "text": plain("a")}, "text is not a field"),
        ({**IMAGE, "alt_text": ""}, "0 characters"),
        ({"type": "image", "alt_text": "a"}, "image_url is missing"),
        (asks(type="plain_text_input", max_length=3_001), "is 3001"),
        (asks(type="plain_text_input", min_length=5, max_length=4), "greater than max_length"),
        (asks(type="plain_text_input", max_length=2, initial_value="abc"), "initial_value"),
        (asks(**a_button()), "'button' is none of"),
        ({"type": "input", "label": plain("a")}, "element is missing"),
        ({**asks(type="plain_text_input"), "label": plain("a" * 2_001)}, "2001 characters"),
        ({**asks(type="plain_text_input"), "hint": mrkdwn("a")}, "'mrkdwn' is none of"),
        (asks(type="static_select", action_id="s"), "either options or option_groups"),
        (
            asks(type="static_select", options=[{"text": plain("a" * 76), "value": "a"}]),
            "76 characters",
        ),
        (
            asks(type="static_select", options=[{"text": plain("a"), "value": "a" * 151}]),
            "151 characters",
        ),
        (
            asks(type="static_select", options=[{"text": plain("a"), "value": "a"}] * 2),
            "value: 'a' is there 2 times",
        ),
    ],
)
def test_a_block_that_slack_refuses(block: Any, problem: str) -> None:
    found = problems("chat.postMessage", {"text": "a", "blocks": [block]})
    assert len(found) == 1, found
    assert problem in found[0]


@pytest.mark.parametrize(
    ("method", "message", "problem"),
    [
        ("chat.postMessage", {"blocks": [section()]}, "text: is missing"),
        ("chat.postMessage", {"text": "a" * 40_001}, "40001 characters"),
        ("chat.update", {"text": "a" * 4_001}, "4001 characters"),
        ("response", {"text": "a", "blocks": [section()] * 51}, "51 items"),
        ("chat.postMessage", {"text": "a", "blocks": [section("a" * 2_900)] * 5}, "have 14500"),
        ("chat.postMessage", {"text": "a", "blocks": [section(block_id="b")] * 2}, "2 times"),
        (
            "chat.postMessage",
            {"text": "a", "blocks": [buttons(1), buttons(1)]},
            "action_id: '0' is there 2 times",
        ),
        (
            "chat.postMessage",
            {"text": "a", "attachments": [{"color": "red", "blocks": [section()]}]},
            "'red' does not match",
        ),
        (
            "chat.postMessage",
            {"text": "a", "metadata": {"event_type": "a", "event_payload": "b"}},
            "must be an object",
        ),
        ("views.open", {"view": HOME}, "'home' is none of"),
        ("views.publish", {"view": VIEW}, "'modal' is none of"),
        ("views.open", {"view": {**VIEW, "title": plain("a" * 25)}}, "25 characters"),
        ("views.open", {"view": {**VIEW, "close": plain("a" * 25)}}, "25 characters"),
        ("views.open", {"view": {**VIEW, "callback_id": "a" * 256}}, "256 characters"),
        ("views.open", {"view": {**VIEW, "private_metadata": "a" * 3_001}}, "3001 characters"),
        ("views.open", {"view": {**VIEW, "blocks": [section()] * 101}}, "101 items"),
        (
            "views.update",
            {"view": {name: part for name, part in VIEW.items() if name != "submit"}},
            "submit is missing",
        ),
        ("views.publish", {"view": {**HOME, "title": plain("a")}}, "title is not a field"),
        (
            "assistant.threads.setSuggestedPrompts",
            {"prompts": [{"title": "", "message": "a"}]},
            "0 characters",
        ),
    ],
)
def test_a_message_or_a_view_that_slack_refuses(method: str, message: Any, problem: str) -> None:
    found = problems(method, message)
    assert len(found) == 1, found
    assert problem in found[0]


def test_inputs_of_a_view_may_share_an_action_id() -> None:
    blocks = [asks(type="plain_text_input", action_id="value") for _ in range(2)]
    assert problems("views.open", {"view": {**VIEW, "blocks": blocks}}) == []


@pytest.mark.parametrize(
    "text",
    [
        "This is **bold**",
        "See [the clinic](https://clinic.example)",
        "# Heading\ntext",
        "is __that__ so",
        "needles & pins",
        "a < b",
        "a > b",
        "<script>",
        "<https://clinic.example|**bold**>",
    ],
)
def test_raw_markdown_is_found(text: str) -> None:
    assert raw_markdown({"text": text})
    assert raw_markdown({"text": "a", "blocks": [section(text)]})
    assert raw_markdown({"type": "home", "blocks": [section(text)]})


@pytest.mark.parametrize(
    "text",
    [
        "*bold*, _italic_, `code`",
        "<https://clinic.example/?a=1&b=2|the clinic> &amp; more",
        "<@U1> in <#C1|wellness>, <!here>, <mailto:a@clinic.example|mail>",
        "a &lt; b &gt; c",
        "> a quote\n> of two lines",
        "2 * 3 * 4, snake_case_name, #1 [1]",
    ],
)
def test_mrkdwn_is_fine(text: str) -> None:
    assert raw_markdown({"text": text, "blocks": [section(text)]}) == []


def test_marks_in_plain_text_are_found() -> None:
    def found(text: str) -> list[str]:
        return raw_markdown({"blocks": [{"type": "header", "text": plain(text)}]})

    assert found("**bold**")
    assert found("<https://clinic.example|the clinic>")
    assert found("Needles & pins: 1 < 2") == []
