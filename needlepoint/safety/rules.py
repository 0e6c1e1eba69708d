"""Read the safety rules of ``data/safety``: which words are signs of what, and in which context.

A file has ``words``, each a name with the terms that mean it, and ``signs``, each a line that
combines words::

    words:
      numb: [numb, (no|lost) feeling, can't feel]
      saddle: [between [my] legs, private parts]
    signs:
    - numb + saddle

In a term, ``(a|b)`` is either and ``[a]`` may be left out. In a sign, ``a|b`` is either, ``+``
asks for both, ``-`` excludes, and after a comma stand exceptions to what is usual: ``message`` (the
words may stand in different sentences), ``within 3`` (at most so many words between them) and
``ever`` (it counts, though it be long past, as a cancer does). Words that several files need are in
``words.yml``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from needlepoint.content.yaml_lines import DataError, YamlFile, read_mapping
from needlepoint.phrases import expand

SAFETY = Path("data/safety")
URGENCIES = ("A", "B", "C")
CAUTIONS = (
    "blood_thinners",
    "bleeding_disorder",
    "pacemaker",
    "pregnancy",
    "immunosuppression",
    "lymphoedema",
    "skin",
    "metal_allergy",
    "heart_valve",
    "epilepsy",
    "diabetes_neuropathy",
    "fainting",
    "child",
    "cancer",
)
CONTEXTS = ("negated", "general", "hypothetical", "past", "other", "self", "now")
DIRECTIONS = ("forward", "backward", "bidirectional", "terminate")
# How many words, without the small ones, may stand between the words of a sign.
WITHIN = 8
# Small words that people put anywhere. Not "not", "no", "when" or "can": those change the meaning.
_SMALL_WORDS = """
    a an the my your his her hers our their its this that these those some any all of to so very
    really just quite actually basically literally totally completely absolutely properly even bit
    little bloody damn fucking proper kind sort like also still now currently constantly honestly is
    are am was were be been being have has had having got gotten get getting gets do does did s m re
    ve 's 'm 're 've 'd ’s ’m ’re ’ve ’d
"""
SMALL_WORDS = frozenset(_SMALL_WORDS.split())


@dataclass(frozen=True)
class Sign:
    """One combination of words that means something.

    Attributes:
        label: ``red_flag``, ``crisis``, ``caution`` or ``country``
        name: which: ``cauda_equina``, ``pregnancy``, ``GB``, ``crisis``
        urgency: ``A``, ``B`` or ``C`` of a red flag, else None
        advice: which of the fixed texts of ``utter_red_flag`` fits a red flag, else None
        parts: all must be there; of each, one of these words
        without: none of these words may be there
        across: the words may stand in different sentences of a message
        within: how many other words may stand between
        ever: it counts, though it be long past
    """

    label: str
    name: str
    urgency: str | None
    advice: str | None
    parts: tuple[tuple[str, ...], ...]
    without: tuple[str, ...] = ()
    across: bool = False
    within: int = WITHIN
    ever: bool = False


@dataclass(frozen=True)
class ContextRule:
    """A phrase that says how a finding is meant: denied, asked about, somebody else's.

    Attributes:
        phrase: plain words
        category: one of ``CONTEXTS``, or "" for a phrase that only ends the reach of others
        direction: where what it speaks of stands, one of ``DIRECTIONS``
        scope: how many tokens it reaches, or None to the end of the sentence
    """

    phrase: str
    category: str
    direction: str
    scope: int | None


@dataclass(frozen=True)
class Rules:
    """All rules. ``words`` has the terms of each word, with alternatives written out."""

    words: Mapping[str, tuple[str, ...]]
    signs: tuple[Sign, ...]
    contexts: tuple[ContextRule, ...]


def read_rules(folder: Path = SAFETY) -> Rules:
    """Read all rules below ``folder``.

    Raises:
        DataError: a rule is not as described above; the message has file and line.
    """
    shared = _words(read_mapping(folder / "words.yml"), "shared")
    words = dict(shared)
    signs: list[Sign] = []
    for path in (
        *sorted((folder / "red_flags").glob("*.yml")),
        folder / "crisis.yml",
        *sorted((folder / "cautions").glob("*.yml")),
        folder / "countries.yml",
    ):
        file = read_mapping(path)
        own = _words(file, path.stem)
        words.update(own)
        names = {**_short(shared), **_short(own)}
        signs.extend(_signs(file, names))
    return Rules(words, tuple(signs), tuple(_contexts(read_mapping(folder / "context.yml"))))


def _words(file: YamlFile, prefix: str) -> dict[str, tuple[str, ...]]:
    """Return the words of a file, as ``prefix:name``, with all forms of their terms."""
    words = {}
    section = file.data.get("words") or {}
    if not isinstance(section, dict):
        raise file.error("words must be names, each with a list of terms", "words")
    for name, terms in section.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", str(name)):
            raise file.error(f"'{name}' must be lower case letters and _", "words", name)
        if not isinstance(terms, list) or not terms:
            raise file.error(f"{name} must be a list of terms", "words", name)
        forms: list[str] = []
        for number, term in enumerate(terms):
            if not isinstance(term, str):
                raise file.error(f"put {term!r} in quotes", "words", name, number)
            try:
                own = expand(term.lower())
            except ValueError as error:
                raise file.error(str(error), "words", name, number) from None
            if not all(set(form.split()) - SMALL_WORDS for form in own):
                message = f"'{term}' is nothing but small words, which do not count"
                raise file.error(message, "words", name, number)
            forms.extend(own)
        words[f"{prefix}:{name}"] = tuple(dict.fromkeys(forms))
    return words


def _short(words: Mapping[str, Any]) -> dict[str, str]:
    return {full.split(":")[1]: full for full in words}


def _signs(file: YamlFile, names: Mapping[str, str]) -> Iterator[Sign]:
    """Yield the signs of a file of a red flag, a caution, countries or the crisis."""
    data, stem = file.data, file.path.stem
    for label in ("red_flag", "caution"):
        if data.get(label, stem) != stem:
            raise file.error(f"{label} must be the name of the file, {stem}", label)
    if "red_flag" in data:
        groups, advice = data.get("signs"), data.get("advice")
        if not isinstance(groups, dict) or not groups or set(groups) - set(URGENCIES):
            raise file.error(f"signs must stand under {', '.join(URGENCIES)}", "signs")
        if not isinstance(advice, dict) or set(advice) != set(groups):
            raise file.error("advice must name a text for each urgency of signs", "advice")
        for urgency in groups:
            for parts in _lines(file, names, "signs", urgency):
                yield Sign("red_flag", stem, urgency, advice[urgency], *parts)
    elif "countries" in data:
        for country in data.get("signs") or {}:
            for parts in _lines(file, names, "signs", country):
                yield Sign("country", country, None, None, *parts)
    elif "caution" in data or "crisis" in data:
        label = "caution" if "caution" in data else "crisis"
        if label == "caution" and stem not in CAUTIONS:
            raise file.error(f"caution must be one of: {', '.join(CAUTIONS)}", "caution")
        for parts in _lines(file, names, "signs"):
            yield Sign(label, stem, None, None, *parts)
    else:
        raise DataError(file.path, 1, "must name a red_flag, a caution, countries or the crisis")


Combination = tuple[tuple[tuple[str, ...], ...], tuple[str, ...], bool, int, bool]


def _lines(file: YamlFile, names: Mapping[str, str], *key: str) -> Iterator[Combination]:
    lines = file.data
    for step in key:
        lines = lines.get(step)
    if not isinstance(lines, list) or not lines:
        raise file.error("signs must be a list, as '- one_word + other_word'", *key)
    for number, line in enumerate(lines):
        try:
            yield _combination(str(line), names)
        except ValueError as error:
            raise file.error(str(error), *key, number) from None


def _combination(line: str, names: Mapping[str, str]) -> Combination:
    """Return parts, without, across, within and ever of a ``Sign``."""
    combination, *options = (piece.strip() for piece in line.split(","))
    wanted, *unwanted = (piece.strip() for piece in re.split(r"\s-\s", combination))
    parts = tuple(_named(part, names) for part in wanted.split("+"))
    without = tuple(word for part in unwanted for word in _named(part, names))
    across, within, ever = False, WITHIN, False
    for option in options:
        if option == "message":
            across = True
        elif option == "ever":
            ever = True
        elif re.fullmatch(r"within \d+", option):
            within = int(option.split()[1])
        else:
            raise ValueError(f"'{option}' must be 'message', 'ever', or 'within' and a number")
    return parts, without, across, within, ever


def _named(part: str, names: Mapping[str, str]) -> tuple[str, ...]:
    words = [word.strip() for word in part.split("|")]
    for word in words:
        if word not in names:
            raise ValueError(f"'{word}' is no word of this file or of words.yml")
    return tuple(names[word] for word in words)


def _contexts(file: YamlFile) -> Iterator[ContextRule]:
    section = file.data.get("contexts")
    if not isinstance(section, list) or not section:
        raise file.error("contexts must be a list", "contexts")
    for number, entry in enumerate(section):
        key = ("contexts", number)
        if not isinstance(entry, dict) or set(entry) - {"is", "direction", "scope", "phrases"}:
            raise file.error("may have: is, direction, scope, phrases", *key)
        direction, category = entry.get("direction"), entry.get("is", "")
        if direction not in DIRECTIONS:
            raise file.error(f"direction must be one of: {', '.join(DIRECTIONS)}", *key)
        if category not in (("",) if direction == "terminate" else CONTEXTS):
            raise file.error(f"'is' must be one of: {', '.join(CONTEXTS)}", *key)
        if not isinstance(entry.get("scope", 1), int):
            raise file.error("scope must be a number of words", *key, "scope")
        for position, phrase in enumerate(entry.get("phrases") or []):
            if not isinstance(phrase, str):
                raise file.error(f"put {phrase!r} in quotes", *key, "phrases", position)
            try:
                forms = expand(phrase.lower())
            except ValueError as error:
                raise file.error(str(error), *key, "phrases", position) from None
            for form in forms:
                yield ContextRule(form, category, direction, entry.get("scope"))
