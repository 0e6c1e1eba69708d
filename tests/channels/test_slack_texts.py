"""The words of the Slack channel: each is there, plain, and used."""

import re
from pathlib import Path

import pytest
import textstat
import yaml

from needlepoint.channels.slack_texts import HOME, PLAIN, REQUEST, TEXTS_FILE, read_texts
from needlepoint.content.project import Project
from needlepoint.content.wording import MAX_GRADE, Wording
from needlepoint.content.yaml_lines import DataError

TEXTS = read_texts()
ROOT = Path(__file__).parents[2]
GROUPS = {"home": TEXTS.home, "request": TEXTS.request, "": TEXTS.plain}
ALL = [(f"{group}.{name}", text) for group, words in GROUPS.items() for name, text in words.items()]
BRACES = {
    "you_asked": {"question"},
    "sources": {"sources"},
    "too_long": {"limit"},
    "home.emergency": {"emergency"},
    "home.privacy": {"keep_days"},
}


@pytest.fixture
def change(tmp_path):
    """Return a file of words that was changed."""

    def changed(do):
        data = yaml.safe_load(TEXTS_FILE.read_text())
        do(data)
        path = tmp_path / "slack.yml"
        path.write_text(yaml.safe_dump(data, sort_keys=False))
        return path

    return changed


def test_all_words_are_there():
    assert set(TEXTS.plain) == set(PLAIN)
    assert set(TEXTS.home) == set(HOME)
    assert set(TEXTS.request) == set(REQUEST)
    assert TEXTS["welcome"] == TEXTS.plain["welcome"]


@pytest.mark.parametrize("name", PLAIN)
def test_a_missing_text_is_named(change, name):
    with pytest.raises(DataError, match=name):
        read_texts(change(lambda data: data.pop(name)))


@pytest.mark.parametrize(
    ("do", "named"),
    [
        (lambda data: data.update(welcme="x"), "welcme"),
        (lambda data: data.update(welcome=" "), "welcome"),
        (lambda data: data.update(welcome=5), "welcome"),
        (lambda data: data.pop("home"), "home"),
        (lambda data: data.update(request=[]), "request"),
        (lambda data: data["home"].update(titel="x"), "titel"),
        (lambda data: data["home"].pop("groups"), "groups"),
        (lambda data: data["home"].update(groups={"A": []}), "groups"),
        (lambda data: data["request"].pop("submit"), "submit"),
    ],
)
def test_what_is_wrong_is_named(change, do, named):
    with pytest.raises(DataError, match=named):
        read_texts(change(do))


def test_the_place_of_what_is_wrong_is_named(change):
    path = change(lambda data: data["home"].update(title=7))
    line = 1 + path.read_text().splitlines().index("  title: 7")
    with pytest.raises(DataError, match=rf"slack\.yml:{line}\b"):
        read_texts(path)


def test_each_topic_stands_under_one_heading():
    named = [topic for group in TEXTS.groups.values() for topic in group]
    topics = [file.stem for file in (ROOT / "data" / "faq").glob("*.yml")]
    assert sorted(named) == sorted(topics)


@pytest.mark.parametrize(("name", "text"), ALL)
def test_each_text_has_the_braces_that_are_filled(name, text):
    assert set(re.findall(r"{(\w*)}", text)) == BRACES.get(name.removeprefix("."), set())


@pytest.mark.parametrize(("name", "text"), ALL)
def test_each_text_is_plain(name, text):
    assert list(Wording.of(Project(ROOT)).problems(text, MAX_GRADE, 60)) == []


def test_all_words_together_are_plain():
    assert textstat.flesch_kincaid_grade(" ".join(text for _, text in ALL)) <= MAX_GRADE


@pytest.mark.parametrize("name", PLAIN)
def test_each_text_is_used(name):
    channel = (ROOT / "needlepoint" / "channels").glob("slack*.py")
    code = "".join(file.read_text() for file in channel if file.name != "slack_texts.py")
    assert f'"{name}"' in code or f"'{name}'" in code
