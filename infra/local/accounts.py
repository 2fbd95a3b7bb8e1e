"""`account list`, `account roles`: the operator and the accounts, also while nothing serves.

He is whoever may read the store: an admin without an account, who always can bring another
one back, also where the last admin among the accounts has gone.
"""

from __future__ import annotations

import argparse
import time

import redis.asyncio

from infra.local.failure import Failure
from infra.local.keyring import roles_of
from infra.local.store import with_store
from shared.accounts import Accounts
from shared.errors import Conflict, NotFound
from shared.identity import Role
from shared.settings import Settings


def main(settings: Settings, args: argparse.Namespace) -> int:
    """Do what was asked; 0, or 1 if there is no such account.

    Raises:
        Failure: the arguments make no sense, or the store cannot be reached.
    """
    if args.action == "list":
        return with_store(settings, _list)
    roles = roles_of(args.roles)
    return with_store(settings, lambda client: _set_roles(client, args.name, roles))


async def _list(client: redis.asyncio.Redis) -> int:
    found = await Accounts(client).all()
    width = max((len(it.name) for it in found), default=0)
    for it in found:
        since = time.strftime("%Y-%m-%d", time.localtime(it.created_ms / 1000))
        signs_in = "password" if it.password else "no password"
        print(f"{it.name:<{width}}  {','.join(sorted(it.roles)):<17}  since {since}  {signs_in}")
    if not found:
        print("There are no accounts: an invite makes them, at /admin or by POST /invites.")
    return 0


async def _set_roles(client: redis.asyncio.Redis, name: str, roles: frozenset[Role]) -> int:
    accounts = Accounts(client)
    try:
        account = await accounts.get(name)
        changed = await accounts.set_roles(account, list(roles), by_operator=True)
    except NotFound:
        print(f"There is no account {name!r}; `account list` lists them.")
        return 1
    except Conflict as error:
        raise Failure(f"Nothing was changed: {error}; try again.", 2) from None
    print(f"{changed.name} may {', '.join(changed.roles)} from the next request on.")
    return 0
