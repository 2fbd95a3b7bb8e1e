"""The gateway's list of paths is the functions' own, and Caddy takes it as it is."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from starlette.routing import Route, WebSocketRoute

from infra.containers.routes import FILE, table, text
from infra.local.host import FUNCTIONS
from shared.services import Services
from shared.settings import Settings


def routes() -> Iterator[tuple[str, str]]:
    """Routes of all functions, each a line, with something in the place of each parameter."""
    services = Services(Settings(redis_url="redis://127.0.0.1:1"))
    for name, function in FUNCTIONS.items():
        for route in function(services):
            assert isinstance(route, Route | WebSocketRoute)
            path = re.sub(r"{\w+(:path)?}", "some-1", route.path)
            for method in sorted(route.methods or ()) if isinstance(route, Route) else ["GET"]:
                yield name, f"{method} {path}"


def function_for(line: str) -> str:
    """Which function the gateway's list names for `<method> <path>`."""
    return next((name for pattern, name in table() if re.fullmatch(pattern, line)), "")


def test_the_list_is_up_to_date() -> None:
    assert FILE.read_text() == text(), "run: python -m infra.containers.routes"


def test_each_route_of_each_function_is_asked_of_that_function() -> None:
    lines = list(routes())
    assert len(lines) > 30
    assert [(name, line) for name, line in lines if function_for(line) != name] == []


def test_other_methods_go_to_who_knows_the_path_and_other_paths_to_nobody() -> None:
    assert function_for("PATCH /submit") == "submit"
    assert function_for("GET /submit/") == ""
    assert function_for("GET /result/a/b") == ""
    assert function_for("GET /problems/a/files/b/c.png") == "problems"


def test_caddy_takes_the_configuration_and_finds_it_well_formed() -> None:
    caddy, file = Path(sys.executable).with_name("caddy"), FILE.with_name("Caddyfile")
    for command in (["validate", "--config"], ["fmt"]):
        argv = [str(caddy), *command, str(file)]
        done = subprocess.run(argv, capture_output=True, text=True, env={"HOME": "/nowhere"})
        assert done.returncode == 0, done.stdout + done.stderr
