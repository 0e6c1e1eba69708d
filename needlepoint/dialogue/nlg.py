"""Rasa's answer generator, plus what depends on the conversation: sources, cautions and notes.

Set in ``endpoints.yml`` as ``nlg: {type: needlepoint.dialogue.nlg.AnswerGenerator}``. It runs in
Rasa's own process, so that no note can go missing when another server is down.
"""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rasa.core.nlg.generator import ResponseVariationFilter
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from needlepoint import names
from needlepoint.dialogue.buttons import Buttons, buttons, choices, suggestions, titles
from needlepoint.dialogue.follow_ups import read_follow_ups
from needlepoint.dialogue.history import (
    Said,
    is_just_said,
    last_answer,
    last_topic,
    times_in_a_row,
    told_more,
)
from needlepoint.dialogue.person import Person, person
from needlepoint.dialogue.sources import (
    SOURCES_FILE,
    Source,
    read_sources,
    sources_line,
    sources_list,
)
from needlepoint.dialogue.turn import Turn, read_turn
from needlepoint.referral.clinic import TEXTS as CLINIC_TEXTS
from needlepoint.referral.clinic import read_clinic
from needlepoint.safety.caution_texts import Line, listed, read_caution_texts
from needlepoint.safety.numbers import EVERYWHERE, Numbers, read_numbers

logger = logging.getLogger(__name__)

Message = dict[str, Any]
KEPT_METADATA = ("title", "disclaimer", "more_of", "short_of", "says_bot", "urgent", "suggested")
# The texts of an answer beside its own, as its metadata names them.
MORE, SHORT = "more", "short"
WAYS = (None, MORE, SHORT)
# What is said in the place of an answer, where there is a clinic.yml.
_WITH_CLINIC = {
    names.UTTER_BOOK_APPOINTMENT: names.UTTER_CLINIC_BOOKING,
    names.UTTER_OPENING_HOURS: names.UTTER_CLINIC_CONTACT,
}
_PLACEHOLDER = re.compile(r"{(\w+)}")


class AnswerGenerator(TemplatedNaturalLanguageGenerator):
    """Fills in responses of the domain.

    The ``metadata`` of the message it returns has: ``title``, ``disclaimer`` (the kind that is
    due after it), ``notes`` (the short notes that ride on it), ``says_bot`` (its own words say
    that this is a bot), ``urgent`` (it is an emergency text), ``more_of`` (the answer whose longer
    text this is), ``short_of`` (whose one-sentence text), ``suggested`` (the intents offered as
    buttons), ``cautions`` (those that changed it), and ``sources`` (a list of title,
    publisher, year, url). Plain channels get the sources as a line of the text, rich ones only in
    the metadata.
    """

    def __init__(self, endpoint_config: EndpointConfig, domain: Domain) -> None:
        super().__init__(domain.responses)
        self._sources = read_sources()
        self._numbers = read_numbers()
        self._cautions = read_caution_texts()
        self._follow_ups = read_follow_ups()
        self._clinic = read_clinic()
        self._rich_channels = set(endpoint_config.kwargs.get("rich_channels", []))

    async def generate(
        self,
        utter_action: str,
        tracker: DialogueStateTracker,
        output_channel: str,
        **kwargs: Any,
    ) -> Message | None:
        """Return the message for a response, or None if the domain does not have it."""
        turn, who = read_turn(tracker, self._follow_ups), person(tracker)
        said = [*turn.before, *turn.now]
        times = times_in_a_row(said, utter_action)
        response, way = self._chosen(utter_action, times, turn, who)
        slots = tracker.current_slot_values()
        found = self._variation(response, output_channel, slots, times)
        if found is None:
            return None
        metadata = found.pop("metadata", None) or {}
        if way:
            found["text"] = metadata[way]
            metadata = {**metadata, f"{way}_of": response}
        values = {**self._values(who), **kwargs, **self._lists(response, metadata, said, kwargs)}
        found["text"] = without_unknown(found.get("text") or "", {**slots, **values})
        message = self._fill_response(found, slots, **values)
        if not metadata.get("urgent"):
            message["text"] = self._again(utter_action, message["text"], turn, output_channel, who)
        if utter_action == names.UTTER_COST and self._clinic.prices:
            message["text"] += f"\n{self._filled(names.UTTER_CLINIC_PRICES, output_channel, who)}"
        new = self._buttons(utter_action, response, metadata, turn)
        message["buttons"] = [*message.get("buttons", []), *new]
        lines = self._caution_lines(utter_action, who)
        metadata = {
            **metadata,
            "sources": kwargs.get("source_keys", metadata.get("sources", [])),
            "suggested": [button["payload"][1:] for button in new],
            # An emergency text is the thing itself, and a form goes on with its questions.
            "reminds": not metadata.get("urgent")
            and not utter_action.startswith(names.FORM_PREFIXES),
        }
        notes = _notes_due(utter_action, metadata, said) if kwargs.get("notes", True) else []
        if _is_caution_new(utter_action, who, lines):
            notes = [names.UTTER_NOTE_CAUTION, *notes]
        return self._complete(message, metadata, who, notes, output_channel, lines)

    def _lists(
        self,
        response: str,
        metadata: Mapping[str, Any],
        said: Sequence[Said],
        given: Mapping[str, Any],
    ) -> dict[str, str]:
        """Return what stands for ``{items}``, one line each, and for ``{sources}``."""
        lists = {}
        if "items" in given:
            lists["items"] = "\n".join(metadata["line"].format(**item) for item in given["items"])
        if response == names.UTTER_SOURCES:
            lists["sources"] = sources_list(_last_sources(said))
        return lists

    def _again(self, utter_action: str, text: str, turn: Turn, channel: str, who: Person) -> str:
        """Return ``text``, with a word of excuse if it is what was said last."""
        # A form asks again after a question in the middle: that needs none.
        is_asked_anew = utter_action.startswith(names.ASK_PREFIX) and turn.now
        if is_asked_anew or not is_just_said(turn.before, text):
            return text
        again = f"{self._filled(names.UTTER_AGAIN, channel, who)} {text}"
        return text if is_just_said(turn.before, again) else again

    def _chosen(
        self, utter_action: str, times: int, turn: Turn, who: Person
    ) -> tuple[str, str | None]:
        """Return the response that stands for an action here, and which text of it, if not its own.

        An answer that is asked for again is told in another way: longer, then in short.
        """
        answer = last_answer([*turn.before, *turn.now])
        if utter_action == names.UTTER_MORE_DETAIL and answer:
            is_told = told_more([*turn.before, *turn.now], answer)
            return (names.UTTER_NO_MORE_DETAIL, None) if is_told else (answer, MORE)
        if utter_action == names.UTTER_SIMPLER and answer:
            return answer, SHORT
        if utter_action == names.UTTER_ASK_SOURCE and _last_sources([*turn.before, *turn.now]):
            return names.UTTER_SOURCES, None
        if utter_action == names.UTTER_MEMORY and not who.cautions:
            return names.UTTER_NO_MEMORY, None
        if utter_action == names.UTTER_NOT_UNDERSTOOD and not choices(turn.likely, self._titles):
            return names.UTTER_NOTHING_LIKELY, None
        if self._clinic.is_known and utter_action in _WITH_CLINIC:
            return _WITH_CLINIC[utter_action], None
        if utter_action.startswith(names.ANSWER_PREFIX):
            return utter_action, WAYS[times % len(WAYS)]
        return utter_action, None

    def _variation(
        self, response: str, channel: str, slots: dict[str, Any], times: int
    ) -> Message | None:
        """Return a text that fits channel and slots: the next one each time, not one by chance."""
        if response not in self.responses:
            return None
        fitting = ResponseVariationFilter(self.responses)
        suitable = fitting.responses_for_utter_action(response, channel, slots)
        return copy.deepcopy(suitable[times % len(suitable)]) if suitable else None

    @property
    def _titles(self) -> dict[str, str]:
        # Not kept: Rasa sets the responses anew when it has loaded a model.
        return titles(self.responses)

    def _buttons(
        self, utter_action: str, response: str, metadata: Mapping[str, Any], turn: Turn
    ) -> Buttons:
        """Return the questions that a message offers, beside the buttons of its response."""
        if response == names.UTTER_NOT_UNDERSTOOD:
            return choices(turn.likely, self._titles)
        if response == names.UTTER_WHICH and turn.plan:
            return buttons(turn.plan.choices, self._titles)
        if response == names.UTTER_MORE_QUESTIONS and turn.plan:
            return buttons(turn.plan.rest, self._titles)
        is_last = turn.plan is None or turn.plan.responses[-1] == utter_action
        if response.startswith(names.ANSWER_PREFIX) and is_last:
            topic = response.removeprefix("utter_")
            return suggestions(topic, metadata, [*turn.before, *turn.now], self._titles)
        return []

    def _values(self, who: Person) -> dict[str, str | None]:
        """Return what the braces in texts stand for; None is not known."""
        values: dict[str, str | None] = {**self._numbers_of(who)}
        values["keep_days"] = str(self._clinic.keep_requests_days)
        for name in CLINIC_TEXTS:
            values[f"clinic_{name}"] = getattr(self._clinic, name)
        if who.cautions:
            values["cautions"] = listed(self._cautions[name].title for name in who.cautions)
        if who.mentioned:
            notes = (self._cautions[name].note.strip() for name in who.mentioned)
            values["caution_notes"] = " ".join(notes)
        return values

    def _numbers_of(self, who: Person) -> Numbers:
        return self._numbers.get(who.country or EVERYWHERE, self._numbers[EVERYWHERE])

    def _caution_lines(self, response: str, who: Person) -> dict[str, Line]:
        """Return what each caution of the person changes in an answer."""
        topic = response.removeprefix("utter_")
        return {
            name: self._cautions[name].lines[topic]
            for name in who.relevant
            if name in self._cautions and topic in self._cautions[name].lines
        }

    def _complete(
        self,
        message: Message,
        metadata: Mapping[str, Any],
        who: Person,
        notes: Sequence[str],
        channel: str,
        caution_lines: Mapping[str, Line] | None = None,
    ) -> Message:
        """Add all lines to ``message``, and the metadata described above."""
        cautions = caution_lines or {}
        keys = [key for line in cautions.values() for key in line.sources]
        sources = self._sources_of({"sources": [*metadata.get("sources", []), *keys]})
        lines = [message.get("text") or "", *(line.text.strip() for line in cautions.values())]
        if who.urgency and not who.is_answered and metadata.get("reminds"):
            lines.insert(0, self._filled(f"{names.REMINDER_PREFIX}_{who.urgency}", channel, who))
        if sources and channel not in self._rich_channels:
            lines.append(sources_line(sources))
        lines.extend(self._filled(note, channel, who) for note in notes)
        message["text"] = "\n".join(lines)
        kept = {key: metadata[key] for key in KEPT_METADATA if key in metadata}
        message["metadata"] = {
            **kept,
            "notes": list(notes),
            "cautions": list(cautions),
            "sources": [source.as_dict() for source in sources],
        }
        return message

    def _filled(self, response: str, channel: str, who: Person) -> str:
        """Return the text of a short response of the domain."""
        message = self.generate_from_slots(response, {}, channel, **self._values(who))
        if message is None:
            raise KeyError(f"The domain has no response {response}: train again.")
        text: str = message["text"]
        return text

    def _sources_of(self, metadata: Mapping[str, Any]) -> list[Source]:
        keys = dict.fromkeys(metadata.get("sources", []))
        # A model may be older than the file of sources; its answer is still worth giving.
        for key in set(keys) - set(self._sources):
            logger.warning("The source '%s' is not in %s; train again.", key, SOURCES_FILE)
        return [self._sources[key] for key in keys if key in self._sources]


def without_unknown(text: str, values: Mapping[str, Any]) -> str:
    """Return ``text`` without the lines that name a value which is None: there is none to show."""
    return "\n".join(
        line
        for line in text.split("\n")
        if all(values.get(name, "") is not None for name in _PLACEHOLDER.findall(line))
    )


def _last_sources(said: Sequence[Said]) -> list[Source]:
    """Return the sources of what the bot answered last; none where it named none."""
    for message in reversed(said):
        if message.metadata.get("sources"):
            return [Source(**source) for source in message.metadata["sources"]]
        if last_topic([message]) and message.response not in names.ASKS_PLACE:
            break
    return []


def _is_caution_new(response: str, who: Person, lines: Mapping[str, Line]) -> bool:
    """Tell whether the person has just told of a caution that an answer says nothing of."""
    if not who.told_now or who.is_answered or not response.startswith(names.ANSWER_PREFIX):
        return False
    untold = [name for name in who.told_now if name not in lines]
    return any(response != f"{names.ANSWER_PREFIX}{name}" for name in untold)


def _notes_due(response: str, metadata: Mapping[str, Any], said: Sequence[Said]) -> list[str]:
    """Return the response names of the short notes that ``response`` has to carry.

    Each rides once in a conversation: that this is a bot under its first message, that this is
    not medical advice under its first health answer. An emergency text carries none, so that
    nothing comes beside the number; the next message then does.
    """
    if metadata.get("urgent"):
        return []
    given = {note for message in said for note in message.metadata.get("notes", [])}
    said_bot = metadata.get("says_bot") or any(m.metadata.get("says_bot") for m in said)
    notes = []
    if not said_bot and names.UTTER_NOTE_BOT not in given:
        notes.append(names.UTTER_NOTE_BOT)
    is_health = response.startswith(names.ANSWER_PREFIX) or metadata.get("health")
    if is_health and names.UTTER_NOTE_HEALTH not in given:
        notes.append(names.UTTER_NOTE_HEALTH)
    return notes
