"""The fuller disclaimer after answers on risk, suitability and medicines."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from needlepoint.dialogue.disclaimer import disclaimer_response
from needlepoint.names import ACTION_SAFETY_DISCLAIMER, SLOT_DISCLAIMER_GIVEN


class ActionSafetyDisclaimer(Action):
    """Says the disclaimer that fits the last answer, and marks in a slot that it did."""

    def name(self) -> str:
        """The name in the domain."""
        return ACTION_SAFETY_DISCLAIMER

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Utter the response; without the slot, a rule would say the fixed disclaimer as well."""
        dispatcher.utter_message(response=disclaimer_response(tracker.events, tracker.slots))
        return [SlotSet(SLOT_DISCLAIMER_GIVEN, True)]
