"""What every channel asks for once the model is loaded."""

from __future__ import annotations

import gc

from rasa.core.agent import Agent

from needlepoint.channels.deadline import limit_actions
from needlepoint.stores.failures import tell_failures


def make_ready(agent: Agent, action_deadline: float) -> None:
    """Have actions end in time, failures of the store told, and the model left in peace.

    The model and its libraries are more than a million objects that stay until the end. Python
    would look through them for garbage again and again, and hold up all turns for half a second.

    Args:
        agent: Rasa's, with its model
        action_deadline: how long a custom action may take, in seconds
    """
    limit_actions(agent, action_deadline)
    tell_failures(agent)
    gc.collect()
    gc.freeze()
