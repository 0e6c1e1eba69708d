"""The clinic that the bot speaks for, read from ``clinic.yml``."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pycountry

from needlepoint.content.yaml_lines import YamlFile, read_mapping

FILE_VARIABLE = "NEEDLEPOINT_CLINIC"
CLINIC_FILE = Path("clinic.yml")
TEXTS = ("name", "phone", "email", "address", "hours", "prices", "booking_url")
FIELDS = {*TEXTS, "country", "requests"}
REQUEST_FIELDS = {"email", "webhook", "keep_days"}


@dataclass(frozen=True)
class Clinic:
    """What is known of the clinic; None is not known.

    Attributes:
        country: two letters, as "US": of phone numbers without a country code
        requests_email: where requests to be called back go, or
        requests_webhook: the web address that they go to
        keep_requests_days: after so many days a request is deleted
    """

    name: str | None
    phone: str | None
    email: str | None
    address: str | None
    hours: str | None
    prices: str | None
    booking_url: str | None
    country: str
    requests_email: str | None
    requests_webhook: str | None
    keep_requests_days: int

    @property
    def is_known(self) -> bool:
        """Whether the bot speaks for a clinic at all."""
        return self.name is not None

    @property
    def delivers(self) -> bool:
        """Whether a request to be called back reaches somebody by itself."""
        return bool(self.requests_email or self.requests_webhook)


def clinic_file() -> Path:
    """Return the file that ``NEEDLEPOINT_CLINIC`` names, or ``clinic.yml``."""
    return Path(os.environ.get(FILE_VARIABLE) or CLINIC_FILE)


def read_clinic(path: Path | None = None) -> Clinic:
    """Read the clinic's details.

    Raises:
        DataError: the file is not as its own head describes; the message has file and line.
    """
    file = read_mapping(path or clinic_file())
    _check_fields(file, file.data, FIELDS)
    texts: dict[str, Any] = {key: _text(file, file.data, key) for key in TEXTS}
    if any(texts.values()) and not texts["name"]:
        raise file.error("a clinic needs a name", "name")
    country = file.data.get("country", "US")
    if not isinstance(country, str) or pycountry.countries.get(alpha_2=country) is None:
        raise file.error("country must be two capital letters, as US or GB", "country")
    return Clinic(**texts, country=country, **_requests(file))


def _requests(file: YamlFile) -> dict[str, Any]:
    settings = file.data.get("requests") or {}
    if not isinstance(settings, dict):
        raise file.error(f"requests may have: {', '.join(sorted(REQUEST_FIELDS))}", "requests")
    _check_fields(file, settings, REQUEST_FIELDS, "requests")
    email = _text(file, settings, "email", "requests")
    webhook = _text(file, settings, "webhook", "requests")
    if email and webhook:
        raise file.error("requests go to an email or to a webhook, not to both", "requests")
    days = settings.get("keep_days", 90)
    if not isinstance(days, int) or not 1 <= days <= 3650:
        raise file.error("keep_days must be a number from 1 to 3650", "requests", "keep_days")
    return {"requests_email": email, "requests_webhook": webhook, "keep_requests_days": days}


def _check_fields(file: YamlFile, data: Mapping[str, Any], known: set[str], *where: str) -> None:
    for key in data:
        if key not in known:
            message = f"'{key}' is not known; known are: {', '.join(sorted(known))}"
            raise file.error(message, *where, key)


def _text(file: YamlFile, data: Mapping[str, Any], key: str, *where: str) -> str | None:
    value = data.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise file.error(f"{key} must be a text, in quotes", *where, key)
    if re.search(r"\n\s*\n", value.strip()):
        raise file.error(f"{key} must have no empty line", *where, key)
    return value.strip()
