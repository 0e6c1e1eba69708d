"""What the Rasa components around an intent model share: how they are made, stored and loaded."""

from __future__ import annotations

from typing import Any, TypeVar

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.utils.spacy_utils import SpacyModel
from rasa.shared.nlu.training_data.training_data import TrainingData
from threadpoolctl import threadpool_limits

from needlepoint.nlu.model import IntentModel

Component = TypeVar("Component", bound="ModelComponent")


class ModelComponent(IntentClassifier, GraphComponent):
    """A classifier with an ``IntentModel``, which ``train`` fits and ``_store`` keeps."""

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        model: IntentModel | None = None,
    ) -> None:
        self._config = {**self.get_default_config(), **config}
        self._storage = model_storage
        self._resource = resource
        self._model = model

    @classmethod
    def create(
        cls: type[Component],
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Component:
        """Create an untrained component."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls: type[Component],
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> Component:
        """Load a trained component.

        From then on, sums of this process run on one core: threads of OpenBLAS, of which each
        small product here wakes one per core, wait for each other in a loop, and take as much
        time from the other workers as all the rest of a turn.
        """
        threadpool_limits(1, user_api="blas")
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, IntentModel.load(folder))

    def process_training_data(self, training_data: TrainingData, model: SpacyModel) -> TrainingData:
        """Leave training data as they are: no later component needs predictions on them."""
        return training_data

    @property
    def _trained(self) -> IntentModel:
        if self._model is None:
            raise RuntimeError(f"{type(self).__name__} has no model yet: run `make train` first.")
        return self._model

    def _store(self, model: IntentModel) -> Resource:
        self._model = model
        with self._storage.write_to(self._resource) as folder:
            model.save(folder)
        return self._resource
