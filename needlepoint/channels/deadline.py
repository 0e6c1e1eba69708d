"""A deadline for custom actions.

Rasa waits up to 300 seconds for an action server, and has no setting for it. With this endpoint a
slow action fails like one whose server is down: the turn goes on, and a rule says what the action
would have said (``data/dialogue/notes.yml``).
"""

from __future__ import annotations

from typing import Any

from rasa.core.agent import Agent
from rasa.utils.endpoints import EndpointConfig

from needlepoint.observability.metrics import action_call


class DeadlineEndpoint(EndpointConfig):
    """The same endpoint, whose requests end after a deadline."""

    def __init__(self, endpoint: EndpointConfig, deadline: float) -> None:
        """Copy ``endpoint``; ``deadline`` is in seconds."""
        super().__init__(
            endpoint.url,
            endpoint.params,
            endpoint.headers,
            endpoint.basic_auth,
            endpoint.token,
            endpoint.token_name,
            endpoint.cafile,
            type=endpoint.type,
            **endpoint.kwargs,
        )
        self.deadline = deadline

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        """Send the request.

        Raises:
            asyncio.TimeoutError: there was no full answer within the deadline.
        """
        kwargs["timeout"] = self.deadline
        with action_call((kwargs.get("json") or {}).get("next_action")):
            return await super().request(*args, **kwargs)


def limit_actions(agent: Agent, deadline: float) -> None:
    """Give the action server of ``agent`` a deadline, in seconds, if it has one at all.

    Each channel asks for its own; the shortest one counts.
    """
    if agent.action_endpoint is None:
        return
    if isinstance(agent.action_endpoint, DeadlineEndpoint):
        agent.action_endpoint.deadline = min(agent.action_endpoint.deadline, deadline)
    else:
        agent.action_endpoint = DeadlineEndpoint(agent.action_endpoint, deadline)
    if agent.processor is not None:
        agent.processor.action_endpoint = agent.action_endpoint
