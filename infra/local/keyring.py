"""`key create`, `key list`, `key revoke`: who may use this Assay from elsewhere."""

from __future__ import annotations

import argparse
import time

import redis

from infra.local.arguments import TENANT_FLAGS
from infra.local.failure import Failure
from infra.local.store import with_store
from shared import keys, tenants
from shared.credentials import Credentials
from shared.identity import Role
from shared.settings import Settings

_DAY_S = 86_400
_ROLES = ", ".join(Role)


def main(settings: Settings, args: argparse.Namespace) -> int:
    """Do what was asked; 0, or 1 if there is no such key.

    Raises:
        Failure: the arguments make no sense, or the store cannot be reached.
    """
    if args.action == "create":
        roles, fields = roles_of(args.roles), _tenant_fields(args)
        return with_store(settings, lambda it: _create(it, args, roles, fields))
    if args.action == "revoke":
        return with_store(settings, lambda it: _revoke(it, args.id))
    return with_store(settings, _list)


def roles_of(text: str) -> frozenset[Role]:
    """The roles that somebody has written down.

    Raises:
        Failure: one is none, or there are none.
    """
    try:
        roles = frozenset(Role(name.strip()) for name in text.split(",") if name.strip())
    except ValueError:
        roles = frozenset()
    if not roles:
        raise Failure(f"Roles are some of {_ROLES}, with commas, not {text!r}.", 2)
    return roles


def _tenant_fields(args: argparse.Namespace) -> dict[str, str]:
    """What is to be set for the tenant, checked by the model that reads it."""
    given = {name: getattr(args, name) for name in TENANT_FLAGS}
    fields = {name: f"{value:g}" for name, value in given.items() if value is not None}
    if args.priorities is not None:
        fields["priorities"] = args.priorities
    if not args.tenant or ":" in args.tenant or not args.tenant.isprintable() or args.days < 0:
        raise Failure("A tenant is a word without colons, and days are not negative.", 2)
    try:
        tenants.from_fields(fields)
    except ValueError as error:
        raise Failure(f"The tenant's settings are wrong: {error}.", 2) from None
    return fields


async def _create(
    client: redis.asyncio.Redis,
    args: argparse.Namespace,
    roles: frozenset[Role],
    fields: dict[str, str],
) -> int:
    if fields:
        pairs = [part for pair in fields.items() for part in pair]
        await client.hset(keys.tenant(args.tenant), items=list(pairs))
    issued = await Credentials(client).create_key(
        args.tenant, roles, name=args.name, expires_s=args.days * _DAY_S
    )
    print(f"Key {issued.key_id} of {args.tenant}. It is shown this once:\n{issued.secret}")
    return 0


async def _list(client: redis.asyncio.Redis) -> int:
    for key_id, key in (await Credentials(client).list_keys()).items():
        until = _day(key.expires_ms) if key.expires_ms is not None else "no end"
        print(
            f"{key_id}  {key.tenant:<16}  {','.join(key.roles):<18}  "
            f"since {_day(key.created_ms)}  until {until:<10}  {key.name}".rstrip()
        )
    return 0


async def _revoke(client: redis.asyncio.Redis, key_id: str) -> int:
    if await Credentials(client).revoke_key(key_id):
        print(f"Key {key_id} opens nothing any more.")
        return 0
    print(f"There is no key {key_id}.")
    return 1


def _day(ms: int) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(ms / 1000))
