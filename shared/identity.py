"""Who is calling: the tenant whose submissions they are, and what the caller may do.

A route asks `caller_of(scope)`, and `require(scope, Role.ADMIN)` where not everybody may.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.errors import Forbidden

#: Everyone on loopback is this tenant, without a key.
LOCAL_TENANT = "local"


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


LOCAL = Caller(LOCAL_TENANT, frozenset(Role))


def caller_of(_scope: MutableMapping[str, Any]) -> Caller:
    """Who calls. Only loopback is served, so it is always the local tenant."""
    return LOCAL


def require(scope: MutableMapping[str, Any], role: Role) -> Caller:
    """The caller, who must have this role.

    Raises:
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
