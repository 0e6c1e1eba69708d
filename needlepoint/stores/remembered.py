"""What the dialogue reads of the bot's earlier messages, in as few messages as that takes.

Everything that ``dialogue.history``, the answer generator and the actions ask of all that was said
(the last topic, the notes given, what was suggested, the buttons offered, how often in a row) has
the same answer after it as before; ``tests/stores/test_remembered.py`` holds it to that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rasa.shared.core.events import BotUttered

from needlepoint import names
from needlepoint.dialogue.history import Said, answered_topics, last_topic

# An answer that is asked for again takes its ways and its variations in turn: each of these
# numbers divides this one, so that a run can be cut by it and the next turn is the same.
PERIOD = 12
_SUMMARY = "summary"


def remembered(messages: Sequence[BotUttered]) -> list[BotUttered]:
    """Return the messages to keep of ``messages``: first one that sums up, then some of the last.

    Args:
        messages: of one session, oldest first; they may begin with an earlier summary
    """
    if not messages:
        return []
    said = [_said(message) for message in messages]
    own = [place for place, one in enumerate(said) if _SUMMARY not in one.metadata]
    kept = sorted(own[place] for place in _needed([said[place] for place in own]))
    return [_summary(messages, said), *(_light(messages[place]) for place in kept)]


def _needed(said: Sequence[Said]) -> set[int]:
    """Return the places of the messages that are asked for one by one."""
    if not said:
        return set()
    last, run = len(said) - 1, _last_run(said)
    needed = {last, *run[:1], *_last_topics(said), *_last_place_questions(said)}
    # What ends the run: without it, an equal message from before would seem to be part of it.
    before = range(min(run, default=0) - 1, -1, -1)
    needed.update([place for place in before if not _is_disclaimer(said[place])][:1])
    subjects = [place for place, one in enumerate(said) if _is_subject(one)]
    if subjects:
        answer = said[subjects[-1]].response
        more = [p for p in range(subjects[-1] + 1, len(said)) if _tells_more(said[p], answer)]
        needed.update((subjects[-1], *more[-1:]))
    for place in range(last, -1, -1):
        one = said[place]
        ends = last_topic([one]) is not None and one.response not in names.ASKS_PLACE
        if one.metadata.get("sources") or ends:
            needed.add(place)
            break
    others = [place for place in run if place not in needed]
    return needed.union(others[: len(others) % PERIOD])


def _last_topics(said: Sequence[Said]) -> list[int]:
    """Return the places of the last two topics, for who wants to go back."""
    found: list[tuple[int, str]] = []
    for place in range(len(said) - 1, -1, -1):
        topic = last_topic([said[place]])
        if topic and all(topic != other for _, other in found[-1:]):
            found.append((place, topic))
        if len(found) == 2:
            break
    return [place for place, _ in found]


def _last_run(said: Sequence[Said]) -> list[int]:
    """Return the places of what was said last, as often as it was said in a row, newest first."""
    run: list[int] = []
    for place in range(len(said) - 1, -1, -1):
        if _is_disclaimer(said[place]):
            continue
        if run and said[place].response != said[run[0]].response:
            break
        run.append(place)
    return run


def _last_place_questions(said: Sequence[Said]) -> list[int]:
    """Return the places of the questions for the place just asked, and of what was before them."""
    run: list[int] = []
    for place in range(len(said) - 1, -1, -1):
        if said[place].response not in names.ASKS_PLACE:
            # Without it, a question from before would seem to be one of them.
            return [*_one_of_each(said, run), place] if run else []
        run.append(place)
    return _one_of_each(said, run)


def _one_of_each(said: Sequence[Said], run: Sequence[int]) -> list[int]:
    newest = {said[place].response: place for place in reversed(run)}
    return [*run[:2], *newest.values()]


def _summary(messages: Sequence[BotUttered], said: Sequence[Said]) -> BotUttered:
    """Return one message that has what is asked of all of them together."""
    notes: set[str] = set()
    payloads: set[str] = set()
    suggested = set(answered_topics(said))
    for message, one in zip(messages, said, strict=True):
        notes.update(one.metadata.get("notes", []))
        suggested.update(one.metadata.get("suggested", []))
        payloads.update(button.get("payload") or "" for button in message.data.get("buttons") or [])
    about = {
        _SUMMARY: True,
        "notes": sorted(notes),
        "suggested": sorted(suggested),
        "says_bot": any(one.metadata.get("says_bot") for one in said),
    }
    # Words need not have been offered to be taken for words.
    buttons = [{"payload": payload} for payload in sorted(payloads) if payload.startswith("/")]
    return BotUttered(data={"buttons": buttons}, metadata={"metadata": about})


def _light(message: BotUttered) -> BotUttered:
    """Return ``message`` without its buttons, which the summary has."""
    return BotUttered(message.text, metadata=dict(message.metadata))


def _said(message: BotUttered) -> Said:
    metadata: Mapping[str, Any] = message.metadata or {}
    return Said(
        metadata.get("utter_action") or "", metadata.get("metadata") or {}, message.text or ""
    )


def _is_disclaimer(said: Said) -> bool:
    return said.response.startswith(names.UTTER_SAFETY_DISCLAIMER)


def _is_subject(said: Said) -> bool:
    return said.response not in names.SAME_SUBJECT and not _is_disclaimer(said)


def _tells_more(said: Said, answer: str) -> bool:
    return said.metadata.get("more_of") == answer
