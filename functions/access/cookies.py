"""The session's cookie: which flags it has, said once."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from shared.credentials import SESSION_S
from shared.gate import COOKIE


def give(response: Response, token: str, request: Request) -> None:
    """Sign the browser in."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=SESSION_S,
        httponly=True,
        samesite="strict",
        secure=request.headers.get("x-forwarded-proto") == "https",
    )


def take(response: Response) -> None:
    """Sign it out."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
