"""kill -9 of a worker: what it ran is run again elsewhere, and judged once."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.execute import working
from tests.execute.core import Core
from tests.execute.working import groups_of, worker
from tests.infra.eventually import eventually
from tests.infra.running import alive, running

#: A lease of 4 s, a sweep each second, and the start of a program: 10 s where nothing else
#: runs. The rest is for a machine that is busy with other things.
TAKEN_OVER_WITHIN_S = 30.0

LITTER = (
    "import os, time\n"
    "os.makedirs('a/b/c')\n"
    "os.symlink('/etc/passwd', 'a/link')\n"
    "os.mkdir('a/closed', 0)\n"
    "print('begun', flush=True)\n"
    "time.sleep(170)\n"
)
LONG = {"wallTimeMs": 180_000}
SLOW = "print('begun', flush=True)\nimport time\ntime.sleep({seconds})\nprint('done')\n"


def test_a_run_whose_worker_is_killed_is_run_again_by_another(core: Core) -> None:
    with worker(core.url) as one, worker(core.url) as other:
        submission_id = core.submit(SLOW.format(seconds=4))
        core.await_output(submission_id, "begun")
        waiting = [core.submit(f"print({n})") for n in range(5)]
        holder = core.field(submission_id, "holder")

        next(it for it in (one, other) if f"-{it.pid}-" in holder).kill()
        killed_at = time.monotonic()
        core.await_running(submission_id, attempt=2)

        assert time.monotonic() - killed_at < TAKEN_OVER_WITHIN_S
        result = core.final(submission_id)
        assert [core.final(it).stdout for it in waiting] == [f"{n}\n" for n in range(5)]
    assert (result.verdict, result.stdout, result.attempts) == ("completed", "begun\ndone\n", 2)
    core.assert_ended_once(submission_id)
    assert core.kinds(submission_id) == [
        *("queued", "preparing", "running", "output"),
        *("queued", "preparing", "running", "output", "output", "test", "finished"),
    ]
    assert core.events(submission_id)[4][1] == {"reason": "worker-lost"}
    for behind in waiting:
        core.assert_ended_once(behind)
        assert core.result(behind).attempts == 1


def test_the_runner_starts_a_killed_worker_again_and_it_judges_what_was_running(
    tmp_path: Path,
) -> None:
    serve = [sys.executable, "local_runner.py"]
    how = {"ASSAY_SLOTS": "1", "ASSAY_LANGUAGES": "python"}
    with running(serve, tmp_path / "state", tmp_path / "output", **how) as runner:
        with Core(runner.ready()["redisUrl"]) as core:
            submission_id = core.submit(SLOW.format(seconds=4))
            core.await_output(submission_id, "begun")
            holder = core.field(submission_id, "holder")
            pid = int(holder.split("-")[-2])
            assert pid in runner.process_ids()

            os.kill(pid, signal.SIGKILL)
            killed_at = time.monotonic()
            core.await_running(submission_id, attempt=2)

            assert time.monotonic() - killed_at < TAKEN_OVER_WITHIN_S
            result = core.final(submission_id)
            assert (result.verdict, result.attempts) == ("completed", 2)
            assert core.field(submission_id, "holder") != holder
            core.assert_ended_once(submission_id)


def test_a_submission_that_loses_three_workers_is_our_error_and_says_so(core: Core) -> None:
    submission_id = core.submit(SLOW.format(seconds=60))
    for attempt in (1, 2, 3):
        with worker(core.url) as one:
            core.await_running(submission_id, attempt)
            one.kill()

    with worker(core.url):
        result = core.final(submission_id)
        assert core.judged("print('next')").stdout == "next\n"

    assert (result.verdict, result.attempts) == ("judge-error", 3)
    assert result.message == "the worker was lost 3 times while running this"
    core.assert_ended_once(submission_id)


@pytest.mark.alone
def test_everything_a_killed_worker_ran_dies_with_it(core: Core) -> None:
    code = (
        "import os, time\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0: os.setsid(); time.sleep(600)\n"
        "print('begun', flush=True)\n"
        "time.sleep(600)\n"
    )
    mounts = working.mounts()
    with worker(core.url, slots=2) as one:
        submission_id = core.submit(code)
        core.await_output(submission_id, "begun")
        pids = one.processes()
        assert len(pids) >= 1 + 2 + 5  # worker, keepers, init and the four of the program

        one.process.kill()

        eventually(lambda: not alive(pids))
        assert working.mounts() == mounts


@pytest.mark.alone
def test_groups_of_a_killed_worker_are_reclaimed_and_a_neighbours_are_left_alone(
    core: Core,
) -> None:
    with worker(core.url) as neighbour, worker(core.url) as victim:
        if not neighbour.has_groups:
            pytest.skip("this machine gives no control groups")
        ids = [core.submit(SLOW.format(seconds=600), limits=LONG) for _ in range(2)]
        for submission_id in ids:  # one at each of them
            core.await_output(submission_id, "begun")
        theirs, their_processes = neighbour.groups(), neighbour.processes()
        victim.kill()
        assert groups_of(victim.tag)

        with worker(core.url) as successor:
            assert not groups_of(victim.tag)
            assert neighbour.groups() == theirs
            assert successor.groups()
            assert neighbour.processes() == their_processes  # its run goes on
            for submission_id in ids:
                core.cancel(submission_id)


@pytest.mark.alone
def test_a_group_of_a_dead_worker_is_removed_even_with_processes_in_it(core: Core) -> None:
    with worker(core.url) as one:
        if not one.has_groups:
            pytest.skip("this machine gives no control groups")
        folders = [Path(it) for it in one.groups()]
        one.kill()
    stray = os.posix_spawn("/bin/sleep", ["sleep", "600"], os.environ)
    try:
        for folder in folders:
            (folder / "cgroup.procs").write_text(str(stray))

        with worker(core.url):
            assert not any(folder.exists() for folder in folders)
    finally:
        os.kill(stray, signal.SIGKILL)
        _, status = os.waitpid(stray, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.alone
def test_folders_of_a_killed_worker_are_removed_and_a_neighbours_are_left_alone(
    core: Core,
) -> None:
    before = working.cell_folders()
    with worker(core.url, ASSAY_ISOLATION="container") as neighbour:
        theirs = working.cell_folders() - before
        assert len(theirs) == 1
        with worker(core.url, ASSAY_ISOLATION="container") as victim:
            left = working.cell_folders() - theirs - before
            ids = [core.submit(LITTER, limits=LONG) for _ in range(2)]  # one at each of them
            for submission_id in ids:
                core.await_output(submission_id, "begun")
            victim.kill()
            assert left <= working.cell_folders()

        with worker(core.url):  # of any level
            assert not left & working.cell_folders()
            assert theirs <= working.cell_folders()
            assert neighbour.process.poll() is None
            for submission_id in ids:
                core.cancel(submission_id)
