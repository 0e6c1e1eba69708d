"""How well the bot talks: several questions, follow-ups, and what three questions cost in time.

`python -m benchmarks.conversation` prints the table and writes it to ``docs/``. The sets were
written by other hands than the training examples; the tests hold floors for the same figures.
"""

import asyncio
import json
import logging
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.data import ROOT

FOLLOW_UPS = ROOT / "tests" / "dialogue" / "follow_ups.yml"
SEVERAL = ROOT / "tests" / "nlu" / "several_questions.yml"
# What a response is called in the sets, where that is not the name of its topic.
OUTCOMES = {
    "utter_more_detail": "more_detail",
    "utter_ask_source": "ask_source",
    "utter_simpler": "repeat",
    "utter_which": "ask",
}
DISCLAIMER = "utter_safety_disclaimer"


@dataclass(frozen=True)
class Reply:
    """The responses to a message, but for disclaimers, and how long the turn took, in ms."""

    responses: list[str]
    milliseconds: float

    @property
    def outcomes(self) -> list[str]:
        """What was answered, in the words of the sets."""
        return [OUTCOMES.get(name, name.removeprefix("utter_")) for name in self.responses]


def load(path: Path) -> Any:
    """Return the content of a set."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def reply(agent: Any, sender: str, texts: Sequence[str]) -> Reply:
    """Send messages to Rasa's agent as one person, and return the reply to the last."""
    from rasa.core.channels.channel import CollectingOutputChannel, UserMessage

    async def talk() -> Reply:
        for text in texts:
            before = await agent.tracker_store.retrieve(sender)
            seen = len(before.events) if before else 0
            start = time.perf_counter()
            await agent.handle_message(UserMessage(text, CollectingOutputChannel(), sender))
            milliseconds = (time.perf_counter() - start) * 1000
        tracker = await agent.tracker_store.retrieve(sender)
        events = [event.as_dict() for event in tracker.events][seen:]
        said = [e["metadata"]["utter_action"] for e in events if e["event"] == "bot"]
        return Reply([name for name in said if not name.startswith(DISCLAIMER)], milliseconds)

    return asyncio.run(talk())


def several(agent: Any) -> tuple[list[bool], list[Reply]]:
    """Tell of each message with several questions if all, and only they, were answered in order."""
    rows = load(SEVERAL)["several"]
    replies = [reply(agent, f"several {n}", [row["text"]]) for n, row in enumerate(rows)]
    right = [
        len(given.outcomes) == len(row["topics"])
        and all(o in t for o, t in zip(given.outcomes, row["topics"], strict=True))
        for row, given in zip(rows, replies, strict=True)
    ]
    return right, replies


def single(agent: Any) -> tuple[list[bool], list[Reply]]:
    """Tell of each message with one question if it got one answer."""
    rows = load(SEVERAL)["single"]
    replies = [reply(agent, f"single {n}", [row["text"]]) for n, row in enumerate(rows)]
    return [len(given.responses) == 1 for given in replies], replies


def follow_ups(agent: Any) -> list[bool]:
    """Tell of each follow-up if it was understood."""
    right = []
    for number, row in enumerate(load(FOLLOW_UPS)):
        after = row["after"] if isinstance(row["after"], list) else [row["after"]]
        accepted = {*row["accept"]}
        if "back" in accepted:
            accepted.add(after[0])
        if accepted & {"repeat", "more_detail"}:
            accepted.add(after[-1])
        texts = [*(f"/{topic}" for topic in after), row["user"]]
        outcomes = reply(agent, f"follow-up {number}", texts).outcomes
        right.append(len(outcomes) == 1 and outcomes[0] in accepted)
    return right


def run(agent: Any) -> dict[str, float]:
    """Return all figures: shares from 0 to 1, and a ratio of medians."""
    single(agent)  # warms it up
    all_right, together = several(agent)
    not_split, alone = single(agent)
    plain = [given.milliseconds for given in alone if len(given.responses) == 1]
    three = [given.milliseconds for given in together if len(given.responses) == 3]
    return {
        "several_right": statistics.fmean(all_right),
        "single_not_split": statistics.fmean(not_split),
        "follow_ups_right": statistics.fmean(follow_ups(agent)),
        "three_to_one_p50": statistics.median(three) / statistics.median(plain),
    }


def table(figures: dict[str, float]) -> str:
    """Return the figures as Markdown."""
    counts = {name: len(rows) for name, rows in load(SEVERAL).items()}
    follow = len(load(FOLLOW_UPS))
    rows = (
        (f"{counts['several']} messages with two or three questions: all right, in order", 0),
        (f"{counts['single']} single questions that look like several: one answer", 1),
        (f"{follow} follow-ups after every topic: understood", 2),
    )
    shares = list(figures.values())
    lines = ["| | |", "|---|---|"]
    lines += [f"| {title} | {100 * shares[place]:.1f} % |" for title, place in rows]
    lines.append(f"| Three questions to one, median time of a turn | {shares[3]:.2f} times |")
    return "\n".join(lines)


def main() -> None:
    """Measure the trained model without an action server, print the table, write it to docs/."""
    from rasa.core.agent import Agent
    from rasa.core.utils import AvailableEndpoints
    from rasa.utils.log_utils import configure_structlog

    # There is no action server here, and each disclaimer would say so.
    configure_structlog(logging.CRITICAL)
    logging.getLogger("rasa").setLevel(logging.CRITICAL)
    endpoints = AvailableEndpoints.read_endpoints(str(ROOT / "endpoints.yml"))
    agent = Agent.load(str(ROOT / "models" / "needlepoint.tar.gz"), generator=endpoints.nlg)
    figures = run(agent)
    folder = ROOT / "docs"
    (folder / "conversation.json").write_text(json.dumps(figures, indent=2) + "\n")
    (folder / "conversation.md").write_text(table(figures) + "\n", encoding="utf-8")
    print(table(figures))


if __name__ == "__main__":
    main()
