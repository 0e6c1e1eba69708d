"""Who of the clinic's practitioners works nearest to a place, and is as the patient asked for."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from heapq import nsmallest
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from needlepoint.database import tables
from needlepoint.referral.distance import HALF_ROUND_KM, boxes_around, distance_km
from needlepoint.referral.languages import read_languages
from needlepoint.referral.practitioners import Practitioner, plain, reading

FIRST_KM = 0.5
GROWTH = 3
# Who is not found among so many, is rare: then all who are as asked for are looked at, if few.
MANY = 300
FEW = 2000

# Typed as what they hold in Python, which has no conditions of SQL.
Row: Any = tables.Practitioner
Language: Any = tables.Language
Speciality: Any = tables.Speciality

Found = list[tuple[float, int]]  # distance in km and id


@dataclass(frozen=True)
class Near:
    """A practitioner and how far away they are, in km."""

    practitioner: Practitioner
    distance_km: float


def nearest(
    engine: Engine,
    latitude: float,
    longitude: float,
    count: int = 5,
    on: date | None = None,
    languages: Collection[str] = (),
    gender: str | None = None,
    specialities: Collection[str] = (),
    country: str | None = None,
) -> list[Near]:
    """Return the practitioners that are nearest to a place, nearest first.

    Args:
        engine: the database
        latitude: of the place, in degrees
        longitude: of the place, in degrees
        count: return at most so many
        on: the day on which their licence must be valid; today if None
        languages: ISO codes; they speak at least one of these
        gender: "woman", "man" or "nonbinary"; one whose gender is not known is left out
        specialities: in small letters; they have at least one of these
        country: ISO code, where they work

    Raises:
        ValueError: the place is none on earth, or ``count`` is less than 1.
    """
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError(f"{latitude}, {longitude} is no place on earth.")
    if count < 1:
        raise ValueError("count must be 1 or more.")
    conditions = [Row.licence_expires >= (on or date.today())]
    if gender:
        conditions.append(Row.gender == gender)
    if country:
        conditions.append(Row.country == country)
    children = []
    if languages:
        children.append((Language, Language.code.in_(read_languages().answering(languages))))
    if specialities:
        children.append((Speciality, Speciality.name.in_(specialities)))
    with reading(engine) as session:
        found = _Search(session, latitude, longitude, count, conditions, children).run()
        rows = session.execute(select(Row).where(Row.id.in_([id_ for _, id_ in found])))
        by_id = {row.id: row for row in rows.scalars()}
        return [Near(plain(by_id[id_]), distance) for distance, id_ in found]


@dataclass(frozen=True)
class _Search:
    """What is looked for: near a place, with conditions on their row, and on rows they own."""

    session: Session
    latitude: float
    longitude: float
    count: int
    conditions: list[Any]
    children: list[tuple[Any, Any]]

    def run(self) -> Found:
        """Return the nearest, nearest first, from boxes that grow until one holds enough."""
        radius = FIRST_KM
        is_rare: bool | None = None
        while True:
            inside = _inside(self.latitude, self.longitude, radius)
            held = self.session.execute(select(func.count()).where(inside)).scalar() or 0
            found = self._in_box(inside) if held >= self.count or radius >= HALF_ROUND_KM else []
            is_enough = len(found) == self.count
            if radius >= HALF_ROUND_KM or (is_enough and found[-1][0] <= radius):
                return found
            if held > MANY and not is_enough and is_rare is None:
                few = self._if_few()
                if few is not None:
                    return few
                is_rare = False
            # In the corners of a box things are further away than others just outside.
            radius = found[-1][0] if is_enough else radius * GROWTH

    def _in_box(self, inside: Any) -> Found:
        owning = [_owns(child, wanted) for child, wanted in self.children]
        return self._nearest_of(self.session.execute(self._positions(inside, *owning)))

    def _if_few(self) -> Found | None:
        """Return the nearest of all, if no more than a few are as they should be, else None."""
        owning = [_owns(child, wanted) for child, wanted in self.children[1:]]
        for child, wanted in self.children[:1]:
            # One list, made once, is faster than to ask for each. A second one is not.
            owning.append(Row.id.in_(select(child.practitioner_id).where(wanted)))
        rows = self.session.execute(self._positions(*owning).limit(FEW + 1)).all()
        return None if len(rows) > FEW else self._nearest_of(rows)

    def _nearest_of(self, rows: Iterable[tuple[float, float, int]]) -> Found:
        distances = (
            (distance_km(self.latitude, self.longitude, north, east), id_)
            for north, east, id_ in rows
        )
        return nsmallest(self.count, distances)

    def _positions(self, *conditions: Any) -> Any:
        return select(Row.latitude, Row.longitude, Row.id).where(*self.conditions, *conditions)


def _inside(latitude: float, longitude: float, radius_km: float) -> Any:
    """Return the condition to be in a box that holds all within a radius."""
    boxes = (
        and_(Row.latitude.between(box.south, box.north), Row.longitude.between(box.west, box.east))
        for box in boxes_around(latitude, longitude, radius_km)
    )
    return or_(*boxes)


def _owns(child: Any, wanted: Any) -> Any:
    """Return the condition that somebody has a row of ``child`` as it is wanted."""
    return select(child.practitioner_id).where(child.practitioner_id == Row.id, wanted).exists()
