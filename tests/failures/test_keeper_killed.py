"""kill -9 of a part of the engine: that is not the program's fault, so it is tried again."""

from __future__ import annotations

import os
import signal

import pytest

from tests.execute.core import Core
from tests.execute.working import Working, residents, worker
from tests.infra.eventually import eventually
from tests.infra.running import descendants

SLOW = "print('begun', flush=True)\nimport time\ntime.sleep({seconds})\nprint('done')\n"


def kill_keepers(one: Working) -> set[int]:
    """kill -9 of all its cells; their process ids."""
    pids = sorted(one.keepers)  # the last made is the first lent: the idle ones die before it,
    for pid in pids:  # else what it ran could be given to one that is about to die
        os.kill(pid, signal.SIGKILL)
    return set(pids)


@pytest.mark.parametrize("slots", [1, 2])
def test_a_run_whose_keeper_is_killed_is_run_again(core: Core, slots: int) -> None:
    with worker(core.url, slots=slots) as one:
        submission_id = core.submit(SLOW.format(seconds=1))
        core.await_output(submission_id, "begun")

        killed = kill_keepers(one)

        result = core.final(submission_id)
        assert (result.verdict, result.attempts) == ("completed", 2)
        assert result.stdout == "begun\ndone\n"
        eventually(lambda: len(set(one.keepers) - killed) == slots)
        assert [core.judged("print(1)").verdict for _ in range(2 * slots)] == ["completed"] * (
            2 * slots
        )
    core.assert_ended_once(submission_id)
    assert core.events(submission_id)[4] == ("queued", {"reason": "engine-failed"})


def test_a_submission_that_breaks_the_engine_twice_is_our_error(core: Core) -> None:
    with worker(core.url) as one:
        submission_id = core.submit(SLOW.format(seconds=60))
        for attempt in (1, 2):
            core.await_running(submission_id, attempt)
            kill_keepers(one)

        result = core.final(submission_id)
        assert (result.verdict, result.attempts) == ("judge-error", 2)
        assert "the engine" in str(result.message)
        assert core.judged("print('next')").stdout == "next\n"
    core.assert_ended_once(submission_id)


def test_a_keeper_that_dies_while_it_has_nothing_to_do_costs_no_submission(core: Core) -> None:
    with worker(core.url) as one:
        kill_keepers(one)

        result = core.judged("print('all the same')")

        assert (result.verdict, result.stdout) == ("completed", "all the same\n")


def test_a_run_goes_on_although_a_helper_of_its_keeper_dies(core: Core) -> None:
    with worker(core.url) as one:
        helpers = residents(descendants(one.keepers[0]))  # what waits will be the program
        submission_id = core.submit(SLOW.format(seconds=1))
        core.await_output(submission_id, "begun")
        for pid in helpers:  # whatever it keeps beside runs, such as a warm interpreter
            os.kill(pid, signal.SIGKILL)

        result = core.final(submission_id)

        assert (result.verdict, result.attempts) == ("completed", 1)
        assert [core.judged("print(1)").verdict for _ in range(3)] == ["completed"] * 3
