"""How often somebody may try to sign in: so many for a name, so many from an address.

An attempt is counted before it is made and given back if it was right, so trying at many
places at the same time gains nothing. A name that nobody has is limited like any other.
"""

from __future__ import annotations

import hashlib
import ipaddress

import redis.asyncio

from shared import keys, scripts
from shared.asgi import Scope, headers_of
from shared.errors import TooMany
from shared.settings import Settings

WINDOW_S = 600
MOST_FOR_A_NAME = 10
#: A school is one address to us.
MOST_FROM_AN_ADDRESS = 100


class Attempts:
    """For one event loop."""

    def __init__(self, client: redis.asyncio.Redis, settings: Settings) -> None:
        self._client = client
        self._behind_proxy = bool(settings.allowed_host_names)

    async def begin(self, name: str, scope: Scope) -> None:
        """Count one more.

        Raises:
            TooMany: there were too many.
        """
        wait_ms = await self._call("try", name, scope)
        if wait_ms:
            raise TooMany("too many attempts to sign in", retry_after_s=-(-wait_ms // 1000))

    async def was_right(self, name: str, scope: Scope) -> None:
        """Give the last one back."""
        await self._call("right", name, scope)

    async def _call(self, what: str, name: str, scope: Scope) -> int:
        address = address_of(scope, behind_proxy=self._behind_proxy)
        return int(
            await scripts.acall(
                *(self._client, "attempt", what, WINDOW_S * 1000),
                *(_key("name", name.lower()), MOST_FOR_A_NAME),
                *(_key("address", address), MOST_FROM_AN_ADDRESS),
            )
        )


def _key(kind: str, text: str) -> str:
    return keys.attempts(hashlib.sha256(f"{kind} {text}".encode()).hexdigest()[:32])


def address_of(scope: Scope, *, behind_proxy: bool) -> str:
    """Where a request comes from; of IPv6 the network, for who has one has 2^64 addresses.

    Behind a proxy that is the last address of `X-Forwarded-For`: the proxy's own word, while
    those before it are the caller's. A proxy is there if the settings say so, or if the
    request comes from a private address, as from a gateway in the same network: to count
    all of its callers as one would let any of them lock the others out. Somebody else in that
    network can make addresses up; what is counted for each name still stops him.
    """
    client = scope.get("client")
    peer = _parsed(client[0] if client else "")
    passed = headers_of(scope, b"x-forwarded-for")
    if passed and (behind_proxy or peer is None or peer.is_private):
        peer = _parsed(passed[-1].rpartition(",")[2].strip())
    if peer is None:
        return "unknown"
    if isinstance(peer, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((peer, 64), strict=False))
    return str(peer)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
