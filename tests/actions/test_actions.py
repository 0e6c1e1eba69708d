"""The custom actions, and that the domain knows exactly them."""

from pathlib import Path

import pytest
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher

from actions.action_safety_disclaimer import ActionSafetyDisclaimer


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
