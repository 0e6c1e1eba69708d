"""Where requests go, from ``clinic.yml`` and the environment.

NEEDLEPOINT_SMTP_URL        mail server, as smtp://user:password@host:587
NEEDLEPOINT_MAIL_FROM       e-mail address that the bot sends from
NEEDLEPOINT_WEBHOOK_SECRET  signs what is posted to the webhook
"""

import os
from collections.abc import Mapping

from needlepoint.referral.contact import valid_email
from needlepoint.referral.mail import Mail, read_smtp_url
from needlepoint.referral.message import Destination
from needlepoint.referral.webhook import Webhook

SMTP_URL = "NEEDLEPOINT_SMTP_URL"
MAIL_FROM = "NEEDLEPOINT_MAIL_FROM"
WEBHOOK_SECRET = "NEEDLEPOINT_WEBHOOK_SECRET"


class DestinationError(ValueError):
    """Settings with which nothing could be delivered; the text says what to set."""


def read_destination(
    email: str | None, webhook: str | None, environment: Mapping[str, str] = os.environ
) -> Destination | None:
    """Return where requests go, or None if they are only kept.

    Args:
        email: the clinic's e-mail address for requests
        webhook: the clinic's URL for requests

    Raises:
        DestinationError: a setting is missing, or not valid.
    """
    if email and webhook:
        raise DestinationError("clinic.yml: set requests.email or requests.webhook, not both.")
    if email:
        return _mail(email, environment)
    if webhook:
        return _webhook(webhook, environment)
    unused = [name for name in (SMTP_URL, MAIL_FROM, WEBHOOK_SECRET) if environment.get(name)]
    if unused:
        raise DestinationError(
            f"{unused[0]} is set, but clinic.yml has neither requests.email nor requests.webhook."
        )
    return None


def _mail(recipient: str, environment: Mapping[str, str]) -> Mail:
    for name in (SMTP_URL, MAIL_FROM):
        if not environment.get(name):
            raise DestinationError(f"clinic.yml has requests.email: set {name}, too.")
    try:
        server = read_smtp_url(environment[SMTP_URL])
    except ValueError as error:
        raise DestinationError(f"{SMTP_URL} {error}.") from None
    return Mail(
        server,
        sender=_address(MAIL_FROM, environment[MAIL_FROM]),
        recipient=_address("clinic.yml: requests.email", recipient),
    )


def _webhook(url: str, environment: Mapping[str, str]) -> Webhook:
    secret = environment.get(WEBHOOK_SECRET)
    if not secret:
        raise DestinationError(f"clinic.yml has requests.webhook: set {WEBHOOK_SECRET}, too.")
    try:
        return Webhook(url, secret)
    except ValueError as error:
        raise DestinationError(f"clinic.yml: requests.webhook: {error}") from None


def _address(name: str, text: str) -> str:
    address = valid_email(text)
    if address is None or not address.isascii():
        raise DestinationError(
            f"{name} must be an e-mail address in ASCII, as desk@clinic.example."
        )
    return address
