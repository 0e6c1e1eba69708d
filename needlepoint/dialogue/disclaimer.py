"""Which fuller disclaimer follows an answer."""

from collections.abc import Iterable, Mapping
from typing import Any

from needlepoint.dialogue.history import Event, said_in_session
from needlepoint.names import SLOT_CAUTION_PREFIX, UTTER_SAFETY_DISCLAIMER

# The kinds that a response may name in its metadata as `disclaimer`.
KINDS = ("risk", "suitability", "medicines", "medical_advice")
# Of these there is a text that names what the person told about their health.
PERSONAL_KINDS = ("risk", "suitability")
PERSONAL = "cautions"


def disclaimer_response(events: Iterable[Event], slots: Mapping[str, Any]) -> str:
    """Return the name of the disclaimer for the last answer of a conversation.

    Args:
        events: the events of its tracker as plain data, oldest first
        slots: the values of its slots

    The kind is what the answer's metadata says; an answer without one gets the fixed text.
    """
    said = said_in_session(events)
    kind = said[-1].metadata.get("disclaimer") if said else None
    if kind not in KINDS:
        return UTTER_SAFETY_DISCLAIMER
    has_caution = any(
        value and name.startswith(SLOT_CAUTION_PREFIX) for name, value in slots.items()
    )
    if has_caution and kind in PERSONAL_KINDS:
        kind = PERSONAL
    return f"{UTTER_SAFETY_DISCLAIMER}_{kind}"
