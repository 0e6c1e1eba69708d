"""Text with Slack's own marks for bold, links and lists, the rest escaped. No Rasa here."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

SCHEMES = ("http", "https", "mailto", "tel")
# The marks that the chat widget knows, too: bold, italics, [text](address), a bare address.
_INLINE = re.compile(
    r"\*\*(?P<bold>\S(?:.*?\S)??)\*\*"
    r"|(?<!\w)\*(?P<italic>[^\s*](?:.*?\S)??)\*(?!\w)"
    r"|\[(?P<label>[^\]]+)\]\((?P<address>[^\s()]+)\)"
    r"|(?P<bare>https?://[^\s<>\"]+)"
)
_ENTRY = re.compile(r"^(\s*)[-*] ", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} +(.+?)\s*#*$", re.MULTILINE)
# What Slack puts around people, channels, links and special words in what a person writes.
_REFERENCE = re.compile(r"<([@#!][^<>|]+|[a-z]+:[^<>|]+)(?:\|([^<>]*))?>")
# Invisible, and so between a mark of ours and a letter.
_JOINER = "\u200b"


def mrkdwn(text: str) -> str:
    """Return a text of the bot in Slack's marks.

    Args:
        text: plain, or with the Markdown that the widget knows

    Returns:
        The same words. "&", "<" and ">" are escaped, and what looks like one of Slack's own marks
        but is none stays as it was typed.
    """
    marked = _HEADING.sub(r"**\1**", text)
    marked = _ENTRY.sub(r"\1• ", marked)
    return _replaced(marked, _INLINE, _inline)


def escaped(text: str) -> str:
    """Return a text that Slack shows as it stands."""
    plain = html.escape(text, quote=False)
    # A pair of these would be taken for bold, italics, struck out or code.
    return re.sub(r"(?<!\w)([*_~`])(?=\S)", rf"{_JOINER}\1{_JOINER}", plain)


def link(address: str, label: str) -> str:
    """Return a link, or the label alone where the address is not safe to link to."""
    shown = escaped(label).replace("|", "¦")
    if not _is_safe(address):
        return shown
    return f"<{_escaped_address(address)}|{shown}>"


def plain_words(text: str, bot: str | None = None) -> str:
    """Return what a person wrote in Slack, as plain words.

    Args:
        text: with Slack's references, as "<@U1> is <https://a.example|this> safe &amp; sound"
        bot: the bot's own user id; where it is mentioned, that is left out

    Returns:
        The words: the labels of links, addresses without their scheme, "@" for people.
    """

    def words(found: re.Match[str]) -> str:
        target, label = found.group(1), found.group(2)
        if bot and target == f"@{bot}":
            return " "
        if label:
            return label
        if target.startswith(("@", "#", "!")):
            return target[0] if target[0] != "!" else f"@{target[1:].partition('^')[0]}"
        return re.sub(r"^(?:mailto|tel):", "", target)

    return html.unescape(_REFERENCE.sub(words, text)).strip()


def _inline(found: re.Match[str]) -> str:
    group: Mapping[str, Any] = found.groupdict()
    if group["bold"]:
        return f"*{mrkdwn(group['bold'])}*"
    if group["italic"]:
        return f"_{mrkdwn(group['italic'])}_"
    if group["label"]:
        return link(group["address"], group["label"])
    # The full stop behind a bare address is the sentence's.
    bare = re.sub(r"[.,;:!?)\]*]+$", "", group["bare"])
    rest = group["bare"][len(bare) :]
    return f"<{_escaped_address(bare)}>{escaped(rest)}"


def _replaced(text: str, pattern: re.Pattern[str], make: Callable[[re.Match[str]], str]) -> str:
    """Return ``text``, what is found made new, and all between it escaped."""
    parts: list[str] = []
    done = 0
    for found in pattern.finditer(text):
        parts += [escaped(text[done : found.start()]), make(found)]
        done = found.end()
    return "".join([*parts, escaped(text[done:])])


def _cut(text: str, middle: int) -> int:
    """Return where to cut a text: before the middle, at a line, else at a word, in no mark."""
    marks = [found.span() for found in _INLINE.finditer(text)]
    for ends in ("\n", " "):
        place = text.rfind(ends, 1, middle)
        while place > 0:
            around = [start for start, end in marks if start < place < end]
            if not around:
                return place
            place = text.rfind(ends, 1, max(around[0], 1))
    return middle


def _is_safe(address: str) -> bool:
    try:
        return urlsplit(address).scheme.lower() in SCHEMES
    except ValueError:  # a broken host
        return False


def _escaped_address(address: str) -> str:
    return html.escape(address, quote=False).replace("|", "%7C")


def sections(text: str, limit: int) -> list[str]:
    """Return a text of the bot in Slack's marks, in pieces of at most ``limit`` characters.

    It is cut at the ends of lines, else between words, and before it is marked, so that no mark is
    cut in two.
    """
    marked = mrkdwn(text)
    if len(marked) <= limit:
        return [marked] if marked else []
    cut = _cut(text, len(text) // 2)
    return [*sections(text[:cut].rstrip(), limit), *sections(text[cut:].lstrip(), limit)]
