"""Admission: from what a caller sent to what a worker can run, or a field by name.

Sizes are counted in bytes of UTF-8. Nothing is clipped or repaired silently.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import msgspec

from shared import limits
from shared.assertions import LAST_WORDS
from shared.errors import InvalidField
from shared.languages import Language, find, known
from shared.limits import LIMITS
from shared.models import (
    Case,
    CaseRequest,
    Checker,
    Comparison,
    FileRequest,
    Limits,
    LimitsRequest,
    Spec,
    SubmitRequest,
)
from shared.signatures import RESERVED
from shared.taking.calls import cases, check_call
from shared.workers import WorkerFacts

_MOST_PART_BYTES = 255  # NAME_MAX of Linux
_MOST_PARTS = 8
_LOOKS_LIKE_AN_ID = re.compile(r"[0-9a-fA-F]{32}")


def admit(request: SubmitRequest, workers: Sequence[WorkerFacts]) -> Spec:
    """Check everything about a submission that can be checked without running it.

    Raises:
        InvalidField: with the path of the first field that cannot be honoured.
    """
    language = _language(request.language, workers)
    _text("code", request.code, limits.MAX_CODE_BYTES)
    _size("stdin", request.stdin, limits.MAX_STDIN_BYTES)
    _size("expectedOutput", request.expected_output or "", limits.MAX_EXPECTED_BYTES)
    _problem_id(request.problem_id)
    _args(request.args)
    call = check_call(request, request.call, language) if request.call else None
    own = RESERVED if call else (language.file,)
    return Spec(
        code=request.code,
        language=language.name,
        problem_id=request.problem_id,
        stdin=request.stdin,
        args=request.args,
        files=_files(request.files, *own),
        collect=_collect(request.collect),
        limits=_run_limits(request, language),
        expected_output=request.expected_output,
        tests=_tests(request, language)
        if request.call is None or call is None
        else _checked_tests("call.tests", cases(request.call, call), request, language),
        stop_on_failure=request.stop_on_failure,
        comparison=_comparison(request.comparison),
        checker=_checker(request, workers),
        assertions=_assertions(request, language),
        call=call,
        interactive=_interactive(request),
    )


def _language(name: str, workers: Sequence[WorkerFacts], field: str = "language") -> Language:
    found = find(name)
    # While no worker is alive nobody can tell what is installed: the files decide.
    there = {it.name for worker in workers for it in worker.languages} if workers else set(known())
    if found is None or found.name not in there:
        why = "is not known" if found is None else "is not installed"
        listed = ", ".join(sorted(there)) or "none"
        near = difflib.get_close_matches(name[:64].lower(), there, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        why = f"the language {name[:64]!r} {why}; here: {listed}{hint}"
        raise InvalidField(why, field=field)
    return found


def _size(field: str, value: str, most_bytes: int) -> None:
    size = len(value.encode())
    if size > most_bytes:
        raise InvalidField(f"{field} has {size} bytes; {most_bytes} are allowed", field=field)


def _text(field: str, value: str, most_bytes: int) -> None:
    if "\0" in value:
        raise InvalidField(f"{field} must not contain a NUL character", field=field)
    _size(field, value, most_bytes)


def _problem_id(problem_id: str | None) -> None:
    if problem_id is None:
        return
    if not 1 <= len(problem_id) <= limits.MAX_PROBLEM_ID:
        why = f"must have 1 to {limits.MAX_PROBLEM_ID} characters"
    elif problem_id in (".", "..") or set(problem_id) & set(" /\\") or not problem_id.isprintable():
        why = "must be printable, without spaces and slashes"
    elif _LOOKS_LIKE_AN_ID.fullmatch(problem_id):
        why = "must not look like a submission id (32 hexadecimal digits)"
    else:
        return
    raise InvalidField(f"problemId {why}", field="problemId")


def _interactive(request: SubmitRequest) -> bool:
    if request.interactive and (request.tests or request.call):
        why = "an interactive submission is one run: it has neither tests nor a call"
        raise InvalidField(why, field="interactive")
    return request.interactive


def _tests(request: SubmitRequest, language: Language) -> list[Case]:
    if not request.tests:
        return []
    if request.stdin or request.expected_output is not None or request.collect:
        why = "a submission with tests has no stdin, expectedOutput and collect of its own"
        raise InvalidField(why, field="tests")
    return _checked_tests("tests", request.tests, request, language)


def _checked_tests(
    field: str, tests: list[CaseRequest], request: SubmitRequest, language: Language
) -> list[Case]:
    if len(tests) > limits.MAX_TESTS:
        why = f"{len(tests)} tests; {limits.MAX_TESTS} are allowed"
        raise InvalidField(why, field=field)
    own = [language.file, *(file.name for file in request.files)]
    cases = [
        _test(f"{field}[{index}]", test, request, own, language) for index, test in enumerate(tests)
    ]
    size = sum(map(_case_bytes, cases))
    if size > limits.MAX_TESTS_BYTES:
        why = f"the tests have {size} bytes; {limits.MAX_TESTS_BYTES} are allowed"
        raise InvalidField(why, field=field)
    return cases


def _test(
    field: str, test: CaseRequest, request: SubmitRequest, own: list[str], language: Language
) -> Case:
    if test.name is not None:
        _text(f"{field}.name", test.name, limits.MAX_TEST_NAME)
    if test.points is not None and not 0 <= test.points <= limits.MAX_POINTS:
        why = f"points must be from 0 to {limits.MAX_POINTS}"
        raise InvalidField(why, field=f"{field}.points")
    _args(test.args or [], f"{field}.args")
    asked = {**_given(request.limits), **_given(test.limits)}
    differs = bool(_given(test.limits))
    return Case(
        name=test.name,
        stdin=test.stdin,
        expected_output=test.expected_output,
        args=test.args,
        files=_files(test.files, *own, field=f"{field}.files"),
        limits=_checked_limits(asked, language, f"{field}.limits") if differs else None,
        points=test.points,
    )


def _case_bytes(case: Case) -> int:
    texts = [case.name or "", case.stdin, case.expected_output or "", *(case.args or [])]
    return sum(len(text.encode()) for text in texts) + sum(map(len, case.files.values()))


def _comparison(asked: Comparison) -> Comparison:
    for name in ("relativeTolerance", "absoluteTolerance"):
        value = msgspec.to_builtins(asked)[name]
        field = f"comparison.{name}"
        if value is not None and asked.mode != "floats":
            raise InvalidField(f"{field} belongs to mode 'floats'", field=field)
        if value is not None and not 0 <= value <= 1e18:
            raise InvalidField(f"{field} must be from 0 to 1e18", field=field)
    return asked


def _checker(request: SubmitRequest, workers: Sequence[WorkerFacts]) -> Checker | None:
    asked = request.checker
    if asked is None:
        return None
    if not request.tests:
        raise InvalidField("a checker is for a submission with tests", field="checker")
    if request.comparison != Comparison():
        why = "either a checker or a comparison decides, not both"
        raise InvalidField(why, field="comparison")
    if not 1 <= asked.passes <= limits.MAX_PASSES:
        why = f"checker.passes must be from 1 to {limits.MAX_PASSES}"
        raise InvalidField(why, field="checker.passes")
    language = _language(asked.language, workers, "checker.language")
    _text("checker.code", asked.code, limits.MAX_CODE_BYTES)
    return Checker(
        language=language.name,
        code=asked.code,
        files=_files(asked.files, language.file, field="checker.files"),
        interactive=asked.interactive,
        passes=asked.passes,
    )


def _assertions(request: SubmitRequest, language: Language) -> str:
    if not request.assertions:
        return ""
    _text("assertions", request.assertions, limits.MAX_CODE_BYTES)
    if request.tests or request.call or request.expected_output is not None:
        why = "assertions decide alone: without tests, call and expectedOutput"
        raise InvalidField(why, field="assertions")
    if request.comparison != Comparison():
        why = "assertions decide alone: there is nothing to compare"
        raise InvalidField(why, field="comparison")
    if language.name not in LAST_WORDS:
        why = f"assertions can be appended to {', '.join(sorted(LAST_WORDS))}"
        raise InvalidField(why, field="assertions")
    return request.assertions


def _args(args: list[str], field: str = "args") -> None:
    if len(args) > limits.MAX_ARGS:
        raise InvalidField(f"{len(args)} args; {limits.MAX_ARGS} are allowed", field=field)
    for index, arg in enumerate(args):
        _text(f"{field}[{index}]", arg, limits.MAX_ARG_BYTES)


def _files(files: list[FileRequest], *own: str, field: str = "files") -> dict[str, bytes]:
    """Checked files; `own` are names that are taken, the program's first."""
    if len(files) > limits.MAX_FILES:
        raise InvalidField(f"{len(files)} files; {limits.MAX_FILES} are allowed", field=field)
    placed: dict[str, bytes] = {}
    for index, file in enumerate(files):
        where = f"{field}[{index}]"
        if why := _unsafe(file.name) or _clash(file.name, [*own, *placed]):
            raise InvalidField(f"the file name {file.name[:64]!r} {why}", field=f"{where}.name")
        placed[file.name] = _content(file, f"{where}.content")
    total = sum(map(len, placed.values()))
    if total > limits.MAX_FILES_BYTES:
        why = f"the files have {total} bytes; {limits.MAX_FILES_BYTES} are allowed"
        raise InvalidField(why, field=field)
    return placed


def _collect(names: list[str]) -> list[str]:
    if len(names) > limits.MAX_COLLECT:
        why = f"{len(names)} names; {limits.MAX_COLLECT} are allowed"
        raise InvalidField(why, field="collect")
    for index, name in enumerate(names):
        if why := _unsafe(name):
            raise InvalidField(f"the name {name[:64]!r} {why}", field=f"collect[{index}]")
    return list(dict.fromkeys(names))


def _unsafe(name: str) -> str:
    """Why a name cannot be a path inside the work folder; empty if it can."""
    parts = name.split("/")
    if not name.isprintable():
        return "contains control characters"
    if {"", ".", ".."} & set(parts):
        return "must be a relative path without empty, '.' and '..' parts"
    if len(parts) > _MOST_PARTS:
        return f"has more than {_MOST_PARTS} parts"
    if any(len(part.encode()) > _MOST_PART_BYTES for part in parts):
        return f"has a part of more than {_MOST_PART_BYTES} bytes"
    return ""


def _clash(name: str, taken: list[str]) -> str:
    """Why a name cannot stand beside those already taken; empty if it can."""
    path = PurePosixPath(name)
    for other_name in taken:
        other = PurePosixPath(other_name)
        if path == other:
            return "is taken by the program" if other_name == taken[0] else "is there twice"
        if path in other.parents or other in path.parents:
            return f"cannot be a file and a folder, beside {other_name[:64]!r}"
    return ""


def _content(file: FileRequest, field: str) -> bytes:
    if file.encoding == "utf-8":
        return file.content.encode()
    try:
        return base64.b64decode(file.content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidField(f"the content is not base64: {error}", field=field) from None


def _run_limits(request: SubmitRequest, language: Language) -> Limits:
    given = _given(request.limits)
    if request.interactive:
        given.setdefault("wallTimeMs", limits.INTERACTIVE_WALL_MS)
    return _checked_limits(given, language, "limits")


def _given(asked: LimitsRequest) -> dict[str, int]:
    return {name: value for name, value in msgspec.to_builtins(asked).items() if value is not None}


def _checked_limits(given: dict[str, int], language: Language, field: str) -> Limits:
    for name, value in given.items():
        least, most = LIMITS[name].least, LIMITS[name].most
        if not least <= value <= most:
            why = f"{field}.{name} must be from {least} to {most}"
            raise InvalidField(why, field=f"{field}.{name}")
    return msgspec.convert(complete_limits(given, language), Limits)


def complete_limits(given: dict[str, int], language: Language) -> dict[str, int]:
    """Checked limits, and the defaults of the language and of the table."""
    whole = {name: row.default for name, row in LIMITS.items()} | language.defaults | given
    if "wallTimeMs" not in given:
        # A program that may use more CPU time gets the wall time for it, too.
        wall_time_ms = max(2 * whole["cpuTimeMs"] + 1000, language.defaults.get("wallTimeMs", 0))
        whole["wallTimeMs"] = min(wall_time_ms, LIMITS["wallTimeMs"].most)
    return whole


def default_limits(language: Language) -> dict[str, int]:
    """The limits of a submission in this language that asks for none."""
    return complete_limits({}, language)
