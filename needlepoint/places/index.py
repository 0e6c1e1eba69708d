"""The index of places, one file for lookups: ``python -m needlepoint.places.index``.

GeoNames takes a gigabyte and seconds to load. The file takes neither.
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path

from needlepoint.places.cities import cities, people
from needlepoint.places.knowledge import PLACES_FILE, Knowledge, Target, read_knowledge
from needlepoint.places.lookup import INDEX_FILE
from needlepoint.places.sources import CODE_SHARE, Entry, areas, whole_places, zips
from needlepoint.places.text import fold
from needlepoint.places.words import KNOWN, MIN_LETTERS, english, is_common, squeezed

_FORMS = {"nicknames": "name", "uk_postcodes": "uk", "canada_postcodes": "canada"}
MIN_NAME = 3
_SCHEMA = """
CREATE TABLE places (id INTEGER PRIMARY KEY, key TEXT, shown TEXT, latitude REAL, longitude REAL,
  kind TEXT);
CREATE TABLE names (name TEXT, form TEXT, place INTEGER, weight REAL, common INTEGER,
  PRIMARY KEY (name, form, place)) WITHOUT ROWID;
CREATE TABLE spellings (squeezed TEXT, name TEXT, PRIMARY KEY (squeezed, name)) WITHOUT ROWID;
CREATE TABLE english (word TEXT PRIMARY KEY) WITHOUT ROWID;
"""


def build(path: Path = INDEX_FILE) -> int:
    """Build the index anew and return how many names it has.

    Raises:
        DataError: ``data/referral/places.yml`` cannot be used.
        ValueError: it names a city or place key that the libraries do not have.
    """
    knowledge = read_knowledge()
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    connection = sqlite3.connect(new)
    connection.executescript(_SCHEMA)
    connection.executemany("INSERT INTO english VALUES (?)", ((word,) for word in english()))
    nicknames = knowledge.targets["nicknames"]
    for number, entry in enumerate(_entries(knowledge)):
        place = number, entry.key, entry.shown, entry.latitude, entry.longitude, entry.kind
        connection.execute("INSERT INTO places VALUES (?, ?, ?, ?, ?, ?)", place)
        rows = ((name, form, number, *rest) for name, form, *rest in _names(entry, nicknames))
        connection.executemany("INSERT OR IGNORE INTO names VALUES (?, ?, ?, ?, ?)", rows)
    for name, keys in knowledge.asked.items():
        _make_equal(connection, name, keys)
    known = connection.execute(
        "SELECT DISTINCT name FROM names WHERE form = 'name' AND NOT common AND weight >= ?"
        " AND LENGTH(name) >= ?",
        (KNOWN, MIN_LETTERS),
    )
    spellings = [(squeezed(name), name) for (name,) in known]
    connection.executemany("INSERT INTO spellings VALUES (?, ?)", spellings)
    (count,) = connection.execute("SELECT COUNT(*) FROM names").fetchone()
    connection.commit()
    connection.close()
    new.replace(path)  # whoever has the old one open keeps it
    return int(count)


def _entries(knowledge: Knowledge) -> Iterator[Entry]:
    towns, wholes = list(cities()), list(whole_places(people()))
    by_name: dict[tuple[str, str], Entry] = {}
    for town in sorted(towns, key=lambda town: town.weight):
        named = (fold(name) for name, form in town.names if form == "name")
        by_name.update({(name, town.key): town for name in named})
    by_key = {whole.key: whole for whole in wholes}
    # DC is no state: its one city stands for it.
    by_key["US-DC"] = by_name["washington", "US-DC"]
    yield from _others(knowledge.names, by_key, "name")
    yield from _others(knowledge.abbreviations, by_key, "short")
    for section, targets in knowledge.targets.items():
        for name, target in targets.items():
            town = _target(target, by_key, by_name)
            yield replace(town, names=((name, _FORMS[section]),))
    yield from chain(wholes, towns, areas(), zips())


def _others(
    names: Mapping[str, Iterable[str]], by_key: Mapping[str, Entry], form: str
) -> Iterator[Entry]:
    for name, keys in names.items():
        for key in keys:
            whole = _target((None, key), by_key, {})
            # A full name may be that of a part, as "Yorkshire"; a short form is of the whole.
            kind = "area" if form == "name" else whole.kind
            yield replace(whole, kind=kind, names=((name, form),))


def _target(
    target: Target, by_key: Mapping[str, Entry], by_name: Mapping[tuple[str, str], Entry]
) -> Entry:
    city, key = target
    found = by_key.get(key) if city is None else by_name.get((fold(city), key))
    if found is None:
        raise ValueError(f"{PLACES_FILE}: the libraries have no {city or 'such place'} in {key}")
    return found


def _names(entry: Entry, known: Collection[str]) -> Iterator[tuple[str, str, float, bool]]:
    for name, form in entry.names:
        folded = fold(name)
        common = is_common(folded, entry.weight)
        # In two letters ("Wa", "As") hardly anybody means the town so called.
        is_short = form in ("name", "other") and len(folded) < MIN_NAME and folded not in known
        if folded and not is_short and not (common and form == "other"):
            share = CODE_SHARE if form == "iso" else 1
            yield folded, form, entry.weight * share, common


def _make_equal(connection: sqlite3.Connection, name: str, keys: Iterable[str]) -> None:
    """Let the best reading of a name under each of the keys be as likely as the best of all."""
    (best,) = connection.execute("SELECT MAX(weight) FROM names WHERE name = ?", (name,)).fetchone()
    for key in keys:
        row = connection.execute(
            "SELECT place FROM names JOIN places ON id = place WHERE name = ? AND key = ?"
            " ORDER BY weight DESC LIMIT 1",
            (name, key),
        ).fetchone()
        if row is None:
            raise ValueError(f"{PLACES_FILE}: the libraries have no {name} in {key}")
        connection.execute(
            "UPDATE names SET weight = ? WHERE name = ? AND place = ?", (best, name, *row)
        )


if __name__ == "__main__":
    print(f"Indexed {build()} names of places: {INDEX_FILE}")
