"""What is asked of every text that a patient reads."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import textstat

from needlepoint.content.project import Project
from needlepoint.safety.numbers import Numbers, read_numbers

MAX_GRADE = 8.0
MAX_URGENT_GRADE = 5.0
MAX_SOURCES = 3  # more would be longer than the answer on a phone
A_DAY = timedelta(days=1)  # after today: somewhere it is tomorrow already


@dataclass(frozen=True)
class Wording:
    """The rules for wording.

    Attributes:
        claims: patterns that no text may have, with the reason
        numbers: what stands in braces, for each country
    """

    claims: Sequence[tuple[re.Pattern[str], str]]
    numbers: Sequence[Numbers]

    @classmethod
    def of(cls, project: Project) -> "Wording":
        """Read them from a project; what is wrong with its numbers is for ``safety`` to say."""
        file = project.file("data/forbidden_claims.yml")
        claims = file.data["forbidden_claims"] if file else []
        try:
            numbers = read_numbers(project.root / "data" / "safety" / "numbers.yml")
        except (OSError, ValueError):
            numbers = {"everywhere": {}}
        patterns = [(re.compile(claim["pattern"], re.I), claim["reason"]) for claim in claims]
        return cls(patterns, list(numbers.values()))

    def problems(self, text: str, most_grade: float, most_words: int) -> Iterator[str]:
        """Yield what is wrong with ``text``, with the numbers of whichever country."""
        for pattern, reason in self.claims:
            if found := pattern.search(text):
                yield f'may not say "{found[0]}": {reason}'
        filled = [_filled(text, numbers) for numbers in self.numbers]
        # The measure means little on a line or two.
        grades = [textstat.flesch_kincaid_grade(t) for t in filled if len(t.split()) >= 20]
        if grades and max(grades) > most_grade:
            yield f"reading grade is {max(grades)}; at most {most_grade}"
        words = max(len(t.split()) for t in filled)
        if words > most_words:
            yield f"has {words} words; at most {most_words}"


def _filled(text: str, numbers: Numbers) -> str:
    for name, value in numbers.items():
        text = text.replace(f"{{{name}}}", value)
    return text
