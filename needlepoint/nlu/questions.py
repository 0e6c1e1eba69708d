"""Cut a message into pieces that may each be a question. Plain text in, plain text out.

The cuts are made generously; which pieces are questions of their own, the intent model tells
(``intent_head``).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# A message may hold a story; of more pieces than this, only the questions are looked at.
MAX_PIECES = 10

_WH = (
    r"(?:what|whats|what's|how|hows|how's|why|when|whens|where|wheres|where's|which|who|whos|who's|whose|"
    r"wat|wot|wen|hw)"
)
_AUXILIARY = (
    r"(?:is|are|am|was|were|do|does|did|can|could|will|would|should|shall|may|might|must|has|have|had|"
    r"isn'?t|aren'?t|don'?t|doesn'?t|didn'?t|can'?t|couldn'?t|won'?t|wouldn'?t|shouldn'?t)"
)
_ASKS = rf"(?:{_WH}|{_AUXILIARY})"
# "Heat and have acupuncture as well": that begins no question.
_VERB_FIRST = rf"(?!(?:have|has|had)\b){_AUXILIARY}"
_SUBJECT = (
    r"(?:i|it|they|you|u|ya|we|he|she|this|that|these|those|there|the|a|my|your|his|her|acupuncture|"
    r"needles?|people|anyone|insurance|bupa|medicare|cupping|moxa)"
)
_PRONOUN = r"(?:i|it|they|you|u|we|there|acupuncture)"
# What may stand before a question and says nothing of it.
_CONJUNCTIONS = (
    r"and|but|so|or|plus|then|also|oh|btw|by the way|um|uh|first|firstly|first of all|second|"
    r"secondly|third|thirdly|lastly|finally|in addition|furthermore|moreover|if so|another thing|"
    r"one more thing"
)
_LEAD_IN = (
    rf"(?:(?:{_CONJUNCTIONS}|ok|okay|hi|hello|hey|well|next|now|last|as well|please|two things|"
    r"evening|morning)\b[\s,:.]*)*"
)
_REQUEST = (
    r"(?:(?:please|pls|plz|kindly|can you|could you)\s+)*(?:tell|say|forget|explain|describe|"
    r"show me|give me|walk me|talk me|let me know|advise|"
    r"i(?:'d| would|'ll)? (?:also )?(?:like|love|want|need) to|i wanna|i want|"
    r"i was wondering|wondering|i(?:'m| am) wondering|just wondering|"
    r"(?:i'm |i am )?looking for|i would like|i wonder|curious|want to know|need to know|"
    r"my (?:other |next |second )?question)"
)
# "After how many sessions": the question word may be the second one.
_BEFORE_WH = r"(?:after|for|in|at|to|with|about|by|from|of)"
# "When the pain goes" asks nothing.
_QUESTION_START = re.compile(
    rf"\s*{_LEAD_IN}(?!(?:when|where)\s+(?:i|it|the|my|you|they|we)\b)(?:{_BEFORE_WH}\s+(?={_WH}\b))?{_ASKS}\b",
    re.I,
)
# "I wanted to ask does it hurt".
_ASKS_INSIDE = re.compile(
    rf"\b(?:(?:do|does|did)\s+{_SUBJECT}|(?:is|are|can|could|will|would|should)\s+{_PRONOUN})\s+\w",
    re.I,
)
_CONJUNCTION = re.compile(rf"\s*(?:(?:{_CONJUNCTIONS})\b[\s,:.]*)+", re.I)
_ONLY_LEAD_IN = re.compile(rf"\s*{_LEAD_IN}", re.I)
_REQUEST_START = re.compile(rf"\s*{_LEAD_IN}{_REQUEST}\b", re.I)
# "I mean", "like": more of the question before it.
_GOES_ON = re.compile(
    r"\s*(?:i mean\b|like\b|as in\b|e\.?g\b|i\.?e\b|for example\b|such as\b)", re.I
)

# "What's that for", after a question: more of it.
_SAYS_NOTHING = re.compile(
    rf"(?:(?:{_WH}|{_AUXILIARY}|{_PRONOUN}|he|she|that|this|those|these|them|for|about|of|on|to|all|any|"
    r"then|and|too|as|well|allowed|ok|okay|fine)\W*)+",
    re.I,
)
_ITEM = re.compile(r"(?:^|(?<=[\s:]))(?:\(?[1-9][.)]\s|\(?[a-e]\)\s|[-*•–]\s)")
_SENTENCE_END = re.compile(r"(?<=[?!.;])\s+|(?<=[?!])(?=\w)|\s*\n+\s*")
_TELLS = r"(?:i'?m|i am|i have|i've|i take|i had|we have|we are)"
# "does it hurt and how much is it", "can I shower after, can I eat before": a new question.
_JOINED = re.compile(
    r"(?:\s*[,;]?\s+(?:(?:oh\s+)?and|also|plus|but|btw|by the way)|\s*,\s*or)\s+"
    r"(?:(?:also|then|if so|roughly)\s+)*"
    rf"(?=(?:{_WH}|{_VERB_FIRST}\s+{_SUBJECT}|{_BEFORE_WH}\s+{_WH}|whether|any)\b)"
    rf"|\s*,\s*(?=(?:{_WH}|{_VERB_FIRST}\s+{_SUBJECT}|whether|also|plus)\b)"
    # "How much is it, I'm pregnant btw": told beside the question.
    rf"|\s*,\s*(?={_TELLS}\b)",
    re.I,
)
# "I want to know what it is, and if it hurts".
_JOINED_REQUEST = re.compile(rf"{_JOINED.pattern}|\s*,?\s+and\s+(?=(?:if|whether)\b)", re.I)
# As it is dictated, without a mark: "does it hurt how much is it is it safe".
_UNMARKED = re.compile(
    rf"\s+(?=(?:is|are|do|does|did|can|could|will|would|should)\s+{_PRONOUN}\s)"
    rf"|\s+(?=(?:how|what|why)\s+(?:{_AUXILIARY}|much|long|many|often|soon|deep|big)\b)"
    r"|\s+(?=(?:what's|whats|how's|hows)\s)",
    re.I,
)
_HAS_AUXILIARY = re.compile(rf"\b(?:{_AUXILIARY}|what's|whats|how's|hows)\b", re.I)
# A piece cannot end so: before a joint, and where nothing is marked.
_OPEN = rf"{_WH}|and|or|if|that|to|about|of|whether"
_ENDS_OPEN = re.compile(rf"\b(?:{_OPEN})\s*[,:]?\s*$", re.I)
_ENDS_UNMARKED = re.compile(
    rf"\b(?:{_OPEN}|knows?|say|me|long|much|many|often|soon|deep|big|like|ask|wonder|wondering|wanted|"
    r"sure|see|understand|tell|is|are|do|does|can|on|with|for|from|because|as)\s*[,:]?\s*$",
    re.I,
)
# "side effects, needle size, length of appointment": a list of catchwords, nothing else.
_CATCHWORDS = re.compile(r"\s*(?:[,;&+/]|\band\b)\s*", re.I)
_EVERY_SUBJECT = re.compile(r"(?:the\s+)?(?:acupuncture|needles?|back|back\s+pain|treatment)", re.I)
MAX_CATCHWORDS = 4  # words of one


@dataclass(frozen=True)
class Piece:
    """A part of a message; ``asks`` if it is a question or a request by its form."""

    text: str
    asks: bool

    def with_more(self, other: "Piece", joint: str = " ") -> "Piece":
        """Return this piece and the one that follows it, after ``joint``, as one."""
        return Piece(f"{self.text}{joint}{other.text}", self.asks or other.asks)


def without_conjunction(text: str) -> str:
    """Return ``text`` without "and", "so", "secondly" before it; as it is, if there is no more."""
    rest = _CONJUNCTION.sub("", text, count=1) if _CONJUNCTION.match(text) else text
    return rest if any(character.isalnum() for character in rest) else text


def is_question(sentence: str) -> bool:
    """Tell whether ``sentence`` asks: by its mark, or by how it begins."""
    return "?" in sentence or _QUESTION_START.match(sentence) is not None


def cut(text: str) -> list[Piece]:
    """Return the pieces of ``text`` in order, without empty ones.

    "I hate needles. Is that a problem? And how much is it?" gives three; what has no sign of a
    second question is one piece.
    """
    pieces: list[Piece] = []
    for sentence, is_item in _sentences(text):
        first, *others = _pieces(sentence, is_item)
        goes_on = pieces and _GOES_ON.match(first.text)
        pieces.append(pieces.pop().with_more(first) if goes_on else first)
        pieces.extend(others)
    if len(pieces) > MAX_PIECES:
        pieces = [piece for piece in pieces if piece.asks][:MAX_PIECES]
    return pieces


def _pieces(sentence: str, is_item: bool) -> list[Piece]:
    """Return the pieces of a sentence: its first question with all that stands before it, and each
    that is joined to it, question or not: "and roughly what price".
    """
    pieces: list[Piece] = []
    begun = ""
    for joint, clause in _clauses(sentence):
        if pieces and _SAYS_NOTHING.fullmatch(clause):
            pieces.append(pieces.pop().with_more(Piece(clause, True), joint))
            continue
        begun = f"{begun}{joint}{clause}" if begun else clause
        tells = re.match(_TELLS, begun, re.I) is not None
        if tells and pieces and not _asks(clause):
            pieces.append(Piece(begun, False))
            begun = ""
        elif pieces or _asks(clause):
            pieces.append(Piece(begun, True))
            begun = ""
    return [*pieces, Piece(begun, is_item)] if begun else pieces


def _asks(clause: str) -> bool:
    patterns = (_REQUEST_START.match, _ASKS_INSIDE.search)
    return is_question(clause) or any(found(clause) for found in patterns)


def catchwords(text: str) -> list[str]:
    """Return the items of a text that is nothing but a short list: "cost, pain and how long".

    "Acupuncture and tablets" is none: what all questions are about is no item.
    """
    items = [item.strip(" .?!") for item in _CATCHWORDS.split(text)]
    is_list = len(items) > 1 and all(
        0 < len(item.split()) <= MAX_CATCHWORDS
        and not _HAS_AUXILIARY.search(item)
        and not _EVERY_SUBJECT.fullmatch(item)
        for item in items
    )
    return items if is_list else []


def _sentences(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each sentence or line, and each item of a list, with whether it is an item."""
    is_list = len(_ITEM.findall(text)) > 1
    for number, item in enumerate(_ITEM.split(text) if is_list else [text]):
        for sentence in _SENTENCE_END.split(item):
            if any(character.isalnum() for character in sentence):
                yield sentence.strip(), number > 0


def _clauses(sentence: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a sentence that each may begin a question, with what joins each."""
    pattern = _JOINED_REQUEST if _REQUEST_START.match(sentence) else _JOINED
    parts = ["", *re.split(f"({pattern.pattern})", sentence, flags=re.I)]
    first_joint = begun = ""
    for joint, part in zip(parts[::2], parts[1::2], strict=True):
        first_joint = first_joint if begun else joint
        begun = f"{begun}{joint}{part}" if begun else part
        # "Where", of "Where and when did it begin?", cannot stand alone.
        is_open = len(begun.split()) < 2 and "?" not in begun
        if not (is_open or _ENDS_OPEN.search(begun) or _ONLY_LEAD_IN.fullmatch(begun)):
            for number, question in enumerate(_unmarked(begun)):
                yield (" " if number else first_joint), question
            begun = ""
    if begun:
        yield first_joint, begun


def _unmarked(piece: str) -> Iterator[str]:
    """Yield the questions of a piece in which nothing marks where one ends."""
    if "," in piece:
        yield piece
        return
    start = 0
    for found in _UNMARKED.finditer(piece):
        before = piece[start : found.start()]
        is_whole = _HAS_AUXILIARY.search(before) and len(before.split()) > 1
        if is_whole and not _ENDS_UNMARKED.search(before):
            yield before.strip()
            start = found.end()
    yield piece[start:].strip()
