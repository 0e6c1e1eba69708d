"""Rasa's ``SpacyNLP``, which loads a pipeline once in a process.

Rasa makes two of this component, one to hand out the pipeline and one to read messages with it. Its
own would load a pipeline for each, in twice the time and twice the memory.
"""

from functools import cache

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.utils import spacy_utils


# What reads its documents finds it by the name of its class.
@DefaultV1Recipe.register(
    [
        DefaultV1Recipe.ComponentType.MODEL_LOADER,
        DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER,
    ],
    is_trainable=False,
    model_from="SpacyNLP",
)
class SpacyNLP(spacy_utils.SpacyNLP):
    """The component; its settings are those of Rasa's."""

    load_model = staticmethod(cache(spacy_utils.SpacyNLP.load_model))
