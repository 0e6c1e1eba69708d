"""What channels check of their settings. No Rasa here."""

from __future__ import annotations


def check_number(name: str, number: object, least: float) -> None:
    """Make sure that a setting is a number.

    Args:
        name: of the setting, for the message
        number: what stands in ``credentials.yml``
        least: the smallest that can be used; where it is whole, so must the number be

    Raises:
        ValueError: it is none, or smaller.
    """
    if not isinstance(number, type(least) | int) or number < least:
        raise ValueError(f"{name} is {number!r}; it must be a number from {least}")
