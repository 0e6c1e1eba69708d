"""Messages in other languages are recognised; English, however written, is not taken for one."""

import asyncio

import pytest


def family(agent, text):
    result = asyncio.run(agent.parse_message(text))
    found = [e["value"] for e in result["entities"] if e["entity"] == "family"]
    return result["intent"]["name"], *found


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("¿Cuánto cuesta una sesión?", "spanish"),
        ("je voudrais savoir si vous êtes ouverts demain", "french"),
        ("haben Sie am Samstag geöffnet", "german"),
        ("gdzie jest najbliższy gabinet", "polish"),
        ("针灸疼吗", "chinese"),
        ("هل يؤلم الوخز", "arabic"),
        ("это больно?", "russian"),
    ],
)
def test_a_foreign_message_is_declined_in_its_language(agent, text, language):
    assert family(agent, text) == ("out_of_scope", language)


@pytest.mark.parametrize(
    "text",
    [
        "dose acupunture hrut",
        "HW MCH IS IT",
        "qi and de qi, moxa, tui na",
        "is it gud 4 siatica n bk pain",
        "what's the craic with the needles like",
        "",
    ],
)
def test_english_is_not_foreign(agent, text):
    languages = {"spanish", "french", "german", "portuguese", "italian", "polish", "vietnamese"}
    assert languages.isdisjoint(family(agent, text))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("do you offer hot stone massage", "therapies"),
        ("are there any vacancies for a receptionist", "jobs"),
        ("nobody answered my complaint and I want my money back", "complaints"),
        ("you are a stupid bot", "abuse"),
    ],
)
def test_what_is_out_of_scope_has_a_family(agent, text, kind):
    assert family(agent, text) == ("out_of_scope", kind)


def test_an_emergency_counts_in_any_language_around_it(agent):
    text = "hola, sorry my english, I cannot feel between my legs and I cannot pee"
    assert family(agent, text)[0] == "report_red_flag"
