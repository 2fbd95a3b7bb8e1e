"""The cookies of a session and of a browser: which flags they have, said once."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from shared.asgi import Scope
from shared.credentials import SESSION_S
from shared.gate import COOKIE, cookie_of

DEVICE = "assay_device"
#: What it is worth is decided by what is stored of it.
DEVICE_COOKIE_S = 365 * 86_400
_TOKEN = re.compile(r"[0-9A-Za-z_-]{43}")


def give(response: Response, token: str, request: Request) -> None:
    """Sign the browser in."""
    _set(response, COOKIE, token, SESSION_S, request)


def give_device(response: Response, token: str, request: Request) -> None:
    """Let the browser be known when it signs in again; it opens nothing."""
    _set(response, DEVICE, token, DEVICE_COOKIE_S, request)


def _set(response: Response, name: str, token: str, max_age_s: int, request: Request) -> None:
    response.set_cookie(
        name,
        token,
        max_age=max_age_s,
        httponly=True,
        samesite="strict",
        secure=request.headers.get("x-forwarded-proto") == "https",
    )


def device_of(scope: Scope) -> str:
    """What a browser is known by; empty if it shows nothing of ours."""
    shown = cookie_of(scope, DEVICE)
    return shown if _TOKEN.fullmatch(shown) else ""


def take(response: Response) -> None:
    """Sign it out."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
