"""The custom actions, and that the domain knows exactly them."""

import threading
from pathlib import Path

import pytest
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher
from sqlalchemy import event
from sqlalchemy.engine import Engine

from actions.action_safety_disclaimer import ActionSafetyDisclaimer
from needlepoint.referral.desk import desk


def test_the_domain_lists_the_actions_that_are_registered():
    executor = ActionExecutor()
    executor.register_package("actions")
    domain = yaml.safe_load(Path("domain.yml").read_text(encoding="utf-8"))
    assert sorted(executor.actions) == sorted(domain["actions"])


@pytest.mark.parametrize(
    ("kind", "slots", "response"),
    [
        ("medicines", {}, "utter_safety_disclaimer_medicines"),
        ("medicines", {"caution_pregnancy": "pregnancy"}, "utter_safety_disclaimer_medicines"),
        ("risk", {"caution_pregnancy": None, "country": "GB"}, "utter_safety_disclaimer_risk"),
        ("risk", {"caution_pregnancy": "pregnancy"}, "utter_safety_disclaimer_cautions"),
        ("weather", {"caution_pregnancy": "pregnancy"}, "utter_safety_disclaimer"),
    ],
)
def test_says_the_disclaimer_of_the_last_answer_and_marks_it(kind, slots, response):
    answer = {"utter_action": "utter_faq_risks", "metadata": {"disclaimer": kind}}
    events = [{"event": "bot", "metadata": answer}]
    tracker = Tracker("x", slots, {}, events, False, None, {}, None)
    dispatcher = CollectingDispatcher()
    set_slots = ActionSafetyDisclaimer().run(dispatcher, tracker, {})
    assert [m["response"] for m in dispatcher.messages] == [response]
    assert [(e["name"], e["value"]) for e in set_slots] == [("disclaimer_given", True)]


@pytest.fixture
def at_work(database, monkeypatch):
    """The desk of a clinic, and which threads ask its database."""
    monkeypatch.setenv("NEEDLEPOINT_DATABASE_URL", database)
    monkeypatch.setenv("NEEDLEPOINT_CLINIC", str(Path("tests/clinic.yml").absolute()))
    threads = []

    def note(*_):
        threads.append(threading.current_thread())

    desk.cache_clear()
    event.listen(Engine, "before_cursor_execute", note)
    yield threads
    event.remove(Engine, "before_cursor_execute", note)
    desk().engine.dispose()
    desk.cache_clear()


@pytest.mark.parametrize(
    ("action", "response"),
    [
        ("action_refer_practitioner", "utter_refer"),
        ("action_submit_referral_request", "utter_request_kept"),
        ("action_delete_my_data", "utter_no_data"),
    ],
)
async def test_others_do_not_wait_for_its_database(at_work, action, response):
    executor = ActionExecutor()
    executor.register_package("actions")
    slots = {"request_name": "Jo Doe", "request_contact": "828 555 0134", "request_time": "noon"}
    slots.update(request_consent="yes", request_confirmed="yes")
    tracker = {
        "sender_id": "jo",
        "slots": slots,
        "latest_message": {"text": "Asheville, North Carolina"},
        "events": [],
    }
    answer = await executor.run({"next_action": action, "tracker": tracker})
    assert answer["responses"][0]["response"] == response
    assert at_work
    assert threading.current_thread() not in at_work
