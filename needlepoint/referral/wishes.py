"""What a patient wishes of a practitioner, in plain words: a language, a gender, a speciality."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from needlepoint.referral.languages import Languages, read_languages

LONGEST = 1000  # characters; nobody says a wish after so many
ENGLISH = "en"

# Words of a text around something, in the same clause.
_FILLERS = r"(?:[\w'-]+ ){0,3}?"
_ROLE = (
    r"(?:acupuncturists?|practitioners?|therapists?|doctors?|providers?|clinicians?|specialists?|"
    r"experts?|persons?|people|someone|somebody|one)"
)
_SPEAKS = (
    r"(?:speak(?:s|ing)?|spoken|talk(?:s|ing)?|know(?:s|ing)?|understand(?:s|ing)?|fluent|"
    r"languages?|hablo|hablas?|hablan?|mówię|mówi|parlo|parle|falo|spreche)"
)
_AND = r"(?: ?(?:,|/|&|\band\b|\bor\b|\by\b|\bo\b) ?)+"
# Who does not see or find a woman, wishes for one; so does who asks "don't you have a woman?"
_NOT = re.compile(
    r"(?:\b(?:not|doesnt|cant(?! find)|cannot(?! find)|no|never|without|little|instead of|than|"
    r"except|(?:anyone|anybody) but|don'?t(?! (?:you|they|we|see|have|find)\b))\b|"
    r"\b(?:i|it|that|who|someone|he|she|they|we|you) (?!don't|\w+n't find)\w+n't)"
    r"(?: [\w'-]+){0,4} ?$"
)
_INDIFFERENT = re.compile(
    r"(?:have to|need to|needs to|matter|mind|care|necessarily|whether|if it's|if it is)\b"
    r"(?: [\w'-]+){0,5} ?$"
)
_GENDERS = {
    "woman": r"woman|female|lady|(?<=\bno )women",
    "man": r"man|male|guy|gentleman|(?<=\bno )men",
    "nonbinary": r"non-? ?binary|enby",
}
_OPPOSITE = {"woman": "man", "man": "woman"}
# "I am a 45 year old woman": the patient, not a wish.
_SELF = re.compile(
    r"\b(?:i am|i'm|im|i was|as|being|he is|he's|she is|she's|who's|patient is|wife is|mother is|"
    r"husband is|mum is|mom is|son is|daughter is|\d+ ?(?:yo|y/o|year old|years old)|pregnant|"
    r"elderly|older|old|young|younger|oh) ?(?:an? )?"
    r"(?:(?!(?:for|want|wanting|need|needs|prefer|see|with|who|find|like) )[\w'-]+ ){0,4}$"
)
_BEFORE_GENDER = re.compile(r"\b(?:an?|another|the|only|preferably|prefer|be|by|any)(?: [\w-]+)? $")
_AFTER_GENDER = re.compile(
    rf"(?: [\w-]+)? ?{_ROLE}\b|,? (?:please|pls|preferred|preferably|only|if possible)\b"
    r"| (?:who|that) (?:can )?(?:speaks?|treats?|knows?)\b"
)
_NO_GENDER = re.compile(
    r"'s|-?(?: patients?| problems?| issues?| health| hormones?| (?:in)?fertility| pattern)\b"
)
_POLITE = re.compile(
    r"\b(?:yes|please|pls|an?|only|preferably|prefer|just|and|or|i|i'd|would|like|want|need|ok)\b"
)
_GOOD_AT = (
    r"(?:good (?:with|at|for)|great (?:with|at)|best (?:with|at|for)|experienced? (?:in|with|of)|"
    r"speciali[sz](?:es?|ed|ing) in|speciali(?:st|ty) (?:in|for|is)|experts? (?:in|on|at|with)|"
    r"expertise in|skilled (?:in|at|with)|trained in|focus(?:es|ed)? on|works? with|helps? with|"
    r"treats?|treating|knows? about|deals? with|does|for)"
)


@dataclass(frozen=True)
class Wishes:
    """What ``nearest`` can be asked for.

    Attributes:
        languages: ISO codes
        gender: "woman", "man", "nonbinary" or None
        specialities: as the practitioners have them
    """

    languages: tuple[str, ...] = ()
    gender: str | None = None
    specialities: tuple[str, ...] = ()


NO_WISHES = Wishes()


def read_wishes(text: str, specialities: Collection[str] = ()) -> Wishes:
    """Return what somebody who looks for a practitioner wishes of them.

    Args:
        text: what they wrote, as "is there a woman who speaks Spanish?"
        specialities: those that a practitioner has
    """
    plain = " ".join(text[:LONGEST].lower().replace("’", "'").split())
    return Wishes(
        _languages(plain, read_languages()),
        _gender(plain),
        tuple(name for name in specialities if _wants(plain, name)),
    )


def _languages(text: str, known: Languages) -> tuple[str, ...]:
    names = {**known.codes, **known.own_names}
    one = _any_of(known.codes)
    some = rf"({one}(?:{_AND}{one})*)"
    patterns = (
        rf"(?P<cue>\b{_SPEAKS}) {_FILLERS}{some}",
        rf"(?P<cue>\bin) {some}",
        rf"(?P<cue>){some}(?:[- ]speak(?:s|ing|er|ers)\b|[- ]language\b)",
    )
    codes = [
        names[name]
        for pattern in patterns
        for match in re.finditer(pattern, text)
        if not _is_denied(text[: match.start("cue")])
        for name in re.findall(one, match[2])
    ]
    codes += [names[name] for name in re.findall(_any_of(known.own_names), text)]
    rest = re.sub(r"\W+", "", _POLITE.sub("", re.sub(one, "", text)))
    if not rest:
        codes += [names[name] for name in re.findall(one, text)]
    # We speak English here: who names another language, too, wishes for that.
    others = [code for code in codes if code != ENGLISH]
    return tuple(dict.fromkeys(others or codes))


def _gender(text: str) -> str | None:
    wished = set(_genders(text))
    return wished.pop() if len(wished) == 1 else None


def _genders(text: str) -> Iterator[str]:
    for gender, words in _GENDERS.items():
        for match in re.finditer(rf"\b(?:{words})\b", text):
            before, after = _clause(text[: match.start()]), text[match.end() :]
            alone = not re.sub(r"\W+", "", _POLITE.sub("", before + after))
            is_cued = alone or _BEFORE_GENDER.search(before) or _AFTER_GENDER.match(after)
            if _SELF.search(before) or _NO_GENDER.match(after) or _INDIFFERENT.search(before):
                continue
            if _is_denied(before):
                if gender in _OPPOSITE:
                    yield _OPPOSITE[gender]
            elif is_cued:
                yield gender


def _wants(text: str, speciality: str) -> bool:
    name = _singular(re.escape(speciality).replace(r"\ ", " "))
    words = _singular(text)
    named, times = re.subn(rf"\b{name}\b", "", words)
    if not times:
        return False
    if not re.sub(r"\W+", "", _POLITE.sub("", named)):
        return True
    asked = re.finditer(rf"\b{_singular(_GOOD_AT)} (?:[\w',-]+ ){{0,6}}?{name}\b", words)
    if any(not _is_denied(words[: match.start()]) for match in asked):
        return True
    return bool(re.search(rf"\b{name} (?:special|expert|acupuncturist|practitioner)", words))


def _is_denied(before: str) -> bool:
    return bool(_NOT.search(_clause(before)))


def _clause(before: str) -> str:
    """Return what stands before something in its own part of a sentence."""
    return re.split(r"[.,;:!?()]|(?<!anyone)(?<!anybody) but ", before)[-1]


def _any_of(names: Collection[str]) -> str:
    longest_first = sorted(names, key=len, reverse=True)
    return rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)"


def _singular(text: str) -> str:
    """Return a text in which "injuries" is "injury", and "headaches" is "headache"."""
    return re.sub(r"(?<=[a-z]{3})ies\b", "y", re.sub(r"(?<=[a-rt-z])(?<!ie)s\b", "", text))
