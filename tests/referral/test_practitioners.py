"""The list is replaced as a whole; the nearest are those that a search of everybody finds."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError

from needlepoint.database.engine import connect
from needlepoint.referral import nearest as nearest_module
from needlepoint.referral.distance import HALF_ROUND_KM, boxes_around, distance_km, distance_text
from needlepoint.referral.nearest import nearest
from needlepoint.referral.practitioners import (
    Practitioner,
    known_specialities,
    list_practitioners,
    replace_practitioners,
)
from needlepoint.referral.wishes import Wishes, read_wishes

TODAY = date(2026, 11, 20)
ASHEVILLE = (35.5951, -82.5515)
BASE = Practitioner(
    name="Example Person",
    titles="L.Ac.",
    gender=None,
    licence_body="Example Board",
    licence_number="1",
    licence_expires=date(2099, 1, 1),
    address="1 Example Street",
    city="Asheville",
    region="NC",
    postal_code="28801",
    country="US",
    latitude=ASHEVILLE[0],
    longitude=ASHEVILLE[1],
    phone="+18285550100",
    booking_url=None,
)


def people(*changes: dict) -> list[Practitioner]:
    return [
        replace(BASE, **{"licence_number": str(number), "name": f"Example {number:03}", **change})
        for number, change in enumerate(changes)
    ]


@pytest.fixture
def sqlite(tmp_path) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{tmp_path}/test.db")
    yield engine
    engine.dispose()


def test_replaces_all(engine) -> None:
    old = people({"languages": ("en", "es"), "specialities": ("sciatica",)}, {})
    assert replace_practitioners(engine, old) == 0
    assert list_practitioners(engine) == old
    new = people({"specialities": ("headache", "pregnancy"), "gender": "woman"})
    assert replace_practitioners(engine, new) == 2
    assert list_practitioners(engine) == new
    assert known_specialities(engine) == ("headache", "pregnancy")


def test_a_failure_changes_nothing(engine) -> None:
    old = people({"languages": ("es",)}, {})
    replace_practitioners(engine, old)
    with pytest.raises(IntegrityError):
        replace_practitioners(engine, people({}, {"licence_number": "0"}))
    assert list_practitioners(engine) == old


def test_two_imports_at_once_leave_one_of_the_two_lists(engine) -> None:
    lists = [
        people(*({"licence_body": body, "languages": ("en",)} for _ in range(50)))
        for body in ("A", "B")
    ]
    threads = [
        threading.Thread(target=replace_practitioners, args=(engine, rows)) for rows in lists
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list_practitioners(engine) in lists


coordinates = st.tuples(
    st.one_of(st.floats(-90, 90), st.sampled_from((-90.0, 90.0, 89.9, -89.99, 0.0, 35.5))),
    st.one_of(st.floats(-180, 180), st.sampled_from((-180.0, 180.0, 179.99, -179.99, 0.0, -82.5))),
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    positions=st.lists(coordinates, max_size=30),
    near=st.lists(st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)), max_size=30),
    place=coordinates,
    count=st.integers(1, 8),
)
def test_the_nearest_are_those_of_a_search_of_everybody(
    sqlite, positions, near, place, count
) -> None:
    latitude, longitude = place
    around = [
        (max(-90, min(90, latitude + north)), (longitude + east + 540) % 360 - 180)
        for north, east in near
    ]
    everybody = [*positions, *around]
    rows = people(*({"latitude": north, "longitude": east} for north, east in everybody))
    replace_practitioners(sqlite, rows)
    found = nearest(sqlite, latitude, longitude, count, TODAY)
    expected = sorted(distance_km(latitude, longitude, *position) for position in everybody)
    assert [near.distance_km for near in found] == pytest.approx(expected[:count], abs=1e-6)
    for one in found:
        theirs = one.practitioner.latitude, one.practitioner.longitude
        assert one.distance_km == distance_km(latitude, longitude, *theirs)


def test_the_corner_of_a_box_is_further_than_what_is_just_outside(sqlite) -> None:
    # 0.49 km north and east is in the first box, but 0.6 km north is nearer.
    corner = {"latitude": 0.0044, "longitude": 0.0044}
    outside = {"latitude": 0.0054, "longitude": 0.0}
    replace_practitioners(sqlite, people(corner, outside))
    (found,) = nearest(sqlite, 0, 0, count=1, on=TODAY)
    assert found.practitioner.latitude == 0.0054


@pytest.mark.parametrize(("many", "few"), [(300, 2000), (5, 3), (5, 100)])
@pytest.mark.parametrize(
    "wish",
    [
        {"languages": ("es",)},
        {"languages": ("es", "pl")},
        {"gender": "woman"},
        {"specialities": ("sciatica",)},
        {"country": "CA"},
        {"languages": ("es",), "gender": "woman", "specialities": ("sciatica", "headache")},
        {"languages": ("cy",)},
    ],
)
def test_wishes_are_honoured_by_each_way_to_search(engine, monkeypatch, many, few, wish) -> None:
    monkeypatch.setattr(nearest_module, "MANY", many)
    monkeypatch.setattr(nearest_module, "FEW", few)
    rows = people(
        *(
            {
                "latitude": ASHEVILLE[0] + number * 0.01 * (-1) ** number,
                "languages": ("en", "es")
                if number % 3 == 0
                else ("pl",)
                if number % 7 == 0
                else (),
                "gender": ("woman", "man", None)[number % 4 % 3],
                "specialities": ("sciatica",) if number % 5 == 0 else ("headache",),
                "country": "CA" if number > 50 else "US",
                "licence_expires": TODAY - timedelta(days=1) if number % 11 == 0 else TODAY,
            }
            for number in range(80)
        )
    )
    replace_practitioners(engine, rows)

    def fits(row: Practitioner) -> bool:
        return (
            row.licence_expires >= TODAY
            and ("languages" not in wish or bool({*wish["languages"]} & {*row.languages}))
            and ("specialities" not in wish or bool({*wish["specialities"]} & {*row.specialities}))
            and row.gender == wish.get("gender", row.gender)
            and row.country == wish.get("country", row.country)
        )

    def distance(row: Practitioner) -> float:
        return distance_km(*ASHEVILLE, row.latitude, row.longitude)

    expected = sorted(filter(fits, rows), key=distance)[:4]
    found = nearest(engine, *ASHEVILLE, count=4, on=TODAY, **wish)
    assert [near.practitioner for near in found] == expected


def test_a_licence_is_valid_on_its_last_day_and_no_longer(engine) -> None:
    replace_practitioners(engine, people({"licence_expires": TODAY}))
    assert len(nearest(engine, *ASHEVILLE, on=TODAY)) == 1
    assert nearest(engine, *ASHEVILLE, on=TODAY + timedelta(days=1)) == []


def test_chinese_is_asked_and_mandarin_is_spoken(engine) -> None:
    replace_practitioners(engine, people({"languages": ("cmn",)}, {"languages": ("yue",)}))
    assert len(nearest(engine, *ASHEVILLE, languages=("zh",))) == 2
    assert len(nearest(engine, *ASHEVILLE, languages=("cmn",))) == 1


def test_the_number_of_statements_does_not_grow_with_the_answer(sqlite) -> None:
    rows = people(*({"languages": ("en",), "specialities": ("sciatica",)} for _ in range(60)))
    replace_practitioners(sqlite, rows)
    statements: list[str] = []
    event.listen(sqlite, "before_cursor_execute", lambda *call: statements.append(call[2]))
    nearest(sqlite, *ASHEVILLE, count=1)
    few = len(statements)
    assert len(nearest(sqlite, *ASHEVILLE, count=50)) == 50
    assert len(statements) == 2 * few > 0


@pytest.mark.parametrize(
    "place", [(91, 0), (0, 181), (float("nan"), 0), (0, float("nan")), (float("inf"), 0)]
)
def test_no_place_on_earth(sqlite, place) -> None:
    with pytest.raises(ValueError, match="no place on earth"):
        nearest(sqlite, *place)


@settings(max_examples=300)
@given(place=coordinates, other=coordinates, share=st.floats(0.0001, 1.2))
def test_boxes_hold_all_within_the_radius(place, other, share) -> None:
    radius = distance_km(*place, *other) * share
    boxes = boxes_around(*place, radius)
    inside = any(
        box.south <= other[0] <= box.north and box.west <= other[1] <= box.east for box in boxes
    )
    assert inside or share < 1
    assert all(box.west <= box.east and box.south <= box.north for box in boxes)


def test_distances_that_are_known() -> None:
    assert distance_km(51.4816, -3.1791, 53.8008, -1.5491) == pytest.approx(280, abs=3)
    assert distance_km(0, 179.9, 0, -179.9) == pytest.approx(22.2, abs=0.1)
    assert distance_km(90, 10, -90, 170) == pytest.approx(HALF_ROUND_KM)


@pytest.mark.parametrize(
    ("km", "country", "text"),
    [
        (0, "US", "less than 1 mile"),
        (1.6, "GB", "1 mile"),
        (4.8, "US", "3 miles"),
        (2000, "US", "1,243 miles"),
        (0.3, "CA", "less than 1 km"),
        (1, "DE", "1 km"),
        (1234.4, "CA", "1,234 km"),
    ],
)
def test_distance_in_the_unit_of_the_country(km, country, text) -> None:
    assert distance_text(km, country) == text


SPECIALITIES = ("sports injuries", "pregnancy", "sciatica", "women's health", "headache")


@pytest.mark.parametrize(
    ("text", "languages", "gender", "specialities"),
    [
        ("is there a woman who speaks Spanish?", "es", "woman", ()),
        ("female acupuncturist", "", "woman", ()),
        ("A WOMAN PLEASE", "", "woman", ()),
        ("I need a male doctor", "", "man", ()),
        ("a nonbinary practitioner", "", "nonbinary", ()),
        ("I'd rather not see a man", "", "woman", ()),
        ("no men please", "", "woman", ()),
        ("I don't want a man", "", "woman", ()),
        ("please don't send a man", "", "woman", ()),
        ("someone who isn't a man", "", "woman", ()),
        ("I can't see a man", "", "woman", ()),
        ("anyone but a man", "", "woman", ()),
        ("don't you have a woman?", "", "woman", ()),
        ("isn't there a woman who could treat me?", "", "woman", ()),
        ("I don't see a woman there", "", "woman", ()),
        ("I can't find a woman", "", "woman", ()),
        ("woman who speaks Spanish", "es", "woman", ()),
        ("he doesn't speak Spanish", "", None, ()),
        ("better with a woman than with a man", "", "woman", ()),
        ("a man or a woman, I don't mind", "", None, ()),
        ("it doesn't have to be a woman", "", None, ()),
        ("I am a 45 year old woman looking for someone near Tulsa", "", None, ()),
        ("my mum's a pregnant woman", "", None, ()),
        ("female problems", "", None, ()),
        ("I'm looking for a woman", "", "woman", ()),
        ("hablo español", "es", None, ()),
        ("Spanish-speaking", "es", None, ()),
        ("Polish", "pl", None, ()),
        ("does nail polish matter", "", None, ()),
        ("who speaks Polish", "pl", None, ()),
        ("do you do Chinese acupuncture or Thai massage", "", None, ()),
        ("near Spanish Fork", "", None, ()),
        ("in Mandarin or Cantonese", "cmn yue", None, ()),
        ("speaks good French, German or Welsh", "fr de cy", None, ()),
        ("do they speak English and Spanish", "es", None, ()),
        ("someone who speaks English", "en", None, ()),
        ("I don't speak English well, I speak Polish", "pl", None, ()),
        ("does anyone sign BSL", "", None, ()),
        ("does anyone know BSL", "bfi", None, ()),
        ("中文", "zh", None, ()),
        ("someone good with sciatica", "", None, ("sciatica",)),
        ("sports injury specialist", "", None, ("sports injuries",)),
        ("who treats headaches and pregnancy", "", None, ("pregnancy", "headache")),
        ("women's health", "", None, ("women's health",)),
        ("I have sciatica, find someone in Tulsa", "", None, ()),
        ("find me someone in Tulsa", "", None, ()),
        ("", "", None, ()),
    ],
)
def test_wishes_in_plain_words(text, languages, gender, specialities) -> None:
    assert read_wishes(text, SPECIALITIES) == Wishes(tuple(languages.split()), gender, specialities)
