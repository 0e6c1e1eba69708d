"""Words of the Slack channel that are no answers, from ``data/slack.yml``. No Rasa here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from needlepoint.content.yaml_lines import YamlFile, read_mapping

TEXTS_FILE = Path("data/slack.yml")
PLAIN = (
    *("public_hint", "you_asked", "emergency", "sources", "too_long", "not_sent"),
    *("helpful", "not_helpful", "thanks_helpful", "thanks_not_helpful"),
    *("welcome", "command_help", "nothing_to_read"),
)
HOME = ("title", "intro", "emergency", "privacy", "call_me")
REQUEST = (
    *("open", "title", "submit", "close", "name", "contact", "time", "time_hint"),
    *("consent", "consent_label", "missing_consent"),
)


@dataclass(frozen=True)
class Texts:
    """The words.

    Attributes:
        plain: by the names in ``PLAIN``
        home: by those in ``HOME``
        groups: under each heading of the Home tab, the topics, as ``cost``
        request: by those in ``REQUEST``
    """

    plain: Mapping[str, str]
    home: Mapping[str, str]
    groups: Mapping[str, Sequence[str]]
    request: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        """Return one of the plain words."""
        return self.plain[name]


def read_texts(path: Path = TEXTS_FILE) -> Texts:
    """Read the words.

    Raises:
        DataError: one is missing, unknown or no text; with file and line.
    """
    file = read_mapping(path)
    plain = _texts(file, file.data, PLAIN, "home", "request")
    home, request = file.data.get("home"), file.data.get("request")
    for name, part in (("home", home), ("request", request)):
        if not isinstance(part, dict):
            raise file.error(f"must have {name}", name)
    groups = home.get("groups")
    if not isinstance(groups, dict) or not all(isinstance(g, list) and g for g in groups.values()):
        raise file.error("groups must have lists of topics", "home", "groups")
    return Texts(
        plain,
        _texts(file, home, HOME, "groups", where=("home",)),
        groups,
        _texts(file, request, REQUEST, where=("request",)),
    )


def _texts(
    file: YamlFile, data: Mapping[str, Any], names: Sequence[str], *others: str, where: Any = ()
) -> dict[str, str]:
    for key in data:
        if key not in (*names, *others):
            raise file.error(f"'{key}' is not known", *where, key)
    for name in names:
        if not isinstance(data.get(name), str) or not data[name].strip():
            raise file.error(f"{name} must be a text", *where, name)
    return {name: data[name].strip() for name in names}
