"""Build the spaCy pipeline ``en_needlepoint`` that Rasa's stock ``SpacyNLP`` loads.

Run as ``python -m needlepoint.language.build``; ``make train`` does.
"""

from collections.abc import Iterable
from pathlib import Path

import spacy
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import TEXT
from spacy.language import Language

from needlepoint.language.spelling import count_words

PIPELINE = Path("build/en_needlepoint")


# A word that so many example questions have is no slip.
KNOWN_WORD = 3


def build_pipeline(examples: Iterable[str] = ()) -> Language:
    """Return the pipeline: English tokens, sentences by punctuation, spelling, and the encoder.

    Args:
        examples: example questions, whose words spelling then takes for known
    """
    nlp = spacy.blank("en")
    nlp.meta["name"] = "needlepoint"
    nlp.meta["description"] = "Tokens, sentences, spelling and MiniLM vectors for Needlepoint."
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("needlepoint_spelling", config={"own": count_words(examples, KNOWN_WORD)})
    nlp.add_pipe("needlepoint_encoder")
    return nlp


if __name__ == "__main__":
    PIPELINE.parent.mkdir(exist_ok=True)
    training_data = RasaFileImporter("config.yml", "domain.yml", ["data"]).get_nlu_data()
    texts = [example.get(TEXT) for example in training_data.intent_examples]
    build_pipeline(texts).to_disk(PIPELINE)
    print(f"Built the language pipeline in {PIPELINE}.")
