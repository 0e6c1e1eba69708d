"""The manifest of the Slack app fits the code, and asks for no more than the code needs."""

import re
from pathlib import Path

import pytest
import textstat
import yaml
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from needlepoint.channels.opening import GREETING
from needlepoint.channels.records import Records
from needlepoint.channels.slack import SlackChannel
from needlepoint.channels.slack_api import Api
from needlepoint.channels.slack_home import MAX_PROMPTS
from needlepoint.channels.slack_incoming import Reader
from needlepoint.channels.slack_listeners import COMMAND, SHORTCUT, Listeners
from needlepoint.channels.slack_texts import read_texts
from needlepoint.referral.clinic import Clinic

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "slack.md").read_text()
MANIFEST = yaml.safe_load((ROOT / "docs" / "slack-manifest.yml").read_text())
FEATURES, SETTINGS = MANIFEST["features"], MANIFEST["settings"]
SCOPES = MANIFEST["oauth_config"]["scopes"]["bot"]
URL = "https://YOUR-HOST/webhooks/slack/webhook"
# From Slack's reference: of each method, the scope that a bot needs where this code calls it.
# Answers
# in threads of channels are not looked up: that would take a scope to read the channels.
METHOD_SCOPES = {
    "auth.test": None,
    "chat.postMessage": "chat:write",
    "chat.postEphemeral": "chat:write",
    "conversations.open": "im:write",
    "conversations.history": "im:history",
    "conversations.replies": "im:history",
    "views.open": None,
    "views.publish": None,
    "assistant.threads.setSuggestedPrompts": "assistant:write",
}
EVENT_SCOPES = {
    "app_mention": "app_mentions:read",
    "message.im": "im:history",
    "app_home_opened": None,
    "assistant_thread_started": "assistant:write",
    "assistant_thread_context_changed": "assistant:write",
}


def code():
    files = sorted((ROOT / "needlepoint" / "channels").glob("slack*.py"))
    return "\n".join(file.read_text() for file in files)


def called_methods():
    named = r'"((?:auth|chat|conversations|views|assistant\.threads|users|files|reactions)\.\w+)"'
    return set(re.findall(named, code()))


@pytest.fixture(scope="module")
def matchers():
    """What the Bolt app listens to, each as the JSON of what makes it listen."""
    nothing = Clinic(*[None] * 7, "US", None, None, 90)
    api, reader, texts = Api("xoxb-1", "http://127.0.0.1/"), Reader("x"), read_texts()
    listeners = Listeners(lambda: None, Records(""), api, None, reader, texts, nothing, 30)
    return listeners.app("x")._async_listeners


async def listens(matchers, body):
    request = AsyncBoltRequest(body=body, mode="socket_mode")
    return any(
        [
            await listener.async_matches(req=request, resp=BoltResponse(status=200))
            for listener in matchers
        ]
    )


def test_all_methods_and_events_have_a_known_scope():
    assert called_methods() == set(METHOD_SCOPES)
    assert set(SETTINGS["event_subscriptions"]["bot_events"]) == set(EVENT_SCOPES)


def test_it_asks_for_the_scopes_that_are_needed_and_no_more():
    needed = {*METHOD_SCOPES.values(), *EVENT_SCOPES.values(), "commands"} - {None}
    assert sorted(SCOPES) == sorted(needed)
    assert "user" not in MANIFEST["oauth_config"]["scopes"]


@pytest.mark.parametrize("event", sorted(EVENT_SCOPES))
async def test_each_event_is_listened_to(matchers, event):
    kind = event.partition(".")[0]
    body = {"type": "event_callback", "event": {"type": kind}}
    assert await listens(matchers, body)


async def test_what_is_listened_to_is_subscribed(matchers):
    listened = re.findall(r'app\.event\("(\w+)"\)', code())
    subscribed = [event.partition(".")[0] for event in EVENT_SCOPES]
    assert sorted(listened) == sorted(subscribed)
    assert not await listens(matchers, {"type": "event_callback", "event": {"type": "x"}})


async def test_the_command_and_the_shortcut_are_the_codes(matchers):
    (command,), (shortcut,) = FEATURES["slash_commands"], FEATURES["shortcuts"]
    assert command["command"] == COMMAND
    assert (shortcut["type"], shortcut["callback_id"]) == ("message", SHORTCUT)
    assert await listens(matchers, {"command": command["command"]})
    pressed = {"type": "message_action", "callback_id": shortcut["callback_id"]}
    assert await listens(matchers, pressed)


def test_all_addresses_are_that_of_the_channel():
    addresses = [
        SETTINGS["event_subscriptions"]["request_url"],
        SETTINGS["interactivity"]["request_url"],
        *[command["url"] for command in FEATURES["slash_commands"]],
    ]
    assert set(addresses) == {URL}
    secrets = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "x"}
    blueprint = SlackChannel(environment=secrets).blueprint(None)
    paths = [
        f"/webhooks/{SlackChannel.name()}{route.uri}"
        for route in blueprint._future_routes
        if "POST" in route.methods
    ]
    assert [path for path in paths if URL.endswith(path)] == paths


def test_people_can_write_to_it():
    assert FEATURES["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }
    assert SETTINGS["interactivity"]["is_enabled"] is True
    for name in ("socket_mode_enabled", "org_deploy_enabled", "token_rotation_enabled"):
        assert SETTINGS[name] is False


def test_the_prompts_are_those_of_the_greeting():
    greeting = yaml.safe_load((ROOT / "data" / "dialogue" / "conversation.yml").read_text())
    titles = [button["title"] for button in greeting["responses"][GREETING][0]["buttons"]]
    prompts = FEATURES["assistant_view"]["suggested_prompts"]
    assert [prompt["title"] for prompt in prompts] == titles[:MAX_PROMPTS]
    assert all(prompt["title"] == prompt["message"] for prompt in prompts)


# From Slack's reference of app manifests: fewest and most characters.
LENGTHS = {
    ("display_information", "name"): (1, 35),
    ("display_information", "description"): (1, 140),
    ("display_information", "long_description"): (174, 4000),
    ("features", "bot_user", "display_name"): (1, 80),
    ("features", "slash_commands", 0, "command"): (2, 32),
    ("features", "slash_commands", 0, "description"): (1, 2000),
    ("features", "shortcuts", 0, "name"): (1, 24),
    ("features", "shortcuts", 0, "description"): (1, 150),
    ("features", "shortcuts", 0, "callback_id"): (1, 255),
}


@pytest.mark.parametrize("place", LENGTHS, ids=lambda place: ".".join(map(str, place)))
def test_no_text_is_too_long_for_slack(place):
    text = MANIFEST
    for part in place:
        text = text[part]
    least, most = LENGTHS[place]
    assert least <= len(text) <= most


def test_the_long_description_is_plain():
    text = MANIFEST["display_information"]["long_description"]
    assert textstat.flesch_kincaid_grade(text) <= 8


@pytest.mark.parametrize("scope", SCOPES)
def test_the_page_says_what_each_scope_is_for(scope):
    assert f"| `{scope}` |" in PAGE


def test_the_page_names_each_setting_and_secret():
    credentials = yaml.safe_load((ROOT / "credentials.yml").read_text())
    settings = credentials["needlepoint.channels.slack.SlackChannel"]
    secrets = re.findall(r'"(SLACK_[A-Z_]+)"', code())
    for name in [*settings, *secrets]:
        assert f"`{name}`" in PAGE, name


def test_each_link_of_the_page_leads_somewhere():
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", PAGE):
        if not link.startswith("http"):
            assert (ROOT / "docs" / link).exists(), link
