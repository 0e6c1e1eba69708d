"""The checks. Each takes the project and yields problems; ``CHECKS`` lists them all."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from needlepoint import names
from needlepoint.content.project import Problem, Project, Response
from needlepoint.content.referral import check_referral
from needlepoint.content.safety import check_safety
from needlepoint.content.wording import (
    A_DAY,
    MAX_GRADE,
    MAX_SOURCES,
    MAX_URGENT_GRADE,
    Wording,
)
from needlepoint.content.yaml_lines import DataError, YamlFile
from needlepoint.dialogue.disclaimer import KINDS, PERSONAL
from needlepoint.dialogue.follow_ups import FOLLOW_UPS_FILE, read_follow_ups
from needlepoint.dialogue.sources import FIELDS
from needlepoint.safety.rules import URGENCIES

MIN_EXAMPLES = 60  # of a topic
MIN_OTHER_EXAMPLES = 40  # of another intent
MIN_OUT_OF_SCOPE = 300
MAX_ANSWER_WORDS = 60
MAX_MORE_WORDS = 160
MAX_SHORT_WORDS = 25
MAX_SHORT_GRADE = 6  # it is what helps when the answer was too hard
MAX_BUTTONS = 5  # Slack drops them all when there are more
MAX_TITLE = 75  # characters on a Slack button
# Said by code: by the answer generator or by Rasa itself.
SAID_BY_CODE = {value for name, value in vars(names).items() if name.startswith("UTTER_")} | {
    f"{names.UTTER_SAFETY_DISCLAIMER}_{kind}" for kind in (*KINDS, PERSONAL)
}
SAID_BY_CODE |= {"utter_default", *names.ASKS_PLACE}
# Rasa's form asks for its slots by these names.
SAID_BY_CODE |= {f"utter_ask_{slot}" for slot in names.REQUEST_SLOTS}
SAID_BY_CODE |= {f"{names.REMINDER_PREFIX}_{urgency}" for urgency in (*URGENCIES, names.CRISIS)}
REQUIRED_METADATA = ("title", "more", "short", "sources", "reviewed", "see_also")


def check_topics(project: Project) -> Iterator[Problem]:
    """Each topic of the domain has one file with examples, a rule, and a complete answer."""
    domain = project.file("domain.yml")
    intents = set(domain.data.get("intents") or []) if domain else set()
    topics = {intent for intent in intents if intent.startswith(names.TOPIC_PREFIX)}
    intents_of: dict[Path, list[str]] = defaultdict(list)
    for owner, intent, _, _ in project.examples():
        intents_of[owner.path].append(intent)
    for topic in sorted(topics):
        name = topic.removeprefix(names.TOPIC_PREFIX)
        file = project.file(f"data/faq/{name}.yml")
        path = project.root / "data" / "faq" / f"{name}.yml"
        if file is None:
            if not any(problem.path == path for problem in project.broken):
                yield Problem(
                    path, 1, f"the domain has the topic {topic}, but this file is missing"
                )
            continue
        yield from _check_topic_file(project, file, topic, intents_of[file.path])
    for file in project.files:
        if file.path.parent == project.root / "data" / "faq":
            topic = f"{names.TOPIC_PREFIX}{file.path.stem}"
            if topic not in topics:
                yield Problem(file.path, 1, f"add {topic} to the intents in domain.yml")


def _check_topic_file(
    project: Project, file: YamlFile, topic: str, found: list[str]
) -> Iterator[Problem]:
    for intent in sorted(set(found) - {topic}):
        yield Problem(file.path, file.line("nlu"), f"has examples of {intent}; only {topic} may")
    if len(found) < MIN_EXAMPLES:
        message = f"has {len(found)} example questions; write at least {MIN_EXAMPLES}"
        yield Problem(file.path, file.line("nlu"), message)
    response = next(
        (r for r in project.responses() if r.file is file and r.name == f"utter_{topic}"), None
    )
    if response is None:
        yield Problem(file.path, file.line("responses"), f"has no response utter_{topic}")
        return
    for key in REQUIRED_METADATA:
        if not response.metadata.get(key):
            yield response.problem(f"metadata has no {key}", "metadata")
    due = "disclaimer" in response.metadata
    said = any(
        step.get("action") == names.ACTION_SAFETY_DISCLAIMER
        for owner, step, _ in project.steps()
        if owner is file
    )
    if due != said:
        yield response.problem(
            f"the rule must run {names.ACTION_SAFETY_DISCLAIMER} exactly if the metadata names a "
            "disclaimer",
            "metadata",
        )


def check_examples(project: Project) -> Iterator[Problem]:
    """Enough for each intent, none twice, and none with marks that Rasa reads as entities."""
    counts = Counter(intent for _, intent, _, _ in project.examples())
    for file, section in project.section("nlu"):
        for number, block in enumerate(section):
            intent = str(block.get("intent"))
            least = MIN_OUT_OF_SCOPE if intent == names.OUT_OF_SCOPE else MIN_OTHER_EXAMPLES
            if counts[intent] < least:
                message = f"{intent} has {counts[intent]} example questions; write at least {least}"
                yield Problem(file.path, file.line("nlu", number), message)
    seen: dict[str, tuple[str, int]] = {}
    for file, intent, text, line in project.examples():
        key = " ".join(re.findall(r"\w+", text.lower())) or text
        if key in seen:
            other, where = seen[key]
            yield Problem(file.path, line, f'"{text}" stands twice: see {other}, line {where}')
        seen.setdefault(key, (intent, line))
        if re.search(r"[\[\]{}]", text) or text.startswith("/"):
            yield Problem(file.path, line, f'"{text}" has brackets or begins with a slash')


def check_sources(project: Project) -> Iterator[Problem]:
    """Sources are complete, and answers name a few that exist."""
    file = project.file("data/sources.yml")
    entries: dict[str, Any] = (file.data.get("sources") or {}) if file else {}
    if file is None:
        yield Problem(project.root / "data" / "sources.yml", 1, "is missing or broken")
        return
    for key, entry in entries.items():
        if not isinstance(entry, dict) or set(entry) != set(FIELDS):
            line = file.line("sources", key)
            yield Problem(file.path, line, f"{key} must have exactly: {', '.join(FIELDS)}")
    for response in project.responses():
        keys = response.metadata.get("sources") or []
        if len(keys) > MAX_SOURCES:
            message = f"{response.name} names {len(keys)} sources; keep the best {MAX_SOURCES}"
            yield response.problem(message, "metadata", "sources")
        for key in keys:
            if key not in entries:
                message = f"the source '{key}' is not in data/sources.yml"
                yield response.problem(message, "metadata", "sources")


def check_metadata(project: Project) -> Iterator[Problem]:
    """Titles fit on a button, dates are dates, and what is referred to exists."""
    answers = {response.name for response in project.responses()}
    for response in project.responses():
        metadata = response.metadata
        title = metadata.get("title", "")
        if len(str(title)) > MAX_TITLE:
            yield response.problem(f"the title is over {MAX_TITLE} characters", "metadata", "title")
        if "disclaimer" in metadata and metadata["disclaimer"] not in KINDS:
            message = f"disclaimer must be one of: {', '.join(KINDS)}"
            yield response.problem(message, "metadata", "disclaimer")
        if "reviewed" in metadata and not _is_past_date(metadata["reviewed"]):
            message = 'reviewed must be a past day in quotes, as "2026-11-20"'
            yield response.problem(message, "metadata", "reviewed")
        for topic in metadata.get("see_also") or []:
            if f"utter_{topic}" not in answers:
                yield response.problem(
                    f"see_also names {topic}, which has no answer", "metadata", "see_also"
                )


def _is_past_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value) <= date.today() + A_DAY
    except ValueError:
        return False


def check_wording(project: Project) -> Iterator[Problem]:
    """What patients read is short, plain, in one paragraph, and claims nothing forbidden."""
    wording = Wording.of(project)
    for response in project.responses():
        for key, text in _texts(response):
            if re.search(r"\n\s*\n", text):
                yield response.problem("has a blank line: channels would split it in two", *key)
            urgent = bool(response.metadata.get("urgent"))
            limit = MAX_URGENT_GRADE if urgent else MAX_GRADE
            limit = MAX_SHORT_GRADE if key[-1] == "short" else limit
            for message in wording.problems(text, limit, _most_words(response, key)):
                yield response.problem(message, *key)


def _texts(response: Response) -> Iterator[tuple[tuple[str, ...], str]]:
    yield ("text",), str(response.content.get("text") or "")
    for name in ("title", "more", "short"):
        if name in response.metadata:
            yield ("metadata", name), str(response.metadata[name])


def _most_words(response: Response, key: tuple[str, ...]) -> int:
    return {"more": MAX_MORE_WORDS, "short": MAX_SHORT_WORDS}.get(key[-1], MAX_ANSWER_WORDS)


def check_buttons(project: Project) -> Iterator[Problem]:
    """Buttons are few, have a title and a payload: words, or an intent of the domain."""
    domain = project.file("domain.yml")
    intents = set(domain.data.get("intents") or []) if domain else set()
    for response in project.responses():
        buttons = response.content.get("buttons") or []
        if len(buttons) > MAX_BUTTONS:
            yield response.problem(f"has {len(buttons)} buttons; at most {MAX_BUTTONS}", "buttons")
        for number, button in enumerate(buttons):
            if not button.get("title") or len(button["title"]) > MAX_TITLE:
                message = f"a button needs a title of at most {MAX_TITLE} characters"
                yield response.problem(message, "buttons", number)
            payload = str(button.get("payload") or "")
            # Without a slash, it is what the person would have typed.
            is_intent = payload.removeprefix("/").split("{")[0] in intents
            if not payload or payload.startswith("/") and not is_intent:
                message = f"the payload '{payload}' is neither words nor an intent of the domain"
                yield response.problem(message, "buttons", number)


def check_use(project: Project) -> Iterator[Problem]:
    """Each response that a rule or the code says exists, and each that exists is said."""
    counts = Counter(r.name for r in project.responses() if r.variation == 0)
    said = set(SAID_BY_CODE)
    for file, step, line in project.steps():
        name = str(step.get("action", ""))
        if name.startswith("utter_"):
            said.add(name)
            if name not in counts:
                yield Problem(file.path, line, f"the response {name} is not defined")
    for name in sorted(SAID_BY_CODE - set(counts)):
        yield Problem(project.root / "data", 1, f"the code says {name}, which is not defined")
    for response in project.responses():
        if response.name not in said:
            yield response.problem(f"{response.name} is never said")
        if counts[response.name] > 1:
            yield response.problem(f"{response.name} is defined more than once")


def check_follow_ups(project: Project) -> Iterator[Problem]:
    """The table of follow-ups can be used, and has a family for each topic."""
    path = project.root / FOLLOW_UPS_FILE
    try:
        families = read_follow_ups(path).families
    except DataError as error:
        yield Problem(error.path, error.line, error.reason)
        return
    domain = project.file("domain.yml")
    for intent in (domain.data.get("intents") or []) if domain else []:
        if str(intent).startswith(names.TOPIC_PREFIX) and intent not in families:
            yield Problem(path, 1, f"put {intent} into a family")


CHECKS: tuple[Callable[[Project], Iterator[Problem]], ...] = (
    check_topics,
    check_examples,
    check_sources,
    check_metadata,
    check_wording,
    check_buttons,
    check_use,
    check_follow_ups,
    check_safety,
    check_referral,
)


def lint(root: Path) -> list[Problem]:
    """Return all problems of the project at ``root``, by file and line."""
    project = Project(root)
    problems = set(project.broken)
    for check in CHECKS:
        problems.update(check(project))
    return sorted(problems)
