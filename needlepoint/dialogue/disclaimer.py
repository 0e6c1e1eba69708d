"""Which fuller disclaimer follows an answer."""

from collections.abc import Iterable, Mapping
from typing import Any

from needlepoint.dialogue.history import Event, said_in_turn
from needlepoint.names import SLOT_CAUTION_PREFIX, UTTER_SAFETY_DISCLAIMER

# The kinds that a response may name in its metadata as `disclaimer`.
KINDS = ("risk", "suitability", "medicines", "medical_advice")
# Of these there is a text that names what the person told about their health.
PERSONAL_KINDS = ("risk", "suitability")
PERSONAL = "cautions"


def disclaimer_response(events: Iterable[Event], slots: Mapping[str, Any]) -> str:
    """Return the name of the disclaimer for what was just answered: one for all of a turn.

    Args:
        events: the events of its tracker as plain data, oldest first
        slots: the values of its slots

    The kind is what the metadata of the answers say. Where they have none, or several, the fixed
    text fits.
    """
    kinds = {message.metadata.get("disclaimer") for message in said_in_turn(events)} - {None}
    has_caution = any(
        value and name.startswith(SLOT_CAUTION_PREFIX) for name, value in slots.items()
    )
    if has_caution and kinds.intersection(PERSONAL_KINDS):
        return f"{UTTER_SAFETY_DISCLAIMER}_{PERSONAL}"
    if len(kinds) == 1 and kinds <= set(KINDS):
        return f"{UTTER_SAFETY_DISCLAIMER}_{kinds.pop()}"
    return UTTER_SAFETY_DISCLAIMER
