"""Who gives licences where the person is, and the clinic's own people near them."""

import asyncio
from dataclasses import asdict
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from needlepoint import names
from needlepoint.dialogue.history import just_asked
from needlepoint.places.find import Place, find_place
from needlepoint.referral.desk import desk
from needlepoint.referral.refer import Message, own_practitioners, place_question, referral
from needlepoint.referral.wishes import NO_WISHES


class ActionReferPractitioner(Action):
    """Asks for the place until it is known, then answers; marks in a slot that it did."""

    def __init__(self) -> None:
        self._desk = desk()

    def name(self) -> str:
        """The name in the domain."""
        return names.ACTION_REFER_PRACTITIONER

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Utter a question or the answer; keep place, country and wishes in slots."""
        text = tracker.latest_message.get("text") or ""
        slot = tracker.get_slot(names.SLOT_PLACE)
        known = Place(**slot) if slot else None
        found = find_place(text, within=known.key if known else None)
        wished = tracker.get_slot(names.SLOT_WISHES)
        wishes = await asyncio.to_thread(self._desk.wishes, text, wished)
        place = found.places[0] if len(found.places) == 1 else known
        question = place_question(found, known, just_asked(tracker.events, names.ASKS_PLACE))
        if question or place is None:
            messages = [question]
        else:
            near = await asyncio.to_thread(self._desk.practitioners, place, wishes)
            own = own_practitioners(self._desk.clinic, near, wishes != NO_WISHES)
            messages = [referral(place, self._desk.regulators), own]
        for number, message in enumerate(filter(None, messages)):
            _say(dispatcher, message, is_first=number == 0)
        kept = [
            SlotSet(names.SLOT_REFERRAL_GIVEN, True),
            SlotSet(names.SLOT_WISHES, asdict(wishes)),
        ]
        if place:
            kept.append(SlotSet(names.SLOT_PLACE, asdict(place)))
            kept.append(SlotSet(names.SLOT_COUNTRY, place.key[:2]))
        return kept


def _say(dispatcher: CollectingDispatcher, message: Message, is_first: bool) -> None:
    # The generator does not see what is said in the same action: the notes ride on the first.
    buttons = [{"title": title, "payload": title} for title in message.buttons]
    dispatcher.utter_message(
        response=message.response, buttons=buttons, notes=is_first, **message.values
    )
