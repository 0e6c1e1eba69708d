from pathlib import Path

import pytest

from needlepoint.content.yaml_lines import DataError, read_yaml
from needlepoint.places.find import MAX_OFFERED, find_place
from needlepoint.places.index import build
from needlepoint.places.knowledge import PLACES_FILE, read_knowledge
from needlepoint.places.lookup import INDEX_FILE, PlaceIndex
from needlepoint.places.text import MAX_CHARACTERS, fold, words

TABLE = Path(__file__).parent / "places.yml"
MIN_SHARE = 0.95


@pytest.fixture(scope="module", autouse=True)
def _index() -> None:
    if not INDEX_FILE.is_file() or INDEX_FILE.stat().st_mtime < PLACES_FILE.stat().st_mtime:
        build()


def keys(text: str, within: str | None = None) -> list[str]:
    return [place.key for place in find_place(text, within).places]


def is_right(entry: dict[str, object]) -> bool:
    found = keys(str(entry["text"]))
    asked = entry.get("ask") or entry.get("or_ask")
    if isinstance(asked, list) and len(found) > 1 and set(asked) <= set(found):
        return True
    return "place" in entry and found == ([entry["place"]] if entry["place"] else [])


def test_the_table_of_expressions_is_read_right_or_rightly_asked_back() -> None:
    entries = read_yaml(TABLE).data
    wrong = [f"{entry} -> {keys(entry['text'])}" for entry in entries if not is_right(entry)]
    assert len(entries) >= 200
    assert len(wrong) <= (1 - MIN_SHARE) * len(entries), "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("I'm up near Bozeman", "US-MT"),
        ("live in fargo nd", "US-ND"),
        ("Sioux Falls, S.D.", "US-SD"),
        ("Worcester, Mass.", "US-MA"),
        ("zip 90210-1234", "US-CA"),
        ("Kansas City, KS", "US-KS"),
        ("W. Va.", "US-WV"),
        ("I AM IN PORTLAND OR", "US-OR"),
        ("jfk", "US-NY"),
        ("Miami-Dade County", "US-FL"),
        ("Trois-Rivières", "CA-QC"),
        ("V6B 1A1", "CA-BC"),
        ("x0a 0h0", "CA-NU"),
        ("London Ontario", "CA-ON"),
        ("ld3 7hz", "GB-WLS"),
        ("TD15 1AA", "GB-ENG"),
        ("bt12", "GB-NIR"),
        ("Hay-on-Wye", "GB-WLS"),
        ("a village outside Kendal in Cumbria", "GB-ENG"),
        ("Fremantle WA", "AU"),
        ("T12 XY45", "IE"),
        ("Richmond, London", "GB-ENG"),
        ("Köln", "DE"),
        ("10115 Berlin", "DE"),
        ("in the US", "US"),
        ("tell me, is it in the uk", "GB"),
    ],
)
def test_a_place_is_found(text: str, key: str) -> None:
    assert keys(text) == [key]


@pytest.mark.parametrize(
    "text",
    [
        "do you treat pain in the hip",
        "me",
        "ok",
        "OK",
        "nice",
        "that would be nice",
        "mobile only please",
        "near me",
        "I take ma pills",
        "L5",
        "needles at BL23",
        "st36",
        "an MRI and an ECG",
        "97810 97811 billing",
        "my son jordan",
        "Dr. Houston told me",
        "I sit all day. Can you help?",
        "how hot is it outside",
        "I'm not in Leeds",
    ],
)
def test_no_place_is_found(text: str) -> None:
    assert keys(text) == []


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Portland", ["US-OR", "US-ME"]),
        ("Georgia", ["GE", "US-GA"]),
        ("Ontario CA", ["CA-ON", "US-CA"]),
        ("Washington", ["US-WA", "US-DC"]),
        ("Leeds or Cardiff", ["GB-ENG", "GB-WLS"]),
    ],
)
def test_several_meanings_are_asked_most_likely_first(text: str, asked: list[str]) -> None:
    assert keys(text) == asked


@pytest.mark.parametrize(
    "text", ["Washington", "Georgia", "Portland", "Ontario CA", "Springfield", "San Marino"]
)
def test_the_title_of_each_button_says_which_place_is_meant(text: str) -> None:
    for place in find_place(text).places:
        assert keys(place.name) == [place.key]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("I'm from Ireland but live in Boston", "US-MA"),
        ("New York but moving to Boston", "US-MA"),
        ("I live in Athens, that is in Georgia", "US-GA"),
    ],
)
def test_a_state_elsewhere_says_nothing_of_a_town(text: str, key: str) -> None:
    assert keys(text) == [key]


def test_an_address_of_the_army_is_in_no_country() -> None:
    assert keys("09012") == []


def test_at_most_five_are_asked() -> None:
    assert len(keys("Springfield")) == MAX_OFFERED


@pytest.mark.parametrize(
    ("text", "within", "key"),
    [
        ("Portland", "US-ME", "US-ME"),
        ("Georgia", "US", "US-GA"),
        ("Perth", "GB", "GB-SCT"),
        ("London", "US", "GB-ENG"),
        ("Leeds", "CA", "GB-ENG"),
    ],
)
def test_what_is_known_already_settles_what_is_not_far_fetched(
    text: str, within: str, key: str
) -> None:
    assert keys(text, within) == [key]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("not Portland Oregon, Portland Maine", "US-ME"),
        ("Portland, not Oregon", "US-ME"),
        ("not Leeds, Bradford", "GB-ENG"),
        ("no, Maine", "US-ME"),
        ("moved from Leeds to Cardiff", "GB-WLS"),
        ("used to live in Ohio, now in Michigan", "US-MI"),
        ("Gatineau, across the river from Ottawa", "CA-QC"),
        ("I live in Cardiff but I was born in Bristol", "GB-WLS"),
    ],
)
def test_the_place_where_the_person_is_counts(text: str, key: str) -> None:
    assert keys(text) == [key]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("I live in Ashevile", "US-NC"),
        ("massachussets", "US-MA"),
        ("Phildelphia", "US-PA"),
        ("Edinbrugh please", "GB-SCT"),
    ],
)
def test_one_slip_in_a_long_name_is_forgiven(text: str, key: str) -> None:
    assert keys(text) == [key]


def test_a_slip_is_not_looked_for_in_a_sentence_about_something_else() -> None:
    assert keys("does Ashevile acupuncture hurt a lot more than the other kind") == []


@pytest.mark.parametrize("text", ["Cardiff", "I'm in Tulsa", "near 28801 please", "moved to Leeds"])
def test_a_message_that_says_nothing_else_is_bare(text: str) -> None:
    assert find_place(text).is_bare


@pytest.mark.parametrize("text", ["is cupping popular in China?", "does it hurt", ""])
def test_any_other_is_not(text: str) -> None:
    assert not find_place(text).is_bare


def test_a_place_has_the_name_that_is_shown_and_its_position() -> None:
    (tulsa,) = find_place("tulsa").places
    assert tulsa.name == "Tulsa, Oklahoma"
    assert tulsa.latitude == pytest.approx(36.15, abs=0.1)
    assert tulsa.longitude == pytest.approx(-95.99, abs=0.1)
    (state,) = find_place("Oklahoma").places
    assert (state.name, state.latitude, state.longitude) == ("Oklahoma, USA", None, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "😀" * 50,
        "\u202eLeeds\u202c",
        "Zürich" * 2000,
        "in " * 5000,
        "'" * 600,
        "\x00",
        "東京",
    ],
)
def test_odd_text_is_read_without_error(text: str) -> None:
    assert len(find_place(text).places) <= MAX_OFFERED


def test_only_the_beginning_of_a_long_message_is_read() -> None:
    assert keys("x" * MAX_CHARACTERS + " in Tulsa") == []


def test_names_are_folded_alike_in_the_index_and_in_messages() -> None:
    assert fold("St. John’s") == fold("Saint Johns") == "saint johns"
    assert [word.plain for word in words("MT, Mt. Airy")] == ["mt", "mt", "airy"]


def test_a_missing_index_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="make train"):
        PlaceIndex(tmp_path / "places.db")


def test_a_broken_file_is_reported_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "places.yml"
    text = PLACES_FILE.read_text(encoding="utf-8").replace("wordy: [in,", "wordy: [on,")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"places.yml:\d+: put True in quotes"):
        read_knowledge(path)
