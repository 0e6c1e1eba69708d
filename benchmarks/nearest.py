"""How long it takes to find the nearest 5 of 100,000 practitioners in SQLite.

``python -m benchmarks.nearest`` prints the table; it takes about a minute.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import zipcodes
from sqlalchemy.engine import Engine

from benchmarks.bots import percentile
from needlepoint.database.engine import connect
from needlepoint.referral.nearest import nearest
from needlepoint.referral.practitioners import Practitioner, replace_practitioners

PRACTITIONERS = 100_000
LOOKUPS = 1_000
WARM_UP = 20
CITY = (35.5951, -82.5515)
CITY_DEGREES = 0.07  # standard deviation, about 7 km
ZIP_DEGREES = 0.02
# How many of a hundred speak a language beside English; "sm" is rare, and nobody speaks "cy".
SPEAKERS = {"es": 20, "zh": 6, "fr": 4, "pl": 2, "sm": 0.1}
SPECIALITIES = ("back pain", "headache", "pregnancy", "sciatica", "sports injuries")
WISHES: Mapping[str, Mapping[str, Any]] = {
    "no wish": {},
    "Spanish": {"languages": ["es"]},
    "a woman, Spanish, pregnancy": {
        "languages": ["es"],
        "gender": "woman",
        "specialities": ["pregnancy"],
    },
    "a rare language": {"languages": ["sm"]},
    "a language that nobody speaks": {"languages": ["cy"]},
    "nonbinary": {"gender": "nonbinary"},
}

Place = tuple[float, float]


def in_one_city(source: random.Random) -> Iterator[Place]:
    """Yield places in and around one city without end."""
    while True:
        yield source.gauss(CITY[0], CITY_DEGREES), source.gauss(CITY[1], CITY_DEGREES)


def over_the_country(source: random.Random) -> Iterator[Place]:
    """Yield places near ZIP codes of the US without end: as people live, not as land lies."""
    library: Any = zipcodes  # carries no types
    middles = [(float(one["lat"]), float(one["long"])) for one in library.list_all()]
    middles = [middle for middle in middles if any(middle)]  # the army's have none
    while True:
        north, east = source.choice(middles)
        yield source.gauss(north, ZIP_DEGREES), source.gauss(east, ZIP_DEGREES)


def people(places: Iterator[Place], source: random.Random) -> Iterator[Practitioner]:
    """Yield the practitioners; one of ten has no valid licence."""
    for number in range(PRACTITIONERS):
        latitude, longitude = next(places)
        spoken = (code for code, share in SPEAKERS.items() if source.random() * 100 < share)
        yield Practitioner(
            name=f"Example {number}",
            titles="L.Ac.",
            gender=source.choices(["woman", "man", "nonbinary", None], [60, 30, 1, 9])[0],
            licence_body="Example Board",
            licence_number=str(number),
            licence_expires=date(2099 if source.random() < 0.9 else 2020, 1, 1),
            address="1 Example Street",
            city="Exampleville",
            region="NC",
            postal_code="28801",
            country="US",
            latitude=latitude,
            longitude=longitude,
            phone="+18285550100",
            booking_url=None,
            languages=("en", *spoken),
            specialities=tuple(source.sample(SPECIALITIES, 2)),
        )


def times(engine: Engine, places: Iterator[Place], wish: Mapping[str, Any]) -> list[float]:
    """Return the milliseconds of each lookup."""
    measured = []
    for _ in range(WARM_UP + LOOKUPS):
        place = next(places)
        start = time.perf_counter()
        nearest(engine, *place, count=5, **wish)
        measured.append((time.perf_counter() - start) * 1000)
    return measured[WARM_UP:]


def main() -> None:
    """Measure, and print the table."""
    print(f"Nearest 5 of {PRACTITIONERS:,} practitioners, {LOOKUPS:,} lookups each, ms (SQLite)\n")
    print("| where | wish | p50 | p95 | p99 |\n|---|---|---|---|---|")
    for where, spread in (("in one city", in_one_city), ("over the US", over_the_country)):
        source = random.Random(1)
        with tempfile.TemporaryDirectory() as folder:
            engine = connect(f"sqlite:///{Path(folder) / 'practitioners.db'}")
            places = spread(source)
            replace_practitioners(engine, people(places, source))
            for name, wish in WISHES.items():
                found = times(engine, places, wish)
                p95, p99 = percentile(found, 95), percentile(found, 99)
                p50 = statistics.median(found)
                print(f"| {where} | {name} | {p50:.1f} | {p95:.1f} | {p99:.1f} |", flush=True)
            engine.dispose()


if __name__ == "__main__":
    main()
