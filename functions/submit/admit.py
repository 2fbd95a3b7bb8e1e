"""Admission: from what a caller sent to what a worker can run, or a field by name.

Sizes are counted in bytes of UTF-8. Nothing is clipped or repaired silently.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import msgspec

from shared import limits
from shared.errors import InvalidField
from shared.languages import Language, find, known
from shared.limits import LIMITS
from shared.models import FileRequest, Limits, LimitsRequest, Spec, SubmitRequest
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
    return Spec(
        code=request.code,
        language=language.name,
        problem_id=request.problem_id,
        stdin=request.stdin,
        args=request.args,
        files=_files(request.files, language.file),
        collect=_collect(request.collect),
        limits=_limits(request.limits, language),
        expected_output=request.expected_output,
    )


def _language(name: str, workers: Sequence[WorkerFacts]) -> Language:
    found = find(name)
    # While no worker is alive nobody can tell what is installed: the files decide.
    there = {it.name for worker in workers for it in worker.languages} if workers else set(known())
    if found is None or found.name not in there:
        why = "is not known" if found is None else "is not installed"
        listed = ", ".join(sorted(there)) or "none"
        raise InvalidField(f"the language {name[:64]!r} {why}; here: {listed}", field="language")
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


def _args(args: list[str]) -> None:
    if len(args) > limits.MAX_ARGS:
        raise InvalidField(f"{len(args)} args; {limits.MAX_ARGS} are allowed", field="args")
    for index, arg in enumerate(args):
        _text(f"args[{index}]", arg, limits.MAX_ARG_BYTES)


def _files(files: list[FileRequest], program: str) -> dict[str, bytes]:
    if len(files) > limits.MAX_FILES:
        raise InvalidField(f"{len(files)} files; {limits.MAX_FILES} are allowed", field="files")
    placed: dict[str, bytes] = {}
    for index, file in enumerate(files):
        where = f"files[{index}]"
        if why := _unsafe(file.name) or _clash(file.name, [program, *placed]):
            raise InvalidField(f"the file name {file.name[:64]!r} {why}", field=f"{where}.name")
        placed[file.name] = _content(file, f"{where}.content")
    total = sum(map(len, placed.values()))
    if total > limits.MAX_FILES_BYTES:
        why = f"the files have {total} bytes; {limits.MAX_FILES_BYTES} are allowed"
        raise InvalidField(why, field="files")
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


def _limits(asked: LimitsRequest, language: Language) -> Limits:
    given = {name: value for name, value in msgspec.to_builtins(asked).items() if value is not None}
    for name, value in given.items():
        least, most = LIMITS[name].least, LIMITS[name].most
        if not least <= value <= most:
            why = f"limits.{name} must be from {least} to {most}"
            raise InvalidField(why, field=f"limits.{name}")
    return msgspec.convert(_complete(given, language), Limits)


def _complete(given: dict[str, int], language: Language) -> dict[str, int]:
    whole = {name: row.default for name, row in LIMITS.items()} | language.defaults | given
    if "wallTimeMs" not in given:
        # A program that may use more CPU time gets the wall time for it, too.
        wall_time_ms = max(2 * whole["cpuTimeMs"] + 1000, language.defaults.get("wallTimeMs", 0))
        whole["wallTimeMs"] = min(wall_time_ms, LIMITS["wallTimeMs"].most)
    return whole


def default_limits(language: Language) -> dict[str, int]:
    """The limits of a submission in this language that asks for none."""
    return _complete({}, language)
