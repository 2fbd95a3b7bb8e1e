"""What was compiled once need not be compiled again.

Theory of operation. An entry is one file, named by a digest of everything the compiler
saw: whose submission it is, all files, the command, its environment and limits, and which
toolchain that is. So tenants never see each other's entries, not even by how long a
compile takes. An entry begins with the digest of its content: one that was cut short or
changed is no entry, and goes. Entries are written beside their place and renamed into it,
so workers may share a folder. Read entries become the newest; when the folder has grown
past its limit, the oldest go, down to nine tenths of it.

Programs never see the folder. What is kept is what the compiler gave, also when it
refused the program; what was stopped by a limit is not kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from functions.execute.engine.program import Limits, Outcome, Program, Run
from functions.execute.state import write_atomically
from functions.execute.toolchains import Toolchain
from shared import logs
from shared.counts import Counting

_log = logs.get_logger(__name__)
_FORMAT = b"assay compiled 1\n"
_DIGEST_BYTES = 32
#: The part of the limit that one entry may take at most, and what is left after tidying.
_MOST_OF_ONE = 0.25
_LEFT = 0.9
#: What a killed worker left half-written is removed after so long.
_STALE_S = 3600


@dataclass
class _Turn:
    """Who may compile one thing now, and how many want to."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    wanted: int = 0


class CompileCache:
    """A bounded folder of compiled programs; for several threads and workers."""

    def __init__(self, folder: Path, most_bytes: int, counting: Counting | None = None) -> None:
        """
        Args:
            folder: where entries are; made when the first one is kept.
            most_bytes: what they may have together; 0 keeps nothing.
            counting: told of what was compiled, and what was not.
        """
        self._counting = counting or Counting()
        self._folder = folder
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._turns: dict[str, _Turn] = {}
        self._bytes = sum(size for _, size, _ in self._entries())

    def compiled(
        self,
        tenant: str,
        toolchain: Toolchain,
        files: Mapping[str, bytes],
        run: Callable[[Program, Limits], Run],
        sources: Collection[str] = (),
    ) -> Run:
        """What the compiler gives, or gave when it last saw the same.

        Args:
            tenant: whose files they are; nobody else gets what comes of them.
            run: how to run the compiler, if it has to.
            sources: the names of the files to be given to it; none: the language's own.
        """
        program = toolchain.compiler(files, sources)
        key = key_of(tenant, toolchain, program)
        known = self.get(key)
        if known is not None:
            self._counting.add("cached", toolchain.language.name)
            return known
        with self._alone(key):
            known = self.get(key)  # what another slot has compiled while we waited
            if known is None:
                began_s = time.perf_counter()
                known = run(program, toolchain.compile_limits)
                ms = (time.perf_counter() - began_s) * 1000
                self._counting.took("compile", toolchain.language.name, ms=ms)
                self.put(key, known)
                return known
        self._counting.add("cached", toolchain.language.name)
        return known

    @contextlib.contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Of the slots that want to compile the same, one at a time: the others find it done."""
        with self._lock:
            turn = self._turns.setdefault(key, _Turn())
            turn.wanted += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._lock:
                turn.wanted -= 1
                if not turn.wanted:
                    del self._turns[key]

    def get(self, key: str) -> Run | None:
        """What the compiler gave, if it is known."""
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        run = _decode(data)
        with contextlib.suppress(OSError):
            if run is None:
                _log.warning("a damaged entry of the compile cache is removed", entry=path.name)
                path.unlink()
            else:
                os.utime(path)
        return run

    def put(self, key: str, run: Run) -> None:
        """Keep what the compiler gave; a full or read-only disk is no reason to fail."""
        if run.outcome is not Outcome.EXITED:
            return
        data = _encode(run)
        if len(data) > self._most_bytes * _MOST_OF_ONE:
            return
        try:
            write_atomically(self._path(key), data)
        except OSError as error:
            _log.warning("nothing is kept in the compile cache", error=error)
            return
        with self._lock:
            self._bytes += len(data)
            if self._bytes > self._most_bytes:
                self._tidy()

    def _path(self, key: str) -> Path:
        return self._folder / key

    def _tidy(self) -> None:
        entries = sorted(self._entries())
        left = sum(size for _, size, _ in entries)  # of all workers
        for _, size, path in entries:
            if left <= self._most_bytes * _LEFT:
                break
            path.unlink(missing_ok=True)
            left -= size
        self._bytes = left

    def _entries(self) -> Iterable[tuple[float, int, Path]]:
        """Last use, size and path of every entry."""
        with contextlib.suppress(OSError), os.scandir(self._folder) as found:
            for entry in found:
                with contextlib.suppress(OSError):
                    status = entry.stat()
                    is_new = entry.name.startswith(".") and time.time() - status.st_mtime < _STALE_S
                    if not is_new:
                        yield status.st_mtime, status.st_size, Path(entry.path)


def key_of(tenant: str, toolchain: Toolchain, program: Program) -> str:
    """The name of a compile: a digest of everything that its result depends on."""
    limits = toolchain.compile_limits
    parts = (tenant, toolchain.identity, program.argv, sorted(program.env.items()))
    digest = hashlib.sha256(_FORMAT)
    digest.update(repr((*parts, limits, program.collect, program.collect_matching)).encode())
    for name, content in sorted(program.files.items()):
        digest.update(repr((name, len(content))).encode())
        digest.update(content)
    return digest.hexdigest()


def _encode(run: Run) -> bytes:
    content = msgspec.msgpack.encode(run)
    return _FORMAT + hashlib.sha256(content).digest() + content


def _decode(data: bytes) -> Run | None:
    start = len(_FORMAT)
    digest, content = data[start : start + _DIGEST_BYTES], data[start + _DIGEST_BYTES :]
    if not data.startswith(_FORMAT) or hashlib.sha256(content).digest() != digest:
        return None
    try:
        return msgspec.msgpack.decode(content, type=Run)
    except msgspec.DecodeError:  # of another version
        return None
