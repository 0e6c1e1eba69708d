"""What the bot's own settings say that a command needs, too."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from needlepoint.channels.sessions import SESSION_DAYS
from needlepoint.serve import CannotStartError, endpoints_file
from needlepoint.stores.conversations import KEEP_DAYS

CREDENTIALS = Path("credentials.yml")
WEB_CHANNEL = "needlepoint.channels.web.WebChannel"
DAY = 86_400  # seconds


class SettingsError(ValueError):
    """Settings that cannot be read; the text says what to do."""


def keep_days(environment: Mapping[str, str] = os.environ) -> float:
    """Return after how many days without a message a conversation is deleted.

    Raises:
        SettingsError: the profile's file is not here or cannot be read.
    """
    try:
        path = endpoints_file(environment)
    except CannotStartError as error:
        raise SettingsError(str(error)) from None
    return _days(path, "tracker_store", "keep_days", KEEP_DAYS)


def session_seconds() -> int:
    """Return how long a token of the web channel lives.

    Raises:
        SettingsError: ``credentials.yml`` is not here or cannot be read.
    """
    return int(_days(CREDENTIALS, WEB_CHANNEL, "session_days", SESSION_DAYS) * DAY)


def _days(path: Path, part: str, name: str, default: float) -> float:
    try:
        settings: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        days = float(((settings or {}).get(part) or {}).get(name, default))
        if not 0 < days < math.inf:
            raise ValueError(days)
        return days
    except OSError:
        raise SettingsError(f"There is no {path} here. Run this in the project's folder.") from None
    except (yaml.YAMLError, AttributeError, TypeError, ValueError):
        raise SettingsError(f"{path} must have {name} of {part} as a number of days.") from None
