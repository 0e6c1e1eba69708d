"""The name that a patient wants to be called by."""

import re

from needlepoint.referral.plain_text import TextProblem, clean_text

NAME_LIMIT = 100  # characters
# A message longer than this is no name with a few words around it.
MESSAGE_LIMIT = 200  # characters
_GREETING = r"(?:(?:hi|hello|hey|ok|okay|yes|sure|well|um)\b[\s,.!]*)?"
_SAID_BEFORE = (
    r"(?:(?:my |the )?(?:full |first |last )?name(?:['’]?s| is)?|it(?:['’]?s| is)|i['’]m|i am"
    r"|this is|(?:you can |you may )?(?:please |just )?call me|i go by)"
)
_LEAD_IN = re.compile(rf"{_GREETING}{_SAID_BEFORE}(?:\s*[:,]\s*|\s+|$)", re.IGNORECASE)
_TAIL = re.compile(r"(?:,?\s+(?:please|thanks|thank you))?[\s.!]*$", re.IGNORECASE)


def valid_name(text: str) -> str | TextProblem:
    """Return the name in a patient's words, as they typed it, or why there is none.

    Args:
        text: as "my name is Zoë", or only the name

    Returns:
        1 to 100 characters on one line with a letter in them; or ``MISSING``, ``TOO_LONG`` or
        ``NO_LETTER``.
    """
    words = clean_text(text, MESSAGE_LIMIT)
    if isinstance(words, TextProblem):
        return words
    name = words
    while match := _LEAD_IN.match(name):
        name = name[match.end() :]
    if name != words:
        # Who speaks in a sentence ends it, too; a bare "Sammy Davis Jr." keeps its point.
        name = _TAIL.sub("", name)
    if not name:
        return TextProblem.MISSING
    if len(name) > NAME_LIMIT:
        return TextProblem.TOO_LONG
    if not any(character.isalpha() for character in name):
        return TextProblem.NO_LETTER
    return name
