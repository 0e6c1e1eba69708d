"""Stores the request once the form is done, before anything is promised."""

import asyncio
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from needlepoint import names
from needlepoint.referral.desk import desk
from needlepoint.referral.form import YES


class ActionSubmitReferralRequest(Action):
    """Stores what was confirmed, forgets what was cancelled; marks in a slot that it did."""

    def __init__(self) -> None:
        self._desk = desk()

    def name(self) -> str:
        """The name in the domain."""
        return names.ACTION_SUBMIT_REQUEST

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Store the request and empty the form.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: it could not be stored; a rule says so.
        """
        name, contact, time, *agreed = (tracker.get_slot(slot) for slot in names.REQUEST_SLOTS)
        if agreed == [YES, YES]:
            await asyncio.to_thread(self._desk.store, tracker.sender_id, name, contact, time)
            delivers = self._desk.clinic.delivers
            said = names.UTTER_REQUEST_SENT if delivers else names.UTTER_REQUEST_KEPT
        else:
            said = names.UTTER_REQUEST_CANCELLED
        dispatcher.utter_message(response=said, request_name=name)
        emptied = [SlotSet(slot, None) for slot in names.REQUEST_SLOTS]
        return [SlotSet(names.SLOT_REQUEST_HANDLED, True), *emptied]
