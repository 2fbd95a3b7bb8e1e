"""Who is calling: the tenant whose submissions they are, and what the caller may do.

`shared/gate.py` finds it out and puts it into the scope; a route only asks
`require(scope, Role.READ)`. A scope that has passed no gate has no caller, so a route
that was put up without one refuses everybody.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.errors import Forbidden, Unauthorized

#: Everyone on loopback is this tenant, without a key.
LOCAL_TENANT = "local"
#: Where the caller is in an ASGI scope.
SCOPE_KEY = "assay.caller"


class Role(StrEnum):
    """What a key may be used for."""

    SUBMIT = "submit"
    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True)
class Caller:
    """The one behind a request."""

    tenant: str
    roles: frozenset[Role]
    #: Who it is within the tenant: the name of a key.
    name: str = ""
    #: Streams he may have open in one process; 0: as the setting says.
    most_streams: int = 0
    #: The account it is, by its name in lower case; empty: a key, or the local tenant.
    account: str = ""
    #: Of the account: what was issued under another one opens nothing.
    epoch: str = ""
    #: By what he is known: `key:<id>`, `session:<digest>`; a ticket is as good as what got it.
    shown: str = ""


LOCAL = Caller(LOCAL_TENANT, frozenset(Role), LOCAL_TENANT)
#: Who may read `/metrics` and nothing else.
SCRAPER = Caller("", frozenset(), "scraper")


def caller_of(scope: MutableMapping[str, Any]) -> Caller:
    """Who calls.

    Raises:
        Unauthorized: nobody knows.
        redis.RedisError: it could not be looked up.
    """
    caller = scope.get(SCOPE_KEY)
    if isinstance(caller, Exception):
        raise caller
    if not isinstance(caller, Caller):
        raise Unauthorized
    return caller


def require(scope: MutableMapping[str, Any], role: Role) -> Caller:
    """The caller, who must have this role.

    Raises:
        Unauthorized: nobody knows who it is.
        Forbidden: it has not.
    """
    caller = caller_of(scope)
    check_role(caller, role)
    return caller


def check_role(caller: Caller, role: Role) -> None:
    """For what a caller does later on a connection that is open.

    Raises:
        Forbidden: he has not this role.
    """
    if role not in caller.roles:
        raise Forbidden(f"this needs the role {role}")


def require_operator(scope: MutableMapping[str, Any]) -> Caller:
    """The caller, who must run this service: an admin of the tenant `local`.

    Raises:
        Unauthorized: nobody knows who it is.
        Forbidden: he is not; an admin of another tenant is one for that tenant alone.
    """
    caller = require(scope, Role.ADMIN)
    if not is_operator(caller):
        raise Forbidden("this is for the operator of this service")
    return caller


def require_keeper(scope: MutableMapping[str, Any]) -> Caller:
    """The caller, who must look after what all have in common, the people and the problems: the
    operator, or an account that is admin.

    Raises:
        Unauthorized: nobody knows who it is.
        Forbidden: he does not. A key with the role admin is one for its own tenant.
    """
    caller = require(scope, Role.ADMIN)
    if not (is_operator(caller) or caller.account):
        raise Forbidden("this is for the operator, and for accounts with the role admin")
    return caller


def is_operator(caller: Caller) -> bool:
    """Whether he may see what belongs to no tenant alone."""
    return caller.tenant == LOCAL_TENANT and Role.ADMIN in caller.roles
