"""Deletes what is stored of a conversation, and tells the clinic to delete its requests."""

import asyncio
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from needlepoint import names
from needlepoint.referral.desk import desk
from needlepoint.stores.deletion import remove_conversation


class ActionDeleteMyData(Action):
    """Deletes, says what was deleted, and marks in a slot that it did."""

    def __init__(self) -> None:
        self._desk = desk()

    def name(self) -> str:
        """The name in the domain."""
        return names.ACTION_DELETE_MY_DATA

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Delete; the turn itself, which is not over yet, is not stored (``tells_deletion``).

        Raises:
            sqlalchemy.exc.SQLAlchemyError: it could not be done; a rule says so.
        """
        deleted = await asyncio.to_thread(
            lambda: remove_conversation(self._desk.engine, tracker.sender_id)
        )
        if not deleted.requests:
            response = names.UTTER_NO_DATA
        elif deleted.maybe_delivered:
            response = names.UTTER_DATA_DELETED_CLINIC_TOLD
        else:
            response = names.UTTER_DATA_DELETED
        dispatcher.utter_message(response=response)
        return [SlotSet(names.SLOT_DATA_DELETED, True)]
