"""Confirms, in its conversation, a request to be called back that came by the form."""

from __future__ import annotations

from typing import Any

from rasa.core.actions.action import create_bot_utterance
from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel
from rasa.shared.core.events import ActiveLoop, Event, SlotSet

from needlepoint import names


async def confirm(
    agent: Agent, output: OutputChannel, conversation: str, response: str, name: str
) -> None:
    """Say that a request is stored, and end its form in the conversation, if that is open.

    Args:
        agent: Rasa's, with its model
        output: what it is said to, once the conversation has it
        conversation: the id of the tracker
        response: that says so
        name: in the request

    Raises:
        rasa.core.lock_store.LockError: somebody else works on the conversation.
        NotStoredError: the conversation cannot be stored.
    """
    processor: Any = agent.processor
    async with agent.lock_store.lock(conversation):
        # Also somebody who never wrote has a session then. Rasa begins none in a conversation that
        # has events, and would understand nothing that is said in it.
        tracker = await processor.fetch_tracker_and_update_session(conversation, output)
        said = await processor.nlg.generate(response, tracker, output.name(), request_name=name)
        message = {**said, "utter_action": response}
        events: list[Event] = [SlotSet(slot, None) for slot in names.REQUEST_SLOTS]
        if tracker.active_loop_name:
            events.append(ActiveLoop(None))
        events.append(create_bot_utterance(dict(message)))
        tracker.update_with_events(events, agent.domain)
        await agent.tracker_store.save(tracker)
    await output.send_response(conversation, message)
