"""Training samples and evaluation sets."""

import json
import os
import random
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
HELD_OUT = ROOT / "tests" / "nlu" / "heldout.yml"
# Real questions and CLINC150 lie outside the project, and are measured where they are present.
SHARED = Path(os.environ.get("NEEDLEPOINT_EVALUATION_DATA", ROOT.parent / "shared" / "data"))
OUTSIDE = "out_of_scope"


@dataclass(frozen=True)
class Question:
    """A question, and the intents that count as right, best first."""

    text: str
    accept: tuple[str, ...]

    @property
    def is_topic(self) -> bool:
        """Whether its best label is a topic."""
        return self.accept[0].startswith("faq_")


def read_examples(path: Path) -> list[tuple[str, str]]:
    """Return text and intent of all examples in a Rasa file; none if it has no `nlu` part."""
    examples = []
    for block in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("nlu") or []:
        for line in block["examples"].splitlines():
            if line.startswith("- "):
                examples.append((line[2:].strip(), block["intent"]))
    return examples


def held_out() -> list[Question]:
    """Return the project's own held-out questions."""
    return [Question(text, (intent,)) for text, intent in read_examples(HELD_OUT)]


def evaluation_rows(name: str) -> list[dict[str, Any]]:
    """Return the rows of an evaluation file, or none where it is not present."""
    path = SHARED / name
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def real_questions() -> list[Question]:
    """Return the real questions, or none where they are not present."""
    rows = evaluation_rows("questions-dev.jsonl")
    return [Question(row["text"], tuple(row["accept"])) for row in rows]


def with_noise(question: Question, random_: random.Random) -> Question:
    """Return the question in upper case, without punctuation, with two typing slips."""
    letters = list(re.sub(r"[^\w\s]", "", question.text))
    for _ in range(2):
        places = [i for i, letter in enumerate(letters[:-1]) if letter.isalpha()]
        if not places:
            break
        place, slip = random_.choice(places), random_.choice(("swap", "drop", "double", "wrong"))
        if slip == "swap":
            letters[place : place + 2] = letters[place : place + 2][::-1]
        elif slip == "drop":
            del letters[place]
        elif slip == "double":
            letters.insert(place, letters[place])
        else:
            letters[place] = random_.choice("abcdefghijklmnopqrstuvwxyz")
    return Question("".join(letters).upper(), question.accept)


def write_sample(target: Path, per_intent: int) -> None:
    """Copy domain and data to ``target`` with at most ``per_intent`` examples of each intent.

    ``out_of_scope`` keeps five times as many, as it has more kinds.
    """
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "domain.yml", target)
    shutil.copytree(ROOT / "data", target / "data", dirs_exist_ok=True)
    for path in (target / "data").rglob("*.yml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for block in content.get("nlu") or []:
            lines = [line for line in block["examples"].splitlines() if line.startswith("- ")]
            most = per_intent * (5 if block["intent"] == OUTSIDE else 1)
            kept = random.Random(1).sample(lines, min(most, len(lines)))
            block["examples"] = "\n".join(kept) + "\n"
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def clinc() -> dict[str, Any] | None:
    """Return CLINC150 as it is published, or None where it is not present."""
    path = SHARED / "clinc150" / "data_full.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def ten_per_intent(data: dict[str, Any], seed: int) -> list[tuple[str, str]]:
    """Draw 10 training examples of each CLINC150 intent, intents in the order of the file."""
    by_intent: dict[str, list[str]] = {}
    for text, intent in data["train"]:
        by_intent.setdefault(intent, []).append(text)
    random_ = random.Random(seed)
    return [(t, i) for i, texts in by_intent.items() for t in random_.sample(texts, 10)]
