"""The routes of the HTTP API, as the functions have them: `template.yaml` is held to this.

    python -m infra.aws.routes          # prints them, as events of SAM

A path belongs to one function with all its methods, so that it says 405 itself; where a
method belongs to another one it has a route of its own, which the API prefers. What no route knows
is answered by `web`, in the one shape of errors. `notify` holds connections open, which
the HTTP API cannot: CloudFront sends those paths to its load balancer.
"""

from __future__ import annotations

import re
import sys

from starlette.routing import Route, WebSocketRoute

from infra.local.host import FUNCTIONS
from shared.services import Services
from shared.settings import Settings

#: It is not behind the HTTP API.
APART = "notify"
ELSE = "web"


def table() -> dict[str, str]:
    """Keys of routes, such as `ANY /submit`, and the function for each."""
    services = Services(Settings(redis_url="redis://127.0.0.1:1"))
    owners: dict[str, dict[str, str]] = {}
    for name, routes in FUNCTIONS.items():
        for route in routes(services) if name != APART else ():
            assert isinstance(route, Route), route
            methods = owners.setdefault(re.sub(r"\{(\w+):path\}", r"{\1+}", route.path), {})
            for method in sorted(route.methods or ()):
                methods.setdefault(method, name)
    keys = {"$default": ELSE}
    for path, methods in owners.items():
        first = next(iter(methods.values()))
        keys[f"ANY {path}"] = first
        others = {method: name for method, name in methods.items() if name != first}
        keys |= {f"{method} {path}": name for method, name in others.items()}
    return keys


def apart() -> set[str]:
    """The paths of `notify`, as CloudFront and the load balancer write them."""
    services = Services(Settings(redis_url="redis://127.0.0.1:1"))
    routes = FUNCTIONS[APART](services)
    known = [it.path for it in routes if isinstance(it, Route | WebSocketRoute)]
    return {re.sub(r"\{\w+\}", "*", path) for path in known}


def events(function: str) -> str:
    """The routes of one function, as SAM writes them."""
    lines = []
    for key, name in table().items():
        if name == function and key != "$default":
            method, path = key.split()
            title = "".join(word.capitalize() for word in re.findall(r"\w+", path)) or "Root"
            title += "" if method == "ANY" else method.capitalize()
            lines.append(
                f"        {title}: {{Type: HttpApi, Properties: "
                f'{{ApiId: !Ref Api, Method: {method}, Path: "{path}"}}}}'
            )
    return "\n".join(lines)


if __name__ == "__main__":
    for name in FUNCTIONS:
        print(f"{name}:\n{events(name)}")
    sys.exit(0)
