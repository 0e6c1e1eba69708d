"""Runs every conversation in this folder through the trained model, by Rasa's own agent.

A file has a list of conversations; each step gives what the user writes and the names of the
responses that the bot says to it, in order. The action server is not there, so that where a
disclaimer is due, the fixed one is expected; but for those in ``at_a_clinic``, which has one, and
practitioners.
"""

import asyncio
from pathlib import Path

import pytest
import yaml
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage

FOLDER = Path(__file__).parent
CONVERSATIONS = [
    pytest.param(
        "clinic_agent" if path.parent.name == "at_a_clinic" else "agent",
        conversation["steps"],
        id=f"{path.parent.name}: {conversation['conversation']}",
    )
    for path in sorted(FOLDER.rglob("*.yml"))
    for conversation in yaml.safe_load(path.read_text())
]


async def said(agent, sender, text):
    before = await agent.tracker_store.retrieve(sender)
    count = len(before.events) if before else 0
    await agent.handle_message(UserMessage(text, CollectingOutputChannel(), sender))
    tracker = await agent.tracker_store.retrieve(sender)
    events = [event.as_dict() for event in tracker.events][count:]
    return [event["metadata"].get("utter_action") for event in events if event["event"] == "bot"]


@pytest.mark.parametrize(("which", "steps"), CONVERSATIONS)
def test_conversation(which, steps, request):
    agent = request.getfixturevalue(which)
    for step in steps:
        assert asyncio.run(said(agent, request.node.name, step["user"])) == step["bot"], step
