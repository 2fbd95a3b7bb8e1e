"""Keys, sessions, tickets: what a caller shows to be known.

| what           | where it is shown                | lives            | stored                    |
|----------------|----------------------------------|------------------|---------------------------|
| API key        | `Authorization: Bearer ...`      | until it expires | in one hash, by its id    |
| session        | cookie of the page               | a week           | under its digest          |
| login token    | `/login?token=...`, once; for an | ten minutes; one | under its digest          |
|                | account `/sign-in?token=...`     | for an account a |                           |
|                |                                  | day              |                           |
| stream ticket  | `?ticket=...`, once              | half a minute    | under its digest          |

Each is 256 random bits, so that a plain SHA-256 of it is all that need be stored: there is
nothing to guess and nothing to slow down. A secret is told once, when it is made. What stands
for an account is resolved to the account as it is now, each time.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import redis.asyncio

from shared import keys, scripts
from shared.accounts import StoredAccount
from shared.errors import TooMany
from shared.identity import Caller, Role
from shared.models import Stored, encode

SESSION_S = 7 * 86_400
LOGIN_S = 600
#: Somebody has to be sent it, and to read it.
ACCOUNT_LOGIN_S = 86_400
#: After a sign-in by such a token, a new password needs no old one for so long.
RESET_S = 3600
#: The oldest session of an account that has more is closed.
MOST_SESSIONS = 50
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
    #: Of an account: what it was when this was issued.
    account: str | None = None
    epoch: str = ""
    #: Of a ticket: what its maker had shown.
    shown: str = ""
    #: Until when its password may be set without the old one.
    reset_until_ms: int = 0


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
        if _has_expired(stored):
            return None
        if row[1]:
            raise _used_up("this key has made its", row[1])
        name, shown = stored.name or key_id, f"key:{key_id}"
        return Caller(stored.tenant, frozenset(stored.roles), name, row[2], shown=shown)

    # What stands for a caller for a while

    async def open_session(self, caller: Caller, *, by_token: bool = False) -> str:
        """A new session; gives the value of its cookie."""
        until_ms = int(time.time() + RESET_S) * 1000 if by_token and caller.account else 0
        token = await self._issue(caller, keys.session, SESSION_S, reset_until_ms=until_ms)
        if caller.account:
            await self._count_session(keys.sessions(caller.tenant), _digest(token))
        return token

    async def _count_session(self, index: str, digest: str) -> None:
        now_s = time.time()
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.zadd(index, {digest: now_s})
            pipe.zremrangebyscore(index, "-inf", now_s - SESSION_S)
            pipe.zrange(index, 0, -MOST_SESSIONS - 1)
            pipe.zremrangebyrank(index, 0, -MOST_SESSIONS - 1)
            pipe.expire(index, SESSION_S)
            _, _, surplus, _, _ = await pipe.execute()
        if surplus:
            await self._client.delete(*(keys.session(it.decode()) for it in surplus))

    async def by_session(self, token: str, *, per_minute: int) -> Caller | None:
        """Whose session this is; it is one more request of its tenant's rate.

        Raises:
            TooMany: that is used up for the moment.
        """
        found = await self._stands_for(keys.session, token, per_minute=per_minute)
        return found and found[0]

    async def still_open(self, callers: Sequence[Caller]) -> list[bool]:
        """Whether what each of them has shown would let him in now; in one round trip."""
        async with self._client.pipeline(transaction=False) as pipe:
            for caller in callers:
                kind, _, name = caller.shown.partition(":")
                if kind == "key":
                    pipe.hget(keys.API_KEYS, name)
                else:
                    pipe.get(keys.session(name))
                pipe.hget(keys.ACCOUNTS, caller.account)
            rows = await pipe.execute()
        return [
            not caller.shown or _still_opens(caller, shown, account)
            for caller, shown, account in zip(callers, rows[::2], rows[1::2], strict=True)
        ]

    async def may_reset(self, token: str) -> bool:
        """Whether the account of this session may be given a password without the old one."""
        found = await self._stands_for(keys.session, token)
        return found is not None and found[1].reset_until_ms > time.time() * 1000

    async def close_session(self, token: str) -> None:
        """End a session."""
        await self._client.delete(keys.session(_digest(token)))

    async def close_all(self, tenant: str) -> None:
        """Remove every session of an account; that they open nothing is its epoch's doing."""
        index = keys.sessions(tenant)
        digests: Any = await self._client.zrange(index, 0, -1)
        await self._client.delete(index, *(keys.session(it.decode()) for it in digests))

    async def issue_login(self, caller: Caller) -> str:
        """A token that signs a browser in once."""
        return await self._issue(caller, keys.login, ACCOUNT_LOGIN_S if caller.account else LOGIN_S)

    async def use_login(self, token: str) -> Caller | None:
        """Whom it signs in; it is used up."""
        found = await self._stands_for(keys.login, token, once=True)
        return found and found[0]

    async def issue_ticket(self, caller: Caller) -> str:
        """A ticket that opens one stream."""
        return await self._issue(caller, keys.ticket, TICKET_S)

    async def use_ticket(self, token: str) -> Caller | None:
        """Who it lets in; it is used up."""
        found = await self._stands_for(keys.ticket, token, once=True)
        return found and found[0]

    async def _issue(
        self, caller: Caller, key: keys.ByDigest, life_s: int, *, reset_until_ms: int = 0
    ) -> str:
        token = secrets.token_urlsafe(32)
        stored = _StoredCaller(
            tenant=caller.tenant,
            name=caller.name,
            roles=sorted(caller.roles),
            account=caller.account or None,
            epoch=caller.epoch,
            shown=caller.shown,
            reset_until_ms=reset_until_ms,
        )
        await self._client.set(key(_digest(token)), encode(stored), ex=life_s)
        return token

    async def _stands_for(
        self,
        key: keys.ByDigest,
        token: str,
        *,
        once: bool = False,
        per_minute: int | None = None,
    ) -> tuple[Caller, _StoredCaller] | None:
        if not _TOKEN.fullmatch(token):
            return None
        row = await scripts.acall(
            *(self._client, "stands_for", key(_digest(token)), "1" if once else "", keys.ACCOUNTS),
            *("" if per_minute is None else keys.rate(""), per_minute or 0),
        )
        if row is None:
            return None
        known = msgspec.json.decode(row[0], type=_StoredCaller)
        shown = f"session:{_digest(token)}" if key is keys.session else known.shown
        if row[3]:
            raise _used_up("you have made your", row[3])
        if known.account is None:
            roles = frozenset(known.roles)
            return Caller(known.tenant, roles, known.name, row[2], shown=shown), known
        account = _decoded(row[1])
        if account is None or (account.tenant, account.epoch) != (known.tenant, known.epoch):
            return None
        return caller_for(account, row[2], shown), known


def _used_up(whose: str, wait_ms: int) -> TooMany:
    wait_s = -(-wait_ms // 1000)
    why = f"{whose} requests for the moment: the next one can be made in {wait_s} s"
    return TooMany(why, retry_after_s=wait_s)


def _has_expired(key: StoredKey) -> bool:
    return key.expires_ms is not None and key.expires_ms <= time.time() * 1000


def _decoded(account: bytes | None) -> StoredAccount | None:
    return msgspec.json.decode(account, type=StoredAccount) if account else None


def _still_opens(caller: Caller, shown: bytes | None, stored: bytes | None) -> bool:
    """Whether a caller is let in by what is stored of what he has shown, and of his account."""
    if shown is None:
        return False
    if caller.shown.startswith("key:"):
        return not _has_expired(msgspec.json.decode(shown, type=StoredKey))
    account = _decoded(stored)
    if not caller.account:
        return True
    if account is None or (account.tenant, account.epoch) != (caller.tenant, caller.epoch):
        return False
    return caller.roles <= set(account.roles)  # what was taken away is not kept by what is open


def caller_for(account: StoredAccount, most_streams: int = 0, shown: str = "") -> Caller:
    """An account as a caller."""
    return Caller(
        account.tenant,
        frozenset(account.roles),
        account.name,
        most_streams,
        account=account.name.lower(),
        epoch=account.epoch,
        shown=shown,
    )
