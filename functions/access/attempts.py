"""How often somebody may try to sign in: from his own browser, and from anywhere else.

Theory of operation. Whoever knows a name can use up what is counted for the name, and whoever
sits in the same school what is counted for its address; so either could lock the owner out. It
is OWASP's scheme of device cookies that keeps him in: a browser that has signed in to an
account once has a cookie of its own, and with it a count of its own. What others try in vain
does not hold for it. All others share three counts: of a name and an address, of an address,
and, over an hour, of a name from everywhere, so that a thousand addresses do not get a thousand
times as many tries. A cookie that was stolen is worth ten tries in ten minutes, and no more.

An attempt is counted before it is made and given back if it was right, so trying at many
places at the same time gains nothing. It begins when its turn to be compared has come, not
while it waits for that: else a class that signs in at once would use up what is counted for
its address, with nothing but right passwords. A name that nobody has is limited like any other.

The browsers that are known are kept with the tenant of their account, so that they go with it
and are not known to whoever takes its name next.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets

import redis.asyncio

from functions.access import cookies
from shared import keys, scripts
from shared.accounts import StoredAccount
from shared.asgi import Scope, headers_of
from shared.errors import TooMany
from shared.settings import Settings

WINDOW_S = 600
#: From a browser that has signed in to this account before.
MOST_FROM_A_DEVICE = 10
#: For one name, from one address.
MOST_FOR_A_NAME_HERE = 10
#: A school is one address to us.
MOST_FROM_AN_ADDRESS = 100
#: For one name, from everywhere.
MOST_FOR_A_NAME = 200
NAME_WINDOW_S = 3600
#: So long after its last sign-in a browser stays known.
DEVICE_S = 30 * 86_400
#: Of an account; the one that was not used for longest is forgotten.
MOST_DEVICES = 50


class Attempts:
    """For one event loop."""

    def __init__(self, client: redis.asyncio.Redis, settings: Settings) -> None:
        self._client = client
        self._behind_proxy = bool(settings.allowed_host_names)

    async def look(self, name: str, account: StoredAccount | None, scope: Scope) -> None:
        """See that an attempt could be made, and count none. Raises as `begin`."""
        await self._try("look", name, account, scope)

    async def begin(self, name: str, account: StoredAccount | None, scope: Scope) -> bool:
        """Count one more; gives whether it was counted for a browser that is known.

        Raises:
            TooMany: there were too many.
        """
        return await self._try("try", name, account, scope)

    async def _try(self, what: str, name: str, account: StoredAccount | None, scope: Scope) -> bool:
        tenant, shown = account.tenant if account else "", cookies.device_of(scope)
        wait_ms, known = await self._call(what, name, tenant, scope, shown, shown)
        if wait_ms:
            wait_s = -(-wait_ms // 1000)
            why = f"too many attempts to sign in: the next one can be made in {wait_s} s"
            raise TooMany(why, retry_after_s=wait_s)
        return bool(known)

    async def was_right(self, account: StoredAccount, scope: Scope, *, known: bool) -> str:
        """Give back one that has begun; gives what this browser is known by from now on."""
        return await self._known("known" if known else "strange", account, scope)

    async def know(self, account: StoredAccount, scope: Scope) -> str:
        """The same, of somebody who came in without a password."""
        return await self._known("none", account, scope)

    async def _known(self, what: str, account: StoredAccount, scope: Scope) -> str:
        shown = cookies.device_of(scope)
        device = shown or secrets.token_urlsafe(32)
        await self._call(what, account.name, account.tenant, scope, shown, device)
        return device

    async def _call(
        self, what: str, name: str, tenant: str, scope: Scope, shown: str, device: str
    ) -> tuple[int, int]:
        name, address = name.lower(), address_of(scope, behind_proxy=self._behind_proxy)
        wait_ms, known = await scripts.acall(
            *(self._client, "attempt", what, keys.devices(tenant), tenant),
            *(_digest(f"{tenant} {device}"), DEVICE_S * 1000, MOST_DEVICES),
            *(_counter("device", tenant, shown), MOST_FROM_A_DEVICE, WINDOW_S * 1000),
            *(_counter("here", name, address), MOST_FOR_A_NAME_HERE, WINDOW_S * 1000),
            *(_counter("address", address), MOST_FROM_AN_ADDRESS, WINDOW_S * 1000),
            *(_counter("name", name), MOST_FOR_A_NAME, NAME_WINDOW_S * 1000),
        )
        return int(wait_ms), int(known)


def _counter(*parts: str) -> str:
    return keys.attempts(_digest(" ".join(parts)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


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
