"""What to do about the findings in a message: the alarm, the cautions, the country."""

from collections.abc import Iterable
from dataclasses import dataclass

from needlepoint.safety.findings import EXCUSES, Finding

CRISIS = "crisis"
RED_FLAG = "red_flag"
_ORDER = {"A": 1, "B": 2, "C": 3}
# Long past, these no longer matter; of the others, one may say "since 2014" and it still does.
PASSING = frozenset({"pregnancy", "skin"})


@dataclass(frozen=True)
class Alarm:
    """Something that must be answered before anything else.

    Attributes:
        label: ``red_flag`` or ``crisis``
        kind: which red flag, as ``cauda_equina``; "crisis" for a crisis
        urgency: ``A``, ``B`` or ``C``; None for a crisis
        advice: which fixed text; None for a crisis
        about_other: whether it is another person's
        start: first token, or None if the alarm is not about certain words
        end: behind the last token
    """

    label: str
    kind: str
    urgency: str | None
    advice: str | None
    about_other: bool
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class Caution:
    """A condition that matters for acupuncture.

    Attributes:
        name: which, one of ``rules.CAUTIONS``
        role: ``self`` if the person has it, ``other`` if somebody else has, ``asked`` if it is only
            asked about
        start: first token
        end: behind the last token
    """

    name: str
    role: str
    start: int
    end: int


def first_alarm(findings: Iterable[Finding]) -> Alarm | None:
    """Return the alarm to answer: a crisis before all, then by urgency, then as it was written."""
    alarming = [f for f in findings if f.sign.label in (CRISIS, RED_FLAG) and not f.is_excused]
    if not alarming:
        return None
    first = min(alarming, key=lambda f: (_ORDER.get(f.sign.urgency or "", 0), f.start))
    sign = first.sign
    return Alarm(
        sign.label,
        sign.name,
        sign.urgency,
        sign.advice,
        first.is_about_other,
        first.start,
        first.end,
    )


def is_explained(findings: Iterable[Finding]) -> bool:
    """Tell whether the signs in a message are all excused by what is said around them."""
    signs = [f for f in findings if f.sign.label in (CRISIS, RED_FLAG)]
    return bool(signs) and all(f.is_excused for f in signs)


def cautions(findings: Iterable[Finding]) -> list[Caution]:
    """Return the cautions of a message, each once: the person's own before what is only asked."""
    found: dict[str, Caution] = {}
    for finding in findings:
        name, contexts = finding.sign.name, finding.contexts
        if finding.sign.label != "caution" or "negated" in contexts:
            continue
        if "past" in contexts and name in PASSING:
            continue
        caution = Caution(name, _role(finding), finding.start, finding.end)
        if name not in found or caution.role == "self":
            found[name] = caution
    return list(found.values())


def _role(finding: Finding) -> str:
    # A child does not write; whoever does means the patient all the same.
    if finding.is_about_other and finding.sign.name != "child":
        return "other"
    if finding.contexts & (EXCUSES | {"general", "asked"}):
        return "asked" if "self" not in finding.contexts else "self"
    return "self"


def country(findings: Iterable[Finding]) -> str | None:
    """Return the country that the person says they are in, as ``GB``, or None."""
    names = [
        f.sign.name for f in findings if f.sign.label == "country" and "negated" not in f.contexts
    ]
    return names[-1] if names else None
