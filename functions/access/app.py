"""Routes by which a caller becomes known: sign in, sign out, tickets for streams."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from functions.access import cookies, people, signin
from functions.access.signin import me_of
from shared.accounts import Accounts
from shared.answers import Ticket
from shared.credentials import TICKET_S, Credentials
from shared.errors import Unauthorized
from shared.gate import SIGN_IN, session_of, wants_page
from shared.identity import Role, caller_of, require
from shared.models import encode
from shared.services import Services

_NO_STORE = {"cache-control": "no-store"}


def routes(services: Services) -> list[BaseRoute]:
    """The routes of this function."""
    credentials, accounts = Credentials(services.redis), Accounts(services.redis)

    async def login(request: Request) -> Response:
        if request.method == "HEAD":  # who only looks at a link does not use it up
            return Response(status_code=204, headers=_NO_STORE)
        caller = await credentials.use_login(request.query_params.get("token", ""))
        if caller is None:
            if wants_page(request.scope):
                return RedirectResponse(f"{SIGN_IN}?failed=token", 303, _NO_STORE)
            raise Unauthorized("this token was used before, or is too old: start anew for another")
        response = RedirectResponse("/", 303, _NO_STORE)
        cookies.give(response, await credentials.open_session(caller, by_token=True), request)
        return response

    async def logout(request: Request) -> Response:
        await credentials.close_session(session_of(request.scope))
        response = Response(status_code=204, headers=_NO_STORE)
        cookies.take(response)
        return response

    async def ticket(request: Request) -> Response:
        caller = require(request.scope, Role.READ)
        return _json(Ticket(ticket=await credentials.issue_ticket(caller), expires_in_s=TICKET_S))

    async def me(request: Request) -> Response:
        caller = caller_of(request.scope)
        account = await accounts.find(caller.account) if caller.account else None
        return _json(me_of(caller, has_password=bool(account and account.password)))

    return [
        Route("/login", login),
        Route("/logout", logout, methods=["POST"]),
        Route("/ticket", ticket, methods=["POST"]),
        Route("/me", me),
        *signin.routes(services),
        *people.routes(services),
    ]


def _json(answer: object) -> Response:
    return Response(encode(answer), headers=_NO_STORE, media_type="application/json")
