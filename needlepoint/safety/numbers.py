"""Whom to call in which country, read from ``data/safety/numbers.yml``."""

from collections.abc import Mapping
from pathlib import Path

from needlepoint.content.yaml_lines import DataError, read_yaml
from needlepoint.safety.rules import SAFETY

EVERYWHERE = "everywhere"
FIELDS = ("call_now", "emergency", "nurse_line", "crisis_lines", "crisis_line")

Numbers = Mapping[str, str]


def read_numbers(path: Path = SAFETY / "numbers.yml") -> dict[str, Numbers]:
    """Return the values for texts by country, and under ``everywhere`` for an unknown one.

    Raises:
        FileNotFoundError: there is no such file.
        DataError: an entry lacks a value; the message has file and line.
    """
    file = read_yaml(path)
    countries = (file.data or {}).get("numbers") or {}
    if EVERYWHERE not in countries:
        raise DataError(path, 1, f"numbers must have '{EVERYWHERE}'")
    for country, values in countries.items():
        if set(values) != set(FIELDS) or not all(isinstance(v, str) for v in values.values()):
            wanted = f"{country} must have exactly these, in quotes: {', '.join(FIELDS)}"
            raise file.error(wanted, "numbers", country)
    return dict(countries)
