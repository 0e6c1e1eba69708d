"""What is said of each place is as the facts say, and a wrong file is named with its line."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from needlepoint.content.yaml_lines import DataError
from needlepoint.referral.regulators import ANYWHERE, read_regulators

FOLDER = Path(__file__).parents[2] / "data" / "referral" / "regulators"
# What makes a sentence true either way.
HEDGES = ("usually", "such as", "may", "try", "as far as i know", "differ")


@pytest.fixture(scope="module")
def regulators():
    return read_regulators(FOLDER)


@pytest.fixture
def folder(tmp_path):
    """A copy of the files that a test may spoil."""
    shutil.copytree(FOLDER, tmp_path / "regulators")
    return tmp_path / "regulators"


def licences(regulators, country):
    places = regulators.places.items()
    return {key: r.licence for key, r in places if key.startswith(f"{country}-")}


def test_three_states_have_no_licence_and_48_do(regulators):
    states = licences(regulators, "US")
    assert {key for key, licence in states.items() if licence == "no"} == {
        "US-AL",
        "US-OK",
        "US-SD",
    }
    assert list(states.values()).count("yes") == 48
    assert len(states) == 51


@pytest.mark.parametrize("state", ["US-AL", "US-OK", "US-SD"])
def test_no_licensed_acupuncturist_is_promised_where_there_is_none(regulators, state):
    text = regulators.answer(state).text
    assert "does not license acupuncturists" in text
    assert not re.search(r"licensed acupuncturist|L\.Ac", text)
    assert "NCBAHM, formerly NCCAOM" in text
    assert "licensed doctor who is trained in acupuncture" in text
    assert "health or medical board" in text


def test_five_provinces_regulate(regulators):
    provinces = licences(regulators, "CA")
    assert len(provinces) == 13
    yes = {key for key, licence in provinces.items() if licence == "yes"}
    assert yes == {"CA-BC", "CA-AB", "CA-ON", "CA-QC", "CA-NL"}
    assert set(provinces.values()) == {"yes", "no"}
    for key in yes:
        assert regulators.answer(key).name in regulators.answer("CA").text


@pytest.mark.parametrize("nation", ["GB", "GB-ENG", "GB-SCT", "GB-WLS", "GB-NIR"])
def test_the_uk_has_a_register_and_no_licence(regulators, nation):
    answer = regulators.answer(nation)
    assert answer.licence == "register"
    assert "not a regulated profession" in answer.text
    for body in ("BAcC", "Professional Standards Authority", "BMAS", "AACP"):
        assert body in answer.text


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("US-FL", "Acupuncture Physician"),
        ("US-LA", "A doctor may have to be involved"),
        ("US-MI", "Michigan licenses acupuncturists"),
        ("US-NV", "https://orientalmedicine.nv.gov"),
        ("US-RI", "Doctor of Acupuncture (D.Ac.)"),
        ("US-DC", "DC Health"),
        ("GB-WLS", "Since 29 November 2024"),
        ("CA-BC", "took over from CTCMA in June 2024"),
        ("CA-AB", "https://acupuncturealberta.ca"),
        ("CA-YT", "there may be no licence"),
        ("AU", "Ahpra register"),
        ("NZ", "practising certificate"),
        ("IE", "I know of no law in Ireland"),
    ],
)
def test_what_is_special_is_said(regulators, place, words):
    assert words in regulators.answer(place).text


def test_no_two_places_get_the_same_words(regulators):
    """A place must not get the sentences of another by a slip in the defaults."""
    texts = [regulator.text for regulator in regulators.places.values()]
    assert len(set(texts)) == len(texts)


def test_what_is_not_verified_is_worded_to_be_true_either_way(regulators):
    unverified = [r for r in regulators.places.values() if r.sure == "unverified"]
    assert unverified
    for regulator in unverified:
        assert any(hedge in regulator.text.lower() for hedge in HEDGES), regulator.text


def test_texts_are_whole_sentences(regulators):
    for regulator in regulators.places.values():
        text = regulator.text
        assert text[0].isupper() and text.endswith("."), text
        assert not re.search(r"[{}]|\.\.|  | [.,]|\n|None", text), text
        assert 2 <= len(re.findall(r"[.?](?= [A-Z]|$)", text)) <= 9, text


def test_the_same_is_said_before_booking_everywhere(regulators):
    (before,) = {r.before_booking for r in regulators.places.values()}
    for word in ("licence", "training", "fees", "doctor", "your health", "sterile needles"):
        assert word in before


@pytest.mark.parametrize("key", ["DE", "XX", "", "US-PR", "Texas", "us-tx"])
def test_an_unknown_place_gets_the_general_answer(regulators, key):
    answer = regulators.answer(key)
    assert answer.key == ANYWHERE
    assert "differ from place to place" in answer.text


def test_a_row_has_its_sources_and_date(regulators):
    answer = regulators.answer("US-NV")
    assert answer.sources == ("nevada_board", "us_state_licensing")
    assert answer.reviewed == date(2026, 11, 20)
    assert answer.register and answer.register.url == "https://orientalmedicine.nv.gov"
    assert regulators.answer("US-TX").register is None


def test_a_row_is_completed_by_the_defaults_of_its_file_and_comes_before_them(folder):
    us = folder / "us.yml"
    text = us.read_text()
    text = text.replace("  sure: unverified\n", "  sure: unverified\n  note: Said of all.\n", 1)
    us.write_text(text)
    places = read_regulators(folder)
    assert "Said of all." in places.answer("US-TX").text
    assert "Said of all." not in places.answer("US-CA").text
    assert "The state has its own exam." in places.answer("US-CA").text
    assert "Said of all." not in places.answer("AU").text


def test_a_new_country_needs_only_a_file(folder):
    (folder / "germany.yml").write_text(
        """
templates:
  varies: In {name}, doctors and Heilpraktiker may needle. {check}
places:
- place: DE
  name: Germany
  licence: varies
  check: Ask the health office.
  sure: unverified
  sources: [somewhere]
  reviewed: "2026-11-20"
"""
    )
    answer = read_regulators(folder).answer("DE")
    assert answer.text == "In Germany, doctors and Heilpraktiker may needle. Ask the health office."
    assert answer.reviewed == date(2026, 11, 20)


ALASKA = "  name: Alaska\n"
ALASKA_BODY = "  body: the state's Department of Commerce\n"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (ALASKA, ALASKA + "  motto: North\n", "'motto' is not known"),
        (ALASKA, "", "US-AK lacks name"),
        (ALASKA, "  name: [Alaska]\n", "name must be a text"),
        (ALASKA, ALASKA + "  check: ''\n", "check must be a text"),
        ("place: US-AK", "place: US-XX", "'US-XX' is no ISO code"),
        ("place: US-AK", "place: us-ak", "'us-ak' is no ISO code"),
        ("place: US-AK", "place: UK", "'UK' is no ISO code"),
        ("place: US-AK", "place: no", "'False' is no ISO code"),
        ("place: US-AK", "place: US-AZ", "US-AZ stands in"),
        (ALASKA, ALASKA + "  sources: ccahm_states\n", "sources must be a list"),
        (ALASKA, ALASKA + "  sources: []\n", "sources must be a list"),
        (ALASKA_BODY, "", "it needs a title and a body"),
        (ALASKA, ALASKA + "  title: null\n", "it needs a title and a body"),
        (ALASKA + "  licence: yes", ALASKA + "  licence: maybe", "licence must be one of"),
        (ALASKA + "  licence: yes", ALASKA + "  licence: register", "templates have no text for"),
        (ALASKA, ALASKA + "  sure: likely\n", "sure must be one of"),
        (ALASKA, ALASKA + "  reviewed: last week\n", "reviewed must be a day"),
        (ALASKA, ALASKA + "  register: the list\n", "register must have exactly: name, url"),
        (ALASKA, ALASKA + "  register: {name: a, url: 7}\n", "must be texts"),
        (ALASKA, ALASKA + "  register: {name: a, url: a.org}\n", "must begin with https://"),
        (ALASKA, ALASKA + "  check: Look at {url}.\n", "there is no value for {url}"),
        (ALASKA, ALASKA + "  note: A {brace.\n", "there is no value for {"),
        ("{title}", "{titel}", "there is no value for {titel}"),
        ("  yes: >-", "  perhaps: >-", "templates must be texts for"),
        ("templates:", "templates: none\nother:", "'other' is not known"),
        ("defaults:\n", "defaults:\n  colour: red\n", "'colour' is not known"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(folder, old, new, complaint):
    path = folder / "us.yml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DataError) as error:
        read_regulators(folder)
    assert complaint in error.value.reason
    assert error.value.path == path
    assert abs(error.value.line - (text[: text.index(old)].count("\n") + 1)) <= 5


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("other.yml", "before_booking: >-", "after_booking: >-", "'after_booking' is not known"),
        ("uk.yml", "places:\n", "before_booking: Ask.\nplaces:\n", "exactly one file must have"),
        ("other.yml", "place: anywhere", "place: FR", "no file has the place 'anywhere'"),
        ("uk.yml", "place: GB\n", "place: US-TX\n", "US-TX stands in"),
        ("uk.yml", "places:\n", "places: none\nx-", "not valid YAML"),
    ],
)
def test_files_must_fit_together(folder, name, old, new, complaint):
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DataError, match=re.escape(complaint)):
        read_regulators(folder)


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="exactly one file must have before_booking"):
        read_regulators(tmp_path)
