"""Invites: a link that makes so many accounts, with the roles it says, until it expires.

The token in the link is the invite's id and 256 random bits, of which the digest is stored.
An invite is used in the same step that makes the account: `shared/lua/join.lua`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from typing import Any

import redis.asyncio

from shared import keys, scripts
from shared.accounts import StoredAccount, check_roles
from shared.errors import Conflict, InvalidField, NotFound, Unauthorized
from shared.identity import Role
from shared.models import encode
from shared.people import Invite, InviteRequest, NewInvite

_TOKEN = re.compile(r"([0-9a-f]{12})_([0-9A-Za-z_-]{43})")
_ID = re.compile(r"[0-9a-f]{12}")
_DAY_S = 86_400
MOST_DAYS, MOST_USES, MOST_INVITES = 365, 1000, 1000
_USUAL_ROLES = [Role.SUBMIT, Role.READ]
_BAD = "this invite was used, has expired, or never was one"


class Invites:
    """For one event loop."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client

    async def create(self, asked: InviteRequest) -> NewInvite:
        """A new one.

        Raises:
            InvalidField: it asks for what cannot be.
            Conflict: there are too many.
        """
        _check_range("days", asked.days, MOST_DAYS)
        _check_range("uses", asked.uses, MOST_USES)
        roles = check_roles(_USUAL_ROLES if asked.roles is None else asked.roles)
        if len(await self.all()) >= MOST_INVITES:
            raise Conflict(f"there are {MOST_INVITES} invites: delete some")
        invite_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        now_ms = int(time.time() * 1000)
        made = NewInvite(
            id=invite_id,
            uses=asked.uses,
            uses_left=asked.uses,
            roles=roles,
            created_ms=now_ms,
            expires_ms=now_ms + asked.days * _DAY_S * 1000,
            url=f"/join?token={invite_id}_{secret}",
        )
        await self._store(made, _digest(secret))
        return made

    async def _store(self, made: NewInvite, digest: str) -> None:
        fields: list[str | int] = ["digest", digest, "roles", ",".join(made.roles)]
        fields += ["uses", made.uses, "left", made.uses]
        fields += ["createdMs", made.created_ms, "expiresMs", made.expires_ms]
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.hset(keys.invite(made.id), items=fields)
            pipe.pexpireat(keys.invite(made.id), made.expires_ms)
            pipe.zadd(keys.INVITES, {made.id: made.expires_ms})
            await pipe.execute()

    async def all(self) -> list[Invite]:
        """Those that can still be used, the newest first."""
        await self._client.zremrangebyscore(keys.INVITES, "-inf", time.time() * 1000)
        ids: Any = await self._client.zrange(keys.INVITES, 0, -1)
        async with self._client.pipeline(transaction=False) as pipe:
            for invite_id in ids:
                pipe.hgetall(keys.invite(invite_id.decode()))
            rows = await pipe.execute()
        found = [_invite(it.decode(), row) for it, row in zip(ids, rows, strict=True) if row]
        return sorted(found, key=lambda it: it.created_ms, reverse=True)

    async def delete(self, invite_id: str) -> None:
        """It opens nothing from now on.

        Raises:
            NotFound: there is none.
        """
        if _ID.fullmatch(invite_id):
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.zrem(keys.INVITES, invite_id)
                pipe.delete(keys.invite(invite_id))
                _, gone = await pipe.execute()
            if gone:
                return
        raise NotFound(f"there is no invite {invite_id[:12]!r}")

    async def check(self, token: str) -> list[Role]:
        """The roles it gives; it is not used by this.

        Raises:
            Unauthorized: it opens nothing.
        """
        invite_id, digest = _parts(token)
        row: Any = await self._client.hmget(keys.invite(invite_id), ["digest", "roles", "left"])
        if row[0] is None or not secrets.compare_digest(row[0].decode(), digest):
            raise Unauthorized(_BAD)
        return [Role(name) for name in row[1].decode().split(",")]

    async def join(self, token: str, account: StoredAccount) -> None:
        """Make the account, and use the invite.

        Raises:
            Unauthorized: the invite opens nothing.
            Conflict: the name is taken.
        """
        invite_id, digest = _parts(token)
        answer: bytes = await scripts.acall(
            *(self._client, "join", keys.ACCOUNTS, account.name.lower(), encode(account)),
            *(account.tenant, account.name, keys.invite(invite_id), digest),
            *(keys.INVITES, invite_id),
        )
        if answer == b"invite":
            raise Unauthorized(_BAD)
        if answer == b"taken":
            raise Conflict(f"the name {account.name} is taken")


def _parts(token: str) -> tuple[str, str]:
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise Unauthorized(_BAD)
    return match[1], _digest(match[2])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _check_range(field: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise InvalidField(f"{field} must be from 1 to {most}", field=field)


def _invite(invite_id: str, row: dict[bytes, bytes]) -> Invite:
    fields = {name.decode(): value.decode() for name, value in row.items()}
    return Invite(
        id=invite_id,
        uses=int(fields["uses"]),
        uses_left=int(fields["left"]),
        roles=[Role(name) for name in fields["roles"].split(",")],
        created_ms=int(fields["createdMs"]),
        expires_ms=int(fields["expiresMs"]),
    )
