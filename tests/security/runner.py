"""Runs rows of the attack table in one engine, and says what was wrong with each.

    python -m tests.security.runner ISOLATION < names

ISOLATION is `best`, `best-exec` (Python programs are never forked from a nursery),
`no-cgroups` or `container`. Every line of standard input is a
promise of the table; every line of output is JSON: first what the engine is, then one
answer per row, in order. A process of its own, stdlib only, so that the same rows can
be run as any user, next to a pytest that is root. C programs come compiled, in the
folder that ASSAY_ATTACKS names.
"""

from __future__ import annotations

import glob
import json
import os
import resource
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

from functions.execute.engine import cgroups, engine
from functions.execute.engine.cell import Cell, interpreter
from functions.execute.engine.program import EngineError, Limits, Program
from tests.security import attacks
from tests.security.proofs import Host, canary
from tests.security.scenarios import SCENARIOS
from tests.security.table import TOOLS, Attack

_LONGEST = 2_000
_CHECKOUT = Path(__file__).resolve().parents[2]


class Python:
    """The contestant's Python, as its language file says; toolchains.py without its imports."""

    def __init__(self) -> None:
        text = (_CHECKOUT / "shared/languages/python.toml").read_text()
        self._language: dict[str, Any] = tomllib.loads(text)
        self.env: dict[str, str] = self._language["env"]

    def command(self, binary: str) -> tuple[str, ...]:
        """How a program is run, said inside a cell."""
        return tuple(word.replace("{binary}", binary) for word in self._language["run"])

    def folders(self, key: str) -> list[str]:
        """`mounts` or `hides`, on the host."""
        prefixes = [str(Path(binary).parent.parent) for binary in self.binaries()]
        patterns = [p.replace("{prefix}", x) for x in prefixes for p in self._language[key]]
        return sorted({path for pattern in patterns for path in glob.glob(pattern)})

    def binaries(self) -> list[str]:
        """Interpreters that may be it, best first; a cell's user may not read the first."""
        named = [b if b != "{python}" else interpreter() for b in self._language["binary"]]
        return [os.path.realpath(path) for path in named if os.access(path, os.X_OK)]


class Bench:
    """An engine of two cells, attacks on the first, and the proofs."""

    def __init__(self, isolation: str) -> None:
        if isolation == "no-cgroups":
            cgroups.parents = dict
        # Process limits are counted by user: not together with other engines of this machine.
        engine._FIRST_UID = 20_000 + os.getpid() % 40_000
        python = Python()
        forks = engine.ForkStart(python.binaries()[0], python.env)
        self.engine = engine.Engine(
            2,
            isolation="container" if isolation == "container" else "best",
            mounts=python.folders("mounts"),
            hides=python.folders("hides"),
            forks=forks if isolation == "best" else None,
        )
        self.user = "root" if os.geteuid() == 0 else "ordinary"
        self.env = python.env
        #: How the program of the last row was started.
        self.start_mode = ""
        self.python = self._working(python)
        with self.engine.cell() as self.cell, self.engine.cell() as self.neighbour:
            pass
        problems = self.canary(self.cell) + self.canary(self.neighbour)
        if problems:  # no attack is needed: that is no missing engine, that is a wrong one
            raise AssertionError("; ".join(problems))
        self.host = Host(self.cell)

    def _working(self, python: Python) -> tuple[str, ...]:
        """The first Python that runs in the cell."""
        answers: list[object] = []
        for binary in python.binaries():
            command = python.command(self.engine.shown_at(binary))
            try:
                with self.engine.cell() as cell:
                    run = cell.run(Program(argv=(*command[:1], "-V")), Limits())
            except EngineError as error:
                answers.append(error)
                continue
            if run.exit_code == 0:
                return command
            answers.append(run)
        raise EngineError(f"no Python runs in a cell: {answers}")

    def answer(self, promise: str) -> list[str]:
        """Run one row with its proofs; gives what was wrong."""
        attack = attacks.TABLE.get(promise)
        if attack is None:
            problems = SCENARIOS[promise](self)
        else:
            run = self.cell.run(self.program(attack), attack.limits)
            self.start_mode = run.start_mode
            problems = attack.expected(self.engine.level, self.user).problems(run)
            if problems:
                problems.append(f"it was {run!r}"[:_LONGEST])
        return problems + self._proofs()

    def program(self, attack: Attack) -> Program:
        """What the cell is given for a row."""
        files = dict(attack.files)
        argv = attack.argv
        if attack.language == "compiler":
            files["main.c"] = self.aimed(attack.code)
        elif attack.language == "given":
            files["given"] = attack.code.encode()
        elif attack.language == "c":
            binaries = Path(os.environ["ASSAY_ATTACKS"])
            argv = argv or ("./attack",)
            files["attack"] = (binaries / attack.promise).read_bytes()
        else:
            argv = (*self.python, *argv)
            files |= {"main.py": self.aimed(attack.code), "tools.py": TOOLS.encode()}
        return Program(
            argv=argv,
            files=files,
            env={**self.env, **attack.env},
            stdin=attack.stdin,
            collect=attack.collect,
            collect_matching=attack.collect_matching,
            collect_bytes=attack.limits.disk_bytes,
        )

    def aimed(self, code: str) -> bytes:
        """A program's text with what it is told of the host."""
        for word, value in self.host.words().items():
            code = code.replace(word, value)
        return code.encode()

    def recover(self) -> None:
        """Have cells that broke made anew, and look at the host from now on."""
        for _ in range(2):  # given back broken, lent out anew
            with self.engine.cell() as self.cell, self.engine.cell() as self.neighbour:
                pass
        for cell in (self.cell, self.neighbour):
            self.canary(cell)  # with its first run a cell is all there
        self.host.watch(self.cell)

    def _proofs(self) -> list[str]:
        if self.cell.broken or self.neighbour.broken:
            return ["a cell broke"]
        return self.canary(self.cell) + self.host.problems()

    def canary(self, cell: Cell) -> list[str]:
        """What is wrong with an honest run on a cell."""
        return canary(cell, self.python, self.env)

    def python_program(self, code: str) -> Program:
        """A Python program with the tools beside it."""
        return self.program(Attack(promise="", code=code))


def _tell(**answer: object) -> None:
    print(json.dumps(answer), flush=True)


def main(isolation: str) -> None:
    """The process's life."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        bench = Bench(isolation)
    except EngineError as error:
        return _tell(level="none", problem=str(error))
    _tell(level=bench.engine.level, user=bench.user, facts=bench.engine.facts.document())
    for line in sys.stdin:
        began = time.monotonic()
        attack = attacks.TABLE.get(line.strip())
        if attack and bench.engine.level in attack.not_at:
            _tell(promise=line.strip(), skipped=f"means nothing at level {bench.engine.level}")
            continue
        try:
            problems = bench.answer(line.strip())
        except (EngineError, OSError) as error:
            problems = [f"{type(error).__name__}: {error}"]
        seconds = round(time.monotonic() - began, 3)
        mode = bench.start_mode if attack else ""
        _tell(promise=line.strip(), problems=problems, seconds=seconds, startMode=mode)
        if bench.cell.broken or bench.neighbour.broken:
            bench.host.close()
            bench.engine.close()
            bench = Bench(isolation)
    bench.host.close()
    return bench.engine.close()


if __name__ == "__main__":
    main(sys.argv[1])
