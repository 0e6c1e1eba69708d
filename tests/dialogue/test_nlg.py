"""Sources on plain channels and in metadata; each short note once."""

import asyncio

import pytest
from rasa.core.actions.action import create_bot_utterance
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SessionStarted
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from needlepoint.dialogue.nlg import AnswerGenerator

BOT = "I am an automated assistant, not a person."
HEALTH = "This is general information"


@pytest.fixture(scope="module")
def domain():
    from rasa.shared.importers.importer import TrainingDataImporter

    return TrainingDataImporter.load_from_config("config.yml", "domain.yml", ["data"]).get_domain()


class Conversation:
    def __init__(self, domain: Domain) -> None:
        config = EndpointConfig(type="x", rich_channels=["web"])
        self.generator = AnswerGenerator(config, domain)
        self.tracker = DialogueStateTracker.from_events("someone", [])
        self.begin()

    def begin(self):
        self.tracker.update(ActionExecuted("action_session_start"))
        self.tracker.update(SessionStarted())

    def say(self, response, channel="collector"):
        message = asyncio.run(self.generator.generate(response, self.tracker, channel))
        if message is not None:
            stored = {**message, "utter_action": response}
            self.tracker.update(create_bot_utterance(stored))
        return message


@pytest.fixture
def chat(domain):
    return Conversation(domain)


def test_plain_channels_get_the_sources_as_a_line(chat):
    message = chat.say("utter_faq_needle_hygiene")
    line = message["text"].splitlines()[1]
    assert line.startswith("Sources: ") and line.endswith(".")
    for source in message["metadata"]["sources"]:
        assert source["title"] in line


def test_rich_channels_get_them_in_the_metadata_only(chat):
    message = chat.say("utter_faq_needle_hygiene", channel="web")
    assert "Sources:" not in message["text"]
    assert {"title", "publisher", "year", "url"} == set(message["metadata"]["sources"][0])


def test_both_notes_ride_on_a_first_health_answer_and_only_there(chat):
    first = chat.say("utter_faq_cost")["text"]
    assert BOT in first and HEALTH in first
    second = chat.say("utter_faq_risks")["text"]
    assert BOT not in second and HEALTH not in second


def test_after_a_greeting_only_the_health_note_is_due(chat):
    greeting = chat.say("utter_greet")["text"]
    assert "automated assistant" in greeting and BOT not in greeting
    answer = chat.say("utter_faq_cost")["text"]
    assert BOT not in answer and HEALTH in answer


def test_a_new_session_begins_again(chat):
    chat.say("utter_faq_cost")
    chat.begin()
    assert BOT in chat.say("utter_faq_cost")["text"]


@pytest.mark.parametrize("response", ["utter_red_flag", "utter_crisis"])
def test_nothing_comes_beside_an_emergency_number(chat, domain, response):
    assert chat.say(response)["text"] == domain.responses[response][0]["text"]
    assert BOT in chat.say("utter_thanks")["text"]


def test_more_detail_is_that_of_the_last_answer_and_ends(chat, domain):
    chat.say("utter_faq_risks")
    chat.say("utter_thanks")
    more = chat.say("utter_more_detail")
    assert more["text"].startswith(domain.responses["utter_faq_risks"][0]["metadata"]["more"])
    assert "Sources: " in more["text"]
    end = chat.say("utter_more_detail")
    assert end["text"] == domain.responses["utter_no_more_detail"][0]["text"]


def test_more_detail_without_an_answer_asks_for_a_question(chat):
    assert "Which question" in chat.say("utter_more_detail")["text"]


def test_sources_of_the_last_answer_in_full(chat):
    chat.say("utter_faq_effectiveness")
    text = chat.say("utter_ask_source")["text"]
    assert "American College of Physicians, 2017" in text
    assert "\n\n" not in text


def test_an_unknown_response_is_none(chat):
    assert chat.say("utter_nowhere") is None


def test_every_answer_is_one_paragraph_with_sources(domain):
    for name in domain.responses:
        if name.startswith("utter_faq_"):
            message = Conversation(domain).say(name)
            assert len(message["text"].splitlines()) == 4, name
            assert message["metadata"]["title"], name
