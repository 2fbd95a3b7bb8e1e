"""The routes of the HTTP API: in `template.yaml`, made from the functions' own routes.

    python -m infra.aws.routes          # writes them anew

A path belongs to one function with all its methods, so that it says 405 itself; where a
method belongs to another one it has a route of its own, which the API prefers. What no route names
goes to `web`: its pages, and what nobody knows, in the one shape of errors. `notify` holds
connections open, which the HTTP API cannot: CloudFront sends those paths to its load balancer.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from starlette.routing import BaseRoute, Route, WebSocketRoute

from infra.local.host import FUNCTIONS
from shared.services import Services
from shared.settings import Settings

FILE = Path(__file__).with_name("template.yaml")
#: It is not behind the HTTP API.
APART = "notify"
ELSE = "web"
_MADE = (
    "        {title}: {{Type: HttpApi, Properties: "
    "{{ApiId: !Ref Api, Method: {method}, Path: {path}}}}}\n"
)
_BLOCK = re.compile(
    r"(Command: \[infra\.aws\.handlers\.(?P<name>\w+)\]\}\n(?:(?! {8}# Routes|\n).*\n)*"
    r" {8}# Routes[^\n]*\n)(?: {8}\w+: \{Type: HttpApi, .*\n)*"
)


def table() -> dict[str, str]:
    """Keys of routes, such as `ANY /submit`, and the function for each."""
    owners: dict[str, dict[str, str]] = {}
    for name in FUNCTIONS:
        for route in _routes(name) if name != APART else ():
            assert isinstance(route, Route), route
            methods = owners.setdefault(re.sub(r"\{(\w+):path\}", r"{\1+}", route.path), {})
            for method in sorted(route.methods or ()):
                methods.setdefault(method, name)
    keys = {"$default": ELSE}
    for path, methods in owners.items():
        first = next(iter(methods.values()))
        if set(methods.values()) == {ELSE}:
            continue
        keys[f"ANY {path}"] = first
        keys |= {f"{method} {path}": name for method, name in methods.items() if name != first}
    return keys


def apart() -> set[str]:
    """The paths of `notify`, as CloudFront writes them."""
    known = [it.path for it in _routes(APART) if isinstance(it, Route | WebSocketRoute)]
    return {re.sub(r"\{\w+\}", "*", path) for path in known}


def _routes(name: str) -> list[BaseRoute]:
    services = Services(Settings(redis_url="redis://127.0.0.1:1"))
    return list(FUNCTIONS[name](services))


def written(template: str) -> str:
    """The template with the routes as they are now."""
    return _BLOCK.sub(lambda found: found[1] + _events(found["name"]), template)


def _events(function: str) -> str:
    """The routes of one function, as SAM writes them."""
    lines = ""
    for key, name in table().items():
        if name == function and key != "$default":
            method, path = key.split()
            title = "".join(word.capitalize() for word in re.findall(r"\w+", path))
            title += "" if method == "ANY" else method.capitalize()
            lines += _MADE.format(title=title, method=method, path=f'"{path}"')
    return lines


if __name__ == "__main__":
    FILE.write_text(written(FILE.read_text()))
    sys.exit(0)
