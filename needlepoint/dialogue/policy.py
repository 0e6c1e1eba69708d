"""The Rasa policy that answers several questions, and follow-ups, in one turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rasa.core.policies.policy import Policy, PolicyPrediction, confidence_scores_for
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.domain import Domain
from rasa.shared.core.generator import TrackerWithCachedStates
from rasa.shared.core.trackers import DialogueStateTracker

from needlepoint import names
from needlepoint.dialogue.follow_ups import read_follow_ups
from needlepoint.dialogue.plan import response_of
from needlepoint.dialogue.turn import Turn, read_turn
from needlepoint.referral.clinic import read_clinic


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True
)
class PlanPolicy(Policy):
    """Carries out the plan for a message, where there is one; else Rasa's rules decide.

    A rule names its responses beforehand; which follow from three questions in one message, or
    from "and how long?", only the conversation tells. There is nothing to learn: the plan comes
    from ``plan.make_plan`` and the table in ``data/dialogue/follow_ups.yml``.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Before RulePolicy, which has 6, where both are sure."""
        return {"priority": 7}

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> None:
        super().__init__(config, model_storage, resource, execution_context)
        self._follow_ups = read_follow_ups()
        self._clinic = read_clinic()

    def train(
        self,
        training_trackers: list[TrackerWithCachedStates],
        domain: Domain,
        **kwargs: Any,
    ) -> Resource:
        """Store nothing: there is nothing to learn."""
        with self._model_storage.write_to(self._resource):
            return self._resource

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        """Predict the next step of the plan, or nothing at all."""
        step = self._step(tracker, domain)
        if step is None:
            return self._prediction(self._default_predictions(domain))
        # While a form is open, Rasa's rules overrule what is not said to be of their kind.
        in_form = tracker.active_loop_name is not None
        scores = confidence_scores_for(step, 1.0, domain)
        return self._prediction(scores, is_no_user_prediction=in_form)

    def _step(self, tracker: DialogueStateTracker, domain: Domain) -> str | None:
        """Return the action to take, or None where the rules know it."""
        turn, form = read_turn(tracker, self._follow_ups), tracker.active_loop_name
        if turn.done[-1:] == [names.FORM_REQUEST] and turn.is_silent and not turn.form_closed:
            return names.UTTER_REQUEST_TROUBLE  # it asked nothing: its server is down
        if names.UTTER_REQUEST_TROUBLE in turn.done:
            return names.ACTION_DEACTIVATE_LOOP if form else names.ACTION_LISTEN
        if form and not turn.form_declined:
            return None if form in turn.done else form
        if form and turn.intent in names.URGENT_INTENTS:
            # Nothing beside the number: the form waits for the next message.
            return names.ACTION_LISTEN if names.UTTER_GO_ON in turn.done else None
        steps = self._steps(turn, form, domain)
        return next_step(steps, turn.done, tracker.current_slot_values()) if steps else None

    def _steps(self, turn: Turn, form: str | None, domain: Domain) -> list[str]:
        """Return the actions for a message; none where the rules know them."""
        if form:
            # A question in the middle: the answer, and the form goes on.
            responses = turn.plan.responses if turn.plan else (response_of(turn.intent),)
            return [*(response for response in responses if response != form), form]
        if turn.plan is None:
            return self._first_steps(turn.intent)
        steps = list(dict.fromkeys(map(self._possible, turn.plan.responses)))
        if any(_disclaimer(domain, response) for response in steps):
            steps.append(names.ACTION_SAFETY_DISCLAIMER)
        return steps

    def _first_steps(self, intent: str) -> list[str]:
        """Return what is said in the place of what the rules would say, if anything is."""
        response = response_of(intent)
        possible = self._possible(response)
        return [possible] if possible != response else []

    def _possible(self, response: str) -> str:
        """Without a clinic, nobody would read a request."""
        is_for_nobody = response == names.FORM_REQUEST and not self._clinic.is_known
        return names.UTTER_BOOK_APPOINTMENT if is_for_nobody else response


def _disclaimer(domain: Domain, response: str) -> str | None:
    variations = domain.responses.get(response) or [{}]
    kind: str | None = (variations[0].get("metadata") or {}).get("disclaimer")
    return kind


def next_step(steps: Sequence[str], done: Sequence[str], slots: Mapping[str, Any]) -> str | None:
    """Return the action that comes next, or None if something else than ``steps`` was done.

    Args:
        steps: the plan, in order
        done: what was done of it
        slots: of the tracker; they tell whether a custom action has spoken
    """
    expected: list[str] = []
    for step in steps:
        expected.append(step)
        slot, backup = names.BACKUPS.get(step, ("", ""))
        if slot and len(done) >= len(expected) and not slots.get(slot):
            expected.append(backup)
    if list(done) != expected[: len(done)]:
        return None
    return expected[len(done)] if len(done) < len(expected) else names.ACTION_LISTEN
