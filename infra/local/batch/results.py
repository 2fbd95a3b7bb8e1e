"""The results of a batch as they come: written down, counted, and never twice.

Theory of operation. Each line of `GET /batch/{id}/results` has a position, and `?after=` goes on
behind it. A line that was written whole into the file of results is seen; so after a lost
connection, and in another start by what the file holds, the stream goes on where it was. A last
line that was cut is taken off the file: it comes again. The file is locked meanwhile: of two that
go on with one batch each would write every line.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from infra.local.failure import Failure

Line = Mapping[str, Any]


class Sink:
    """Where the lines are written: a file, stdout, or nowhere."""

    def __init__(self, file: IO[bytes] | None, lines: list[Line], name: str = "") -> None:
        self._file = file
        self._name = name
        #: What it held before.
        self.lines = lines

    @property
    def after(self) -> int:
        """The position of the last line that it held."""
        return max((int(it.get("position") or 0) for it in self.lines), default=0)

    def write(self, line: Line) -> None:
        """One more, whole.

        Raises:
            Failure: the disk is full, or nobody reads it any more.
        """
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            with contextlib.suppress(OSError):  # else it is tried once more at the end
                self._file.close()
            raise _unwritable(self._name, error) from None


@contextlib.contextmanager
def sink(out: str | None, batch: str) -> Iterator[Sink]:
    """Open it, for a batch that is gone on with or, without an id, for a new one.

    Raises:
        Failure: it cannot be written, or holds what is not of this batch.
    """
    if out is None:
        yield Sink(None, [])
    elif out == "-":
        yield Sink(sys.stdout.buffer, [], "stdout")
    else:
        path = Path(out)
        try:
            with path.open("ab") as file:
                _lock(file, out)
                yield Sink(file, _held(path, batch), out)
        except OSError as error:
            raise _unwritable(out, error) from None


def _lock(file: IO[bytes], name: str) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Failure(f"{name} is being written by another start of `batch`.", 2) from None


def _unwritable(name: str, error: OSError) -> Failure:
    return Failure(f"{name} cannot be written ({error.strerror}).", 2)


def _held(path: Path, batch: str) -> list[Line]:
    """The whole lines of a file; a last one that was cut is taken off."""
    if not path.is_file():  # a pipe or a device holds nothing, and may never end
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    try:
        lines = [json.loads(line) for line in whole.splitlines()]
        owners = {str(line["batchId"]) for line in lines}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Failure(f"{path} holds something else than results: name another file.", 2) from None
    if owners and not batch:
        raise Failure(
            f"{path} holds results already: name another file, or go on with their batch by "
            f"`local_runner.py batch {owners.pop()} --out {path}`.",
            2,
        )
    if owners - {batch}:
        raise Failure(f"{path} holds the results of another batch: name another file.", 2)
    if len(whole) < len(content):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return lines
