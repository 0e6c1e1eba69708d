"""Languages by the names that people write: ISO 639 by pycountry, and ``languages.yml``."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pycountry

from needlepoint.content.yaml_lines import YamlFile, read_mapping

LANGUAGES_FILE = Path("data/referral/languages.yml")
SECTIONS = ("names", "own_names", "answers")
_LIVING = "L"


@dataclass(frozen=True)
class Languages:
    """What is known of languages; all names are in small letters.

    Attributes:
        codes: the ISO code by a name in English
        own_names: the ISO code by the language's own name, which no English word looks like
        titles: the name to show by ISO code, as "Spanish"
        answers: the codes that also are what somebody wants who asks for a code
    """

    codes: Mapping[str, str]
    own_names: Mapping[str, str]
    titles: Mapping[str, str]
    answers: Mapping[str, tuple[str, ...]]

    def code(self, text: str) -> str | None:
        """Return the ISO code of a language by its name or code in any case, or None."""
        name = " ".join(text.lower().split())
        known = self.codes.get(name) or self.own_names.get(name)
        if known is None and re.fullmatch(r"[a-z]{2,3}", name):
            known = _code(pycountry.languages.get(**{f"alpha_{len(name)}": name}))
        elif known is None:
            known = _code(pycountry.languages.get(name=name.title()))
        return known

    def title(self, code: str) -> str:
        """Return the name of a language to show, or its code if it has none."""
        if code in self.titles:
            return self.titles[code]
        language = pycountry.languages.get(**{f"alpha_{len(code)}": code})
        return _plain_name(language.name) if language else code

    def answering(self, codes: Collection[str]) -> tuple[str, ...]:
        """Return the codes of those languages that answer a wish for some, these included."""
        return tuple(
            dict.fromkeys(c for code in codes for c in (code, *self.answers.get(code, ())))
        )


@cache
def read_languages(path: Path = LANGUAGES_FILE) -> Languages:
    """Read the names that pycountry lacks, and return them with its own.

    Raises:
        DataError: the file is not as its own head describes; the message has file and line.
    """
    file = read_mapping(path)
    if set(file.data) != set(SECTIONS):
        raise file.error(f"must have exactly: {', '.join(SECTIONS)}")
    codes = {
        _plain_name(language.name).lower(): language.alpha_2
        for language in pycountry.languages
        if hasattr(language, "alpha_2") and language.type == _LIVING
    }
    titles = {}
    for code, names in _entries(file, "names"):
        titles[code] = names[0]
        codes.update((name.lower(), code) for name in names)
    own = {name.lower(): code for code, names in _entries(file, "own_names") for name in names}
    answers = {}
    for code, others in _entries(file, "answers"):
        for other in others:
            _check_code(file, other, "answers", code)
        answers[code] = tuple(others)
    return Languages(codes, own, titles, answers)


def _entries(file: YamlFile, section: str) -> Iterator[tuple[str, list[str]]]:
    for code, values in (file.data[section] or {}).items():
        _check_code(file, code, section, code)
        if not (isinstance(values, list) and values and all(isinstance(v, str) for v in values)):
            raise file.error(f"{code} needs a list of texts", section, code)
        yield code, values


def _check_code(file: YamlFile, code: Any, *key: str) -> None:
    size = len(code) if isinstance(code, str) else 0
    language = pycountry.languages.get(**{f"alpha_{size}": code}) if size in (2, 3) else None
    if _code(language) != code:
        raise file.error(f"{code!r} is no ISO code of a language, in quotes, as 'es'", *key)


def _code(language: Any) -> str | None:
    """Return the shortest ISO code of a language: what is stored."""
    return getattr(language, "alpha_2", None) or getattr(language, "alpha_3", None)


def _plain_name(name: str) -> str:
    """Return "Malay" for "Malay (macrolanguage)"."""
    return re.sub(r"\s*\(.*\)", "", name)
