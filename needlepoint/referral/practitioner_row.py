"""One row of the file of practitioners: its cells, and whether they fit together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from needlepoint.database import tables
from needlepoint.referral import practitioner_cells as cells
from needlepoint.referral.distance import distance_km
from needlepoint.referral.practitioners import Practitioner

OPTIONAL = frozenset({"gender", "booking_url", "languages", "specialities"})
LONGEST_LIST = 2000  # characters of a cell with languages or specialities
ZIP_RADIUS_KM = 150  # nobody works further from the middle of their ZIP code's area

_READERS: Mapping[str, Callable[[str], Any]] = {
    "gender": cells.read_gender,
    "licence_expires": cells.read_date,
    "languages": cells.read_language_list,
    "specialities": cells.read_specialities,
    "country": cells.read_country,
    "latitude": cells.read_degrees(90),
    "longitude": cells.read_degrees(180),
    "booking_url": cells.read_url,
}
# These can be checked only when the country is known; each says itself whether it may be empty.
_READERS_BY_COUNTRY: Mapping[str, Callable[[str, str], Any]] = {
    "region": cells.read_region,
    "postal_code": cells.read_postal_code,
    "phone": cells.read_phone,
}


@dataclass(frozen=True)
class CellProblem:
    """What is wrong with a cell, and what to do."""

    column: str
    reason: str


def read_row(texts: Mapping[str, str]) -> tuple[Practitioner | None, list[CellProblem]]:
    """Return the practitioner in a row, or None and all that is wrong with it.

    Args:
        texts: the text of each cell by its column; all columns are there
    """
    values: dict[str, Any] = {}
    problems = []
    # The country first: others are read by it.
    for column in sorted(texts, key=lambda name: name != "country"):
        try:
            text = cells.read_text(texts[column], _limit(column))
            values[column] = _value(column, text, values.get("country"))
        except cells.CellError as error:
            problems.append(CellProblem(column, str(error)))
    if not problems:
        problems = _position_problems(values)
    return (None, problems) if problems else (Practitioner(**values), [])


def _value(column: str, text: str, country: str | None) -> Any:
    if column in _READERS_BY_COUNTRY:
        # Without a country it is not checked: what is wrong with that is told already.
        return _READERS_BY_COUNTRY[column](text, country) if country else None
    if not text:
        if column not in OPTIONAL:
            raise cells.CellError("is empty; fill it in")
        return () if column in ("languages", "specialities") else None
    return _READERS.get(column, str)(text)


def _limit(column: str) -> int:
    """Return how many characters a cell may have, by the database where it has a limit."""
    if column == "country":
        return LONGEST_LIST  # that it is two letters is said better by its own check
    stored = tables.Practitioner.__table__.c.get(column)
    return getattr(getattr(stored, "type", None), "length", None) or LONGEST_LIST


def _position_problems(values: Mapping[str, Any]) -> list[CellProblem]:
    latitude, longitude = values["latitude"], values["longitude"]
    if latitude == longitude == 0:
        return [CellProblem("latitude", "0, 0 is in the sea; write where the address is")]
    if values["country"] != "US":
        return []
    zip_ = cells.ZIPS.matching(values["postal_code"])[0]
    north, east = float(zip_["lat"]), float(zip_["long"])
    # Post offices of the army have no position.
    far = distance_km(latitude, longitude, north, east) if north or east else 0.0
    if far <= ZIP_RADIUS_KM:
        return []
    reason = (
        f"the place is {far:.0f} km from ZIP code {values['postal_code']} ({north:.2f}, {east:.2f})"
        "; check latitude, longitude and their minus signs"
    )
    return [CellProblem("latitude", reason)]
