"""The checks of ``data/referral``: every place is there, and what is said of it is fit to read."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pycountry

from needlepoint.content.project import Problem, Project
from needlepoint.content.wording import A_DAY, MAX_GRADE, MAX_SOURCES, Wording
from needlepoint.content.yaml_lines import DataError
from needlepoint.referral.regulators import ANYWHERE, REGULATORS, Regulator, read_regulators

# Two texts make one answer.
MAX_TEXT_WORDS = 80
MAX_BEFORE_BOOKING_WORDS = 45
# All parts of these, but no islands far away.
PARTS = {"US": ("State", "District"), "CA": ("Province", "Territory")}
OTHER_PLACES = ("GB-ENG", "GB-SCT", "GB-WLS", "GB-NIR", "AU", "NZ", "IE", ANYWHERE)
_SUBDIVISIONS: Any = pycountry.subdivisions  # it has no types


def check_referral(project: Project) -> Iterator[Problem]:
    """Regulators can be read, none is missing, and their texts are short, plain and sourced."""
    folder = project.root / REGULATORS
    try:
        regulators = read_regulators(folder)
    except DataError as error:
        yield Problem(error.path, error.line, error.reason)
        return
    for place in sorted(set(_places()) - set(regulators.places)):
        yield Problem(folder / "other.yml", 1, f"no file of this folder has the place {place}")
    wording = Wording.of(project)
    file = project.file("data/sources.yml")
    sources = set((file.data.get("sources") or {}) if file else {})
    for regulator in regulators.places.values():
        for message in _problems(regulator, wording, sources):
            yield Problem(regulator.path, regulator.line, f"{regulator.key}: {message}")


def _places() -> Iterator[str]:
    for country, kinds in PARTS.items():
        for part in _SUBDIVISIONS.get(country_code=country):
            if part.type in kinds:
                yield part.code
    yield from OTHER_PLACES


def _problems(regulator: Regulator, wording: Wording, sources: set[str]) -> Iterator[str]:
    yield from wording.problems(regulator.text, MAX_GRADE, MAX_TEXT_WORDS)
    yield from wording.problems(regulator.before_booking, MAX_GRADE, MAX_BEFORE_BOOKING_WORDS)
    for key in regulator.sources:
        if key not in sources:
            yield f"the source '{key}' is not in data/sources.yml"
    if len(regulator.sources) > MAX_SOURCES:
        yield f"has {len(regulator.sources)} sources; keep the best {MAX_SOURCES}"
    if regulator.reviewed > date.today() + A_DAY:
        yield f"reviewed must be a past day, not {regulator.reviewed}"
