"""What the actions need at hand: the clinic, the regulators, the database. No Rasa here."""

import logging
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from needlepoint.database.engine import connect
from needlepoint.places.find import Place
from needlepoint.referral.clinic import Clinic, read_clinic
from needlepoint.referral.contact import Contact, valid_contact
from needlepoint.referral.form import Words, read_words
from needlepoint.referral.nearest import Near, nearest
from needlepoint.referral.practitioners import known_specialities
from needlepoint.referral.regulators import Regulators, read_regulators
from needlepoint.referral.requests import Request, store_request
from needlepoint.referral.wishes import NO_WISHES, Wishes, read_wishes

COUNT = 3  # as many as are read at a glance
# Nobody goes further for a needle.
FAR_KM = 150.0

log = logging.getLogger(__name__)


class Desk:
    """Reads its files when it is made, so that a wrong one stops the start, not an answer.

    The database is opened when it is first needed: while it is away, people are still told who
    gives licences.
    """

    def __init__(self) -> None:
        """Read the files.

        Raises:
            DataError: one cannot be used; the message has file and line.
        """
        self.clinic: Clinic = read_clinic()
        self.regulators: Regulators = read_regulators()
        self.words: Words = read_words()

    @cached_property
    def engine(self) -> Engine:
        """The database.

        Raises:
            sqlalchemy.exc.OperationalError: it cannot be reached; the next call tries again.
        """
        return connect()

    def wishes(self, text: str, before: Mapping[str, Any] | None) -> Wishes:
        """Return whom a person wishes to see: as they say now, or else said before."""
        try:
            said = read_wishes(text, known_specialities(self.engine))
        except SQLAlchemyError as error:
            log.error("The practitioners cannot be read: %s", type(error).__name__)
            said = read_wishes(text, ())
        if said != NO_WISHES or not before:
            return said
        # From JSON, which has lists for tuples.
        languages, specialities = before["languages"], before["specialities"]
        return Wishes(tuple(languages), before["gender"], tuple(specialities))

    def practitioners(self, place: Place, wishes: Wishes) -> list[Near] | None:
        """Return the clinic's nearest people; None if they cannot be looked for."""
        if not self.clinic.is_known or place.latitude is None or place.longitude is None:
            return None
        try:
            found = nearest(
                self.engine,
                place.latitude,
                place.longitude,
                COUNT,
                languages=wishes.languages,
                gender=wishes.gender,
                specialities=wishes.specialities,
            )
        except SQLAlchemyError as error:
            log.error("The practitioners cannot be read: %s", type(error).__name__)
            return None
        return [near for near in found if near.distance_km <= FAR_KM]

    def store(self, conversation: str, name: str, contact: str, time: str) -> None:
        """Store a request, and the job to deliver it if it has somewhere to go.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: it could not be stored.
            ValueError: the contact is none any more.
        """
        found = valid_contact(contact, self.clinic.country)
        if not isinstance(found, Contact):
            raise ValueError("The request has no contact.")
        request = Request(name, found.kind, found.value, time)
        keep = self.clinic.keep_requests_days
        store_request(self.engine, conversation, request, keep, self.clinic.delivers)


@lru_cache(maxsize=1)
def desk() -> Desk:
    """Return the one desk of this process; see ``Desk`` for what it raises."""
    return Desk()
