"""Which questions a message offers as buttons. No Rasa here."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from needlepoint.dialogue.history import Said, answered_topics
from needlepoint.names import NONE_OF_THESE

MAX_SUGGESTIONS = 3
Buttons = list[dict[str, str]]


def titles(responses: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, str]:
    """Return what each intent is called on a button: the title of the response that answers it.

    Args:
        responses: of the domain
    """
    return {
        name.removeprefix("utter_"): variations[0]["metadata"]["title"]
        for name, variations in responses.items()
        if variations and "title" in (variations[0].get("metadata") or {})
    }


def buttons(intents: Iterable[str], titles: Mapping[str, str]) -> Buttons:
    """Return a button for each intent that has a title."""
    return [
        {"title": titles[intent], "payload": f"/{intent}"} for intent in intents if intent in titles
    ]


def choices(likely: Sequence[str], titles: Mapping[str, str]) -> Buttons:
    """Return the questions that a message may have meant, and a way out; none if none is likely."""
    found = buttons(likely, titles)[:MAX_SUGGESTIONS]
    return [*found, {"title": "None of these", "payload": f"/{NONE_OF_THESE}"}] if found else []


def suggestions(
    topic: str, metadata: Mapping[str, Any], said: Sequence[Said], titles: Mapping[str, str]
) -> Buttons:
    """Return the next questions after an answer.

    Args:
        topic: what is answered, as ``faq_cost``
        metadata: of its response; ``see_also`` names the topics that come to mind
        said: what the bot said before, oldest first
        titles: what each intent is called on a button

    Returns:
        Buttons of what was neither answered nor suggested before.
    """
    known = {topic, *answered_topics(said)}
    for message in said:
        known.update(message.metadata.get("suggested", []))
    new = [name for name in metadata.get("see_also", []) if name not in known]
    return buttons(new, titles)[:MAX_SUGGESTIONS]
