"""What to say to a person who looks for a practitioner. No Rasa here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from needlepoint import names
from needlepoint.places.find import Found, Place
from needlepoint.referral.clinic import Clinic
from needlepoint.referral.contact import PHONE, shown_contact
from needlepoint.referral.distance import distance_text
from needlepoint.referral.nearest import Near
from needlepoint.referral.regulators import Regulators


@dataclass(frozen=True)
class Message:
    """A message of the bot: the name of the response, and what fills it."""

    response: str
    values: Mapping[str, Any] = field(default_factory=dict)
    buttons: tuple[str, ...] = ()


def place_question(found: Found, known: Place | None, asked: tuple[str, ...]) -> Message | None:
    """Return what has to be asked before a person can be referred; None if all is known.

    Args:
        found: the places in the message
        known: the place that the conversation is at
        asked: what was asked for the place just before, oldest first
    """
    if len(found.places) > 1:
        return Message(names.UTTER_WHICH_PLACE, buttons=tuple(p.name for p in found.places))
    place = found.places[0] if found.places else known
    if place is None:
        if len(asked) > 1:
            return Message(names.UTTER_FIND_PRACTITIONER)
        return Message(names.UTTER_ASK_PLACE_AGAIN if asked else names.UTTER_ASK_PLACE)
    part = f"{names.ASK_PART_PREFIX}_{place.key}"
    # Who does not say which part, once asked, gets what is true of the country.
    return Message(part) if place.key in names.HAVE_PARTS and part not in asked else None


def referral(place: Place, regulators: Regulators) -> Message:
    """Return who regulates acupuncture at a place, and how to check a licence there."""
    regulator = regulators.answer(place.key)
    values = {
        "place": place.name,
        "regulator": regulator.text,
        "before_booking": regulator.before_booking,
        "source_keys": list(regulator.sources),
    }
    return Message(names.UTTER_REFER, values)


def own_practitioners(clinic: Clinic, near: list[Near] | None, has_wishes: bool) -> Message | None:
    """Return what is said of the clinic's own people, after the referral.

    Args:
        clinic: it may be unknown: then nothing
        near: its practitioners, nearest first; None if they were not looked for
        has_wishes: the person said whom they wish to see
    """
    if not clinic.is_known:
        return None
    if near:
        return Message(names.UTTER_PRACTITIONERS, {"items": [_item(each) for each in near]})
    is_missing = near is not None and has_wishes
    return Message(names.UTTER_NO_PRACTITIONERS if is_missing else names.UTTER_CLINIC_BOOKING)


def _item(near: Near) -> dict[str, str]:
    person = near.practitioner
    return {
        "name": person.name,
        "titles": person.titles,
        "distance": distance_text(near.distance_km, person.country),
        "address": f"{person.address}, {person.city}",
        "licence": f"{person.licence_number} ({person.licence_body})",
        "phone": shown_contact(PHONE, person.phone),
        "booking_url": person.booking_url or "",
    }
