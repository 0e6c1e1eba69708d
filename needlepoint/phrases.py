"""How data files write many phrases as one: ``(a|b)`` is either, ``[a]`` may be left out."""

import itertools
import re

MAX_FORMS = 1000  # of one phrase: beyond that, someone has written more brackets than they meant


def expand(phrase: str) -> list[str]:
    """Return all forms of a phrase.

    Raises:
        ValueError: brackets do not match, or there are too many forms.
    """
    pieces = re.split(r"(\([^()\[\]]*\)|\[[^()\[\]]*\])", phrase)
    # Every second piece is a pair of brackets.
    choices = [_choices(p) if number % 2 else [p] for number, p in enumerate(pieces)]
    if any(set("()[]|") & set(form) for choice in choices for form in choice):
        raise ValueError(f"'{phrase}' has brackets that do not match, or brackets in brackets")
    forms = {" ".join("".join(form).split()) for form in itertools.product(*choices)} - {""}
    if not 0 < len(forms) <= MAX_FORMS:
        raise ValueError(f"'{phrase}' means {len(forms)} forms; write between 1 and {MAX_FORMS}")
    return sorted(forms)


def _choices(brackets: str) -> list[str]:
    forms = brackets[1:-1].split("|")
    return ["", *forms] if brackets.startswith("[") else forms
