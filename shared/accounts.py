"""Accounts: people with a name, each a tenant of its own.

Theory of operation. An account is one JSON value in one hash, under its name in lower case,
so a name is taken once. Its tenant is random and never used again: whatever holds between
tenants holds between accounts, and who takes a name that was given up gets nothing of who had
it. A session, a login token and a ticket name the account and its `epoch`; they are looked up
with the account at each request (`stands_for.lua`), so they open nothing once the account is
deleted or its epoch has changed.
"""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

import msgspec
import redis.asyncio

from shared import keys, scripts
from shared.errors import Conflict, InvalidField, NotFound
from shared.identity import Role
from shared.models import Stored, encode

#: Tenants of accounts begin so; `_standings.lua` knows it, too.
TENANT_PREFIX = "user-"
LEAST_NAME, MOST_NAME = 2, 32
_NAME = re.compile(rf"[A-Za-z][A-Za-z0-9_-]{{{LEAST_NAME - 1},{MOST_NAME - 1}}}")
#: Names that would be mistaken for somebody else, or for a word of an address.
RESERVED = frozenset(
    {
        "admin",
        "administrator",
        "anonymous",
        "api",
        "assay",
        "everybody",
        "everyone",
        "guest",
        "help",
        "judge",
        "local",
        "login",
        "me",
        "moderator",
        "nobody",
        "none",
        "null",
        "official",
        "root",
        "security",
        "self",
        "staff",
        "support",
        "system",
        "undefined",
    }
)


class StoredAccount(Stored, kw_only=True):
    """What is kept of an account."""

    name: str
    tenant: str
    roles: list[Role]
    created_ms: int
    #: Changed to close every session at once.
    epoch: str
    #: As argon2 writes it, with its parameters and salt; empty: none was set.
    password: str = ""


def check_name(name: str) -> str:
    """A name that may be taken, as it was written.

    Raises:
        InvalidField: it may not.
    """
    if not _NAME.fullmatch(name):
        why = f"{LEAST_NAME} to {MOST_NAME} of A-Z, a-z, 0-9, - and _, and a letter first"
        raise InvalidField(f"a name has {why}", field="name")
    if name.lower() in RESERVED:
        raise InvalidField(f"the name {name} is reserved", field="name")
    return name


def check_roles(roles: list[Role]) -> list[Role]:
    """Roles that an account may have.

    Raises:
        InvalidField: there are none.
    """
    if not roles:
        why = f"roles must have at least one of {', '.join(Role)}"
        raise InvalidField(why, field="roles")
    return sorted(set(roles))


def new_account(name: str, roles: list[Role], password: str = "") -> StoredAccount:
    """An account with a tenant of its own; it is not stored yet."""
    return StoredAccount(
        name=check_name(name),
        tenant=TENANT_PREFIX + secrets.token_hex(10),
        roles=roles,
        created_ms=int(time.time() * 1000),
        epoch=secrets.token_hex(6),
        password=password,
    )


class Accounts:
    """For one event loop."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client

    async def find(self, name: str) -> StoredAccount | None:
        """The account of a name, however it is written."""
        if not _NAME.fullmatch(name):
            return None
        stored = await self._client.hget(keys.ACCOUNTS, name.lower())
        return None if stored is None else msgspec.json.decode(stored, type=StoredAccount)

    async def get(self, name: str) -> StoredAccount:
        """The same.

        Raises:
            NotFound: there is none.
        """
        found = await self.find(name)
        if found is None:
            raise NotFound(f"there is no account {name[:MOST_NAME]!r}")
        return found

    async def all(self) -> list[StoredAccount]:
        """Every account, by name."""
        values: Any = await self._client.hvals(keys.ACCOUNTS)
        found = [msgspec.json.decode(value, type=StoredAccount) for value in values]
        return sorted(found, key=lambda account: account.name.lower())

    async def has_any(self) -> bool:
        """Whether there is an account at all."""
        return bool(await self._client.hlen(keys.ACCOUNTS))

    async def set_password(self, account: StoredAccount, password: str) -> StoredAccount:
        """Change it, and close every session; gives the account as it is then.

        Raises:
            Conflict: it was changed by somebody else meanwhile.
        """
        changed = msgspec.structs.replace(account, password=password, epoch=secrets.token_hex(6))
        return await self._change(account, changed)

    async def set_roles(
        self, account: StoredAccount, roles: list[Role], *, by_operator: bool
    ) -> StoredAccount:
        """Give it these roles and no others; they hold from the next request on.

        Raises:
            InvalidField: there are none.
            Conflict: it was changed by somebody else meanwhile; or it is the last admin, which
                only the operator may change: he is one without an account.
        """
        changed = msgspec.structs.replace(account, roles=check_roles(roles))
        keeps = by_operator or Role.ADMIN in changed.roles
        return await self._change(account, changed, keeping="" if keeps else _admin(account))

    async def _change(
        self, account: StoredAccount, changed: StoredAccount, *, keeping: str = ""
    ) -> StoredAccount:
        answer = await scripts.acall(
            *(self._client, "change_account", keys.ACCOUNTS, account.name.lower()),
            *(encode(account), encode(changed), keeping),
        )
        _check(answer, account)
        return changed

    async def leave(self, account: StoredAccount, *, by_operator: bool = True) -> None:
        """Delete it.

        Raises:
            Conflict: as `set_roles`.
        """
        answer = await scripts.acall(
            *(self._client, "leave", keys.ACCOUNTS, account.name.lower(), encode(account)),
            *(account.tenant, keys.LEAVING, "" if by_operator else _admin(account)),
        )
        _check(answer, account)


def _admin(account: StoredAccount) -> str:
    """The role that another one must have as well, if this one is to lose it."""
    return Role.ADMIN.value if Role.ADMIN in account.roles else ""


def _check(answer: bytes, account: StoredAccount) -> None:
    if answer == b"last":
        raise Conflict(
            f"{account.name} is the last account with the role admin: give it to another one "
            "first, or ask the operator, who may change this"
        )
    if answer != b"done":
        raise Conflict("the account was changed meanwhile")
