"""What is said to several questions, to follow-ups, and in doubt: decided without Rasa."""

import pytest
from rasa.shared.core.constants import DEFAULT_INTENTS
from rasa.shared.importers.importer import TrainingDataImporter

from needlepoint.dialogue.buttons import choices, suggestions
from needlepoint.dialogue.follow_ups import read_follow_ups
from needlepoint.dialogue.history import Said
from needlepoint.dialogue.plan import Plan, Question, Sought, make_plan
from needlepoint.names import URGENT_INTENTS

FOLLOW_UPS = read_follow_ups()
COST = Said("utter_faq_cost", {})
HURT = Said("utter_faq_does_it_hurt", {})


def plan(*questions, said=(), ranking=(), places=()):
    """A plan for questions as (intent, text), where ``places`` are texts that name a place."""
    asked = [Question(*question) for question in questions]
    ranking = ranking or [(asked[0].intent, 0.9)]

    def seek(text):
        return Sought(text in places, text in places)

    return make_plan(ranking[0][0], asked, ranking, said, FOLLOW_UPS, seek)


def test_one_plain_question_is_left_to_the_rules():
    assert plan(("faq_cost", "what does acupuncture cost")) is None
    assert plan(("faq_cost", "what does acupuncture cost"), said=[HURT]) is None


def test_several_questions_in_order():
    found = plan(("faq_does_it_hurt", "does it hurt"), ("faq_cost", "how much is it"))
    assert found == Plan(("utter_faq_does_it_hurt", "utter_faq_cost"))


def test_more_than_three_are_offered():
    topics = ["faq_cost", "faq_risks", "faq_history", "faq_cupping", "faq_insurance"]
    found = plan(*((topic, f"all about {topic}") for topic in topics))
    assert found.responses == (
        "utter_faq_cost",
        "utter_faq_risks",
        "utter_faq_history",
        "utter_more_questions",
    )
    assert found.rest == ("faq_cupping", "faq_insurance")


def test_a_statement_beside_questions_is_no_question():
    questions = [("tell_caution", "I'm pregnant"), ("faq_cost", "price"), ("faq_risks", "risks")]
    assert plan(*questions).responses == ("utter_faq_cost", "utter_faq_risks")


def test_a_question_and_manners_are_left_to_the_rules():
    assert plan(("faq_cost", "the price please"), ("thanks", "thank you")) is None
    assert plan(("greet", "hello"), ("thanks", "thank you")) is None


def test_every_intent_among_several_has_a_response():
    data = TrainingDataImporter.load_from_config("config.yml", "domain.yml", ["data"])
    domain = data.get_domain()
    for name in set(domain.intents) - set(DEFAULT_INTENTS):
        if name not in URGENT_INTENTS:
            found = plan(("faq_cost", "the price"), (name, "words"), ("faq_risks", "risks"))
            assert set(found.responses) <= {*domain.responses, *domain.action_names_or_texts}, name


@pytest.mark.parametrize("intent", ["report_red_flag", "crisis"])
def test_an_emergency_is_never_planned_away(intent):
    assert plan((intent, "how long"), ("faq_cost", "how much"), said=[COST]) is None


def test_a_later_question_follows_the_one_before_it():
    found = plan(
        ("faq_needle_size", "how thick are the needles"), ("faq_session_length", "how long")
    )
    assert found.responses == ("utter_faq_needle_size", "utter_faq_needle_retention")


def test_a_follow_up():
    assert plan(("faq_how_long_relief_lasts", "how long?"), said=[COST]) == Plan(
        ("utter_faq_session_length",)
    )
    assert plan(("faq_benefits", "why?"), said=[HURT]) == Plan(("utter_more_detail",))


def test_of_two_likely_readings_none_is_guessed():
    found = plan(("faq_session_length", "how long?"), said=[Said("utter_faq_benefits", {})])
    assert found == Plan(
        ("utter_which",), choices=("faq_how_soon_relief", "faq_how_long_relief_lasts")
    )


def test_a_short_message_that_is_hardly_understood_is_about_the_answer():
    ranking = [("out_of_scope", 0.6), ("faq_insurance", 0.3)]
    assert plan(("out_of_scope", "does Aviva"), said=[COST], ranking=ranking) == Plan(
        ("utter_faq_insurance",)
    )
    ranking = [("out_of_scope", 0.6)]
    assert plan(("out_of_scope", "even for them"), said=[COST], ranking=ranking) == Plan(
        ("utter_more_detail",)
    )


@pytest.mark.parametrize(
    ("text", "said", "confidence"),
    [
        ("even for them", [], 0.6),  # nothing to be about
        ("even for them", [COST], 0.95),  # surely something else
        ("my cat has a new toy", [COST], 0.6),  # points to nothing
        ("even for them who live very far away from any town", [COST], 0.6),  # too long
    ],
)
def test_other_messages_stay_what_they_are(text, said, confidence):
    ranking = [("out_of_scope", confidence)]
    assert plan(("out_of_scope", text), said=said, ranking=ranking) is None


def test_going_back():
    found = plan(("go_back", "go back"), said=[HURT, COST, Said("utter_thanks", {})])
    assert found == Plan(("utter_faq_does_it_hurt",))
    assert plan(("go_back", "go back"), said=[HURT]) is None


def test_unsure_twice_in_a_row():
    unsure = Said("utter_not_understood", {})
    doubt = [("nlu_fallback", 0.2), ("faq_cost", 0.1)]
    again = Plan(("utter_not_understood_again",))
    assert plan(("faq_cost", "hm"), said=[unsure], ranking=doubt) == again
    assert plan(("faq_cost", "hm"), said=[], ranking=doubt) is None
    assert plan(("faq_cost", "hm"), said=[unsure, again.responses and HURT], ranking=doubt) != again


TITLES = {"faq_cost": "Cost?", "faq_risks": "Risks?", "faq_cupping": "Cupping?", "faq_x": "X?"}


def payloads(found):
    return [button["payload"] for button in found]


def test_choices_end_with_a_way_out():
    likely = ["nlu_fallback", "faq_cost", "faq_risks", "out_of_scope", "faq_cupping", "faq_x"]
    assert payloads(choices(likely, TITLES)) == [
        "/faq_cost",
        "/faq_risks",
        "/faq_cupping",
        "/none_of_these",
    ]
    assert choices(["out_of_scope"], TITLES) == []


def test_suggestions_are_new():
    metadata = {"see_also": ["faq_risks", "faq_cupping", "faq_x"]}
    assert payloads(suggestions("faq_cost", metadata, [], TITLES)) == [
        "/faq_risks",
        "/faq_cupping",
        "/faq_x",
    ]
    said = [Said("utter_faq_risks", {"suggested": ["faq_cupping"]})]
    assert payloads(suggestions("faq_cost", metadata, said, TITLES)) == ["/faq_x"]
