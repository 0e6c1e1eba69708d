"""The linter finds each kind of mistake, and names file and line."""

import shutil
from pathlib import Path

import pytest

from needlepoint.content.lint import lint

COST = "data/faq/cost.yml"


@pytest.fixture
def project(tmp_path):
    """A copy of the project's content that a test may spoil."""
    root = Path(__file__).parents[2]
    shutil.copy(root / "domain.yml", tmp_path)
    shutil.copytree(root / "data", tmp_path / "data")
    return tmp_path


def spoil(project, name, old, new):
    path = project / name
    text = path.read_text()
    assert old in text, f"{old!r} is not in {name}"
    path.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def messages(project):
    return [str(problem) for problem in lint(project)]


def test_the_content_is_in_order(project):
    assert messages(project) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        (COST, "      title: ", "      heading: ", "metadata has no title"),
        (COST, "sources: [", "sources: [gossip, ", "'gossip' is not in data/sources.yml"),
        (COST, 'reviewed: "2026-11-20"', 'reviewed: "2926-11-20"', "reviewed must be a past day"),
        (COST, "see_also: [", "see_also: [faq_weather, ", "see_also names faq_weather"),
        (
            COST,
            "- intent: faq_cost\n  examples",
            "- intent: greet\n  examples",
            "only faq_cost may",
        ),
        (COST, "  - action: utter_faq_cost", "  - action: utter_faq_prices", "is not defined"),
        (COST, "Prices differ", "It will cure you. Prices differ", "no promise of a result"),
        (COST, "Prices differ", "word " * 60 + "Prices differ", "at most 60"),
        (COST, "title: ", "title: " + "x" * 80, "over 75 characters"),
        (
            "data/faq/risks.yml",
            "  - action: action_safety_disclaimer\n",
            "",
            "exactly if the metadata names a disclaimer",
        ),
        ("data/faq/risks.yml", "disclaimer: risk", "disclaimer: fear", "disclaimer must be one of"),
        (
            "data/safety/answers.yml",
            "Do not wait.",
            "Immediate hospitalization unquestionably constitutes an absolute necessity.",
            "reading grade",
        ),
        (
            "data/dialogue/conversation.yml",
            "payload: /faq_risks",
            "payload: /faq_riskz",
            "neither words nor an intent",
        ),
        (
            "data/dialogue/conversation.yml",
            "  utter_goodbye:\n",
            "  utter_lonely:\n  - text: Alone.\n  utter_goodbye:\n",
            "utter_lonely is never said",
        ),
        ("data/sources.yml", "    publisher: NICE\n", "", "must have exactly"),
        ("domain.yml", "- faq_cost\n", "", "add faq_cost to the intents"),
    ],
)
def test_a_mistake_is_named_with_its_file(project, name, old, new, complaint):
    line = spoil(project, name, old, new)
    found = [message for message in messages(project) if complaint in message]
    assert found, messages(project)
    if name != "domain.yml":
        where = found[0].split(":")
        assert where[0].endswith(Path(name).name)
        assert abs(int(where[1]) - line) <= 12


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('reviewed: "2026-11-20"', "reviewed: 2026-13-40", "not valid YAML"),
        ("Prices differ", "Prices \x08 differ", "not valid YAML"),
        ("  - action: utter_faq_cost", "  - utter_faq_cost", "steps must be"),
        ("sources: [", "sources: acp_2017 # [", "sources must be a list"),
        ("responses:\n", "responses: []\nother:\n", "responses must be names"),
    ],
)
def test_a_file_of_odd_shape_is_named(project, old, new, complaint):
    spoil(project, COST, old, new)
    assert any(COST in message and complaint in message for message in messages(project))


def test_a_file_that_is_not_utf_8_is_named(project):
    (project / COST).write_bytes(b"version: '\xff'")
    assert any(COST in message and "not valid YAML" in message for message in messages(project))


def test_an_intent_with_few_examples_is_named(project):
    spoil(project, "domain.yml", "- greet\n", "- greet\n- wave\n")
    spoil(
        project,
        "data/dialogue/nlu_small_talk.yml",
        "nlu:\n",
        "nlu:\n- intent: wave\n  examples: |\n    - waves\n",
    )
    assert any("wave has 1 example questions" in message for message in messages(project))


def test_broken_yaml_is_named_with_its_line(project):
    line = spoil(project, COST, "    metadata:", "   metadata:")
    (problem,) = [message for message in messages(project) if "cost.yml" in message]
    assert "not valid YAML" in problem
    assert abs(int(problem.split(":")[1]) - line) <= 1


def test_a_missing_topic_is_named(project):
    (project / COST).unlink()
    assert any("cost.yml:1" in message and "missing" in message for message in messages(project))


def test_too_few_examples_are_counted(project):
    path = project / COST
    lines = path.read_text().splitlines(keepends=True)
    examples = [i for i, line in enumerate(lines) if line.startswith("    - ")]
    path.write_text("".join(line for i, line in enumerate(lines) if i not in examples[59:]))
    assert any("has 59 example questions" in message for message in messages(project))


def test_a_question_in_two_intents_is_found(project):
    spoil(project, COST, "  examples: |\n", "  examples: |\n    - Hello THERE, twice!\n")
    spoil(
        project,
        "data/faq/risks.yml",
        "  examples: |\n",
        "  examples: |\n    - hello there twice\n",
    )
    assert any("stands twice" in message for message in messages(project))


def test_a_sixth_button_is_too_many(project):
    spoil(
        project,
        "data/dialogue/conversation.yml",
        "      payload: /faq_cost\n",
        "      payload: /faq_cost\n    - title: More\n      payload: /help\n",
    )
    assert any("has 6 buttons" in message for message in messages(project))


def test_a_blank_line_in_an_answer_is_found(project):
    spoil(project, COST, "  - text: >-\n      ", "  - text: |-\n      One.\n\n      ")
    assert any("blank line" in message for message in messages(project))


US = "data/referral/regulators/us.yml"
OTHER = "data/referral/regulators/other.yml"


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        (US, "place: US-TX", "place: US-PR", "no file of this folder has the place US-TX"),
        (OTHER, "place: NZ", "place: DE", "no file of this folder has the place NZ"),
        (US, "[nevada_board, ", "[gossip, ", "'gossip' is not in data/sources.yml"),
        (US, "[nevada_board, ", "[acp_2017, who_2023, nevada_board, ", "has 4 sources"),
        (US, "reviewed: 2026", "reviewed: 2926", "reviewed must be a past day"),
        (US, "body: DC Health", "body: " + "a board or " * 12 + "so", "words; at most 80"),
        (
            US,
            "body: DC Health",
            "body: the Interdisciplinary Administration of Professional Regulatory Authorities",
            "US-DC: reading grade",
        ),
        (US, "note: The state has", "note: It will cure you. It has", "no promise of a result"),
        (OTHER, "Before you book, check", "Before you book, " + "check " * 30, "at most 45"),
        (US, "place: US-TX", "palce: US-TX", "'palce' is not known"),
        (US, "templates:", " templates:", "not valid YAML"),
    ],
)
def test_a_mistake_about_regulators_is_named_with_its_file(project, name, old, new, complaint):
    spoil(project, name, old, new)
    found = [message for message in messages(project) if complaint in message]
    assert found, messages(project)
    assert "data/referral/regulators/" in found[0]
