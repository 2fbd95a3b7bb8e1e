"""`problem verify`: the package's input validators on every input of its tests.

Theory of operation. A validator is a program that reads one input and ends with 42 if it is
as the statement promises. Each runs as an ordinary submission whose tests are the inputs, so
it is compiled once and runs in a cell as everybody's programs do; we look at the exit codes.
A validator that cannot be run here is told of, and is no complaint about the package.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.local.api import Api
from shared.limits import LIMITS
from shared.problems.model import Case, Package, Program
from shared.problems.reader import Opened, open_package

_VALID = 42
_TERMINAL = ("finished", "cancelled")
_WAIT_S = 60
#: Of one submission: it takes 1,000 tests with 16 MiB together.
_MOST_TESTS, _MOST_BYTES = 500, 8 << 20
#: Told of each validator; the rest is counted.
_MOST_TOLD = 5
_MOST_WORDS = 200


@dataclass
class Checked:
    """What came out: inputs that were found wrong, and what could not be looked at."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check(api: Api, package: Package, path: Path, languages: set[str]) -> Checked:
    """Run all input validators of a package.

    Raises:
        Failure: the service refused it, or went away.
    """
    checked = Checked()
    with open_package(path, package.short_name) as opened:
        for validator in package.input_validators:
            why = _cannot_run(validator, languages)
            if why:
                checked.notes.append(f"{validator.path} is not run: {why}")
            else:
                _check_one(api, package, opened, validator, checked)
    return checked


def _cannot_run(validator: Program, languages: set[str]) -> str:
    if validator.has_build or validator.has_run:
        return "it brings a build script"
    if validator.language is None:
        return "it is in no language that is known here"
    if validator.language not in languages:
        return f"{validator.language} is not installed here"
    if validator.entry_point is None and len(validator.sources) != 1:
        return "it is not clear which of its files it begins with"
    return ""


def _check_one(
    api: Api, package: Package, opened: Opened, validator: Program, checked: Checked
) -> None:
    program = _program(package, opened, validator)
    wrong: list[str] = []
    for part in _parts(package.cases):
        tests = [_test(opened, validator, case, checked) for case in part]
        body = {**program, "tests": [test for test in tests if test], "stopOnFailure": False}
        if body["tests"]:
            wrong += _complaints(_judged(api, body))
    told = [f"{validator.path}: {text}" for text in wrong[:_MOST_TOLD]]
    more = len(wrong) - len(told)
    checked.problems += [*told, *([f"{validator.path}: and {more} more"] if more > 0 else [])]


def _program(package: Package, opened: Opened, validator: Program) -> dict[str, Any]:
    begins = validator.entry_point or validator.sources[0]
    contents = {name: opened.read(file) for name, file in validator.files.items()}
    limits = package.limits
    return {
        "language": validator.language,
        "code": contents.pop(begins).decode(errors="replace"),
        "files": [
            {"name": name, "content": base64.b64encode(content).decode(), "encoding": "base64"}
            for name, content in contents.items()
        ],
        "limits": {
            "cpuTimeMs": min(limits.validation_time_ms, LIMITS["cpuTimeMs"].most),
            "memoryBytes": min(limits.validation_memory_bytes, LIMITS["memoryBytes"].most),
        },
    }


def _parts(cases: Sequence[Case]) -> Iterator[list[Case]]:
    part: list[Case] = []
    size = 0
    for case in cases:
        if part and (len(part) == _MOST_TESTS or size + case.input.size > _MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(case)
        size += case.input.size
    if part:
        yield part


def _test(
    opened: Opened, validator: Program, case: Case, checked: Checked
) -> dict[str, Any] | None:
    if case.input.size > _MOST_BYTES:
        checked.notes.append(f"{case.name}.in is not validated: it has {case.input.size} bytes")
        return None
    try:
        stdin = opened.read(case.input).decode()
    except UnicodeDecodeError:
        checked.notes.append(f"{case.name}.in is not validated: it is not text in UTF-8")
        return None
    given = case.input_validator_args
    args = given.get(validator.name, given.get("", ()))
    return {"name": f"{case.name}.in", "stdin": stdin, "args": list(args)}


def _judged(api: Api, body: dict[str, Any]) -> dict[str, Any]:
    link = str(api.json("POST", "/submit", body)["links"]["result"])
    while True:
        result = api.json("GET", f"{link}?wait={_WAIT_S}")
        if result["status"] in _TERMINAL:
            return result


def _complaints(result: dict[str, Any]) -> list[str]:
    rows = result.get("tests") or []
    if not rows:
        said = str(result.get("compileOutput") or result.get("message") or "")
        return [f"it ended with {result.get('verdict')}: {said[:_MOST_WORDS].strip()}"]
    return [
        f"{row['name']} is not as promised: {_said(row)}"
        for row in rows
        if row.get("exitCode") != _VALID
    ]


def _said(row: dict[str, Any]) -> str:
    words = str(row.get("stderr") or row.get("stdout") or "").strip()
    last = words.splitlines()[-1][:_MOST_WORDS] if words else ""
    code = row.get("exitCode")
    how = f"exit code {code}" if code is not None else str(row["verdict"])
    return f"{how}: {last}" if last else how
