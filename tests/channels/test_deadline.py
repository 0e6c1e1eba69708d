"""An endpoint with a deadline fails in time, and is otherwise the endpoint it was."""

import asyncio

import pytest
from rasa.core.agent import Agent
from rasa.utils.endpoints import EndpointConfig

from needlepoint.channels.deadline import DeadlineEndpoint, limit_actions


async def silent_server():
    async def hold(reader, writer):
        await asyncio.sleep(300)

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


async def test_a_server_that_never_answers_times_out():
    server, port = await silent_server()
    endpoint = DeadlineEndpoint(EndpointConfig(f"http://127.0.0.1:{port}"), deadline=0.1)
    # Rasa passes its own 300 seconds; they must not win.
    call = asyncio.ensure_future(endpoint.request(json={}, timeout=300))
    done, _ = await asyncio.wait([call], timeout=60)
    server.close()
    assert done, "the endpoint's own deadline did not end it"
    with pytest.raises(asyncio.TimeoutError):
        call.result()


def test_all_settings_are_kept():
    original = EndpointConfig("http://x", token="secret", enable_selective_domain=True)
    limited = DeadlineEndpoint(original, 1.0)
    assert limited == original
    assert limited.kwargs == {"enable_selective_domain": True}


def test_an_agent_without_action_server_stays_so():
    agent = Agent()
    limit_actions(agent, 1.0)
    assert agent.action_endpoint is None


def test_the_agent_and_its_processor_get_the_deadline(agent):
    before = agent.action_endpoint
    try:
        limit_actions(agent, 0.5)
        assert agent.action_endpoint.deadline == 0.5
        assert agent.processor.action_endpoint is agent.action_endpoint
    finally:
        agent.action_endpoint = agent.processor.action_endpoint = before


def test_of_two_channels_the_shorter_deadline_counts(agent):
    before = agent.action_endpoint
    try:
        limit_actions(agent, 0.5)
        first = agent.action_endpoint
        limit_actions(agent, 2.0)
        assert agent.action_endpoint is first
        assert first.deadline == 0.5
        limit_actions(agent, 0.2)
        assert agent.processor.action_endpoint.deadline == 0.2
    finally:
        agent.action_endpoint = agent.processor.action_endpoint = before
