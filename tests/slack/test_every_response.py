"""Every text that the bot can say, posted to the stand-in, which checks it as Slack does."""

import asyncio

import pytest
from slack_block_kit import raw_markdown
from slack_stand_in import BOT_TOKEN, SlackStandIn

from needlepoint.channels.said import Said
from needlepoint.channels.slack_api import Api
from needlepoint.channels.slack_blocks import context, message
from needlepoint.channels.slack_texts import read_texts
from needlepoint.dialogue.sources import read_sources


def texts_of(variation):
    about = variation.get("metadata") or {}
    return [variation["text"], *(about[way] for way in ("more", "short") if way in about)]


@pytest.fixture(scope="module")
def said(agent):
    """Each text of each response, with its buttons and its sources."""
    sources = read_sources()
    return [
        Said(
            text.strip(),
            variation.get("buttons") or (),
            name,
            {
                **(variation.get("metadata") or {}),
                "sources": [
                    sources[key].as_dict()
                    for key in (variation.get("metadata") or {}).get("sources", [])
                ],
            },
            0.0,
        )
        for name, variations in agent.domain.responses.items()
        for variation in variations
        if variation.get("text")
        for text in texts_of(variation)
    ]


def test_every_response_is_posted_whole(said):
    texts = read_texts()
    with SlackStandIn() as stand_in:

        async def post():
            api = Api(BOT_TOKEN, stand_in.url)
            await api.open()
            for number, one in enumerate(said):
                content = message(one, f"{number:032x}", texts, [context("A **hint**.")])
                await api.post("C1", None, content)
            await api.close()

        asyncio.run(post())
        posted = stand_in.messages("C1")
        assert stand_in.problems == []
    assert len(said) > 250
    assert len(posted) == len(said)
    for one, shown in zip(said, posted, strict=True):
        assert raw_markdown(shown) == [], one.response
        buttons = [e for b in shown["blocks"] if b["type"] == "actions" for e in b["elements"]]
        titles = [e["text"]["text"] for e in buttons if e["action_id"].startswith("ask:")]
        assert titles == [b["title"][:75] for b in one.buttons], one.response
        words = " ".join(
            b["text"]["text"] for b in shown["blocks"] if b["type"] in ("section", "header")
        )
        for word in one.text.replace("&", " ").split():
            assert word.strip("*<>()-") in words, (one.response, word)
        named = [s["title"].split("&")[0] for s in one.about["sources"]]
        small = str([b for b in shown["blocks"] if b["type"] == "context"])
        assert all(name in small for name in named), one.response
