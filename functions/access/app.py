"""Routes by which a caller becomes known: sign in, sign out, tickets for streams."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from shared.answers import Me, Ticket
from shared.credentials import SESSION_S, TICKET_S, Credentials
from shared.errors import Unauthorized
from shared.gate import COOKIE, session_of
from shared.identity import Role, caller_of, require
from shared.models import encode
from shared.services import Services


def routes(services: Services) -> list[BaseRoute]:
    """The routes of this function."""
    credentials = Credentials(services.redis)

    async def login(request: Request) -> Response:
        caller = await credentials.use_login(request.query_params.get("token", ""))
        if caller is None:
            raise Unauthorized("this token was used before, or is too old: start anew for another")
        response = RedirectResponse("/", 303, {"cache-control": "no-store"})
        response.set_cookie(
            COOKIE,
            await credentials.open_session(caller),
            max_age=SESSION_S,
            httponly=True,
            samesite="strict",
            secure=request.headers.get("x-forwarded-proto") == "https",
        )
        return response

    async def logout(request: Request) -> Response:
        await credentials.close_session(session_of(request.scope))
        response = Response(status_code=204, headers={"cache-control": "no-store"})
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response

    async def ticket(request: Request) -> Response:
        caller = require(request.scope, Role.READ)
        return _json(Ticket(ticket=await credentials.issue_ticket(caller), expires_in_s=TICKET_S))

    async def me(request: Request) -> Response:
        caller = caller_of(request.scope)
        return _json(Me(tenant=caller.tenant, name=caller.name, roles=sorted(caller.roles)))

    return [
        Route("/login", login),
        Route("/logout", logout, methods=["POST"]),
        Route("/ticket", ticket, methods=["POST"]),
        Route("/me", me),
    ]


def _json(answer: object) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(encode(answer), headers=headers, media_type="application/json")
