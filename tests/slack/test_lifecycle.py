"""The Slack channel switched off, by Socket Mode, and when answers cannot be posted."""

import json
import logging

import pytest
from slack_events import direct_message, event_body
from slack_stand_in import SlackError, SlackStandIn

from needlepoint.channels.slack import SlackChannel, SlackSettingsError


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
        stand_in.wait_for(lambda: stand_in.made("apps.connections.open"), 30)
        stand_in.send_envelope("events_api", event_body(event))
        stand_in.wait_for(lambda: bot.said("DU1"), 30)
        assert len(bot.said("DU1")) == 1
        stand_in.wait_for(lambda: stand_in.acknowledgements, 10)
        # Nothing is taken over HTTP, where nobody could tell who signed it.
        body = json.dumps(event_body(direct_message("U2", "hello"))).encode()
        assert bot.slack.post(body, "application/json", secret="").status == 404


def test_who_gets_no_answer_is_told(slack_bot):
    stand_in, said = slack_bot.stand_in, slack_bot.said
    stand_in.faults.append(SlackError("msg_blocks_too_long", method="chat.postMessage"))
    slack_bot.slack.event(direct_message("U60", "does it hurt?"))
    stand_in.wait_for(lambda: said("DU60"), 30)
    assert "could not send you an earlier answer" in json.dumps(said("DU60")[0])


def test_who_could_not_even_be_told_is_told_next_time(slack_bot):
    stand_in = slack_bot.stand_in
    refused = SlackError("channel_not_found", method="chat.postMessage", times=2)
    stand_in.faults.append(refused)
    slack_bot.slack.event(direct_message("U61", "does it hurt?"))
    stand_in.wait_for(lambda: not stand_in.faults, 30)
    sorry, answer = slack_bot.ask(direct_message("U61", "how much is it?"), 2)
    assert "could not send you an earlier answer" in json.dumps(sorry)
    assert "Prices differ" in json.dumps(answer)
