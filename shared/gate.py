"""Who may come in: the layer that finds out who is calling, before any route.

Theory of operation. A caller who shows credentials is who they say, or is refused: wrong
ones never make him the local tenant. Without credentials there is one way in: from this
machine itself. That is told by three things together: we are bound to loopback, the Host
is a loopback name (else a name was rebound to us), and no proxy says that it passes on
somebody else's request. Everybody else needs credentials, except for what needs none.

The Origin of a request must be our own in any case, and the session's cookie is SameSite=Strict, so
that no page of another site acts with somebody's session.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, quote

import redis.asyncio
from redis.exceptions import RedisError

from shared import logs
from shared.asgi import ASGIApp, Receive, Scope, Send, check_loopback, headers_of
from shared.credentials import Credentials
from shared.errors import Forbidden, Unauthorized
from shared.identity import LOCAL, SCOPE_KEY, SCRAPER, Caller
from shared.settings import Settings

COOKIE = "assay_session"
METRICS = "/metrics"

#: Needs no credentials; tells nothing of anybody.
_HEALTH = frozenset({"/healthz", "/readyz"})
_OPEN = frozenset(
    {
        ("GET", "/login"),
        ("GET", "/join"),
        ("GET", "/sign-in"),
        ("POST", "/session"),
        ("POST", "/accounts"),
        ("POST", "/invites/check"),
        ("POST", "/logout"),
    }
)
#: The files of the page: the same for everybody.
_ASSETS = re.compile(r"/assets/[^/]+")
#: Where a browser is sent that has to show who it is for.
SIGN_IN = "/sign-in"
#: May be opened by a ticket, for a browser cannot set headers there.
_BY_TICKET = re.compile(r"/events/[^/]+|/socket")
#: A longer one is forgotten: it is a convenience.
_MOST_WAY_BACK = 2000
_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-real-ip")


class Gate:
    """Puts the caller into the scope, or refuses him."""

    def __init__(self, app: ASGIApp, client: redis.asyncio.Redis, settings: Settings) -> None:
        self._app = app
        self._credentials = Credentials(client)
        self._is_local = settings.auth == "local" and is_loopback(settings.host)
        self._hosts = frozenset(settings.allowed_host_names)
        self._per_minute = settings.session_rate_per_minute
        self._metrics_token = settings.metrics_token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            try:
                scope[SCOPE_KEY] = caller = await self._caller(scope)
            except Unauthorized:
                if not wants_page(scope):
                    raise
                await _send_to_sign_in(scope, send)
                return
            except RedisError as error:
                # The page is the same for everybody, and says itself what is away.
                if not wants_page(scope):
                    raise
                scope[SCOPE_KEY] = error
            else:
                if caller is not None:
                    logs.bind(tenant=caller.tenant)
        await self._app(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller | None:
        if scope["path"] in _HEALTH:  # probes come by any name
            return None
        local = self._is_from_here(scope)
        if not local:
            self._check_site(scope)
        if _is_asset(scope):  # also while nobody can be looked up
            return None
        shown, caller = await self._shown(scope)
        if caller is not None:
            return caller
        if _is_open(scope):
            return None
        if shown:
            raise Unauthorized("these credentials open nothing, or not any more")
        if local:
            return LOCAL
        raise Unauthorized("this needs credentials: Authorization: Bearer <key>")

    def _is_from_here(self, scope: Scope) -> bool:
        """Whether this is a request of this machine's own, or of somebody who may need none.

        Raises:
            Forbidden: it would be, but its Host or Origin are not this machine's.
        """
        if not self._is_local or any(headers_of(scope, name) for name in _FORWARDED):
            return False
        if _host_name(scope) in self._hosts:  # a name under which others reach us
            return False
        check_loopback(scope)
        return True

    def _check_site(self, scope: Scope) -> None:
        hosts = headers_of(scope, b"host")
        name = _host_name(scope)
        if len(hosts) != 1 or (self._hosts and name not in self._hosts and not is_loopback(name)):
            raise Forbidden("the Host header names no host that is served here")
        for origin in headers_of(scope, b"origin"):
            # Whether it came over TLS, only the proxy in front of us knows.
            if origin.lower().rpartition("//")[2] != hosts[0].lower():
                raise Forbidden("the Origin header must be this site's: other pages are refused")

    async def _shown(self, scope: Scope) -> tuple[bool, Caller | None]:
        """Whether credentials were shown, and whose they are."""
        headers = headers_of(scope, b"authorization")
        if headers:
            kind, _, key = headers[0].partition(" ")
            if len(headers) != 1 or kind.lower() != "bearer":
                return True, None
            if scope["path"] == METRICS and self._is_scraper(key.strip()):
                return True, SCRAPER
            return True, await self._credentials.by_key(key.strip())
        if _BY_TICKET.fullmatch(scope["path"]) and (ticket := _query(scope).get("ticket")):
            return True, await self._credentials.use_ticket(ticket[0])
        if token := session_of(scope):
            return True, await self._credentials.by_session(token, per_minute=self._per_minute)
        return False, None

    def _is_scraper(self, token: str) -> bool:
        """It needs no Redis: what is wrong is to be seen while that is away."""
        shown = token.encode(errors="replace")
        return bool(self._metrics_token) and hmac.compare_digest(shown, self._metrics_token)


def _is_open(scope: Scope) -> bool:
    method = {"HEAD": "GET"}.get(scope.get("method", ""), scope.get("method", ""))
    return (method, scope["path"]) in _OPEN


def _is_asset(scope: Scope) -> bool:
    return (
        scope.get("method", "") in ("GET", "HEAD") and _ASSETS.fullmatch(scope["path"]) is not None
    )


def wants_page(scope: Scope) -> bool:
    """Whether a browser asks for something that it will show: a person is waiting."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return False
    return any("text/html" in accepted for accepted in headers_of(scope, b"accept"))


async def _send_to_sign_in(scope: Scope, send: Send) -> None:
    """Send a browser to where people sign in, with the way back; a dead session is taken away."""
    path = "/" + quote(scope["path"].lstrip("/\\"))  # a path of ours, never `//another.site`
    query = scope.get("query_string", b"").decode("latin-1")
    way_back = quote(path + (f"?{query}" if query else ""), safe="/")
    if len(way_back) > _MOST_WAY_BACK:
        way_back = "/"
    headers = [
        (b"location", f"{SIGN_IN}?next={way_back}".encode("latin-1")),
        (b"cache-control", b"no-store"),
        (b"content-length", b"0"),
    ]
    if session_of(scope):
        gone = f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=strict"
        headers.append((b"set-cookie", gone.encode()))
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def session_of(scope: Scope) -> str:
    """The value of the session's cookie; empty if there is none."""
    return cookie_of(scope, COOKIE)


def cookie_of(scope: Scope, name: str) -> str:
    """The value of a cookie; empty if there is none."""
    for header in headers_of(scope, b"cookie"):
        try:
            found = SimpleCookie(header).get(name)
        except CookieError:
            continue
        if found is not None:
            return found.value
    return ""


def is_loopback(host: str) -> bool:
    """Whether an address can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _host_name(scope: Scope) -> str:
    hosts = headers_of(scope, b"host")
    text = hosts[0].lower() if len(hosts) == 1 else ""
    return text.rpartition(":")[0] if re.search(r":\d*$", text) else text


def _query(scope: Scope) -> Mapping[str, list[str]]:
    return parse_qs(scope.get("query_string", b"").decode("latin-1"))
