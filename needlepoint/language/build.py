"""Build the spaCy pipeline ``en_needlepoint`` that Rasa's stock ``SpacyNLP`` loads.

Run as ``python -m needlepoint.language.build``; ``make train`` does.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

import spacy
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import TEXT
from spacy.language import Language

from needlepoint.content.yaml_lines import DataError
from needlepoint.language.clinical import Clinical
from needlepoint.language.spelling import count_words, read_shorthand
from needlepoint.safety.rules import Rules, read_rules

PIPELINE = Path("build/en_needlepoint")


# A word that so many example questions have is no slip.
KNOWN_WORD = 3


def build_pipeline(examples: Iterable[str] = (), rules: Rules | None = None) -> Language:
    """Return the pipeline: English tokens, sentences, spelling, safety findings, and the encoder.

    Args:
        examples: example questions, whose words spelling then takes for known
        rules: what the safety findings are made by; without any, nothing is found
    """
    nlp = spacy.blank("en")
    nlp.meta["name"] = "needlepoint"
    nlp.meta["description"] = "Tokens, spelling, safety findings and MiniLM vectors."
    nlp.add_pipe("sentencizer")
    own = count_words(examples, KNOWN_WORD)
    config = {"own": own, "shorthand": read_shorthand()}
    nlp.add_pipe("needlepoint_spelling", config=config)
    clinical = nlp.add_pipe("needlepoint_clinical")
    if rules and isinstance(clinical, Clinical):
        clinical.use(rules)
    nlp.add_pipe("needlepoint_encoder")
    return nlp


if __name__ == "__main__":
    PIPELINE.parent.mkdir(exist_ok=True)
    try:
        rules = read_rules()
    except DataError as error:
        sys.exit(str(error))
    training_data = RasaFileImporter("config.yml", "domain.yml", ["data"]).get_nlu_data()
    texts = [example.get(TEXT) for example in training_data.intent_examples]
    build_pipeline(texts, rules).to_disk(PIPELINE)
    print(f"Built the language pipeline in {PIPELINE}.")
