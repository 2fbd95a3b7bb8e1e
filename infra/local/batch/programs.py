"""The file of a batch: a submission on each line, as it was written or with what it leaves out."""

from __future__ import annotations

import codecs
import contextlib
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, BinaryIO

from infra.local.failure import Failure
from shared.limits import MAX_BATCH

_ID = re.compile(r"[0-9a-f]{32}")
#: Of 256 MiB, past which it is in a file.
_IN_MEMORY_BYTES = 16 << 20


class Programs:
    """What is sent, and which line of the file each item was."""

    def __init__(self, body: BinaryIO, lines: list[int]) -> None:
        self.body = body
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    def line(self, index: int) -> int:
        """The number of the line that an item was, from 1."""
        return self._lines[index]


def batch_id(text: str) -> str:
    """The id of a batch, if this is one and no file; else empty."""
    return text if _ID.fullmatch(text) and not Path(text).exists() else ""


@contextlib.contextmanager
def opened(file: str, defaults: Mapping[str, str]) -> Iterator[Programs]:
    """The programs of a file, while the context lasts.

    Raises:
        Failure: it cannot be read, or has none.
    """
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as body:
        numbers = []
        try:
            with _source(file) as source:
                for number, raw in enumerate(source, start=1):
                    line = raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
                    if line.strip():
                        numbers.append(number)
                        body.write(_completed(line, defaults).rstrip(b"\r\n") + b"\n")
        except OSError as error:
            raise Failure(f"{file} cannot be read ({error.strerror}).", 2) from None
        if not numbers:
            raise Failure(f"{file} has no programs: each line is a submission, as JSON.", 2)
        if len(numbers) > MAX_BATCH:
            raise Failure(
                f"{file} has {len(numbers)} programs, and a batch takes {MAX_BATCH}: split it, "
                f"as by `split -l {MAX_BATCH} {file} part-`.",
                2,
            )
        if numbers[0] == 1 and _is_a_list(body):
            raise Failure(
                f"{file} is one JSON array: write each of its items on a line of its own, "
                f"as by `jq -c '.[]' {file}`.",
                2,
            )
        yield Programs(body, numbers)  # type: ignore[arg-type] # it is one, but by name


def _source(file: str) -> contextlib.AbstractContextManager[IO[bytes]]:
    if file == "-":
        return contextlib.nullcontext(sys.stdin.buffer)
    return Path(file).open("rb")


def _completed(line: bytes, defaults: Mapping[str, str]) -> bytes:
    """The item with what it leaves out; one that is none is left for the service to refuse."""
    if not defaults:
        return line
    try:
        item = json.loads(line)
        return json.dumps({**defaults, **item}).encode() if isinstance(item, dict) else line
    except (ValueError, RecursionError):
        return line


def _is_a_list(body: IO[bytes]) -> bool:
    body.seek(0)
    return body.read(1) == b"["
