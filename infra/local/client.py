"""`submit FILE`: sends a program, follows its events, shows output and verdict.

The program's stdout is our stdout, everything else goes to stderr. To a terminal the
output is written as it comes; to a pipe or a file it is written once, at the end,
because a run that is lost with its worker starts again from its first byte. Where stderr is a
terminal, a state is one line that is written again, and verdicts have colours.
"""

from __future__ import annotations

import base64
import difflib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.local import terminal
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
    as_json: bool = False,
) -> int:
    """Judge a file and wait: 0 accepted or completed, 1 another verdict. Ctrl-C cancels it.

    Args:
        as_json: print the result as the API gives it, and nothing else.

    Raises:
        Failure: it could not be judged (exit code 2), or was cancelled (130).
    """
    body: dict[str, Any] = {
        "code": _read(file),
        "language": language or guess_language(file),
        "stdin": _read(stdin_file) if stdin_file else "",
    }
    if problem:
        body["problemId"] = problem
    api = Api(url or local_url(settings))
    if problem and not as_json:
        _tell_a_label(api, problem)
    accepted = api.json("POST", "/submit", body)
    submission_id = str(accepted["id"])
    screen = Quiet() if as_json else Screen(live=sys.stdout.isatty())
    screen.show("submitted", {"id": submission_id})
    try:
        for kind, data in api.events(accepted["links"]["events"]):
            screen.show(kind, data)
            if kind in _TERMINAL or data.get("status") in _TERMINAL:
                break
        return screen.conclude(api.json("GET", accepted["links"]["result"]))
    except KeyboardInterrupt:  # whoever ends us means the program
        api.json("DELETE", f"/submission/{submission_id}")
        raise Failure(f"Interrupted; submission {submission_id} is cancelled.", 130) from None


def _tell_a_label(api: Api, problem: str) -> None:
    """A problem that is not installed judges nothing, which whoever misspelt one should know."""
    installed = [it["id"] for it in api.json("GET", "/problems")["problems"]]
    if problem not in installed:
        near = difflib.get_close_matches(problem, installed, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        told = f"no problem {problem!r} is installed, so it is a label and judges nothing{hint}"
        print(f"Assay: {told}", file=sys.stderr, flush=True)


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


class Quiet:
    """Says nothing until the end, and then all of it to a program."""

    def show(self, kind: str, data: Mapping[str, Any]) -> None:
        """One event."""

    def conclude(self, result: Mapping[str, Any]) -> int:
        """The end: the result as JSON; gives the exit code."""
        print(json.dumps(result))
        return _exit_code(result)


class Screen(Quiet):
    """What the person who waits has seen so far of a program's output."""

    def __init__(self, *, live: bool) -> None:
        self._live = live
        self._ticker = terminal.Ticker()
        #: A program without tests has one run, and its verdict is told once.
        self._first_test = ""
        self._shown = {"stdout": b"", "stderr": b""}

    def show(self, kind: str, data: Mapping[str, Any]) -> None:
        """One event."""
        if kind == "output" and self._live:
            self._write(data["stream"], _bytes_of(data["text"], data["encoding"]))
        elif kind == "submitted":
            self._tell(f"submitted {data['id']}")
        elif kind == "test":
            self._show_test(data)
        elif kind == "queued" and data.get("reason"):
            self._tell(f"queued again ({data['reason']})")
            self._shown = {"stdout": b"", "stderr": b""}
        elif kind in _PROGRESS and self._ticker.is_live:
            self._ticker.show(f"Assay: {kind} ...")
        elif kind in _PROGRESS:
            self._tell(kind)

    def _show_test(self, data: Mapping[str, Any]) -> None:
        word = terminal.verdict(data["verdict"], sink=sys.stderr)
        line = "  ".join([f"test {data['index']}: {word}", *_figures(data)])
        if data["index"] == 1:
            self._first_test = line
            return
        self._tell_first_test()
        self._tell(line)

    def _tell_first_test(self) -> None:
        if self._first_test:
            self._tell(self._first_test)
            self._first_test = ""

    def conclude(self, result: Mapping[str, Any]) -> int:
        """The end: the output not shown yet, the verdict; gives the exit code."""
        if result.get("tests"):
            self._tell_first_test()
        if result.get("compileOutput"):
            self._tell("the compiler says:")
            self._write("stderr", result["compileOutput"].encode())
            self._shown["stderr"] = b""
        for name, shown in self._shown.items():
            whole = _bytes_of(result.get(name) or "", result.get(f"{name}Encoding", "utf-8"))
            # Live output is bounded, and of a run that was lost with its worker.
            self._write(name, whole[len(shown) :] if whole.startswith(shown) else whole)
        self._end_line()
        word = terminal.verdict(_verdict(result), sink=sys.stderr)
        self._tell("  ".join([word, *_figures(result)]))
        if result.get("message"):
            self._tell(str(result["message"]))
        return _exit_code(result)

    def _end_line(self) -> None:
        """What follows begins on a line of its own, also after output that does not end one."""
        if sys.stdout.isatty() and not (self._shown["stdout"] or b"\n").endswith(b"\n"):
            sys.stdout.buffer.write(b"\n")
            sys.stdout.buffer.flush()

    def _tell(self, text: str) -> None:
        self._ticker.clear()
        print(f"Assay: {text}", file=sys.stderr, flush=True)

    def _write(self, name: str, content: bytes) -> None:
        self._ticker.clear()
        sink = sys.stdout.buffer if name == "stdout" else sys.stderr.buffer
        sink.write(content)
        sink.flush()
        self._shown[name] += content


def _verdict(result: Mapping[str, Any]) -> str:
    return str(result.get("verdict") or result["status"])


def _exit_code(result: Mapping[str, Any]) -> int:
    return 0 if _verdict(result) in _GOOD else 1


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
