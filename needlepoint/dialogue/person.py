"""What a conversation knows about the person, read from a Rasa tracker."""

from dataclasses import dataclass

from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from needlepoint.names import SLOT_CAUTION_PREFIX, SLOT_COUNTRY, SLOT_URGENCY
from needlepoint.safety.rules import CAUTIONS


@dataclass(frozen=True)
class Person:
    """What is known.

    Attributes:
        cautions: what the person said they have, in any turn
        mentioned: the cautions of this message, their own, another's or asked about
        told_now: of those, the person's own
        country: as ``GB``, or None
        urgency: of the last red flag, ``A``, ``B`` or ``C``, or ``crisis``; None if there was none
        is_answered: whether the bot has said something in this turn
    """

    cautions: tuple[str, ...]
    mentioned: tuple[str, ...]
    told_now: tuple[str, ...]
    country: str | None
    urgency: str | None
    is_answered: bool

    @property
    def relevant(self) -> tuple[str, ...]:
        """The cautions that an answer must bear in mind."""
        return tuple(dict.fromkeys((*self.cautions, *self.mentioned)))


def person(tracker: DialogueStateTracker) -> Person:
    """Return what ``tracker`` knows."""
    latest = tracker.latest_message
    entities = [e for e in (latest.entities if latest else []) if e.get("entity") == "caution"]
    return Person(
        tuple(name for name in CAUTIONS if tracker.get_slot(f"{SLOT_CAUTION_PREFIX}{name}")),
        tuple(entity["value"] for entity in entities),
        tuple(entity["value"] for entity in entities if entity.get("role") == "self"),
        tracker.get_slot(SLOT_COUNTRY),
        tracker.get_slot(SLOT_URGENCY),
        _is_answered(tracker),
    )


def _is_answered(tracker: DialogueStateTracker) -> bool:
    for event in reversed(tracker.events):
        if isinstance(event, BotUttered | UserUttered):
            return isinstance(event, BotUttered)
    return False
