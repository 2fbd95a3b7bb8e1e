"""`submit FILE`: sends a program, follows its events, shows output and verdict.

The program's stdout is our stdout, everything else goes to stderr. To a terminal the
output is written as it comes; to a pipe or a file it is written once, at the end,
because a run that is lost with its worker starts again from its first byte.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.local.api import Api
from infra.local.failure import Failure
from infra.local.state import read_runner, state_folder
from shared.languages import by_suffix
from shared.settings import Settings

_GOOD = ("accepted", "completed")
_PROGRESS = ("queued", "preparing", "running")
_TERMINAL = ("finished", "cancelled")


def submit(
    settings: Settings,
    *,
    file: str,
    language: str | None = None,
    stdin_file: str | None = None,
    problem: str | None = None,
    url: str | None = None,
) -> int:
    """Judge a file and wait: 0 accepted or completed, 1 another verdict.

    Raises:
        Failure: it could not be judged (exit code 2).
    """
    body: dict[str, Any] = {
        "code": _read(file),
        "language": language or guess_language(file),
        "stdin": _read(stdin_file) if stdin_file else "",
    }
    if problem:
        body["problemId"] = problem
    api = Api(url or local_url(settings))
    accepted = api.json("POST", "/submit", body)
    submission_id = str(accepted["id"])
    _tell(f"submitted {submission_id}")
    screen = Screen(live=sys.stdout.isatty())
    for kind, data in api.events(accepted["links"]["events"]):
        screen.show(kind, data)
        if kind in _TERMINAL or data.get("status") in _TERMINAL:
            break
    return screen.conclude(api.json("GET", accepted["links"]["result"]))


def local_url(settings: Settings) -> str:
    """The port that was asked for; else the runner of this state folder, or the default."""
    announced = read_runner(state_folder(settings)).get("url")
    if announced and settings.port in (0, Settings().port):
        return str(announced)
    return f"http://{settings.host}:{settings.port}"


def guess_language(file: str) -> str:
    """The language whose source files end like this one.

    Raises:
        Failure: none do.
    """
    language = by_suffix(file)
    if language is None:
        raise Failure(f"The language of {file!r} is not clear: name it with --language.", 2)
    return language.name


def _read(file: str) -> str:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return content.decode()
    except OSError as error:
        raise Failure(f"{file} cannot be read ({error.strerror}).", 2) from None
    except UnicodeDecodeError:
        raise Failure(f"{file} is not UTF-8 text.", 2) from None


class Screen:
    """What the person who waits has seen so far of a program's output."""

    def __init__(self, *, live: bool) -> None:
        self._live = live
        self._shown = {"stdout": b"", "stderr": b""}

    def show(self, kind: str, data: Mapping[str, Any]) -> None:
        """One event."""
        if kind == "output" and self._live:
            self._write(data["stream"], _bytes_of(data["text"], data["encoding"]))
        elif kind == "test":
            _tell(f"test {data['index']}: {data['verdict']}")
        elif kind == "queued" and data.get("reason"):
            _tell(f"queued again ({data['reason']})")
            self._shown = {"stdout": b"", "stderr": b""}
        elif kind in _PROGRESS:
            _tell(kind)

    def conclude(self, result: Mapping[str, Any]) -> int:
        """The end: the output not shown yet, the verdict; gives the exit code."""
        if result.get("compileOutput"):
            _tell("the compiler says:")
            self._write("stderr", result["compileOutput"].encode())
            self._shown["stderr"] = b""
        for name, shown in self._shown.items():
            whole = _bytes_of(result.get(name) or "", result.get(f"{name}Encoding", "utf-8"))
            # Live output is bounded, and of a run that was lost with its worker.
            self._write(name, whole[len(shown) :] if whole.startswith(shown) else whole)
        verdict = str(result.get("verdict") or result["status"])
        _tell("  ".join([verdict, *_figures(result)]))
        if result.get("message"):
            _tell(str(result["message"]))
        return 0 if verdict in _GOOD else 1

    def _write(self, name: str, content: bytes) -> None:
        sink = sys.stdout.buffer if name == "stdout" else sys.stderr.buffer
        sink.write(content)
        sink.flush()
        self._shown[name] += content


def _figures(result: Mapping[str, Any]) -> list[str]:
    figures = []
    if result.get("signal"):
        figures.append(f"signal {result['signal']}")
    elif result.get("exitCode") is not None:
        figures.append(f"exit code {result['exitCode']}")
    for name, label in (("cpuTimeMs", "cpu"), ("wallTimeMs", "wall")):
        if result.get(name) is not None:
            figures.append(f"{label} {result[name]:.1f} ms")
    if result.get("peakMemoryBytes") is not None:
        figures.append(f"memory {result['peakMemoryBytes'] / 2**20:.1f} MiB")
    if result.get("truncated"):
        figures.append("output truncated")
    return figures


def _bytes_of(text: str, encoding: str) -> bytes:
    return base64.b64decode(text) if encoding == "base64" else text.encode()


def _tell(text: str) -> None:
    print(f"Assay: {text}", file=sys.stderr, flush=True)
