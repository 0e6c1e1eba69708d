"""The questions that a channel offers before anything is said: the buttons of the greeting."""

from __future__ import annotations

from rasa.core.agent import Agent

GREETING = "utter_greet"


def opening_buttons(agent: Agent | None) -> list[dict[str, str]]:
    """Return the buttons, each with title and payload; none while there is no model."""
    responses = agent.domain.responses if agent and agent.domain else {}
    first = next(iter(responses.get(GREETING) or [{}]))
    return [
        {"title": button["title"], "payload": button["payload"]}
        for button in first.get("buttons") or []
    ]
