"""Looking names of places up in the index that ``index.py`` builds."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INDEX_FILE = Path("build/places.db")
# The countries that answers are about; elsewhere, the country is all that counts.
SERVED = ("US", "GB", "CA", "AU", "NZ", "IE")
# SQLite takes so many values in one question in all its versions.
MAX_VALUES = 900


@dataclass(frozen=True)
class Reading:
    """One place that a name may mean.

    Attributes:
        name: the name, folded
        form: ``name``, ``other`` (a less usual name), ``short``, ``iso``, ``airport``, ``zip``,
            ``uk`` or ``canada``
        key: place key
        shown: as shown to the person
        latitude: in degrees, None for a large area
        longitude: in degrees, None for a large area
        kind: ``country``, ``part``, ``area`` or ``city``
        weight: how likely it is meant, as people times fame
        common: whether the name is an everyday English word, 0 or 1
    """

    name: str
    form: str
    key: str
    shown: str
    latitude: float | None
    longitude: float | None
    kind: str
    weight: float
    common: int


class PlaceIndex:
    """The index, open for reading.

    Raises:
        FileNotFoundError: it has not been built; the message says how to.
    """

    def __init__(self, path: Path = INDEX_FILE) -> None:
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing: run `make train`")
        address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(address, uri=True, check_same_thread=False)

    def readings(self, names: Iterable[str]) -> dict[str, list[Reading]]:
        """Return what each of some folded names may mean; names of no place are left out."""
        found = defaultdict(list)
        query = (
            "SELECT name, form, key, shown, latitude, longitude, kind, weight, common"
            " FROM names JOIN places ON places.id = place WHERE name"
        )
        for row in self._some(query, names):
            found[row[0]].append(Reading(*row))
        return dict(found)

    def _some(self, query: str, values: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query that ends with the column that has one of the values."""
        wanted = sorted(set(values))
        for start in range(0, len(wanted), MAX_VALUES):
            some = wanted[start : start + MAX_VALUES]
            yield from self._connection.execute(f"{query} IN ({','.join('?' * len(some))})", some)

    def respelled(self, spellings: Iterable[str]) -> set[str]:
        """Return the well-known names that are spelt so but for spaces and doubled letters."""
        rows = self._some("SELECT name FROM spellings WHERE squeezed", spellings)
        return {name for (name,) in rows}

    def is_english(self, word: str) -> bool:
        """Tell whether a folded word is in the English dictionary."""
        query = "SELECT 1 FROM english WHERE word = ?"
        return self._connection.execute(query, (word,)).fetchone() is not None
