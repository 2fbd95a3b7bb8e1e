"""Waits that are over, and the one that is going on, from a made-up /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.execute.engine.waits import Waits

MS = 1_000_000
ALLOWANCE_NS = 10 * MS


class Proc:
    """A /proc of tasks that are as they are told to be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fd = os.open(folder, os.O_RDONLY)

    def task(self, pid: int, tid: int, state: str, ran_ms: int, waited_ms: int) -> None:
        place = self.folder / f"{pid}/task/{tid}"
        place.mkdir(parents=True, exist_ok=True)
        (place / "stat").write_text(f"{tid} (a) R 1) {state} 1 1")  # a name may say anything
        (place / "schedstat").write_text(f"{ran_ms * MS} {waited_ms * MS} 5\n")


@pytest.fixture
def proc(tmp_path: Path) -> Iterator[Proc]:
    made = Proc(tmp_path)
    yield made
    os.close(made.fd)


def test_the_longest_wait_of_one_thread_counts_and_no_sum(proc: Proc) -> None:
    for pid, tid, waited_ms in ((7, 7, 30), (7, 8, 90), (9, 9, 40)):
        proc.task(pid, tid, "S", 1, waited_ms)

    assert Waits(proc.fd).longest_ns([7, 9]) == 90 * MS
    assert Waits(proc.fd).longest_ns([9]) == 40 * MS


def test_a_process_that_is_gone_waits_for_nothing(proc: Proc) -> None:
    assert Waits(proc.fd).longest_ns([7]) == 0
    assert Waits(proc.fd).longest_ns([]) == 0


def test_a_task_that_is_ready_and_does_not_run_waits_from_the_first_look_on(proc: Proc) -> None:
    waits = Waits(proc.fd)
    proc.task(7, 7, "R", 5, 30)

    began_ns = time.monotonic_ns()
    first_ns = waits.longest_ns([7])
    time.sleep(0.02)
    second_ns = waits.longest_ns([7])

    assert first_ns == 30 * MS + ALLOWANCE_NS  # so that there is a second look
    assert second_ns >= first_ns + 20 * MS
    assert second_ns <= first_ns + (time.monotonic_ns() - began_ns) + 20 * MS


def test_a_task_that_runs_gains_no_more_than_another_look(proc: Proc) -> None:
    waits = Waits(proc.fd)
    for ran_ms in range(5):
        proc.task(7, 7, "R", ran_ms, 30)
        time.sleep(0.002)
        assert waits.longest_ns([7]) == 30 * MS + ALLOWANCE_NS


@pytest.mark.parametrize("state", ["S", "D", "T", "Z"])
def test_a_task_that_has_nothing_to_do_does_not_wait(proc: Proc, state: str) -> None:
    waits = Waits(proc.fd)
    proc.task(7, 7, "R", 5, 30)
    waits.longest_ns([7])
    proc.task(7, 7, state, 5, 30)
    time.sleep(0.002)

    assert waits.longest_ns([7]) == 30 * MS
    proc.task(7, 7, "R", 5, 30)  # what was before is forgotten
    assert waits.longest_ns([7]) == 30 * MS + ALLOWANCE_NS
