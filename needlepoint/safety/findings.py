"""What the words in a message add up to: signs, in their context. Plain data in and out."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from needlepoint.safety.rules import Sign

# What excuses a finding from being an alarm. Whoever writes "I" or "now" beside a general question
# does not ask in general, and what was and is now is not past: when in doubt, alarm.
EXCUSES = frozenset({"negated", "hypothetical"})
PERSONAL = frozenset({"self", "now"})
# Of one word, so many places are looked at; a message that repeats it more often says nothing new.
MAX_PLACES = 6


@dataclass(frozen=True)
class Mention:
    """A word of the rules in a message.

    Attributes:
        word: its name
        start: of its first token
        end: behind its last token
        sentence: number of the sentence it stands in
        contexts: what the phrases around it say, some of ``rules.CONTEXTS``; and ``asked`` in a
            sentence that has the form of a general question
    """

    word: str
    start: int
    end: int
    sentence: int
    contexts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Finding:
    """A sign in a message, in its context.

    Attributes:
        sign: which
        start: first token of the stretch from its first to its last word
        end: behind the last token
        contexts: of all its words together
    """

    sign: Sign
    start: int
    end: int
    contexts: frozenset[str]

    @property
    def is_excused(self) -> bool:
        """Whether it is denied, only asked about, imagined, or over."""
        if self.contexts & EXCUSES:
            return True
        if "past" in self.contexts and not self.sign.ever and "now" not in self.contexts:
            return True
        if self.contexts & PERSONAL:
            return False
        # "What is the point of living" is no general question, though it has the form of one.
        return "general" in self.contexts or ("asked" in self.contexts and not self.is_crisis)

    @property
    def is_crisis(self) -> bool:
        """Whether it is about suicide or self-harm."""
        return self.sign.label == "crisis"

    @property
    def is_about_other(self) -> bool:
        """Whether it is another person who has it."""
        return "other" in self.contexts and "self" not in self.contexts


class Index:
    """Finds the signs whose words are all in a message, without trying each sign."""

    def __init__(self, signs: Iterable[Sign]) -> None:
        self._by_word: dict[str, list[Sign]] = {}
        for sign in signs:
            # The part with the fewest words has the fewest chances to be there for nothing.
            for word in min(sign.parts, key=len):
                self._by_word.setdefault(word, []).append(sign)

    def possible(self, words: Iterable[str]) -> list[Sign]:
        """Return the signs of which each part has a word among ``words``, each once."""
        present = set(words)
        candidates = {
            id(sign): sign for word in present for sign in self._by_word.get(word, ())
        }.values()
        return [s for s in candidates if all(present.intersection(part) for part in s.parts)]


def find(sign: Sign, mentions: Mapping[str, Sequence[Mention]]) -> Iterator[Finding]:
    """Yield each place where ``sign`` stands in a message.

    Args:
        sign: what to look for
        mentions: the mentions of each word
    """
    places = [
        [mention for word in part for mention in mentions.get(word, ())][:MAX_PLACES]
        for part in sign.parts
    ]
    unwanted = [mention for word in sign.without for mention in mentions.get(word, ())]
    for chosen in itertools.product(*places):
        if not _belong_together(sign, chosen):
            continue
        sentences = {mention.sentence for mention in chosen}
        if any(sign.across or mention.sentence in sentences for mention in unwanted):
            continue
        yield Finding(
            sign,
            min(mention.start for mention in chosen),
            max(mention.end for mention in chosen),
            frozenset().union(*(mention.contexts for mention in chosen)),
        )


def _belong_together(sign: Sign, chosen: Sequence[Mention]) -> bool:
    ordered = sorted(chosen, key=lambda mention: mention.start)
    if any(left.end > right.start for left, right in itertools.pairwise(ordered)):
        return False  # one stretch of text is not two words
    if sign.across:
        return True
    if ordered[0].sentence != ordered[-1].sentence:
        return False
    between = ordered[-1].end - ordered[0].start - sum(m.end - m.start for m in chosen)
    return between <= sign.within
