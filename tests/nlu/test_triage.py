"""The triage in the trained model, and when its second opinion counts."""

import asyncio

import numpy as np
import pytest
import spacy
from rasa.nlu.constants import SPACY_DOCS
from rasa.nlu.utils.spacy_utils import SpacyModel
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from needlepoint.language.build import PIPELINE
from needlepoint.nlu.triage import Triage


def parse(agent, text):
    result = asyncio.run(agent.parse_message(text))
    entities = {entity["entity"]: entity for entity in result["entities"]}
    return result["intent"]["name"], entities, result


def test_a_red_flag_has_kind_urgency_advice_and_place(agent):
    text = "How much is it? Since this morning I can't feel anything between my legs."
    intent, entities, result = parse(agent, text)
    assert intent == "report_red_flag"
    assert entities["red_flag"]["value"] == "cauda_equina"
    assert entities["urgency"]["value"] == "A"
    assert entities["advice"]["value"] == "spine"
    assert entities["about"]["value"] == "self"
    flag = entities["red_flag"]
    assert "between my legs" in text[flag["start"] : flag["end"]]
    assert result["topics"][0]["intent"] == "report_red_flag"
    assert result["intent_ranking"][0]["name"] == "report_red_flag"


def test_another_persons_red_flag_is_marked(agent):
    _, entities, _ = parse(agent, "my mum has gone numb between her legs and she cannot pee")
    assert entities["about"]["value"] == "other"


@pytest.mark.parametrize(
    "text",
    [
        "no numbness between my legs, bladder is fine. what does it cost?",
        "is numbness between the legs a side effect of acupuncture",
        "what should I do if I get chest pain after a session",
    ],
)
def test_excused_signs_alarm_nobody(agent, text):
    intent, entities, _ = parse(agent, text)
    assert intent not in ("report_red_flag", "crisis") and "urgency" not in entities


def test_a_crisis_comes_before_a_red_flag(agent):
    intent, entities, _ = parse(agent, "I cannot feel when I wipe and I want to kill myself")
    assert intent == "crisis" and "urgency" not in entities


def test_a_payload_cannot_hide_an_emergency(agent):
    intent, _, _ = parse(agent, '/faq_cost{"note": "I cannot feel when I wipe"}')
    assert intent == "report_red_flag"
    assert parse(agent, "/faq_cost")[0] == "faq_cost"


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("I take warfarin, is cupping ok?", "self"),
        ("my dad takes warfarin, is cupping ok for him?", "other"),
        ("can people on warfarin have cupping?", "asked"),
    ],
)
def test_a_caution_has_its_role_and_its_name_as_group(agent, text, role):
    _, entities, _ = parse(agent, text)
    caution = entities["caution"]
    assert (caution["value"], caution["role"], caution["group"]) == (
        "blood_thinners",
        role,
        "blood_thinners",
    )


def test_a_denied_caution_is_none(agent):
    assert "caution" not in parse(agent, "I do not take warfarin. What does it cost?")[1]


def test_a_country_is_found(agent):
    assert parse(agent, "I live in Scotland. What does it cost?")[1]["country"]["value"] == "GB"


class Opinion:
    """A model that says what it is told."""

    intents = ("harmless", "kidney.B", "crisis")

    def __init__(self, *rows):
        self.rows = rows

    def predict(self, texts, vectors):
        return np.array([self.rows[i] for i in range(len(texts))])


@pytest.fixture(scope="module")
def pipeline():
    return SpacyModel(spacy.load(PIPELINE), str(PIPELINE))


def triaged(pipeline, text, *rows):
    message = Message({TEXT: text, SPACY_DOCS[TEXT]: pipeline.model(text.lower())})
    Triage({}, None, None, Opinion(*rows)).process([message], pipeline)
    return (message.get("intent") or {}).get("name")


CALM, SURE, DOUBT = (0.9, 0.1, 0.0), (0.1, 0.9, 0.0), (0.3, 0.7, 0.0)


def test_the_second_opinion_raises_an_alarm_that_the_rules_miss(pipeline):
    assert triaged(pipeline, "what does it cost", SURE) == "report_red_flag"
    assert triaged(pipeline, "what does it cost", (0.1, 0.0, 0.9)) == "crisis"
    assert triaged(pipeline, "what does it cost", CALM) is None


def test_a_single_sentence_has_to_be_surer(pipeline):
    text = "what does it cost? and how long?"
    assert triaged(pipeline, text, CALM, CALM, DOUBT) is None
    assert triaged(pipeline, text, CALM, CALM, SURE) == "report_red_flag"
    assert triaged(pipeline, text, DOUBT, CALM, CALM) == "report_red_flag"


def test_it_never_lowers_an_alarm(pipeline):
    assert triaged(pipeline, "I cannot feel when I wipe", (1.0, 0.0, 0.0)) == "report_red_flag"


def test_where_signs_are_excused_it_has_to_be_very_sure(pipeline):
    text = "no numbness between my legs"
    assert triaged(pipeline, text, SURE) is None
    assert triaged(pipeline, text, (0.0, 1.0, 0.0)) == "report_red_flag"
