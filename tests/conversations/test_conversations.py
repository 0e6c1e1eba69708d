"""Runs every conversation in this folder through the trained model, by Rasa's own agent.

A file has a list of conversations; each step gives what the user writes and the names of the
responses that the bot says to it, in order. The action server is not there, so that where a
disclaimer is due, the fixed one is expected; but for those in ``at_a_clinic``, which has one, and
practitioners. All of them run on the stores of both profiles.
"""

import asyncio
import uuid
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from databases import amqp_url, own_postgres, redis_url
from rasa.core.brokers.broker import EventBroker
from rasa.core.channels.channel import UserMessage
from rasa.core.lock_store import LockStore
from rasa.core.tracker_store import TrackerStore
from rasa.core.utils import AvailableEndpoints

from benchmarks.servers import delete_events
from needlepoint.channels.said import Collected

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


PROFILES = {"default": "endpoints.yml", "production": "endpoints.production.yml"}


@pytest.fixture(scope="module")
def loop():
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(scope="module", params=PROFILES)
def stores(request, loop, tmp_path_factory):
    """Give an agent the stores, the lock and the broker that a profile's file names."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        database = f"sqlite:///{tmp_path_factory.mktemp('profile')}/conversations.db"
        if request.param == "production":
            database = stack.enter_context(own_postgres())
            patch.setenv("NEEDLEPOINT_REDIS_URL", redis_url())
            patch.setenv("NEEDLEPOINT_AMQP_URL", amqp_url())
            patch.setenv("NEEDLEPOINT_ACTIONS_URL", "http://127.0.0.1:9/webhook")
        patch.setenv("NEEDLEPOINT_DATABASE_URL", database)
        endpoints = AvailableEndpoints.read_endpoints(PROFILES[request.param])
        endpoints.tracker_store.kwargs["answer_limit"] = 60  # a machine may stall
        if request.param == "production":
            queue = f"needlepoint_test_{uuid.uuid4().hex}"
            endpoints.event_broker.kwargs.update(queues=[queue], exchange_name=queue)
            stack.callback(delete_events, queue)
        broker = loop.run_until_complete(EventBroker.create(endpoints.event_broker, loop))
        lock = LockStore.create(endpoints.lock_store)
        kept = {}

        def give(agent, patch):
            if id(agent) not in kept:
                tracker_store = TrackerStore.create(endpoints.tracker_store, agent.domain, broker)
                kept[id(agent)] = tracker_store
            for part in (agent, agent.processor):
                patch.setattr(part, "tracker_store", kept[id(agent)])
                patch.setattr(part, "lock_store", lock)

        yield give
        if broker:
            loop.run_until_complete(broker.close())
        for store in kept.values():
            store._engine.dispose()


class Spoken(Collected):
    channel = "rest"


async def said(agent, sender, text):
    output = Spoken()
    await agent.handle_message(UserMessage(text, output, sender))
    return [one.response for one in output.said]


@pytest.mark.parametrize(("which", "steps"), CONVERSATIONS)
def test_conversation(which, steps, request, stores, loop, monkeypatch):
    agent = request.getfixturevalue(which)
    stores(agent, monkeypatch)
    for step in steps:
        found = loop.run_until_complete(said(agent, request.node.name, step["user"]))
        assert found == step["bot"], step
