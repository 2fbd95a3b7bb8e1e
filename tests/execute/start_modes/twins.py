"""Two engines that differ in nothing but the way a Python program is started."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from functions.execute import discovery, toolchains
from functions.execute.engine.engine import Engine, ForkStart
from functions.execute.engine.program import Limits, Program, Run
from tests.execute.start_modes.table import Row

#: So that sets of strings come in the same order both ways.
HASH_SEED = {"PYTHONHASHSEED": "7"}
_ADDRESS = re.compile(rb"0x[0-9a-f]{6,}")
#: How long unittest says that it took.
_TOOK = re.compile(rb"\bin \d+\.\d{3}s$", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """What can be compared of a run."""

    exit_code: int | None
    signal: int | None
    stdout: bytes
    stderr: bytes

    @classmethod
    def of(cls, run: Run) -> Answer:
        """A run without its figures and addresses."""
        return cls(run.exit_code, run.signal, _steady(run.stdout), _steady(run.stderr))


def _steady(text: bytes) -> bytes:
    """The text without what differs from run to run."""
    return _TOOK.sub(b"in s", _ADDRESS.sub(b"0x", text))


class Twins:
    """One engine that forks, one that does not."""

    def __init__(self, env: Mapping[str, str] = HASH_SEED, *, isolation: str = "best") -> None:
        found = discovery.discover(only=["python"])
        mounts, hides = toolchains.mounts(found)
        start = toolchains.fork_start(found)
        assert start is not None
        self.env = {**start.env, **env}
        forks = ForkStart(start.binary, self.env)
        common = {"mounts": mounts, "hides": hides, "isolation": isolation}
        self.forking = Engine(1, forks=forks, **common)  # type: ignore[arg-type]
        self.execing = Engine(1, **common)  # type: ignore[arg-type]
        self._other = ThreadPoolExecutor(1, "exec")
        self.binary = self.forking.shown_at(start.binary)

    def program(self, row: Row) -> Program:
        """What both engines are given."""
        return Program(
            argv=(self.binary, "main.py", *row.args),
            files={"main.py": row.source, **row.files},
            env={**self.env, **row.env},
            stdin=row.stdin,
        )

    def fork(self, row: Row) -> Run:
        """Run by the engine that may fork."""
        return self.forking.run(self.program(row), row.limits)

    def exec(self, row: Row) -> Run:
        """Run by the engine that may not."""
        return self.execing.run(self.program(row), row.limits)

    def both(self, row: Row) -> tuple[Run, Run]:
        """Forked and exec'd, at the same time."""
        execed = self._other.submit(self.exec, row)
        return self.fork(row), execed.result()

    def run(self, code: str, limits: Limits | None = None, **row: object) -> Run:
        """Fork a program; it must have been possible."""
        run = self.fork(Row("", code, limits=limits or Limits(), **row))  # type: ignore[arg-type]
        assert run.start_mode == "fork"
        return run

    def close(self) -> None:
        """End both."""
        self._other.shutdown()
        self.forking.close()
        self.execing.close()
