"""What every channel asks for once the model is loaded."""

import gc
from types import SimpleNamespace

from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.domain import Domain
from rasa.utils.endpoints import EndpointConfig

from needlepoint.channels.deadline import DeadlineEndpoint
from needlepoint.channels.start import make_ready
from needlepoint.stores.failures import TellingTrackerStore


def test_an_agent_is_made_ready():
    agent = SimpleNamespace(
        action_endpoint=EndpointConfig("http://127.0.0.1:9/webhook"),
        tracker_store=InMemoryTrackerStore(Domain.empty()),
        processor=None,
    )
    try:
        make_ready(agent, 0.5)
        # What was there before is not looked through any more.
        assert gc.get_freeze_count() > len(gc.get_objects())
    finally:
        gc.unfreeze()
    assert isinstance(agent.action_endpoint, DeadlineEndpoint)
    assert isinstance(agent.tracker_store, TellingTrackerStore)
