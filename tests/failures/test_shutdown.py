"""SIGTERM of a worker: what runs gets its grace or goes back, and nothing is left behind."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from infra.local.valkey import Valkey
from tests.execute import working
from tests.execute.core import Core
from tests.execute.working import groups_of, worker
from tests.infra.eventually import eventually
from tests.infra.running import alive

SLOW = "print('begun', flush=True)\nimport time\ntime.sleep({seconds})\nprint('done')\n"
LONG = {"wallTimeMs": 180_000}
#: Much longer than a worker needs to take its cells down.
END_S = 60.0


def begun(core: Core, seconds: float) -> str:
    """The id of a submission whose program runs for so long, and has begun."""
    submission_id = core.submit(SLOW.format(seconds=seconds), limits=LONG)
    core.await_output(submission_id, "begun")
    return submission_id


def test_what_ends_within_the_grace_is_judged_by_the_worker_that_stops(core: Core) -> None:
    with worker(core.url, ASSAY_GRACE_S="30") as one:
        submission_id = begun(core, 1)

        assert one.stop() == 0

    result = core.result(submission_id)
    assert (result.verdict, result.attempts, result.stdout) == ("completed", 1, "begun\ndone\n")
    core.assert_ended_once(submission_id)


def test_what_outlasts_the_grace_goes_back_without_the_loss_of_an_attempt(core: Core) -> None:
    submission_id = core.submit(SLOW.format(seconds=4))
    for attempt in range(1, 5):  # more often than a submission may lose its worker
        with worker(core.url, ASSAY_GRACE_S="0") as one:
            core.await_running(submission_id, attempt)
            assert one.stop() == 0
            assert core.state(submission_id) == "queued"

    with worker(core.url):
        result = core.final(submission_id)

    assert (result.verdict, result.attempts) == ("completed", 1)
    core.assert_ended_once(submission_id)
    reasons = [data.get("reason") for kind, data in core.events(submission_id) if kind == "queued"]
    assert reasons == [None] + ["given-back"] * 4


def test_what_waits_is_left_to_the_next_worker(core: Core) -> None:
    with worker(core.url, ASSAY_GRACE_S="30") as one:
        running = begun(core, 1)
        waiting = [core.submit("print(1)") for _ in range(10)]
        assert one.stop() == 0
        assert core.state(running) == "finished"
        assert {core.state(it) for it in waiting} == {"queued"}

    with worker(core.url):
        for submission_id in waiting:
            assert core.final(submission_id).verdict == "completed"
            core.assert_ended_once(submission_id)


@pytest.mark.alone
@pytest.mark.parametrize("grace_s", ["0", "30"])
def test_nothing_of_a_stopped_worker_is_left(core: Core, grace_s: str) -> None:
    mounts, folders = working.mounts(), working.cell_folders()
    with worker(core.url, slots=2, ASSAY_GRACE_S=grace_s) as one:
        begun(core, 1)
        begun(core, 1)
        pids, groups = one.processes(), one.groups()
        assert len(pids) >= 1 + 2 + 2 * 2
        assert bool(groups) == one.has_groups

        assert one.stop() == 0

        assert not alive(pids)
        assert not groups_of(one.tag)
        assert working.mounts() == mounts
        assert not working.cell_folders() - folders
        assert core.redis.hlen("assay:workers") == 0


def test_a_second_signal_ends_a_worker_at_once(core: Core) -> None:
    with worker(core.url, ASSAY_GRACE_S="600") as one:
        submission_id = begun(core, 170)
        pids = one.processes()

        def signalled_until_it_ended() -> bool:
            if one.process.poll() is None:
                one.process.send_signal(signal.SIGTERM)  # two that come too soon are one
            return one.process.poll() is not None

        eventually(signalled_until_it_ended, END_S)

        eventually(lambda: not alive(pids))
    assert core.state(submission_id) == "running"  # until its lease runs out
    core.cancel(submission_id)


def test_a_worker_stops_although_valkey_is_gone(tmp_path: Path) -> None:
    with Valkey(tmp_path) as server, Core(server.url) as core:
        with worker(server.url, ASSAY_GRACE_S="1") as one:
            submission_id = begun(core, 170)
            pids = one.processes()
            server.kill()

            one.process.send_signal(signal.SIGTERM)

            assert one.process.wait(timeout=END_S) == 0
            assert not alive(pids)
            assert not groups_of(one.tag)
        server.start()
        with worker(server.url):
            core.await_running(submission_id, attempt=2)
            core.cancel(submission_id)
