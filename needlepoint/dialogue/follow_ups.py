"""What a short question means after an answer: ``data/dialogue/follow_ups.yml``. No Rasa here."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from needlepoint.content.yaml_lines import DataError, YamlFile, read_mapping
from needlepoint.names import TOPIC_PREFIX
from needlepoint.phrases import expand

FOLLOW_UPS_FILE = Path("data/dialogue/follow_ups.yml")
# The answer is the longer text of the topic, or its sources.
MORE = "more"
SOURCE = "source"
DEFAULT = "default"
MAX_READINGS = 2
SECTIONS = ("families", "lead_ins", "tails", "kinds")
_PRONOUN = re.compile(r"\b(?:that|this|they|them|these|those|its|theyre|thats)\b")
_CONTRACTED = ((re.compile(r"(?<=\w)['’]s\b"), " is"), (re.compile(r"(?<=\w)['’]re\b"), " are"))
# "sooooo" is "so", and "hurtttt" is "hurt": no English word has a letter three times in a row.
_ELONGATED = re.compile(r"([a-z])\1{2,}")


@dataclass(frozen=True)
class FollowUps:
    """The table, ready for use.

    Attributes:
        kinds: kind of each question, in plain words
        targets: by kind and topic, what answers it: one name, or two that are equally likely
        families: the family of each topic
        lead_ins: what may stand before a question, longest first
        tails: what may stand after it, longest first
    """

    kinds: Mapping[str, str]
    targets: Mapping[str, Mapping[str, tuple[str, ...]]]
    families: Mapping[str, str]
    lead_ins: tuple[str, ...]
    tails: tuple[str, ...]

    def readings(self, text: str, topic: str) -> tuple[str, ...]:
        """Return what a question means after an answer, most likely first.

        Args:
            text: what the person wrote
            topic: what was answered before it, as ``faq_cost``

        Returns:
            One or two of topics, ``more`` and ``source``; none if the question says enough alone,
            or if nothing was answered that it could follow.
        """
        kind = self.kind(text)
        readings = self.targets[kind].get(topic, ()) if kind else ()
        # Only topics have a longer text, and sources.
        is_topic = topic.startswith(TOPIC_PREFIX)
        return readings if is_topic or not {MORE, SOURCE}.intersection(readings) else ()

    def kind(self, text: str) -> str | None:
        """Return which kind of follow-up a text is, or None if it is none."""
        words = plain(text)
        while words:
            if words in self.kinds:
                return self.kinds[words]
            shorter = _without(words, self.lead_ins, self.tails)
            if shorter == words:
                return None
            words = shorter
        return None


def plain(text: str) -> str:
    """Return a text in lower case, with one word for all pronouns, without marks and flourish."""
    words = text.lower()
    for pattern, full in _CONTRACTED:
        words = pattern.sub(full, words)
    words = re.sub(r"['’]", "", words)
    words = _ELONGATED.sub(r"\1", words)
    words = _PRONOUN.sub("it", re.sub(r"[^\w\s]", " ", words))
    return " ".join(words.split())


def _without(words: str, lead_ins: Iterable[str], tails: Iterable[str]) -> str:
    for lead_in in lead_ins:
        if words.startswith(f"{lead_in} "):
            return words.removeprefix(f"{lead_in} ")
    for tail in tails:
        if words.endswith(f" {tail}"):
            return words.removesuffix(f" {tail}")
    return words


def read_follow_ups(path: Path = FOLLOW_UPS_FILE) -> FollowUps:
    """Read the table.

    Raises:
        DataError: it is not as its own head describes; the message has file and line.
    """
    file = read_mapping(path)
    if set(file.data) != set(SECTIONS):
        raise DataError(path, 1, f"must have exactly: {', '.join(SECTIONS)}")
    families = _families(file)
    kinds: dict[str, str] = {}
    targets = {}
    for kind, entry in file.data["kinds"].items():
        if not isinstance(entry, dict) or set(entry) != {"says", "leads_to"}:
            raise file.error(f"{kind} must have says and leads_to", "kinds", kind)
        for phrase in read_phrases(file, entry["says"], "kinds", kind, "says"):
            if kinds.setdefault(phrase, kind) != kind:
                message = f"'{phrase}' is said for {kinds[phrase]}, too"
                raise file.error(message, "kinds", kind, "says")
        targets[kind] = _targets(file, kind, entry["leads_to"], families)
    around = (
        tuple(sorted(read_phrases(file, file.data[name], name), key=len, reverse=True))
        for name in ("lead_ins", "tails")
    )
    return FollowUps(kinds, targets, families, *around)


def _families(file: YamlFile) -> dict[str, str]:
    """Return the family of each topic."""
    families: dict[str, str] = {}
    for family, topics in file.data["families"].items():
        for topic in topics:
            if topic in families:
                message = f"{topic} is in {families[topic]}, too"
                raise file.error(message, "families", family)
            families[topic] = family
    return families


def read_phrases(file: YamlFile, phrases: Any, *key: str | int) -> Iterator[str]:
    """Yield all forms of the phrases that stand at ``key`` of a file, as ``plain`` gives them.

    Raises:
        DataError: one is no text, or its brackets are wrong; with file and line.
    """
    for number, phrase in enumerate(phrases):
        if not isinstance(phrase, str):
            raise file.error(f"put {phrase!r} in quotes", *key, number)
        try:
            yield from (plain(form) for form in expand(phrase))
        except ValueError as error:
            raise file.error(str(error), *key, number) from None


def _targets(
    file: YamlFile, kind: str, leads_to: Mapping[str, Any], families: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    known = {DEFAULT, *families, *families.values()}
    for place, readings in leads_to.items():
        if place not in known:
            message = f"'{place}' is neither a topic nor a family"
            raise file.error(message, "kinds", kind, "leads_to", place)
        unknown = set(readings) - {MORE, SOURCE, *families}
        if unknown or not 0 < len(readings) <= MAX_READINGS:
            message = f"must be a list of one or two topics, {MORE} or {SOURCE}"
            raise file.error(message, "kinds", kind, "leads_to", place)
    if DEFAULT not in leads_to:
        raise file.error(f"needs a line for {DEFAULT}", "kinds", kind, "leads_to")
    targets = {}
    for topic, family in families.items():
        readings = leads_to.get(topic, leads_to.get(family, leads_to[DEFAULT]))
        # What would lead a topic to itself, leads to more of it.
        targets[topic] = tuple(MORE if reading == topic else reading for reading in readings)
    return targets
