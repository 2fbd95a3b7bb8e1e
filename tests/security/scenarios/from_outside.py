"""Ends that come from outside: cancelled, or with everything that looked after it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from functions.execute.engine.engine import Engine
from functions.execute.engine.program import EngineError, Outcome, Run
from tests.security.proofs import alive_after_a_while, below
from tests.security.table import ends

if TYPE_CHECKING:
    from tests.security.runner import Bench

from tests.security.scenarios.registry import FOREVER, meanwhile, scenario

_SLEEPERS = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
try:
    for _ in range(3):
        if os.fork() == 0: os.setsid(); time.sleep(60)
except OSError: pass
print("sleeping", flush=True)
time.sleep(60)
"""


@scenario("a run that is cancelled is gone at once")
def _cancel(bench: Bench) -> list[str]:
    began = time.monotonic()
    with meanwhile(bench.cell, bench.python_program(_SLEEPERS), FOREVER) as answers:
        bench.cell.kill()
    bench.cell.renew()
    problems = [] if time.monotonic() - began < 10 else ["it took more than 10 s"]
    run = answers[0]
    if not isinstance(run, Run):
        return [*problems, repr(run)]
    return problems + ends(Outcome.CANCELLED, stdout="sleeping\n").problems(run)


@scenario("a keeper that is killed takes its run with it")
def _keeper(bench: Bench) -> list[str]:
    with meanwhile(bench.cell, bench.python_program(_SLEEPERS), FOREVER) as answers:
        theirs = below(bench.cell.pid)
        os.kill(bench.cell.pid, signal.SIGKILL)
    problems = [] if theirs else ["there was no run to take"]
    if not isinstance(answers[0], EngineError):
        problems.append(f"the worker was told {answers[0]!r}")
    problems += alive_after_a_while(theirs)
    pid = bench.cell.pid
    bench.recover()
    return problems + [f"{left} is left" for left in Path("/tmp").glob(f"*-{pid}-*")]


_WORKER = """
from functions.execute.engine import cgroups
from functions.execute.engine.engine import Engine
from functions.execute.engine.program import Limits, Program
if {no_groups}: cgroups.parents = dict
engine = Engine(1, isolation="{isolation}")
program = Program(argv=("/bin/sh", "start"), files={{"start": b"{script}"}})
limits = Limits(wall_time_ms=60_000)
engine.run(program, limits, on_output=lambda *_: print("running", flush=True))
"""


@scenario("a worker that is killed leaves nothing that is not taken back")
def _worker(bench: Bench) -> list[str]:
    closed = bench.engine.level == "container"
    code = _WORKER.format(
        no_groups=not bench.cell.config.folders,
        isolation="container" if closed else "best",
        script="echo x; exec sleep 60" if closed else "echo x; (setsid sleep 60 &) ; sleep 60",
    )
    with subprocess.Popen([sys.executable, "-B", "-c", code], stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        problems = [] if worker.stdout.readline() == b"running\n" else ["it did not run"]
        theirs = below(worker.pid)
        worker.kill()
    problems += alive_after_a_while(theirs)
    Engine(0, isolation="container" if closed else "best").close()  # what any start does first
    places = [Path(folder) for folder in bench.cell.config.folders.values()]
    for pid in (worker.pid, *theirs):
        for place in (*places, Path("/tmp")):
            problems += [f"{left} is left" for left in place.glob(f"*-{pid}-*")]
    return problems
