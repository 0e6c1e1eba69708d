"""The Home tab, the welcome and its suggested prompts. No network here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from needlepoint.channels import slack_blocks as kit
from needlepoint.channels.slack_texts import Texts
from needlepoint.dialogue.buttons import titles
from needlepoint.names import TOPIC_PREFIX
from needlepoint.referral.clinic import Clinic

MAX_PROMPTS = 4  # Slack shows no more
Responses = Mapping[str, Sequence[Mapping[str, Any]]]


def home_view(
    texts: Texts, responses: Responses, clinic: Clinic, emergency: str, keep_days: float
) -> dict[str, Any]:
    """Return the Home tab: every topic as a button.

    Args:
        texts: the channel's own words
        responses: of the domain; the titles of topics are there
        clinic: whose bot this is
        emergency: the numbers to call, in words
        keep_days: how long conversations are kept

    Raises:
        KeyError: there is no such topic as the words name.
    """
    home, title = texts.home, titles(responses)
    blocks = [
        kit.header(home["title"]),
        kit.section(home["intro"]),
        kit.section(f"**{home['emergency'].format(emergency=emergency)}**"),
    ]
    if clinic.is_known:
        blocks += kit.rows([kit.form_button(home["call_me"])])
    for heading, topics in texts.groups.items():
        buttons = [
            kit.button(title[f"{TOPIC_PREFIX}{topic}"], f"/{TOPIC_PREFIX}{topic}", topic)
            for topic in topics
        ]
        blocks += [kit.header(heading), *kit.rows(buttons)]
    blocks.append(kit.context(home["privacy"].format(keep_days=keep_days)))
    return {"type": "home", "blocks": blocks}


def prompts(suggestions: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return the questions that the assistant's view offers at its start."""
    return [{"title": one["title"], "message": one["title"]} for one in suggestions[:MAX_PROMPTS]]


def welcome(
    texts: Texts,
    suggestions: Sequence[Mapping[str, str]],
    key: str,
    before: Sequence[kit.Block] = (),
) -> dict[str, Any]:
    """Return the first message of the bot to somebody.

    Args:
        texts: the channel's own words
        suggestions: the questions that it offers, each with title and payload
        key: the id of the message
        before: lines over it, as ``slack_blocks.context`` makes them
    """
    buttons = [
        kit.button(one["title"], one["payload"], str(number))
        for number, one in enumerate(suggestions)
    ]
    content = kit.notice(texts["welcome"])
    blocks = [*before, *content["blocks"], *kit.rows(buttons)]
    return {**content, "blocks": blocks, "metadata": kit.metadata(key)}
