"""Which function answers which path: `routes.caddy`, made from the functions' own routes.

    python -m infra.containers.routes          # writes it anew

The gateway asks by the line `<method> <path>`, and the first pattern that matches names the
function. The order is the one in which the one-machine host asks its functions, so that both
answer alike. A method that a path does not take goes to whoever knows the path: it says 405.
"""

from __future__ import annotations

import sys
from pathlib import Path

from starlette.routing import BaseRoute, Route, WebSocketRoute, compile_path

from infra.local.host import FUNCTIONS
from shared.services import Services
from shared.settings import Settings

FILE = Path(__file__).with_name("routes.caddy")
#: Answers what nobody knows, in the one shape of errors; and for the health of the service.
ELSE = "web"
_HEAD = (
    "# Made by `python -m infra.containers.routes` from the functions' own routes: do not edit.\n"
)


def table() -> list[tuple[str, str]]:
    """Patterns of `<method> <path>`, and the function for each, in the order to be tried."""
    services = Services(Settings(redis_url="redis://127.0.0.1:1"))
    known = [
        (name, route, _pattern(route))
        for name, routes in FUNCTIONS.items()
        for route in routes(services)
    ]
    exact = [(f"^{_methods(route)} {path}$", name) for name, route, path in known]
    any_method = {path: name for name, _, path in reversed(known)}
    others = [(f"^[A-Z]+ {path}$", any_method[path]) for path in sorted(any_method)]
    return exact + others


def _pattern(route: BaseRoute) -> str:
    """The path as a regular expression without names, which RE2 and Python read alike."""
    assert isinstance(route, Route | WebSocketRoute)
    pattern, _, names = compile_path(route.path)
    text = pattern.pattern.removeprefix("^").removesuffix("$")
    for name in names:
        text = text.replace(f"(?P<{name}>", "(?:")
    return text


def _methods(route: BaseRoute) -> str:
    methods = sorted(route.methods or {"GET"}) if isinstance(route, Route) else ["GET"]
    return f"(?:{'|'.join(methods)})" if len(methods) > 1 else methods[0]


def text() -> str:
    """The file."""
    which = [f'"~{pattern}" {name}' for pattern, name in table()] + [f"default {ELSE}"]
    where = [f"{name} {{$UPSTREAM_{name.upper()}:{name}:3000}}" for name in FUNCTIONS]
    return (
        _HEAD
        + _map("Which function answers.", '"{method} {path}" {function}', which)
        + _map("Where it is.", "{function} {upstream}", where)
    )


def _map(what: str, names: str, lines: list[str]) -> str:
    return f"\n# {what}\nmap {names} {{\n" + "".join(f"\t{line}\n" for line in lines) + "}\n"


if __name__ == "__main__":
    FILE.write_text(text())
    sys.exit(0)
