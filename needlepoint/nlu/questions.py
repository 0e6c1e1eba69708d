"""Split a message into its questions. Plain text in, plain text out."""

import re
from collections.abc import Iterable

# A message may hold a story; beyond this number its parts are no longer read one by one.
MAX_PARTS = 8

_ASKS = (
    r"(?:what|how|why|when|where|which|who|whom|whose|is|are|am|was|were|do|does|did|can|could|"
    r"will|would|should|shall|may|might|must|has|have|had|isn'?t|aren'?t|don'?t|doesn'?t|"
    r"can'?t|won'?t|whats|hows|wheres|whens)"
)
_QUESTION_START = re.compile(rf"\s*(?:and|but|also|so|or|plus|then)?\s*,?\s*{_ASKS}\b", re.I)
_SENTENCE_END = re.compile(r"(?<=[?!.;])\s+|\s*\n+\s*")
# "does it hurt and how much is it": a joining word, then a new question.
_JOINED_QUESTION = re.compile(
    rf"\s*(?:,|;|\.)?\s+(?:and(?:\s+also)?|also|plus|but)\s+(?={_ASKS}\b)", re.I
)


def split_sentences(text: str) -> list[str]:
    """Return the sentences and lines of ``text``, without empty ones."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]


def is_question(sentence: str) -> bool:
    """Tell whether ``sentence`` asks: by its mark, or by how it begins."""
    return "?" in sentence or _QUESTION_START.match(sentence) is not None


def split_questions(text: str) -> list[str]:
    """Return the questions in ``text``, each with the statements before it, in order.

    "I hate needles. Is that a problem? And how much is it?" gives two parts. A message that
    holds one question or none is one part, unchanged.
    """
    parts: list[str] = []
    context: list[str] = []
    for piece in _clauses(split_sentences(text)):
        context.append(piece)
        if is_question(piece):
            parts.append(" ".join(context))
            context = []
    if context and parts:
        parts[-1] = " ".join([parts[-1], *context])
    if len(parts) < 2 or len(parts) > MAX_PARTS:
        return [text]
    return parts


def _clauses(sentences: Iterable[str]) -> Iterable[str]:
    for sentence in sentences:
        pieces = _JOINED_QUESTION.split(sentence)
        # "my back hurts and is it safe" is one question with its reason before it.
        if is_question(pieces[0]):
            yield from pieces
        else:
            yield sentence
