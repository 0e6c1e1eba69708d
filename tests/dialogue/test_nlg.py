"""Sources on plain channels and in metadata; each short note once."""

import asyncio

import pytest
from rasa.core.actions.action import create_bot_utterance
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SessionStarted, SlotSet, UserUttered
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
        self.tracker = DialogueStateTracker.from_events("someone", [], domain.slots)
        self.begin()

    def begin(self):
        self.tracker.update(ActionExecuted("action_session_start"))
        self.tracker.update(SessionStarted())

    def hear(self, *cautions, role="self", **slots):
        """A message of the person, with cautions in it, and what it fills."""
        entities = [{"entity": "caution", "value": name, "role": role} for name in cautions]
        self.tracker.update(UserUttered("words", {"name": "x"}, entities))
        if role == "self":
            slots.update({f"caution_{name}": name for name in cautions})
        for name, value in slots.items():
            self.tracker.update(SlotSet(name, value))

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


ALL = "911 now (999 in the UK, 112 in Europe, 000 in Australia, 111 in New Zealand)"


@pytest.mark.parametrize("response", ["utter_red_flag", "utter_crisis"])
def test_nothing_comes_beside_an_emergency_number(chat, response):
    text = chat.say(response)["text"]
    assert BOT not in text and HEALTH not in text and "{" not in text
    assert BOT in chat.say("utter_thanks")["text"]


def red_flag(chat, **slots):
    chat.hear(**slots)
    return chat.say("utter_red_flag")["text"]


def test_the_text_of_a_red_flag_fits_its_advice_and_whose_it_is(chat):
    assert red_flag(chat, advice="spine", about="self").startswith(f"Call {ALL}, or go to")
    assert "Stay with them" in red_flag(chat, advice="spine", about="other")
    assert "midwife" in red_flag(chat, advice="maternity", about="self")
    assert "Say you had acupuncture" in red_flag(chat, advice="after_needles", about="self")


def test_an_emergency_without_details_still_gets_the_number(chat):
    assert chat.say("utter_red_flag")["text"].startswith(f"Call {ALL}.")


@pytest.mark.parametrize(
    ("country", "number", "line"),
    [
        ("US", "911", "988"),
        ("CA", "911", "988"),
        ("GB", "999", "116 123"),
        ("IE", "112 or 999", "116 123"),
        ("AU", "000", "13 11 14"),
        ("NZ", "111", "1737"),
    ],
)
def test_the_numbers_are_those_of_the_country(chat, country, number, line):
    text = red_flag(chat, advice="emergency", about="self", country=country)
    assert text.startswith(f"Call {number} now.")
    crisis = chat.say("utter_crisis")["text"]
    assert line in crisis.split(".")[0] and f"call {number}." in crisis


def test_a_country_without_numbers_gets_all(chat):
    assert ALL in red_flag(chat, advice="emergency", about="self", country="FR")


@pytest.mark.parametrize(
    ("urgency", "line"),
    [("A", "call 911"), ("B", "see a doctor today"), ("C", "few days"), ("crisis", "call 988")],
)
def test_later_answers_begin_with_one_reminder(chat, urgency, line):
    red_flag(chat, advice="spine", about="self", urgency=urgency, country="US")
    assert "First:" not in chat.say("utter_go_on")["text"]
    for _ in range(2):
        chat.hear()
        first = chat.say("utter_faq_cost")["text"].splitlines()[0]
        assert first.startswith("First:") and line in first
        assert "First:" not in chat.say("utter_safety_disclaimer")["text"]


def test_without_a_red_flag_there_is_no_reminder(chat):
    chat.hear()
    assert "First:" not in chat.say("utter_faq_cost")["text"]


def test_a_caution_changes_later_answers(chat):
    before = chat.say("utter_faq_cupping")
    assert before["metadata"]["cautions"] == []
    chat.hear("blood_thinners")
    told = chat.say("utter_faq_cupping")
    chat.hear()
    later = chat.say("utter_faq_cupping")
    for message in (told, later):
        assert message["metadata"]["cautions"] == ["blood_thinners"]
        assert "bleed" in message["text"].splitlines()[1]


def test_anothers_caution_counts_in_its_message_only(chat):
    chat.hear("blood_thinners", role="other")
    assert chat.say("utter_faq_cupping")["metadata"]["cautions"] == ["blood_thinners"]
    chat.hear()
    assert chat.say("utter_faq_cupping")["metadata"]["cautions"] == []


def test_a_caution_beside_another_question_is_acknowledged_once(chat):
    chat.hear("pregnancy")
    assert "I will keep in mind" in chat.say("utter_faq_history")["text"]
    chat.hear()
    assert "I will keep in mind" not in chat.say("utter_faq_history")["text"]


def test_a_statement_gets_the_note_of_the_caution(chat):
    chat.hear("lymphoedema")
    text = chat.say("utter_caution_noted")["text"]
    assert text.startswith("Thank you for telling me.") and "limb" in text and "{" not in text


def test_what_is_known_is_told_back(chat):
    assert "nothing about you" in chat.say("utter_memory")["text"]
    chat.hear("pregnancy", "epilepsy")
    text = chat.say("utter_memory")["text"]
    assert "you told me that" in text and "pregnant" in text and "epilepsy" in text


def test_the_longer_text_has_the_numbers_too(chat):
    chat.hear(country="GB")
    chat.say("utter_faq_emotional_wellbeing")
    text = chat.say("utter_more_detail")["text"]
    assert "116 123" in text and "{" not in text


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


def payloads(message):
    return [button["payload"] for button in message["buttons"]]


def hear(chat, intent, *ranking, topics=()):
    """A message as the pipeline reads it."""
    data = {
        "intent": {"name": intent, "confidence": 0.9},
        "intent_ranking": [{"name": name, "confidence": value} for name, value in ranking],
        "topics": [{"intent": t, "confidence": 0.9, "text": f"about {t}"} for t in topics],
    }
    chat.tracker.update(UserUttered("words", data["intent"], [], data))


def test_an_answer_suggests_what_comes_next_each_once(chat, domain):
    metadata = domain.responses["utter_faq_cost"][0]["metadata"]
    first = chat.say("utter_faq_cost")
    assert payloads(first) == [f"/{name}" for name in metadata["see_also"]]
    assert all(button["title"].endswith("?") for button in first["buttons"])
    seen = set(payloads(first))
    for topic in ("faq_insurance", "faq_number_of_sessions", "faq_risks"):
        chat.hear()
        new = payloads(chat.say(f"utter_{topic}"))
        assert seen.isdisjoint(new) and f"/{topic}" not in new
        seen.update(new)


def test_only_the_last_of_several_answers_suggests(chat):
    hear(chat, "faq_cost", ("faq_cost", 0.9), topics=["faq_cost", "faq_history"])
    assert chat.say("utter_faq_cost")["buttons"] == []
    assert chat.say("utter_faq_history")["buttons"] != []


def test_questions_beyond_three_are_buttons(chat):
    topics = ["faq_cost", "faq_history", "faq_risks", "faq_cupping", "faq_pregnancy"]
    hear(chat, "faq_cost", ("faq_cost", 0.9), topics=topics)
    message = chat.say("utter_more_questions")
    assert payloads(message) == ["/faq_cupping", "/faq_pregnancy"]


def test_in_doubt_the_likely_questions_are_offered(chat):
    hear(chat, "nlu_fallback", ("nlu_fallback", 0.3), ("faq_cost", 0.2), ("faq_insurance", 0.1))
    message = chat.say("utter_not_understood")
    assert payloads(message) == ["/faq_cost", "/faq_insurance", "/none_of_these"]
    assert "faq_" not in message["text"] + "".join(b["title"] for b in message["buttons"])


def test_in_doubt_with_nothing_likely_there_are_common_questions(chat):
    hear(chat, "nlu_fallback", ("nlu_fallback", 0.3), ("faq_cost", 0.01))
    message = chat.say("utter_not_understood")
    assert "/faq_does_it_hurt" in payloads(message)
    chat.hear()
    assert chat.say("utter_not_understood")["text"] != message["text"]


def test_which_of_two_readings(chat):
    chat.say("utter_faq_effectiveness")
    data = [{"intent": "faq_session_length", "confidence": 0.9, "text": "how long?"}]
    intent = {"name": "faq_session_length", "confidence": 0.9}
    parsed = {"intent": intent, "intent_ranking": [intent], "topics": data}
    chat.tracker.update(UserUttered("how long?", intent, [], parsed))
    assert payloads(chat.say("utter_which")) == [
        "/faq_how_soon_relief",
        "/faq_how_long_relief_lasts",
    ]


def test_an_answer_asked_again_is_told_in_another_way(chat, domain):
    metadata = domain.responses["utter_faq_cost"][0]["metadata"]
    texts = []
    for _ in range(4):
        chat.hear()
        texts.append(chat.say("utter_faq_cost")["text"])
    assert texts[1].startswith(metadata["more"])
    assert texts[2].startswith(metadata["short"])
    assert texts[3].splitlines()[0] == texts[0].splitlines()[0]


def test_nothing_is_said_twice_in_a_row(chat, domain):
    spoken = [name for name in domain.responses if name.startswith("utter_")]
    notes = (
        "utter_note",
        "utter_reminder",
        "utter_again",
        "utter_safety_disclaimer",
        "utter_go_on",
    )
    emergencies = ("utter_red_flag", "utter_crisis")
    for response in spoken:
        if response.startswith((*notes, *emergencies)) or response == "utter_sources":
            continue
        chat.begin()
        said = []
        for _ in range(3):
            chat.hear()
            said.append(chat.say(response, channel="web")["text"])
        assert said[0] != said[1] != said[2], response


def test_in_short(chat, domain):
    chat.say("utter_faq_how_it_works")
    message = chat.say("utter_simpler")
    short = domain.responses["utter_faq_how_it_works"][0]["metadata"]["short"]
    assert message["text"].startswith(short) and "Sources: " in message["text"]
    chat.begin()
    assert "Which answer" in chat.say("utter_simpler")["text"]


@pytest.mark.parametrize(
    ("family", "words"),
    [("jobs", "board that gives licences"), ("spanish", "solo hablo"), ("general", "do not know")],
)
def test_what_is_out_of_scope_has_a_line_for_its_family(chat, family, words):
    chat.hear(family=family)
    assert words in chat.say("utter_out_of_scope")["text"]
