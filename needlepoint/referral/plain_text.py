"""Words of a patient that are kept and shown: one line of text, and nothing that only pretends."""

import re
from enum import Enum

# What turns the direction of the text around it, or cannot be seen. The joiners (U+200C, U+200D)
# and plain direction marks (U+200E, U+200F) stay: Persian, emoji and mixed texts need them.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


class TextProblem(Enum):
    """Why a text cannot be taken."""

    MISSING = "missing"
    TOO_LONG = "too long"
    NO_LETTER = "no letter"


def one_line(text: str) -> str:
    """Return a text on one line: no control characters, no hidden ones, single spaces."""
    return " ".join(_HIDDEN.sub("", " ".join(text.split())).split())


def clean_text(text: str, limit: int) -> str | TextProblem:
    """Return a text as it can be kept and shown, or why it cannot.

    Args:
        text: what the person wrote
        limit: how many characters are enough

    Returns:
        One line of 1 to ``limit`` characters; or ``MISSING`` or ``TOO_LONG``. Nothing is cut off.
    """
    line = one_line(text)
    if len(line) > limit:
        return TextProblem.TOO_LONG
    # Letters, digits, marks, emoji: anything that can be seen.
    if not any(character.isprintable() and not character.isspace() for character in line):
        return TextProblem.MISSING
    return line
