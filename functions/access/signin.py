"""Routes by which somebody gets an account, signs in with its password, and changes that.

A wrong password and a name that nobody has are answered alike, after the same work.
"""

from __future__ import annotations

from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from functions.access import cookies
from functions.access.attempts import Attempts
from functions.access.invites import Invites
from functions.access.passwords import Passwords, check_password
from shared.accounts import Accounts, StoredAccount, check_name, new_account
from shared.body import read_json
from shared.credentials import Credentials, caller_for
from shared.errors import Forbidden, InvalidField, Unauthorized
from shared.gate import session_of
from shared.identity import Caller, caller_of
from shared.models import encode
from shared.people import (
    InviteCheck,
    InviteChecked,
    JoinRequest,
    Me,
    PasswordRequest,
    SessionRequest,
)
from shared.services import Services

T = TypeVar("T")

_MOST_BODY_BYTES = 16 * 1024
_NO_STORE = {"cache-control": "no-store"}
_WRONG = "the name or the password is wrong"


def routes(services: Services) -> list[BaseRoute]:
    """The routes of this file."""
    entrance = _Entrance(services)
    return [
        Route("/accounts", entrance.join, methods=["POST"]),
        Route("/invites/check", entrance.check_invite, methods=["POST"]),
        Route("/session", entrance.sign_in, methods=["POST"]),
        Route("/me/password", entrance.set_password, methods=["PUT"]),
    ]


class _Entrance:
    """The endpoints, and what they share."""

    def __init__(self, services: Services) -> None:
        self._accounts = Accounts(services.redis)
        self._invites = Invites(services.redis)
        self._credentials = Credentials(services.redis)
        self._passwords = Passwords()
        self._attempts = Attempts(services.redis, services.settings)

    async def join(self, request: Request) -> Response:
        """`POST /accounts`."""
        asked = await _read(request, JoinRequest)
        check_name(asked.name)
        if asked.password is not None:
            check_password(asked.password, name=asked.name)
        roles = await self._invites.check(asked.token)  # nobody makes us hash without an invite
        hashed = "" if asked.password is None else await self._passwords.hash(asked.password)
        account = new_account(asked.name, roles, hashed)
        await self._invites.join(asked.token, account)
        device = await self._attempts.know(account, request.scope)
        return await self._signed_in(request, account, device, 201)

    async def check_invite(self, request: Request) -> Response:
        """`POST /invites/check`: whoever has the link is told at once if it opens nothing.

        A token is 256 random bits, so asking is no way to find one.
        """
        asked = await _read(request, InviteCheck)
        roles = await self._invites.check(asked.token)
        answer = InviteChecked(roles=roles)
        return Response(encode(answer), headers=_NO_STORE, media_type="application/json")

    async def sign_in(self, request: Request) -> Response:
        """`POST /session`."""
        asked = await _read(request, SessionRequest)
        if asked.token is not None:
            return await self._by_link(request, asked.token, asked)
        if asked.name is None or asked.password is None:
            missing = "name" if asked.name is None else "password"
            raise InvalidField(f"{missing} is missing", field=missing)
        account = await self._accounts.find(asked.name)
        device = await self._compared(request, asked.name, account, asked.password)
        if account is None or device is None:
            raise Unauthorized(_WRONG)
        return await self._signed_in(request, account, device)

    async def _compared(
        self, request: Request, name: str, account: StoredAccount | None, password: str
    ) -> str | None:
        """What the browser is known by from now on; None if the password is wrong.

        Who has no attempt left takes nobody's place among those that wait, and who waits has
        none counted yet.
        """
        scope = request.scope
        await self._attempts.look(name, account, scope)
        async with self._passwords.turn() as matches:
            known = await self._attempts.begin(name, account, scope)
            right = await matches("" if account is None else account.password, password)
            if account is None or not right:
                return None
            return await self._attempts.was_right(account, scope, known=known)

    async def _by_link(self, request: Request, token: str, asked: SessionRequest) -> Response:
        if asked.name is not None or asked.password is not None:
            raise InvalidField("a token needs neither name nor password", field="token")
        caller = await self._credentials.use_login(token)
        account = await self._accounts.find(caller.account) if caller else None
        if account is None:
            raise Unauthorized("this link was used before, or is too old")
        device = await self._attempts.know(account, request.scope)
        return await self._signed_in(request, account, device, by_token=True)

    async def set_password(self, request: Request) -> Response:
        """`PUT /me/password`."""
        account = await self._own_account(caller_of(request.scope))
        asked = await _read(request, PasswordRequest)
        check_password(asked.password, name=account.name)
        if account.password and not await self._credentials.may_reset(session_of(request.scope)):
            await self._check_current(request, account, asked.current or "")
        hashed = await self._passwords.hash(asked.password)
        changed = await self._accounts.set_password(account, hashed)
        await self._credentials.close_all(account.tenant)
        device = await self._attempts.know(account, request.scope)
        return await self._signed_in(request, changed, device)

    async def _own_account(self, caller: Caller) -> StoredAccount:
        if not caller.account:
            raise Forbidden("only an account has a password")
        return await self._accounts.get(caller.account)

    async def _check_current(self, request: Request, account: StoredAccount, current: str) -> None:
        if await self._compared(request, account.name, account, current) is None:
            raise InvalidField("the current password is wrong", field="current")

    async def _signed_in(
        self,
        request: Request,
        account: StoredAccount,
        device: str,
        status: int = 200,
        *,
        by_token: bool = False,
    ) -> Response:
        caller = caller_for(account)
        answer = me_of(caller, has_password=bool(account.password))
        response = Response(encode(answer), status, _NO_STORE, media_type="application/json")
        token = await self._credentials.open_session(caller, by_token=by_token)
        cookies.give(response, token, request)
        cookies.give_device(response, device, request)
        return response


async def _read(request: Request, kind: type[T]) -> T:
    return await read_json(request.scope, request.receive, kind, limit_bytes=_MOST_BODY_BYTES)


def me_of(caller: Caller, *, has_password: bool) -> Me:
    """What a caller is told of himself."""
    return Me(
        tenant=caller.tenant,
        name=caller.name,
        roles=sorted(caller.roles),
        account=bool(caller.account),
        has_password=has_password,
    )
