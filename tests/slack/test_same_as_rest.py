"""A sample of the conversation tests, through Slack and over REST: the same answers."""

import html
import random
import re
from pathlib import Path

import pytest
import yaml
from conftest import Bot
from slack_events import direct_message

FOLDER = Path(__file__).parents[1] / "conversations"
SAMPLE = 30
ALL = [
    (f"{path.parent.name}: {conversation['conversation']}", conversation["steps"])
    for path in sorted(FOLDER.rglob("*.yml"))
    for conversation in yaml.safe_load(path.read_text())
]
CONVERSATIONS = [
    pytest.param(number, steps, id=name)
    for number, (name, steps) in enumerate(random.Random(7).sample(ALL, SAMPLE))
]


def without_sources(text):
    # Over REST they are a line of the text, in Slack a block of their own.
    return "\n".join(line for line in text.split("\n") if not line.startswith("Sources: "))


def words(marked):
    """Return the words of a text in Slack's marks."""
    plain = re.sub(r"<([^<>|]+)>", r"\1", marked).replace("• ", "- ")
    return html.unescape(plain).replace("\u200b", "")


@pytest.mark.parametrize(("number", "steps"), CONVERSATIONS)
def test_slack_answers_as_rest_does(slack_bot, number, steps):
    rest, user = Bot(slack_bot.port), f"U8{number}"
    for step in steps:
        expected = [
            without_sources(one["text"]) for one in rest.ask(f"rest {number}", step["user"])
        ]
        assert expected
        messages = slack_bot.ask(direct_message(user, step["user"]), len(expected))
        assert [words(one["text"]) for one in messages] == expected, step["user"]
