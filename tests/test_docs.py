"""README and docs/ are held to the code: what can be set, sent or met is there, and rightly."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

import shared.limits
from functions.execute.engine import program
from functions.execute.judging.present import ALL_OUTPUT_BYTES, TEST_OUTPUT_BYTES
from functions.execute.report import LIVE_BYTES
from functions.web.app import PAGES
from infra.local import cli
from infra.local.api import KEY_VARIABLE
from infra.local.host import create_app
from shared.claims import LEASE_MS, MAX_LOST_ATTEMPTS
from shared.errors import AssayError
from shared.limits import LIMITS, MIB
from shared.models import (
    CaseRequest,
    CaseResult,
    CheckerRequest,
    Comparison,
    FileRequest,
    LimitsRequest,
    Result,
    SubmitRequest,
)
from shared.settings import Settings, env_names
from shared.verdicts import EventType, State, Verdict

ROOT = Path(__file__).parents[1]
README = "\n".join(
    path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
)
#: The same in one line, for sentences.
PROSE = " ".join(README.split())
#: What is set as code, in blocks or within lines.
CODE = " ".join(re.findall(r"```.*?```|`[^`]+`", README, re.DOTALL))


def section(title: str) -> str:
    """The text below a heading of any level, up to the next one."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", README, re.DOTALL | re.MULTILINE)
    assert found is not None, f"there is no section {title!r}"
    return found[1]


def rows(title: str) -> dict[str, list[str]]:
    """The rows of a section's table, by the first word in backticks of each."""
    table: dict[str, list[str]] = {}
    for line in section(title).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if named := re.match(r"`(\w+)`", cells[0]):
            table[named[1]] = cells
    return table


def amount(text: str) -> int:
    """`5 000`, `256 MiB`, `4 GiB`, as a number."""
    number, _, unit = re.sub(r"(?<=\d) (?=\d)", "", text).partition(" ")
    return int(number) * {"": 1, "KiB": 1024, "MiB": MIB, "GiB": 1024 * MIB}[unit]


@pytest.mark.parametrize("spec", dataclasses.fields(Settings), ids=lambda spec: spec.name)
def test_each_setting_is_there_with_its_names_and_its_default(spec: Any) -> None:  # noqa: ANN401
    names = set(env_names(spec))
    found = [cells for cells in rows("Settings").values() if names & set(_words(cells[0]))]
    assert len(found) == 1, f"{names} has {len(found)} rows"
    assert set(_words(found[0][0])) == names
    assert found[0][1] == (f"`{spec.default}`" if spec.default != "" else "")
    for choice in spec.metadata["choices"] if spec.name != "log_level" else ():
        assert f"`{choice}`" in found[0][2]


def _words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_readme_has_no_setting_that_is_gone() -> None:
    real = {name for spec in dataclasses.fields(Settings) for name in env_names(spec)}
    real.add(KEY_VARIABLE)  # of the command line, not of the service
    named = set(re.findall(r"\bASSAY_[A-Z_]+\b", README))
    assert named
    assert named <= real


def test_each_limit_is_there_with_its_numbers() -> None:
    table = rows("Limits")
    assert set(table) == set(LIMITS)
    for name, row in LIMITS.items():
        _, default, least, most, _ = table[name]
        assert (amount(least), amount(most)) == (row.least, row.most), name
        if name != "wallTimeMs":
            assert amount(default) == row.default, name
    assert table["wallTimeMs"][1] == "2 × cpu + 1 000"
    assert LIMITS["wallTimeMs"].default == 2 * LIMITS["cpuTimeMs"].default + 1000


def test_what_a_request_may_carry_is_there() -> None:
    limits = shared.limits
    for words in (
        f"at most {limits.MAX_BODY_BYTES // MIB} MiB: {limits.MAX_CODE_BYTES // MIB} MiB of code",
        f"{limits.MAX_STDIN_BYTES // MIB} MiB of stdin",
        f"{limits.MAX_EXPECTED_BYTES // MIB} MiB of expected output",
        f"{limits.MAX_FILES} files of {limits.MAX_FILES_BYTES // MIB} MiB together",
        f"{limits.MAX_ARGS} arguments of {limits.MAX_ARG_BYTES // 1024} KiB",
        f"{limits.MAX_COLLECT} names to collect ({limits.MAX_COLLECT_BYTES // MIB} MiB together)",
        f"{limits.MAX_PROBLEM_ID} characters of problem id",
        f"`?wait=SECONDS`, at most {limits.MAX_WAIT_S}",
    ):
        assert words in PROSE


def test_what_tests_may_be_is_there() -> None:
    limits = shared.limits
    number = f"{limits.MAX_TESTS:,}".replace(",", " ")
    for words in (
        f"{number} tests with {limits.MAX_TESTS_BYTES // MIB} MiB together",
        f"holds a slot for {limits.MAX_JUDGING_S} s at most",
        f"{TEST_OUTPUT_BYTES // 1024} KiB of each, {ALL_OUTPUT_BYTES // MIB} MiB of all tests",
    ):
        assert words in PROSE


def test_what_cannot_be_set_is_there() -> None:
    fixed = program.Limits()
    inodes = f"{fixed.disk_inodes:,}".replace(",", " ")
    for words in (
        f"{fixed.file_bytes // MIB} MiB for one file",
        f"{fixed.disk_bytes // MIB} MiB and {inodes} inodes for all of",
        f"{fixed.open_files} open files",
        f"{fixed.stack_bytes // MIB} MiB of stack",
        f"the first {LIVE_BYTES // 1024} KiB are told live",
        f"a lease of {LEASE_MS // 1000} s",
    ):
        assert words in PROSE
    assert MAX_LOST_ATTEMPTS == 3
    assert "After three lost workers" in PROSE


def test_each_route_is_there() -> None:
    app: Starlette = create_app(Settings(redis_url="redis://127.0.0.1:1"))
    documented = section("Use it by curl")
    for route in app.routes:
        path = getattr(route, "path", "")
        methods = (route.methods or set()) - {"HEAD"} if isinstance(route, Route) else set()
        if path in PAGES or path.startswith("/assets"):
            continue  # the page
        wanted = [f"{method} {path}" for method in methods] or [path]
        for text in wanted:
            text = text.replace("/result/{id}", "/result/{id or problemId}")
            assert f"`{text}`" in documented, text


@pytest.mark.parametrize("word", [*EventType, *State, *Verdict])
def test_each_word_of_the_vocabulary_is_there(word: str) -> None:
    assert re.search(rf"`(?:[^`]* → )?{word}(?: → [^`]*)?`", PROSE), word


@pytest.mark.parametrize(
    "model",
    [
        SubmitRequest,
        FileRequest,
        LimitsRequest,
        CaseRequest,
        Comparison,
        Result,
        CaseResult,
        CheckerRequest,
    ],
)
def test_each_field_of_the_api_is_there(model: type[msgspec.Struct]) -> None:
    for field in msgspec.structs.fields(model):
        assert re.search(rf"\b{field.encode_name}\b", CODE), field.encode_name


def _errors(base: type[AssayError]) -> list[type[AssayError]]:
    return [each for child in base.__subclasses__() for each in (child, *_errors(child))]


def test_each_error_type_is_there_with_its_status() -> None:
    paragraph = re.search(r"^`invalid-request`.*?\n\n", README, re.DOTALL | re.MULTILINE)
    assert paragraph is not None
    told: dict[str, int] = {}
    for slugs, status in re.findall(r"([^()]+)\((\d{3})[^)]*\)", paragraph[0]):
        told |= {slug: int(status) for slug in _words(slugs)}
    assert told == {error.slug: error.status for error in _errors(AssayError)}


def test_each_command_is_there() -> None:
    commands = {*cli._TOOLS, *cli._COMMANDS} - {"serve"}
    for command in commands:
        assert re.search(rf"`(?:local_runner\.py )?{command}\b", section("Start")), command


def test_every_file_that_the_documents_name_exists() -> None:
    path = re.compile(r"`((?:functions|shared|infra|tests|engine|docs)/[\w./-]*)`")
    for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        named = path.findall(document.read_text())
        assert named
        for name in named:
            whole = f"functions/execute/{name}" if name.startswith("engine/") else name
            assert (ROOT / whole).exists(), f"{document.name} names {name}"


def test_no_document_or_lock_file_names_a_registry_host() -> None:
    hosts = re.compile(r"https?://(?!localhost|127\.0\.0\.1)[\w.-]+|--(?:extra-)?index-url")
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml", "README.md"):
        assert hosts.findall((ROOT / name).read_text()) == [], name


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_each_package_is_locked_to_one_version_by_its_hashes(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    packages = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert packages
    for line in packages:
        assert re.match(r"[\w.-]+==[\w.]+ ", line), line[:60]
        assert "--hash=sha256:" in line, line[:60]


def test_what_running_needs_is_locked_the_same_for_developing() -> None:
    run, dev = (
        set(re.findall(r"^([\w.-]+==\S+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert run < dev
