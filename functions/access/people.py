"""Routes for who looks after the people: invites, accounts, a link for who has lost access."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from functions.access.invites import Invites
from functions.access.leaving import Leaving
from shared.accounts import Accounts, StoredAccount
from shared.body import read_json
from shared.credentials import ACCOUNT_LOGIN_S, Credentials, caller_for
from shared.gate import SIGN_IN
from shared.identity import is_operator, require_keeper
from shared.models import encode
from shared.people import Account, AccountList, InviteList, InviteRequest, LoginLink, RolesRequest
from shared.services import Services

_MOST_BODY_BYTES = 16 * 1024


def routes(services: Services) -> list[BaseRoute]:
    """The routes of this file."""
    accounts, invites = Accounts(services.redis), Invites(services.redis)
    credentials, leaving = Credentials(services.redis), Leaving(services.store, services.archive)
    services.background.append(leaving.run)

    async def create_invite(request: Request) -> Response:
        require_keeper(request.scope)
        asked = await read_json(
            request.scope, request.receive, InviteRequest, limit_bytes=_MOST_BODY_BYTES
        )
        return _json(await invites.create(asked), 201)

    async def list_invites(request: Request) -> Response:
        require_keeper(request.scope)
        return _json(InviteList(invites=await invites.all()))

    async def delete_invite(request: Request) -> Response:
        require_keeper(request.scope)
        await invites.delete(request.path_params["id"])
        return Response(status_code=204, headers={"cache-control": "no-store"})

    async def list_accounts(request: Request) -> Response:
        require_keeper(request.scope)
        return _json(AccountList(accounts=[_shown(it) for it in await accounts.all()]))

    async def set_roles(request: Request) -> Response:
        keeper = require_keeper(request.scope)
        asked = await read_json(
            request.scope, request.receive, RolesRequest, limit_bytes=_MOST_BODY_BYTES
        )
        account = await accounts.get(request.path_params["name"])
        by_operator = is_operator(keeper)
        return _json(
            _shown(await accounts.set_roles(account, asked.roles, by_operator=by_operator))
        )

    async def delete_account(request: Request) -> Response:
        keeper = require_keeper(request.scope)
        account = await accounts.get(request.path_params["name"])
        await accounts.leave(account, by_operator=is_operator(keeper))
        await leaving.try_to_remove(account.tenant)
        return Response(status_code=204, headers={"cache-control": "no-store"})

    async def login_link(request: Request) -> Response:
        require_keeper(request.scope)
        account = await accounts.get(request.path_params["name"])
        token = await credentials.issue_login(caller_for(account))
        expires_ms = int(time.time() + ACCOUNT_LOGIN_S) * 1000
        return _json(LoginLink(url=f"{SIGN_IN}?token={token}", expires_ms=expires_ms), 201)

    return [
        Route("/invites", create_invite, methods=["POST"]),
        Route("/invites", list_invites),
        Route("/invites/{id}", delete_invite, methods=["DELETE"]),
        Route("/accounts", list_accounts),
        Route("/accounts/{name}", delete_account, methods=["DELETE"]),
        Route("/accounts/{name}/roles", set_roles, methods=["PUT"]),
        Route("/accounts/{name}/login", login_link, methods=["POST"]),
    ]


def _shown(account: StoredAccount) -> Account:
    return Account(
        name=account.name,
        tenant=account.tenant,
        roles=sorted(account.roles),
        created_ms=account.created_ms,
        has_password=bool(account.password),
    )


def _json(answer: object, status: int = 200) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(encode(answer), status, headers, media_type="application/json")
