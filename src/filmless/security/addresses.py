"""Addresses: which are this machine's, what a Host header names, and who stands behind a proxy."""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from filmless.errors import SecurityError

__all__ = [
    "Authority",
    "Network",
    "authority",
    "forwarded_for",
    "is_address",
    "is_among",
    "is_loopback",
    "is_safe_url",
    "networks",
    "origin",
]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?")
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,254})(:(?P<port>[0-9]{0,5}))?")
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#@\\\s]{1,300})")
_PORTS = {"http": 80, "https": 443}
_LONGEST_ADDRESS = 64
#: Proxies in a row at the most: what lies behind is not looked at.
_HOPS = 32


class Authority(NamedTuple):
    """What a Host header names: a host in its plain form (lower case, no dot at the end, no brackets), and a port."""

    host: str
    port: int | None


def authority(text: str) -> Authority | None:
    """Read a Host header strictly; None for what is none, such as one with a user's name or a path."""
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        return None
    host, port = found["host"].lower(), int(found["port"]) if found["port"] else None
    if port is not None and port > 0xFFFF:
        return None
    if (address := _address(host.strip("[]"))) is not None:
        return Authority(str(address), port)
    # A name of digits and dots alone is an address in disguise (127.1, 0177.0.0.1) that readers take differently.
    if host.startswith("[") or not _NAME.fullmatch(host) or host.rstrip(".").rpartition(".")[2].isdigit():
        return None
    return Authority(host.removesuffix("."), port)


def origin(text: str) -> tuple[str, Authority] | None:
    """Read an Origin header, or a URL without a path: its scheme, and its host with the port always named."""
    found = _ORIGIN.fullmatch(text)
    named = authority(found["authority"]) if found else None
    if found is None or named is None:
        return None
    return found["scheme"], Authority(named.host, named.port or _PORTS[found["scheme"]])


def is_loopback(host: str) -> bool:
    """Whether an address or name can be reached from this machine only.

    Examples
    --------
    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "", "pacs.example.org")]
    [True, True, True, False, False, False, False]
    """
    plain = host.strip().strip("[]").partition("%")[0]
    address = _address(plain)
    if address is None:
        return plain.lower().removesuffix(".") == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses and networks, such as ``10.0.0.0/8``.

    Raises
    ------
    SecurityError
        For what is neither.
    """
    found = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            raise SecurityError(f"`{text[:64]}` is no address or network, such as 10.0.0.0/8") from None
    return tuple(found)


def forwarded_for(peer: str, hops: Sequence[str], trusted: Sequence[Network]) -> str:
    """Return who asked: the peer, or when it is a trusted proxy the last in its X-Forwarded-For that is none.

    Parameters
    ----------
    peer
        The other end of the connection.
    hops
        Values of X-Forwarded-For, in order. Only what trusted proxies added to their end is believed.
    trusted
        Networks of proxies.
    """
    named = [hop.strip() for value in hops for hop in value.split(",")][-_HOPS:]
    current = peer
    while named and is_among(current, trusted):
        address = _address(named.pop().strip("[]"))
        if address is None:  # nothing behind this can be believed
            break
        current = str(address)
    return current


def is_among(host: str, trusted: Sequence[Network]) -> bool:
    """Whether an address lies in one of some networks."""
    address = _address(host.partition("%")[0])
    if address is None:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in trusted)


def is_address(host: str) -> bool:
    """Whether this is an address, which nothing has to resolve."""
    return _address(host) is not None


def is_safe_url(url: str) -> bool:
    """Whether what comes from a URL can be believed: by https, or from this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


def _address(text: str) -> _Address | None:
    return _read_address(text) if len(text) <= _LONGEST_ADDRESS else None


@lru_cache(maxsize=1024)
def _read_address(text: str) -> _Address | None:
    # The same few come with each request, and reading one takes longer than all else that is looked at.
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
