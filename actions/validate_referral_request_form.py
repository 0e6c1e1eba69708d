"""Reads each message while the form for a request to be called back is open."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from needlepoint import names
from needlepoint.referral.desk import desk
from needlepoint.referral.form import Heard, read_step


class ValidateReferralRequestForm(Action):
    """Fills the slots of the form; without any, Rasa answers the message as ever and asks again."""

    def __init__(self) -> None:
        self._desk = desk()

    def name(self) -> str:
        """The name in the domain."""
        return names.VALIDATE_REQUEST

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Return what the message changes, and say what is wrong with it."""
        latest = tracker.latest_message
        intent = latest.get("intent") or {}
        heard = Heard(
            latest.get("text") or "", intent.get("name") or "", intent.get("confidence") or 0.0
        )
        requested = tracker.get_slot(REQUESTED_SLOT)
        step = read_step(requested, heard, self._desk.words, self._desk.clinic.country)
        if step.says:
            dispatcher.utter_message(response=step.says)
        events = [SlotSet(name, value) for name, value in step.slots.items()]
        return [*events, SlotSet(REQUESTED_SLOT, None)] if step.ends else events
