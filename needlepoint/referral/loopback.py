"""Which hosts are this machine itself."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Return whether what is sent to a host, as "localhost" or "::1", stays on this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
