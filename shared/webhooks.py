"""Webhooks: what is told to a caller's own server, and how it knows that it was us.

A submission or a batch may have a `callbackUrl`. Its end, in the same Lua call, puts a
delivery in line: a member of the zset `keys.DELIVERIES` by when it is due, and a hash
with its URL, tenant and attempts. `functions/notify/deliveries.py` sends it.

The signature is that of the Standard Webhooks specification, so that receivers can use its
libraries: `webhook-signature: v1,<base64>` is the HMAC-SHA256 of `<id>.<timestamp>.<body>`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Any
from urllib.parse import urlsplit

import msgspec
import redis.asyncio

from shared import keys
from shared.addresses import is_private_as_written
from shared.errors import InvalidField
from shared.models import Stored

MAX_URL_BYTES = 2048
#: Failed deliveries kept per tenant, the newest first.
MOST_FAILED = 1000
_PREFIX = "whsec_"


class FailedDelivery(Stored, kw_only=True):
    """One that was given up."""

    id: str
    url: str
    attempts: int
    error: str
    at_ms: int
    #: Of an event, which is told as it was at the end; a webhook's is made when it is sent.
    body: str = ""


class WebhookInfo(Stored, omit_defaults=False, kw_only=True):
    """The answer of `GET /webhooks`: what signs them, and which were given up."""

    secret: str
    failed: list[FailedDelivery]


def check_url(
    text: str, *, empty: bool = False, anywhere: bool = True, field: str = "callbackUrl"
) -> str:
    """A URL that can be called back; also none, where it may be `empty`.

    Unless it may lead `anywhere`, a host that is private as it is written is refused now; where
    a name leads to is judged when it is resolved, at each delivery.

    Raises:
        InvalidField: it is none.
    """
    if empty and not text:
        return ""
    why = ""
    if len(text.encode()) > MAX_URL_BYTES:
        why = f"has more than {MAX_URL_BYTES} bytes"
    elif not text.isascii() or not text.isprintable() or " " in text:
        why = "must be written in printable ASCII"
    else:
        why = _flaw(text) or ("" if anywhere else _leads_inside(text))
    if why:
        raise InvalidField(f"{field} {why}", field=field)
    return text


def _flaw(text: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return "is no URL"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "must begin with https:// or http:// and a host"
    if parts.username is not None or parts.password is not None:
        return "must not carry a name or a password"
    if parts.fragment:
        return "must not have a fragment"
    if port == 0:
        return "must not have the port 0"
    return ""


def _leads_inside(text: str) -> str:
    host = urlsplit(text).hostname or ""
    if not is_private_as_written(host):
        return ""
    return (
        f"must lead to a public address, and {host} is none; whoever runs this service can "
        "allow private ones by ASSAY_WEBHOOKS_TO=anywhere"
    )


def signature(secret: str, delivery_id: str, timestamp_s: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = b"%s.%d.%s" % (delivery_id.encode(), timestamp_s, body)
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


class Webhooks:
    """A tenant's secret and what could not be delivered to it."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client

    async def secret(self, tenant: str) -> str:
        """What signs all that the tenant is told; made when it is first asked for."""
        made = _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
        key = keys.webhook_secret(tenant)
        await self._client.set(key, made, nx=True)
        stored: Any = await self._client.get(key)
        return str(stored.decode())

    async def failed(self, tenant: str) -> list[FailedDelivery]:
        """The dead letters, the newest first."""
        rows: Any = await self._client.lrange(keys.failed_deliveries(tenant), 0, -1)
        return [msgspec.json.decode(row, type=FailedDelivery) for row in rows]
