"""The Rasa policy that answers several questions, and follow-ups, in one turn."""

from __future__ import annotations

from typing import Any

from rasa.core.policies.policy import Policy, PolicyPrediction, confidence_scores_for
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.domain import Domain
from rasa.shared.core.generator import TrackerWithCachedStates
from rasa.shared.core.trackers import DialogueStateTracker

from needlepoint.dialogue.follow_ups import read_follow_ups
from needlepoint.dialogue.plan import Plan
from needlepoint.dialogue.turn import read_turn
from needlepoint.names import ACTION_LISTEN, ACTION_SAFETY_DISCLAIMER


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
        step = None
        if not tracker.active_loop_name:
            turn = read_turn(tracker, self._follow_ups)
            if turn.plan:
                step = _next_step(_steps(turn.plan, domain), turn.done)
        if step is None:
            return self._prediction(self._default_predictions(domain))
        return self._prediction(confidence_scores_for(step, 1.0, domain))


def _steps(plan: Plan, domain: Domain) -> list[str]:
    """Return the actions of a plan: its responses, and one disclaimer if one of them needs it."""
    steps = list(plan.responses)
    if any(_disclaimer(domain, response) for response in plan.responses):
        steps.append(ACTION_SAFETY_DISCLAIMER)
    return steps


def _disclaimer(domain: Domain, response: str) -> str | None:
    variations = domain.responses.get(response) or [{}]
    kind: str | None = (variations[0].get("metadata") or {}).get("disclaimer")
    return kind


def _next_step(steps: list[str], done: list[str]) -> str | None:
    """Return the action to take, or None where the plan has no say.

    After the disclaimer's action, rules know what is to be said where it failed.
    """
    if done != steps[: len(done)] or done[-1:] == [ACTION_SAFETY_DISCLAIMER]:
        return None
    return steps[len(done)] if len(done) < len(steps) else ACTION_LISTEN
