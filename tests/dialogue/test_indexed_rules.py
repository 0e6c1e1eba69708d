"""The indexed rules predict what Rasa's own policy predicts, whatever the conversation."""

import json
import random
import tarfile
from types import SimpleNamespace

import pytest
from rasa.core.policies.rule_policy import RulePolicy
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from needlepoint.dialogue.rules import IndexedRulePolicy, RuleIndex

FORM = "referral_request_form"
# Few of each, so that what belongs to one rule often comes in the middle of another one.
INTENTS = ["request_referral", "faq_cost", "find_practitioner", "affirm", "nlu_fallback", "restart"]
ACTIONS = [
    "action_listen",
    FORM,
    "utter_faq_cost",
    "action_safety_disclaimer",
    "utter_out_of_scope",
]
# Chosen so often, the others only now and then: most conversations go as the rules say.
FAITHFUL = 0.7


@pytest.fixture(scope="module")
def lookup(model_path):
    with tarfile.open(model_path) as archive:
        (name,) = (name for name in archive.getnames() if name.endswith("rule_policy.json"))
        return json.load(archive.extractfile(name))["lookup"]


@pytest.fixture(scope="module")
def domain():
    return Domain.load(["domain.yml", "data"])


@pytest.fixture(scope="module")
def policies(lookup):
    context = SimpleNamespace(is_finetuning=False)
    return [
        kind(kind.get_default_config(), None, None, context, lookup=lookup)
        for kind in (RulePolicy, IndexedRulePolicy)
    ]


def said(intent):
    return UserUttered(f"about {intent}", {"name": intent, "confidence": 1.0})


def predicted(policy, tracker, domain):
    found = policy.predict_action_probabilities(tracker, domain)
    kind = (found.is_end_to_end_prediction, found.is_no_user_prediction)
    scores = zip(domain.action_names_or_texts, found.probabilities, strict=True)
    return {name: score for name, score in scores if score}, found.events, kind


def grow(draw, tracker, domain, policy):
    """Add an action to a conversation, and what follows from it or might."""
    if draw.random() < FAITHFUL:
        scores = policy.predict_action_probabilities(tracker, domain).probabilities
        action = domain.action_names_or_texts[max(range(len(scores)), key=scores.__getitem__)]
    else:
        action = draw.choice(ACTIONS)
    tracker.update(ActionExecuted(action))
    if action == FORM:
        tracker.update(ActiveLoop(draw.choice([FORM, FORM, None])))
        if draw.random() < 0.5:
            tracker.update(ActionExecutionRejected(FORM))
    if draw.random() < 0.3:
        slot = draw.choice([slot for slot in domain.slots if slot.influence_conversation])
        tracker.update(SlotSet(slot.name, draw.choice([True, False, None])))
    if action == "action_listen":
        tracker.update(said(draw.choice(INTENTS)))
        if draw.random() < 0.05:
            tracker.update(UserUtteranceReverted())


@pytest.mark.parametrize("seed", range(4))
def test_the_same_as_rasas_own(seed, policies, domain):
    rasas, ours = policies
    draw = random.Random(seed)
    for _ in range(25):
        tracker = DialogueStateTracker("one", domain.slots)
        if draw.random() < 0.5:
            tracker.update(ActionExecuted("action_session_start"))
            tracker.update(SessionStarted())
        for _ in range(12):
            grow(draw, tracker, domain, rasas)
            assert predicted(ours, tracker, domain) == predicted(rasas, tracker, domain)


def test_our_rules_name_no_words(lookup):
    assert not RuleIndex(lookup).has_words


def test_only_rules_that_may_apply_are_compared(lookup):
    state = {
        "user": {"intent": "faq_cost"},
        "prev_action": {"action_name": "action_listen"},
    }
    assert 1 <= len(list(RuleIndex(lookup).candidates(state))) < 10


WORDS = [{"prev_action": {"action_name": "action_listen"}, "user": {"text": "about faq_cost"}}]
NO_INTENT = [{"prev_action": {"action_name": "action_listen"}, "slots": {"place": [1.0]}}]


@pytest.mark.parametrize("states", [WORDS, NO_INTENT], ids=["words", "no intent"])
def test_where_a_rule_asks_for_words_rasas_order_counts(lookup, domain, states):
    rule = json.dumps(states, sort_keys=True)
    more = {**lookup, "rules": {**lookup["rules"], rule: "utter_faq_history"}}
    assert RuleIndex(more).has_words
    context = SimpleNamespace(is_finetuning=False)
    rasas, ours = (
        kind(kind.get_default_config(), None, None, context, lookup=more)
        for kind in (RulePolicy, IndexedRulePolicy)
    )
    tracker = DialogueStateTracker("one", domain.slots)
    for event in [ActionExecuted("action_listen"), said("faq_cost"), SlotSet("place", "Boone")]:
        tracker.update(event)
    assert predicted(ours, tracker, domain) == predicted(rasas, tracker, domain)
