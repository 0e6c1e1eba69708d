"""What the bot says, as messages of Slack's Block Kit. No Rasa and no network here.

Slack's limits, from its reference of blocks: 3,000 characters a section, 75 a button, 2,000 its
value, 25 buttons a block of them. Rasa's own connector drops all buttons where there are over five.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from needlepoint import names
from needlepoint.channels.said import Said, kind
from needlepoint.channels.slack_incoming import CONVERSATION
from needlepoint.channels.slack_mrkdwn import escaped, link, sections
from needlepoint.channels.slack_texts import Texts

SECTION, CONTEXT, BUTTON, VALUE, FALLBACK = 3000, 3000, 75, 2000, 4000  # characters
PER_ROW = 5  # as many as one sees side by side
# Action ids; what follows the colon only makes each unique in its message.
ASK, UP, DOWN, FORM = "ask", "up", "down", "form"
FEEDBACK, OPINION = "feedback", "opinion"  # the blocks of the thumbs, and of what was chosen
THANKS = {UP: "thanks_helpful", DOWN: "thanks_not_helpful"}
EVENT_TYPE = "needlepoint_answer"  # of a message's metadata, by which it is found again
# Not for others' eyes, where others read along.
PRIVATE = (
    *names.FORM_PREFIXES,
    names.UTTER_MEMORY,
    names.UTTER_CAUTION_NOTED,
    f"{names.UTTER_SAFETY_DISCLAIMER}_cautions",
    *names.REFERRAL_ANSWERS,  # they say where somebody lives
    *names.DATA_DELETED,
    names.UTTER_DELETE_TROUBLE,
)
Block = dict[str, Any]


def is_private(said: Said) -> bool:
    """Tell whether a message repeats what the person told about themselves."""
    is_personal = said.about.get("cautions") or names.UTTER_NOTE_CAUTION in said.about.get(
        "notes", ()
    )
    return said.response.startswith(PRIVATE) or bool(is_personal)


def message(
    said: Said,
    key: str,
    texts: Texts,
    before: Sequence[Block] = (),
    has_form: bool = False,
    conversation: str | None = None,
) -> dict[str, Any]:
    """Return a message of the bot, as ``chat.postMessage`` takes it but for where it goes.

    Args:
        said: what the bot says
        key: the id of the answer, by which feedback names it
        texts: the channel's own words
        before: lines over it, as ``context`` makes them
        has_form: a button opens the form to be called back
        conversation: that a click on a button belongs to; None is that of its place

    Returns:
        ``text`` (what a notification shows and a screen reader reads), ``blocks``, ``metadata``.
    """
    is_alarm = kind(said) == "emergency"
    pieces = [_section(piece) for piece in sections(said.text, SECTION)]
    # Nothing comes before the number to call.
    alarm = [header(f"🚨 {texts['emergency']}"), *pieces, *before]
    blocks: list[Block] = alarm if is_alarm else [*before, *pieces]
    blocks += _sources(said.about.get("sources") or (), texts)
    buttons = [
        button(one["title"], one["payload"], str(number), conversation)
        for number, one in enumerate(said.buttons)
    ]
    if has_form:
        buttons.append(form_button(texts.request["open"], conversation))
    blocks += rows(buttons)
    if kind(said) == "answer":
        blocks.append(_feedback(said, key, texts))
    return {
        "text": _fallback(said.text),
        "blocks": blocks,
        "metadata": metadata(key),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def notice(text: str) -> dict[str, Any]:
    """Return a message that is only text, given as Markdown."""
    return {
        "text": _fallback(text),
        "blocks": [_section(piece) for piece in sections(text, SECTION)],
    }


def metadata(key: str) -> dict[str, Any]:
    """Return the metadata by which a message is found again."""
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


def button(title: str, payload: str, unique: str, conversation: str | None = None) -> Block:
    """Return a button that asks something; its value is what is asked, and how that is called."""
    return _button(
        title, f"{ASK}:{unique}", {"payload": payload, "title": title, **_of(conversation)}
    )


def form_button(title: str, conversation: str | None = None) -> Block:
    """Return the button that opens the form to be called back."""
    return _button(title, FORM, _of(conversation))


def _of(conversation: str | None) -> dict[str, str]:
    return {CONVERSATION: conversation} if conversation else {}


def rows(buttons: Sequence[Block]) -> Iterator[Block]:
    """Yield any number of buttons in rows."""
    for start in range(0, len(buttons), PER_ROW):
        yield {"type": "actions", "elements": list(buttons[start : start + PER_ROW])}


def with_opinion(blocks: Iterable[Mapping[str, Any]], value: str, texts: Texts) -> list[Block]:
    """Return the blocks of a message whose thumbs say what was chosen; it can be changed."""
    changed: list[Block] = []
    for block in blocks:
        if block.get("block_id") == FEEDBACK:
            elements = [_chosen(element, value) for element in block["elements"]]
            line = {**context(texts[THANKS[value]]), "block_id": OPINION}
            changed += [{**block, "elements": elements}, line]
        elif block.get("block_id") != OPINION:  # that of an opinion before
            changed.append(dict(block))
    return changed


def _chosen(element: Mapping[str, Any], value: str) -> Block:
    plain = {key: part for key, part in element.items() if key != "style"}
    return {**plain, "style": "primary"} if element["action_id"] == value else plain


def header(text: str) -> Block:
    """Return a heading."""
    return {"type": "header", "text": _plain(text, 150)}


def section(text: str) -> Block:
    """Return a paragraph, given as Markdown and short enough for one."""
    return _section(sections(text, SECTION)[0])


def context(text: str) -> Block:
    """Return a small line, given as Markdown and short enough for one."""
    return _small(sections(text, CONTEXT)[0])


def asked(question: str, texts: Texts) -> Block:
    """Return the line that repeats a question; a person wrote it, so no marks are read in it."""
    return _small(escaped(texts["you_asked"].format(question=question)))


def _section(marked: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": marked, "verbatim": True}}


def _small(marked: str) -> Block:
    element = {"type": "mrkdwn", "text": marked, "verbatim": True}
    return {"type": "context", "elements": [element]}


def _fallback(text: str) -> str:
    """Return what a notification shows, where Slack reads its marks, too."""
    return sections(text, FALLBACK)[0] if text else ""


def _sources(sources: Sequence[Mapping[str, Any]], texts: Texts) -> list[Block]:
    if not sources:
        return []
    named = "; ".join(_source(source) for source in sources)
    before, _, behind = texts["sources"].partition("{sources}")
    marked = f"{escaped(before)}{named}{escaped(behind)}"
    # Longer than any list of sources that an answer has.
    return [_small(marked)] if len(marked) <= CONTEXT else [_small(_source(s)) for s in sources]


def _source(source: Mapping[str, Any]) -> str:
    year = f" ({source['year']})" if source.get("year") else ""
    return link(source.get("url") or "", f"{source['title']}{year}")


def _feedback(said: Said, key: str, texts: Texts) -> Block:
    value = {"answer": key, "response": said.response}
    thumbs = [
        _button(f"👍 {texts['helpful']}", UP, value),
        _button(f"👎 {texts['not_helpful']}", DOWN, value),
    ]
    return {"type": "actions", "block_id": FEEDBACK, "elements": thumbs}


def _button(title: str, action: str, value: Mapping[str, str]) -> Block:
    held = json.dumps(value, ensure_ascii=False)
    if len(held) > VALUE:
        raise ValueError(f"The button '{title}' asks for more than Slack can hold.")
    return {"type": "button", "action_id": action, "text": _plain(title, BUTTON), "value": held}


def _plain(text: str, limit: int) -> dict[str, Any]:
    shown = text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"
    return {"type": "plain_text", "text": shown, "emoji": True}
