"""The Slack channel switched off, by Socket Mode, and when answers cannot be posted."""

import json
import logging

import pytest
from slack_events import direct_message, event_body, home_button, home_opened, submit
from slack_stand_in import BOT_TOKEN, Fail, SlackError, SlackStandIn

from needlepoint.channels import slack_api
from needlepoint.channels.slack import SlackChannel, SlackSettingsError
from needlepoint.channels.slack_api import TRIES, Api
from needlepoint.channels.slack_listeners import Listeners


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_SIGNING_SECRET"),
        ({"SLACK_APP_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN"),
    ],
)
def test_without_its_secrets_it_is_off_and_says_so_in_one_line(caplog, environment, named):
    with caplog.at_level(logging.WARNING):
        blueprint = SlackChannel(environment=environment).blueprint(None)
    assert list(blueprint._future_routes) == []
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == f"Slack is off: {named} not set; see docs/slack.md."


@pytest.mark.parametrize(
    "settings", [{"api_url": "slack.com"}, {"max_length": 0}, {"keep_days": "x"}, {"tokn": "x"}]
)
def test_a_wrong_setting_is_named(settings):
    with pytest.raises(SlackSettingsError, match=r"credentials\.yml"):
        SlackChannel.from_credentials(settings)


def test_by_socket_mode_without_a_public_address(start_slack):
    with SlackStandIn() as stand_in:
        bot = start_slack(stand_in, socket_mode=True)
        event = direct_message("U1", "does it hurt?")
        stand_in.wait_for(lambda: stand_in.made("apps.connections.open"))
        stand_in.send_envelope("events_api", event_body(event))
        stand_in.wait_for(lambda: bot.said("DU1"))
        assert len(bot.said("DU1")) == 1
        stand_in.wait_for(lambda: stand_in.acknowledgements)
        # Nothing is taken over HTTP, where nobody could tell who signed it.
        body = json.dumps(event_body(direct_message("U2", "hello"))).encode()
        assert bot.slack.post(body, "application/json", secret="").status == 404


def test_who_gets_no_answer_is_told(slack_bot):
    stand_in, said = slack_bot.stand_in, slack_bot.said
    stand_in.faults.append(SlackError("msg_blocks_too_long", method="chat.postMessage"))
    slack_bot.slack.event(direct_message("U60", "does it hurt?"))
    stand_in.wait_for(lambda: said("DU60"))
    assert "could not send you an earlier answer" in json.dumps(said("DU60")[0])


def test_who_could_not_even_be_told_is_told_next_time(slack_bot):
    stand_in = slack_bot.stand_in
    refused = SlackError("channel_not_found", method="chat.postMessage", times=2)
    stand_in.faults.append(refused)
    slack_bot.slack.event(direct_message("U61", "does it hurt?"))
    stand_in.wait_for(lambda: not stand_in.faults)
    words = "since this morning i cant feel when i wipe and cant pee"
    *answers, sorry = slack_bot.ask(direct_message("U61", words), 3)
    # Nothing stands before the number to call.
    assert answers[0]["blocks"][0]["type"] == "header"
    assert "could not send you an earlier answer" in json.dumps(sorry)


def fill_in(slack_bot, user, *faults):
    """Send the form of the Home tab, while something goes wrong; return what is said to it."""
    stand_in, values = (
        slack_bot.stand_in,
        {
            "name": {"value": "Ann"},
            "contact": {"value": "828 555 0135"},
            "time": {"value": "Mondays"},
            "consent": {"value": ["agreed"]},
        },
    )
    count = len(stand_in.modals())
    slack_bot.slack.event(home_opened(user))
    home = stand_in.wait_for(lambda: stand_in.homes(user))[-1]
    slack_bot.slack.interact(home_button(user, home, "form"))
    view = stand_in.wait_for(lambda: stand_in.modals()[count:])[0]
    stand_in.faults += faults
    assert slack_bot.slack.interact(submit(user, view, values)).status == 200
    return json.dumps(stand_in.wait_for(lambda: slack_bot.said(f"D{user}")))


def slack_away():
    """Return a fault for all tries of one turn in hand."""
    return Fail(method="chat.postMessage", times=TRIES)


def test_a_request_is_confirmed_also_when_slack_was_away(slack_bot):
    assert "Thank you, Ann" in fill_in(slack_bot, "U62", slack_away())


def test_a_deletion_is_told_also_when_slack_was_away(slack_bot):
    fill_in(slack_bot, "U63")
    slack_bot.stand_in.faults.append(slack_away())
    (told,) = slack_bot.ask(direct_message("U63", "delete my data"))
    assert "I have deleted your request" in json.dumps(told)


@pytest.mark.parametrize(
    ("fault", "blames_the_token"),
    [(SlackError("invalid_auth", method="auth.test"), True), (Fail(times=TRIES), False)],
)
async def test_the_token_is_blamed_only_if_slack_refuses_it(
    caplog, monkeypatch, fault, blames_the_token
):
    monkeypatch.setattr(slack_api, "FIRST_PAUSE", 0.01)
    with SlackStandIn() as stand_in:
        stand_in.faults.append(fault)
        api = Api(BOT_TOKEN, stand_in.url)
        await api.open()
        await Listeners(None, None, api, None, None, None, None, 30).check_token()
        await api.close()
    (line,) = [record.getMessage() for record in caplog.records]
    assert ("SLACK_BOT_TOKEN" in line) is blames_the_token
