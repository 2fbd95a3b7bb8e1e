"""Keys, sessions, tickets: what a caller shows to be known.

| what           | where it is shown                | lives            | stored                    |
|----------------|----------------------------------|------------------|---------------------------|
| API key        | `Authorization: Bearer ...`      | until it expires | in one hash, by its id    |
| session        | cookie of the page               | a week           | under its digest          |
| login token    | `/login?token=...`, once         | ten minutes      | under its digest          |
| stream ticket  | `?ticket=...`, once              | half a minute    | under its digest          |

Each is 256 random bits, so that a plain SHA-256 of it is all that need be stored: there is
nothing to guess and nothing to slow down. A secret is told once, when it is made.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

import msgspec
import redis.asyncio

from shared import keys, scripts
from shared.errors import TooMany
from shared.identity import Caller, Role
from shared.models import Stored, encode

SESSION_S = 7 * 86_400
LOGIN_S = 600
TICKET_S = 30

_KEY = re.compile(r"assay_([0-9a-f]{12})_([0-9A-Za-z_-]{43})")
_TOKEN = re.compile(r"[0-9A-Za-z_-]{43}")


class StoredKey(Stored, kw_only=True):
    """What is kept of an API key."""

    digest: str
    tenant: str
    name: str = ""
    roles: list[Role]
    created_ms: int
    expires_ms: int | None = None


class _StoredCaller(Stored, kw_only=True):
    """What a session, a login token or a ticket stands for."""

    tenant: str
    name: str = ""
    roles: list[Role]
    most_streams: int = 0


@dataclass(frozen=True)
class Issued:
    """A new key: the only time that its secret is told."""

    key_id: str
    secret: str


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Credentials:
    """Makes and checks them, for one event loop."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client

    # API keys

    async def create_key(
        self, tenant: str, roles: frozenset[Role], *, name: str = "", expires_s: int = 0
    ) -> Issued:
        """A new key of a tenant."""
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        now_ms = int(time.time() * 1000)
        stored = StoredKey(
            digest=_digest(secret),
            tenant=tenant,
            name=name,
            roles=sorted(roles),
            created_ms=now_ms,
            expires_ms=now_ms + expires_s * 1000 if expires_s else None,
        )
        await self._client.hset(keys.API_KEYS, key_id, encode(stored))
        return Issued(key_id, f"assay_{key_id}_{secret}")

    async def list_keys(self) -> dict[str, StoredKey]:
        """All keys by their ids, the oldest first."""
        found: Any = await self._client.hgetall(keys.API_KEYS)
        known = {
            key_id.decode(): msgspec.json.decode(stored, type=StoredKey)
            for key_id, stored in found.items()
        }
        return dict(sorted(known.items(), key=lambda item: item[1].created_ms))

    async def revoke_key(self, key_id: str) -> bool:
        """From now on it opens nothing; False if there is none."""
        return bool(await self._client.hdel(keys.API_KEYS, key_id))

    async def has_keys(self) -> bool:
        """Whether anybody could come in at all."""
        return bool(await self._client.hlen(keys.API_KEYS))

    async def by_key(self, text: str) -> Caller | None:
        """Whose key this is; None if it opens nothing.

        Raises:
            TooMany: its rate is used up for the moment.
        """
        match = _KEY.fullmatch(text)
        if match is None:
            return None
        key_id, digest = match[1], _digest(match[2])
        row = await scripts.acall(
            self._client, "enter", keys.API_KEYS, key_id, digest, keys.rate(key_id)
        )
        if row is None:
            return None
        stored = msgspec.json.decode(row[0], type=StoredKey)
        if not hmac.compare_digest(stored.digest, digest):
            return None
        if stored.expires_ms is not None and stored.expires_ms <= time.time() * 1000:
            return None
        if row[1]:
            raise TooMany("this key has made its requests", retry_after_s=-(-row[1] // 1000))
        return Caller(stored.tenant, frozenset(stored.roles), stored.name or key_id, row[2])

    # What stands for a caller for a while

    async def open_session(self, caller: Caller) -> str:
        """A new session; gives the value of its cookie."""
        return await self._issue(caller, keys.session, SESSION_S)

    async def by_session(self, token: str) -> Caller | None:
        """Whose session this is."""
        if not _TOKEN.fullmatch(token):
            return None
        return _caller(await self._client.get(keys.session(_digest(token))))

    async def close_session(self, token: str) -> None:
        """End a session."""
        await self._client.delete(keys.session(_digest(token)))

    async def issue_login(self, caller: Caller) -> str:
        """A token that signs a browser in once."""
        return await self._issue(caller, keys.login, LOGIN_S)

    async def use_login(self, token: str) -> Caller | None:
        """Whom it signs in; it is used up."""
        return await self._use(keys.login(_digest(token)), token)

    async def issue_ticket(self, caller: Caller) -> str:
        """A ticket that opens one stream."""
        return await self._issue(caller, keys.ticket, TICKET_S)

    async def use_ticket(self, token: str) -> Caller | None:
        """Who it lets in; it is used up."""
        return await self._use(keys.ticket(_digest(token)), token)

    async def _issue(self, caller: Caller, key: keys.ByDigest, life_s: int) -> str:
        token = secrets.token_urlsafe(32)
        stored = _StoredCaller(
            tenant=caller.tenant,
            name=caller.name,
            roles=sorted(caller.roles),
            most_streams=caller.most_streams,
        )
        await self._client.set(key(_digest(token)), encode(stored), ex=life_s)
        return token

    async def _use(self, key: str, token: str) -> Caller | None:
        if not _TOKEN.fullmatch(token):
            return None
        return _caller(await self._client.getdel(key))


def _caller(stored: bytes | str | None) -> Caller | None:
    if stored is None:
        return None
    known = msgspec.json.decode(stored, type=_StoredCaller)
    return Caller(known.tenant, frozenset(known.roles), known.name, known.most_streams)
