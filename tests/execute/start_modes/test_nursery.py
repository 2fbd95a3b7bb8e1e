"""A nursery's life: it may end at any time, and a program runs all the same."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.execute import discovery, toolchains
from functions.execute.engine.engine import Engine, ForkStart
from functions.execute.engine.program import Limits, OnOutput, Program, Run

_DEADLINE_S = 20


class Cot:
    """An engine of one cell, and its nursery as the host sees it."""

    def __init__(self, *, runs: int = 500, binary: str = "") -> None:
        found = discovery.discover(only=["python"])
        mounts, hides = toolchains.mounts(found)
        start = toolchains.fork_start(found)
        assert start is not None
        self.env = dict(start.env)
        forks = ForkStart(binary or start.binary, start.env, runs)
        self.engine = Engine(1, mounts=mounts, hides=hides, forks=forks)
        self.python = self.engine.shown_at(start.binary)
        with self.engine.cell() as cell:
            self.keeper = cell.pid

    def run(self, code: str, on_output: OnOutput | None = None) -> Run:
        """Run a program, forked if that can be done."""
        return self.engine.run(
            Program(
                argv=(self.python, "main.py"),
                files={"main.py": code.encode()},
                env=self.env,
            ),
            Limits(),
            on_output=on_output,
        )

    def nursery(self) -> int:
        """The nursery's pid: a child of the keeper, a Python, and in no run's place."""
        tasks = Path(f"/proc/{self.keeper}/task/{self.keeper}/children").read_text()
        (pid,) = (pid for pid in map(int, tasks.split()) if self._is_nursery(pid))
        return pid

    def _is_nursery(self, pid: int) -> bool:
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
        told = dict(line.split(":", 1) for line in status)
        is_outside = len(told["NSpid"].split()) == len(self._namespaces())
        return is_outside and not told["Name"].strip().startswith("assay-")

    def _namespaces(self) -> list[str]:
        status = Path(f"/proc/{self.keeper}/status").read_text().splitlines()
        return next(line for line in status if line.startswith("NSpid:")).split()[1:]


@contextlib.contextmanager
def cot(**how: object) -> Iterator[Cot]:
    """A cot of one's own."""
    made = Cot(**how)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.engine.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[Cot]:
    """One for the tests that leave it working."""
    with cot() as made:
        yield made


def kill(pid: int) -> None:
    """At once, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def test_runs_come_from_one_nursery(shared: Cot) -> None:
    assert shared.run("print(1)").start_mode == "fork"
    before = shared.nursery()
    assert shared.run("print(1)").start_mode == "fork"
    assert shared.nursery() == before


def test_a_nursery_that_was_killed_between_runs_is_replaced(shared: Cot) -> None:
    assert shared.run("print(1)").start_mode == "fork"
    for _ in range(3):
        os.kill(shared.nursery(), signal.SIGKILL)

        first, second = shared.run("print('a')"), shared.run("print('b')")

        assert (first.stdout, second.stdout, second.start_mode) == (b"a\n", b"b\n", "fork")


def test_a_nursery_that_is_killed_during_a_run_does_not_disturb_it(shared: Cot) -> None:
    nursery = shared.nursery()
    code = "import time; print('begun', flush=True); time.sleep(0.3); print('done')"

    run = shared.run(code, on_output=lambda *_: kill(nursery))

    assert (run.stdout, run.start_mode) == (b"begun\ndone\n", "fork")
    assert shared.run("print('next')").stdout == b"next\n"
    assert shared.run("print('next')").start_mode == "fork"


def test_a_nursery_is_retired_after_its_runs() -> None:
    with cot(runs=3) as made:
        code = "print(hash('text'), id(len))"
        runs = [made.run(code) for _ in range(7)]
        seeds = [run.stdout for run in runs]

    assert {run.start_mode for run in runs} == {"fork"}
    assert seeds[0] == seeds[2] != seeds[3] == seeds[5] != seeds[6]


def test_a_python_that_cannot_be_a_nursery_execs_every_program() -> None:
    with cot(binary="/bin/false") as made:
        made.python, wanted = made.engine.shown_at("/bin/false"), made.python
        assert made.run("print(1)").start_mode == "exec"  # of /bin/false itself
        made.python = wanted
        run = made.run("print(1)")

    assert (run.stdout, run.start_mode) == (b"1\n", "exec")


def test_a_nursery_ends_with_its_keeper() -> None:
    with cot() as made:
        assert made.run("print(1)").start_mode == "fork"
        nursery = made.nursery()

    deadline = time.monotonic() + _DEADLINE_S
    while Path(f"/proc/{nursery}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{nursery}").exists()


def test_other_limits_of_the_stack_exec(shared: Cot) -> None:
    program = Program(
        argv=(shared.python, "main.py"), files={"main.py": b"print(1)"}, env=shared.env
    )

    run = shared.engine.run(program, Limits(stack_bytes=64 << 20))

    assert (run.stdout, run.start_mode) == (b"1\n", "exec")


def memory_group(pid: int) -> str:
    """The path of a process's group in the hierarchy that counts memory."""
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    paths = {
        name: line.split(":", 2)[2] for line in lines for name in line.split(":")[1].split(",")
    }
    return paths.get("memory") or paths[""]


def test_a_nursery_is_charged_to_a_group_of_its_own_and_its_runs_to_theirs(shared: Cot) -> None:
    if shared.engine.level != "full":
        pytest.skip("there are no control groups here")
    seen: list[str] = []

    def look(*_: object) -> None:
        tasks = Path(f"/proc/{shared.keeper}/task/{shared.keeper}/children").read_text()
        seen.extend(memory_group(int(pid)) for pid in tasks.split())

    run = shared.run("import time; print(1, flush=True); time.sleep(0.3)", on_output=look)
    assert run.start_mode == "fork"
    nursery = memory_group(shared.nursery())
    assert nursery.endswith(".nursery")
    assert nursery != memory_group(shared.keeper)
    assert nursery.removesuffix(".nursery") in seen, "the program is in its run's group"
    assert run.peak_memory_bytes < 64 << 20, "nothing of the nursery is counted as the run's"
