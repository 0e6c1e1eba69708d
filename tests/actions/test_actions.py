"""The custom actions, and that the domain knows exactly them."""

from pathlib import Path

import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher

from actions.action_safety_disclaimer import ActionSafetyDisclaimer


def test_the_domain_lists_the_actions_that_are_registered():
    executor = ActionExecutor()
    executor.register_package("actions")
    domain = yaml.safe_load(Path("domain.yml").read_text(encoding="utf-8"))
    assert sorted(executor.actions) == sorted(domain["actions"])


def test_says_the_disclaimer_of_the_last_answer_and_marks_it():
    answer = {"utter_action": "utter_faq_painkillers", "metadata": {"disclaimer": "medicines"}}
    tracker = Tracker("x", {}, {}, [{"event": "bot", "metadata": answer}], False, None, {}, None)
    dispatcher = CollectingDispatcher()
    events = ActionSafetyDisclaimer().run(dispatcher, tracker, {})
    assert [m["response"] for m in dispatcher.messages] == ["utter_safety_disclaimer_medicines"]
    assert [(e["name"], e["value"]) for e in events] == [("disclaimer_given", True)]
