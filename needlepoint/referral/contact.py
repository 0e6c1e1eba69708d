"""A phone number or an e-mail address in a patient's words. Nothing is asked of the network."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneNumberFormat, PhoneNumberMatcher, PhoneNumberType

from needlepoint.referral.plain_text import one_line

PHONE, EMAIL = "phone", "email"
KINDS = (PHONE, EMAIL)
CONTACT_LIMIT = 320  # characters; no e-mail address may be longer
MESSAGE_LIMIT = 1000  # characters; in a longer text nobody tells their number
_ADDRESS = re.compile(r"[^\s,;:<>()\[\]{}\"]*@[^\s,;:<>()\[\]{}\"]*")
# Digits that look like a phone number, well written or not.
_DIGITS = re.compile(r"\d(?:[\s().+/-]*\d){4,}")


class ContactProblem(Enum):
    """Why a text gives no contact."""

    MISSING = "missing"  # there is none in it
    NOT_VALID = "not valid"  # there is one, which cannot be right
    AMBIGUOUS = "ambiguous"  # there are two
    NEEDS_COUNTRY = "needs country"  # a number without country code, of we know not where


@dataclass(frozen=True)
class Contact:
    """How the clinic reaches a patient.

    Attributes:
        kind: "phone" or "email"
        value: as it is stored: "+18285550100" (with an extension "+18285550100;ext=12") or
            "jo@example.com"
    """

    kind: str
    value: str

    @property
    def shown(self) -> str:
        """The contact as a person reads it: "+1 828-555-0100"."""
        return shown_contact(self.kind, self.value)


def shown_contact(kind: str, value: str) -> str:
    """Return a stored contact as a person reads it: "+1 828-555-0100"."""
    if kind != PHONE:
        return value
    number = phonenumbers.parse(value)
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def valid_contact(text: str, country: str | None) -> Contact | ContactProblem:
    """Return the phone number or e-mail address in a patient's words, or why there is none.

    Args:
        text: as "it's 828 555 0100" or "jo@example.com please"
        country: two letters, as "US", for numbers without country code; None is not known
    """
    if len(text) > MESSAGE_LIMIT:
        return ContactProblem.NOT_VALID
    line = one_line(text)
    addresses = _ADDRESS.findall(line)
    rest = _ADDRESS.sub(" ", line)
    found = {*_emails(addresses), *_phones(rest, country)}
    if len(found) > 1:
        return ContactProblem.AMBIGUOUS
    if found:
        return found.pop()
    has_digits = bool(_DIGITS.search(rest))
    if has_digits and country is None and not addresses:
        return ContactProblem.NEEDS_COUNTRY
    return ContactProblem.NOT_VALID if has_digits or addresses else ContactProblem.MISSING


def valid_email(text: str) -> str | None:
    """Return an e-mail address in its usual form, or None if it is none."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def _emails(words: list[str]) -> Iterator[Contact]:
    for word in words:
        address = valid_email(word.strip("'.!?"))
        if address:
            yield Contact(EMAIL, address)


def _phones(text: str, country: str | None) -> Iterator[Contact]:
    for match in PhoneNumberMatcher(text, country):
        number = match.number
        # Nobody calls a patient back at a number that costs the caller extra.
        if phonenumbers.number_type(number) != PhoneNumberType.PREMIUM_RATE:
            value = phonenumbers.format_number(number, PhoneNumberFormat.E164)
            extension = f";ext={number.extension}" if number.extension else ""
            yield Contact(PHONE, value + extension)
