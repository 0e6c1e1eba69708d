"""Rasa's answer generator, plus what depends on the conversation: sources and notes.

Set in ``endpoints.yml`` as ``nlg: {type: needlepoint.dialogue.nlg.AnswerGenerator}``. It runs in
Rasa's own process, so that no note can go missing when another server is down.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from needlepoint import names
from needlepoint.dialogue.history import Said, last_answer, said_in_session, told_more
from needlepoint.dialogue.sources import (
    SOURCES_FILE,
    Source,
    read_sources,
    sources_line,
    sources_list,
)

logger = logging.getLogger(__name__)

Message = dict[str, Any]
KEPT_METADATA = ("title", "disclaimer", "more_of", "says_bot")


class AnswerGenerator(TemplatedNaturalLanguageGenerator):
    """Fills in responses of the domain.

    The ``metadata`` of the message it returns has: ``title``, ``disclaimer`` (the kind that is
    due after it), ``notes`` (the short notes that ride on it), ``says_bot`` (its own words say
    that this is a bot), ``more_of`` (the answer whose longer text this is), and ``sources`` (a list
    of title, publisher, year, url). Plain channels get the sources as a line of the text, rich
    ones only in the metadata.
    """

    def __init__(self, endpoint_config: EndpointConfig, domain: Domain) -> None:
        super().__init__(domain.responses)
        self._sources = read_sources()
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
        answer = last_answer(said)
        if utter_action == names.UTTER_MORE_DETAIL and answer:
            return self._more(answer, said, output_channel)
        if utter_action == names.UTTER_ASK_SOURCE and answer:
            sources = self._sources_of(self._metadata(answer))
            return self._filled(names.UTTER_SOURCES, output_channel, sources=sources_list(sources))
        message = await super().generate(utter_action, tracker, output_channel, **kwargs)
        if message is None:
            return None
        metadata = message.pop("metadata", None) or {}
        notes = _notes_due(utter_action, metadata, said)
        return self._complete(message, metadata, notes, output_channel)

    def _more(self, answer: str, said: Sequence[Said], channel: str) -> Message | None:
        if told_more(said, answer):
            return self._filled(names.UTTER_NO_MORE_DETAIL, channel)
        metadata = self._metadata(answer)
        message = {"text": metadata["more"]}
        return self._complete(message, {**metadata, "more_of": answer}, [], channel)

    def _complete(
        self, message: Message, metadata: Mapping[str, Any], notes: Sequence[str], channel: str
    ) -> Message:
        """Add the sources and notes to ``message``, and the metadata described above."""
        sources = self._sources_of(metadata)
        lines = [message.get("text") or ""]
        if sources and channel not in self._rich_channels:
            lines.append(sources_line(sources))
        for note in notes:
            filled = self._filled(note, channel)
            if filled:
                lines.append(filled["text"])
        message["text"] = "\n".join(lines)
        kept = {key: metadata[key] for key in KEPT_METADATA if key in metadata}
        message["metadata"] = {
            **kept,
            "notes": list(notes),
            "sources": [source.as_dict() for source in sources],
        }
        return message

    def _filled(self, response: str, channel: str, **values: str) -> Message | None:
        return self.generate_from_slots(response, {}, channel, **values)

    def _metadata(self, answer: str) -> Mapping[str, Any]:
        variations = self.responses.get(answer) or [{}]
        metadata: Mapping[str, Any] = variations[0].get("metadata") or {}
        return metadata

    def _sources_of(self, metadata: Mapping[str, Any]) -> list[Source]:
        keys = metadata.get("sources", [])
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
