"""The init that shares the keeper's memory: nobody gets at it, and it ends with the keeper."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from functions.execute.engine.engine import Engine
from functions.execute.engine.program import Limits, Program
from tests.infra.eventually import eventually
from tests.infra.running import alive

TRUE = Program(argv=("/bin/true",))


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine(1)
    try:
        assert made.run(TRUE, Limits()).exit_code == 0
        yield made
    finally:
        made.close()


def named(keeper: int, name: str, depth: int) -> list[int]:
    """The keeper's children that are called so, and are in so many more pid namespaces."""
    found = []
    own = status_of(keeper)
    for child in Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split():
        try:
            told = status_of(int(child))
        except OSError:
            continue  # it ended while we looked
        deeper = len(told["NSpid"].split()) - len(own["NSpid"].split())
        if told["Name"].strip() == name and deeper == depth and "Z" not in told["State"]:
            found.append(int(child))
    return found


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":", 1) for line in lines)


def init_of(keeper: int) -> int:
    """The init of the place that was made ahead, when its process is there, too."""
    eventually(lambda: named(keeper, "assay-stem", 1))
    return eventually(lambda: named(keeper, "assay-init", 1))[0]


def keeper_of(engine: Engine) -> int:
    with engine.cell() as cell:
        return cell.pid


def as_user(uid: int, what: Callable[[], object]) -> bool:
    """Whether a user may do something, without any fence but being another one."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            what()
            os._exit(0)
        except OSError:
            os._exit(1)
        finally:
            os._exit(2)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in (0, 1)
    return status == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_program_s_user_may_not_look_into_an_init_or_a_keeper(engine: Engine) -> None:
    keeper = keeper_of(engine)
    init = init_of(keeper)
    with engine.cell() as cell:
        uid = cell.config.uid
    assert as_user(uid, Path("/proc/self/status").read_bytes)
    for pid in (init, keeper):
        for what in ("mem", "maps", "environ", "auxv"):
            path = Path(f"/proc/{pid}/{what}")
            assert not as_user(uid, path.read_bytes), path
        assert not as_user(uid, lambda pid=pid: os.listdir(f"/proc/{pid}/fd"))  # type: ignore[misc]
        assert not as_user(uid, lambda pid=pid: os.kill(pid, 0))  # type: ignore[misc]


def test_an_init_ends_when_its_keeper_is_killed(engine: Engine) -> None:
    keeper = keeper_of(engine)
    init = init_of(keeper)
    os.kill(keeper, signal.SIGKILL)
    eventually(lambda: not alive({keeper, init}))


def test_a_place_that_is_killed_while_it_waits_is_made_anew(engine: Engine) -> None:
    keeper = keeper_of(engine)
    for _ in range(3):
        init = init_of(keeper)
        os.kill(init, signal.SIGKILL)
        eventually(lambda: not named(keeper, "assay-stem", 1))  # it took its process along
        assert engine.run(TRUE, Limits()).exit_code == 0
        assert keeper_of(engine) == keeper


def test_a_stem_that_is_killed_is_replaced(engine: Engine) -> None:
    keeper = keeper_of(engine)
    for _ in range(3):
        (stem,) = named(keeper, "assay-stem", 0)
        os.kill(stem, signal.SIGKILL)
        assert [engine.run(TRUE, Limits()).exit_code for _ in range(3)] == [0, 0, 0]
        assert keeper_of(engine) == keeper
