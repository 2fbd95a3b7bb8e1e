"""The rules of the house: who may import whom, and how long a file may be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST_LINES = 400
FUNCTIONS = sorted(
    path.name for path in (ROOT / "functions").iterdir() if (path / "__init__.py").exists()
)
#: What serves HTTP or runs it belongs to the functions and to the host.
_WEB = {"starlette", "uvicorn", "anyio", "httpx2"}


def modules(*parts: str) -> list[Path]:
    """The Python files below a folder."""
    return sorted(ROOT.joinpath(*parts).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """The full names that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def offenders(paths: list[Path], *forbidden: str) -> list[str]:
    """The imports of these files that lie at or below a forbidden name."""
    assert paths
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in paths
        for name in imports(path)
        if any(name == top or name.startswith(f"{top}.") for top in forbidden)
    ]


def test_the_rules_are_about_something() -> None:
    assert {"submit", "execute", "result", "notify", "web"} <= set(FUNCTIONS)
    assert "shared.errors.AssayError" in imports(ROOT / "shared" / "asgi.py")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_imports_no_other_function(name: str) -> None:
    others = [f"functions.{other}" for other in FUNCTIONS if other != name]
    assert offenders(modules("functions", name), *others, "infra", "tests") == []


def test_shared_imports_no_function_and_only_its_serving_knows_the_web_framework() -> None:
    assert offenders(modules("shared"), "functions", "infra", "tests") == []
    serving = modules("shared", "serving")
    others = [path for path in modules("shared") if path not in serving]
    assert offenders(others, *_WEB, "shared.serving") == []


def test_only_the_queue_of_shared_knows_dramatiq() -> None:
    paths = [path for path in modules("shared") if path.name != "queue.py"]
    assert offenders(paths, "dramatiq") == []


def test_only_execute_runs_programs_and_only_it_knows_dramatiq_among_the_functions() -> None:
    for name in FUNCTIONS:
        if name != "execute":
            assert offenders(modules("functions", name), "dramatiq", "subprocess") == []


def test_nothing_reads_pickles() -> None:
    """What a program wrote is bytes, and stays bytes."""
    service = [*modules("functions"), *modules("shared"), *modules("infra")]
    assert offenders(service, "pickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle") == []


def test_nothing_imports_the_assembler_but_itself_and_the_command() -> None:
    assert offenders(modules("functions") + modules("shared"), "infra", "local_runner") == []
    assert offenders(modules("infra"), "local_runner", "tests") == []


def test_no_file_is_longer_than_it_should_be() -> None:
    kinds = {".py", ".lua", ".js", ".css", ".html", ".toml"}
    folders = ("functions", "shared", "infra", "tests")
    files = [
        path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in kinds
    ]
    assert len(files) > 20
    long = {
        str(path.relative_to(ROOT)): count
        for path in files
        if (count := len(path.read_text().splitlines())) > MOST_LINES
    }
    assert long == {}


def test_the_one_command_is_short() -> None:
    assert len((ROOT / "local_runner.py").read_text().splitlines()) <= 150
