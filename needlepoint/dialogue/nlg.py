"""Rasa's answer generator, plus what depends on the conversation: sources, cautions and notes.

Set in ``endpoints.yml`` as ``nlg: {type: needlepoint.dialogue.nlg.AnswerGenerator}``. It runs in
Rasa's own process, so that no note can go missing when another server is down.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from rasa.core.nlg.interpolator import interpolate_text
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from needlepoint import names
from needlepoint.dialogue.history import Said, last_answer, said_in_session, told_more
from needlepoint.dialogue.person import Person, person
from needlepoint.dialogue.sources import (
    SOURCES_FILE,
    Source,
    read_sources,
    sources_line,
    sources_list,
)
from needlepoint.safety.caution_texts import Line, listed, read_caution_texts
from needlepoint.safety.numbers import EVERYWHERE, Numbers, read_numbers

logger = logging.getLogger(__name__)

Message = dict[str, Any]
KEPT_METADATA = ("title", "disclaimer", "more_of", "says_bot", "urgent")


class AnswerGenerator(TemplatedNaturalLanguageGenerator):
    """Fills in responses of the domain.

    The ``metadata`` of the message it returns has: ``title``, ``disclaimer`` (the kind that is
    due after it), ``notes`` (the short notes that ride on it), ``says_bot`` (its own words say
    that this is a bot), ``urgent`` (it is an emergency text), ``more_of`` (the answer whose longer
    text this is), ``cautions`` (those that changed it), and ``sources`` (a list of title,
    publisher, year, url). Plain channels get the sources as a line of the text, rich ones only in
    the metadata.
    """

    def __init__(self, endpoint_config: EndpointConfig, domain: Domain) -> None:
        super().__init__(domain.responses)
        self._sources = read_sources()
        self._numbers = read_numbers()
        self._cautions = read_caution_texts()
        self._rich_channels = set(endpoint_config.kwargs.get("rich_channels", []))

    async def generate(
        self,
        utter_action: str,
        tracker: DialogueStateTracker,
        output_channel: str,
        **kwargs: Any,
    ) -> Message | None:
        """Return the message for a response, or None if the domain does not have it."""
        # Most events of a long conversation are neither; turning each into plain data takes time.
        relevant = (e for e in tracker.events if e.type_name in ("bot", "action"))
        said = said_in_session(event.as_dict() for event in relevant)
        answer, who = last_answer(said), person(tracker)
        values = self._values(who)
        if utter_action == names.UTTER_MORE_DETAIL and answer:
            if told_more(said, answer):
                utter_action = names.UTTER_NO_MORE_DETAIL
            else:
                metadata = {**self._metadata(answer), "more_of": answer}
                more = {"text": interpolate_text(metadata["more"], values)}
                return self._complete(more, metadata, who, [], output_channel)
        if utter_action == names.UTTER_ASK_SOURCE and answer:
            utter_action = names.UTTER_SOURCES
            values["sources"] = sources_list(self._sources_of(self._metadata(answer)))
        if utter_action == names.UTTER_MEMORY and not who.cautions:
            utter_action = names.UTTER_NO_MEMORY
        message = await super().generate(
            utter_action, tracker, output_channel, **{**kwargs, **values}
        )
        if message is None:
            return None
        metadata = message.pop("metadata", None) or {}
        notes = _notes_due(utter_action, metadata, said)
        lines = self._caution_lines(utter_action, who)
        if who.told_now and utter_action.startswith(names.ANSWER_PREFIX):
            new = [name for name in who.told_now if name not in lines]
            if any(utter_action != f"{names.ANSWER_PREFIX}{name}" for name in new):
                notes = [names.UTTER_NOTE_CAUTION, *notes]
        return self._complete(message, metadata, who, notes, output_channel, lines)

    def _values(self, who: Person) -> dict[str, str]:
        """Return what the braces in texts stand for."""
        values = dict(self._numbers_of(who))
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
        if who.urgency and not who.is_answered and not metadata.get("urgent"):
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

    def _metadata(self, answer: str) -> Mapping[str, Any]:
        variations = self.responses.get(answer) or [{}]
        metadata: Mapping[str, Any] = variations[0].get("metadata") or {}
        return metadata

    def _sources_of(self, metadata: Mapping[str, Any]) -> list[Source]:
        keys = dict.fromkeys(metadata.get("sources", []))
        # A model may be older than the file of sources; its answer is still worth giving.
        for key in set(keys) - set(self._sources):
            logger.warning("The source '%s' is not in %s; train again.", key, SOURCES_FILE)
        return [self._sources[key] for key in keys if key in self._sources]


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
