"""Which addresses are of the internet, and which only this machine or its network can reach."""

from __future__ import annotations

import ipaddress
import re
import socket

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: Forms of IPv4 that the C library takes as well: `127.1`, `0x7f.0.0.1`, `2130706433`.
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}")


def is_public(text: str) -> bool:
    """Whether an address is one of the internet, and not of this machine or its network."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast


def is_private_as_written(host: str) -> bool:
    """Whether a host can be told to be private without asking anybody.

    False says nothing: where a name leads to is only known when it is resolved.
    """
    host = host.lower().removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _literal(host)
    return bool(address) and not is_public(address)


def _literal(host: str) -> str:
    """The address that a host is, in its usual form; empty: it is a name."""
    if _NUMERIC.fullmatch(host):
        try:
            return socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            return ""
    return host if ":" in host else ""
