"""Rasa's rules, found by an index: the same predictions at a fraction of the cost."""

from __future__ import annotations

import json
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.core.constants import ACTION_LISTEN_NAME, PREVIOUS_ACTION, USER
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import ActionExecuted
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ACTION_NAME, ACTION_TEXT, INTENT, TEXT

# Rasa looks for the very class RulePolicy, and would say at each training that there is none.
warnings.filterwarnings("ignore", message="'RulePolicy' is not included")

Key = tuple[str | None, str | None]


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True
)
class IndexedRulePolicy(RulePolicy):
    """Predicts what Rasa's ``RulePolicy`` predicts.

    Rasa's compares all rules with all states of the conversation for each action, and does so a
    second time for rules that name what the user wrote instead of an intent. Here only those rules
    are compared that end in the right action and intent, only with as many states as the longest
    rule has, and by the user's words only if a rule has such.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # In training the rules change all the time: there Rasa's own way counts.
        self._index = RuleIndex(self.lookup) if self.lookup.get(RULES) else None

    def _find_action_from_rules(
        self, tracker: DialogueStateTracker, domain: Domain, use_text_for_last_user_input: bool
    ) -> tuple[str | None, str | None, bool]:
        if use_text_for_last_user_input and self._index and not self._index.has_words:
            return None, None, False
        found: tuple[str | None, str | None, bool] = super()._find_action_from_rules(
            tracker, domain, use_text_for_last_user_input
        )
        return found

    def _prediction_states(
        self, tracker: DialogueStateTracker, domain: Domain, *args: Any, **kwargs: Any
    ) -> list[State]:
        if not self._index or self._index.has_words:
            states: list[State] = super()._prediction_states(tracker, domain, *args, **kwargs)
            return states
        states = last_states(tracker, domain, self._index.longest)
        self.featurizer._choose_last_user_input([states], use_text_for_last_user_input=False)
        return states

    def _get_possible_keys(self, lookup: dict[str, str], states: list[State]) -> set[str]:
        if self._index:
            candidates = self._index.candidates(states[-1])
            lookup = {rule: lookup[rule] for rule in candidates if rule in lookup}
        possible: set[str] = super()._get_possible_keys(lookup, states)
        return possible


class RuleIndex:
    """Rules by how they end: by the action that was done last, and the intent of the message.

    Attributes:
        has_words: whether a rule ends in what the user wrote, or in a message of any intent
        longest: how many states the longest rule has
    """

    def __init__(self, lookup: Mapping[str, Any]) -> None:
        """Take what ``RulePolicy`` has learned: rules as JSON of their states, oldest first."""
        self._rules: dict[Key, list[str]] = defaultdict(list)
        self.has_words = False
        self.longest = 1
        for rule in {**lookup[RULES], **lookup.get(RULES_FOR_LOOP_UNHAPPY_PATH, {})}:
            states = json.loads(rule)
            self.longest = max(self.longest, len(states))
            self._rules[_key(states[-1])].append(rule)
            self.has_words = self.has_words or _asks_for_words(states[-1])

    def candidates(self, last: State) -> Iterable[str]:
        """Return the rules that may apply where ``last`` is the newest state."""
        action, intent = _key(last)
        yield from self._rules.get((action, None), ())
        if intent is not None:
            yield from self._rules.get((action, intent), ())


def last_states(tracker: DialogueStateTracker, domain: Domain, count: int) -> list[State]:
    """Return the newest ``count`` of what ``tracker.past_states`` returns, oldest first."""
    actions = sum(isinstance(event, ActionExecuted) for event in tracker.applied_events())
    priors = tracker.generate_all_prior_trackers()
    # One state before each action, and one after the last.
    return [
        domain.get_active_state(prior)
        for number, (prior, _) in enumerate(priors)
        if number > actions - count
    ]


def _key(state: State) -> Key:
    action = state.get(PREVIOUS_ACTION)
    if not action:
        return (None, None)  # the start of a conversation, which Rasa takes for equal to any
    name = action.get(ACTION_NAME) or action.get(ACTION_TEXT)
    return (name, state.get(USER, {}).get(INTENT))


def _asks_for_words(state: State) -> bool:
    user = state.get(USER, {})
    after_message = state.get(PREVIOUS_ACTION, {}).get(ACTION_NAME) == ACTION_LISTEN_NAME
    return TEXT in user or (after_message and INTENT not in user)
