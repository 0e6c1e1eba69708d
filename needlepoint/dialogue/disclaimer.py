"""Which fuller disclaimer follows an answer."""

from collections.abc import Iterable

from needlepoint.dialogue.history import Event, said_in_session
from needlepoint.names import UTTER_SAFETY_DISCLAIMER

# The kinds that a response may name in its metadata as `disclaimer`.
KINDS = ("risk", "suitability", "medicines", "medical_advice")


def disclaimer_response(events: Iterable[Event]) -> str:
    """Return the name of the disclaimer for the last answer of a conversation.

    Args:
        events: the events of its tracker as plain data, oldest first

    The kind is what the answer's metadata says; an answer without one gets the fixed text.
    """
    said = said_in_session(events)
    kind = said[-1].metadata.get("disclaimer") if said else None
    return f"{UTTER_SAFETY_DISCLAIMER}_{kind}" if kind in KINDS else UTTER_SAFETY_DISCLAIMER
