"""Who may read the metrics. No Rasa here."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping

TOKEN_VARIABLE = "NEEDLEPOINT_METRICS_TOKEN"
# Put there by proxies: the call may come from anywhere.
_PROXIED = ("x-forwarded-for", "forwarded", "x-real-ip")
_NEAR = tuple(
    map(
        ipaddress.ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"),
    )
)


def may_read(peer: str, headers: Mapping[str, str], token: str | None) -> bool:
    """Tell whether a caller may read the metrics.

    That is one on this machine or in a private network who came through no proxy, or one with the
    token.

    Args:
        peer: the address that the connection comes from
        headers: of the request, with names in small letters
        token: of ``NEEDLEPOINT_METRICS_TOKEN``; None or "" lets nobody in
    """
    if token and _has(headers.get("authorization", ""), token):
        return True
    return not any(name in headers for name in _PROXIED) and _is_near(peer)


def _has(authorization: str, token: str) -> bool:
    scheme, _, given = authorization.partition(" ")
    # In a time that does not tell how much of it is right.
    is_right = hmac.compare_digest(given.strip().encode("utf-8", "replace"), token.encode())
    return scheme.lower() == "bearer" and is_right


def _is_near(peer: str) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in _NEAR if network.version == address.version)
