"""A spaCy pipe that finds what matters for safety: red flags, crises, cautions, countries.

Which words are signs of what is data (``data/safety``, see ``needlepoint.safety.rules``). Words are
compared by their stems after spelling repair, and small words between them do not count, so that
"Cant really FEEL when im wiping" reads as "can not feel when wipe"; only a term that would be left
with one word, as "all day", is looked for as it stands. What a finding means (denied,
asked in general, somebody else's) comes from medspaCy's ConText with phrases of our own.

Findings are in ``doc._.findings``; those that are excused by their context, too.
"""

import json
import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from nltk.stem.snowball import EnglishStemmer
from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span, Token

import needlepoint.language.spelling  # noqa: F401  (declares token._.spelling)
from needlepoint.safety.findings import Index, Mention, find
from needlepoint.safety.rules import SMALL_WORDS, ContextRule, Rules, Sign

with warnings.catch_warnings():
    # medspaCy switches all warnings of the process off; that is not for a library to decide.
    from medspacy.context import ConText, ConTextRule
# Its matcher also tries token patterns, of which we have none; spaCy would warn each time.
warnings.filterwarnings("ignore", message=r"\[W036\]")

# "What is", "how do people", "can needles": who asks so, without a word about themselves, another
# or now, asks in general. Not "can't pee", "why can't", "is numb", "what to do": those are reports.
GENERAL_QUESTION = re.compile(
    r"\s*(?:and|but|so|also|or)?\s*(?:"
    r"(?:what|how|why|when|which|who)(?:'?s)?\b(?!\s+(?:to|should|now|if|can'?t|cannot|no|do\s+i)\b)"
    r"|(?:is|are|do|does|did|can|could|will|would)\s+(?:it|that|this|there|you|u|they|acupuncture"
    r"|needles?|needling|cupping|moxa|dry|an?|the|people|patients|doctors?|clinics?)\b)"
)
FIRST_PERSON = frozenset({"i", "me", "my", "mine", "myself", "we", "us", "our", "im", "ive"})
PERSONAL_CONTEXTS = frozenset({"self", "other", "now"})
GROUP = "clinical"
RULES_FILE = "rules.json"
_stemmer = EnglishStemmer()

Doc.set_extension("findings", default=(), force=True)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the stem of a word in lower case: of "leaking" and "leaks" it is "leak"."""
    return str(_stemmer.stem(word))


class Clinical:
    """The pipe. It stems each token into ``token.norm_`` and sets ``doc._.findings``."""

    def __init__(self, nlp: Language, rules: Rules) -> None:
        self._nlp = nlp
        self.use(rules)

    def use(self, rules: Rules) -> None:
        """Replace the rules."""
        self._rules = rules
        self._index = Index(rules.signs)
        self._main_words = PhraseMatcher(self._nlp.vocab, attr="ORTH")
        self._all_words = PhraseMatcher(self._nlp.vocab, attr="ORTH")
        phrases = [rule.phrase for rule in rules.contexts]
        self._known = {_key(token) for phrase in phrases for token in self._nlp.make_doc(phrase)}
        for word, terms in rules.words.items():
            for term in terms:
                self._add(word, self._nlp.make_doc(term))
        self._context = self._new_context(rules.contexts)

    def __call__(self, doc: Doc) -> Doc:
        """Find what stands in ``doc``, what is excused last, and return it."""
        for token in doc:
            token.norm_ = self._key(token)
        mentions = self._mentions(doc)
        signs = self._index.possible({mention.word for mention in mentions})
        if signs:
            used = {word for sign in signs for part in sign.parts for word in part}
            by_word: dict[str, list[Mention]] = defaultdict(list)
            for mention in self._in_context(doc, [m for m in mentions if m.word in used]):
                by_word[mention.word].append(mention)
            for mention in mentions:
                if mention.word not in used:  # they only rule a sign out
                    by_word[mention.word].append(mention)
            findings = [finding for sign in signs for finding in find(sign, by_word)]
            doc._.findings = tuple(sorted(findings, key=lambda f: (f.is_excused, f.start)))
        return doc

    def advice(self, kind: str, urgency: str) -> str | None:
        """Return which fixed text fits a kind of red flag, or None if no rule knows it."""
        signs = (s for s in self._rules.signs if (s.name, s.urgency) == (kind, urgency))
        return next((sign.advice for sign in signs), None)

    def to_disk(self, path: Path, *, exclude: Sequence[str] = ()) -> None:
        """Write the rules, for spaCy."""
        path.mkdir(exist_ok=True)
        (path / RULES_FILE).write_text(json.dumps(asdict(self._rules)), encoding="utf-8")

    def from_disk(self, path: Path, *, exclude: Sequence[str] = ()) -> "Clinical":
        """Read what ``to_disk`` wrote, for spaCy."""
        self.use(_rules_from(json.loads((path / RULES_FILE).read_text(encoding="utf-8"))))
        return self

    def _key(self, token: Token) -> str:
        """Return what a word of a message is compared by: its stem, repaired if no rule knows it.

        The rules know names that English does not, and misspellings that a repair would take for
        another word.
        """
        key = _key(token)
        return key if key in self._known or not token._.spelling else stem(token._.spelling)

    def _add(self, word: str, term: Doc) -> None:
        """Look for a term by its main words; by all of them, if only one would be left."""
        main = [_key(token) for token in term if not _is_small(token)]
        is_short = len(main) == 1 < len(term)
        keys = [_key(token) for token in term if _is_word(token)] if is_short else main
        matcher = self._all_words if is_short else self._main_words
        matcher.add(word, [Doc(self._nlp.vocab, words=keys)])
        self._known.update(keys)

    def _new_context(self, rules: Iterable[ContextRule]) -> ConText:
        context = ConText(
            self._nlp,
            rules=None,
            phrase_matcher_attr="NORM",
            span_attrs=None,
            input_span_type="group",
            span_group_name=GROUP,
        )
        for rule in rules:
            keys = [_key(token) for token in self._nlp.make_doc(rule.phrase)]
            context.add(
                ConTextRule(
                    " ".join(keys),
                    rule.category or "end",
                    direction=rule.direction.upper(),
                    max_scope=rule.scope,
                )
            )
        return context

    def _mentions(self, doc: Doc) -> list[Mention]:
        """Return all words of the rules in ``doc``, without their contexts."""
        words = [token for token in doc if _is_word(token)]
        main = [token for token in words if not _is_small(token)]
        sentences = _sentence_numbers(doc)
        mentions = []
        for matcher, tokens in ((self._all_words, words), (self._main_words, main)):
            keys = Doc(doc.vocab, words=[token.norm_ for token in tokens])
            for match, start, end in matcher(keys):
                first, last = tokens[start].i, tokens[end - 1].i
                if sentences[first] == sentences[last]:
                    word = doc.vocab.strings[match]
                    mentions.append(Mention(word, first, last + 1, sentences[first]))
        return mentions

    def _in_context(self, doc: Doc, mentions: Sequence[Mention]) -> list[Mention]:
        places = sorted({(mention.start, mention.end) for mention in mentions})
        spans = {place: doc[place[0] : place[1]] for place in places}
        doc.spans[GROUP] = list(spans.values())
        self._context(doc)
        covered = {token for place in places for token in range(*place)}
        said = {place: _contexts(span, covered) for place, span in spans.items()}
        return [replace(m, contexts=said[m.start, m.end]) for m in mentions]


def _contexts(span: Span, covered: Set[int]) -> frozenset[str]:
    """Return what is said of ``span``, beside tokens that are ``covered`` by words of the rules."""
    contexts = set()
    for modifier in span._.modifiers:
        category = modifier.category.lower()
        # The "not" in "can't feel" belongs to the sign, and denies nothing else.
        if category in PERSONAL_CONTEXTS or covered.isdisjoint(range(*modifier.modifier_span)):
            contexts.add(category)
    is_personal = contexts & PERSONAL_CONTEXTS or any(t.lower_ in FIRST_PERSON for t in span.sent)
    if not is_personal and GENERAL_QUESTION.match(span.sent.text):
        contexts.add("asked")
    return frozenset(contexts)


def _key(token: Token) -> str:
    """Return the stem of a word as it is written; "can" and "not" for "can't"."""
    # For parts of contractions spaCy knows the whole word: "n't" and "nt" are "not".
    return stem(token.norm_.lower())


def _is_word(token: Token) -> bool:
    return not (token.is_space or token.is_punct)


def _is_small(token: Token) -> bool:
    return not _is_word(token) or (token._.spelling or token.lower_) in SMALL_WORDS


def _sentence_numbers(doc: Doc) -> list[int]:
    number, numbers = -1, []
    for token in doc:
        number += bool(token.is_sent_start)
        numbers.append(number)
    return numbers


def _rules_from(data: Mapping[str, Any]) -> Rules:
    signs = (
        Sign(
            **{
                **sign,
                "parts": tuple(tuple(part) for part in sign["parts"]),
                "without": tuple(sign["without"]),
            }
        )
        for sign in data["signs"]
    )
    words = {word: tuple(terms) for word, terms in data["words"].items()}
    contexts = tuple(ContextRule(**rule) for rule in data["contexts"])
    return Rules(words, tuple(signs), contexts)


@Language.factory("needlepoint_clinical", assigns=["doc._.findings"])
def create_clinical(nlp: Language, name: str) -> Clinical:
    """Create the pipe without rules; it gets them by ``use`` or from disk."""
    return Clinical(nlp, Rules({}, (), ()))
