"""Cancelling: nothing more is written, what runs is stopped, its slot is free again."""

from __future__ import annotations

from tests.execute.core import Core
from tests.execute.working import Working
from tests.infra.eventually import eventually
from tests.infra.running import alive

LONG = "print('begun', flush=True)\nimport time\nwhile True: time.sleep(0.01)\n"
HOUR = {"cpuTimeMs": 60_000, "wallTimeMs": 180_000}


def test_a_running_program_is_stopped_and_its_slot_is_free_again(
    core: Core, served: tuple[str, Working]
) -> None:
    working = served[1]
    running = [core.submit(LONG, limits=HOUR) for _ in range(2)]  # all slots
    for submission_id in running:
        core.await_output(submission_id, "begun")
    waiting = core.submit("print('my turn')")
    programs = working.programs()
    assert len(programs) >= 2 and alive(programs)

    for submission_id in running:
        assert core.cancel(submission_id) == "cancelled"

    assert core.final(waiting).stdout == "my turn\n"
    eventually(lambda: not alive(programs))
    eventually(lambda: len(working.programs()) <= 2)  # what waits to be the next of each slot
    for submission_id in running:
        assert core.state(submission_id) == "cancelled"
        core.assert_ended_once(submission_id)


def test_what_still_waits_is_never_run(core: Core) -> None:
    running = [core.submit(LONG, limits=HOUR) for _ in range(2)]
    for submission_id in running:
        core.await_running(submission_id)
    waiting = core.submit("print('never')")

    assert core.cancel(waiting) == "cancelled"
    for submission_id in running:
        core.cancel(submission_id)
    core.judged("print('later')")

    assert core.kinds(waiting) == ["queued", "cancelled"]
    assert core.result(waiting).attempts == 0


def test_what_is_finished_stays_so(core: Core) -> None:
    submission_id = core.submit("print(1)")
    core.final(submission_id)

    assert core.cancel(submission_id) == "finished"
    assert core.result(submission_id).verdict == "completed"
    core.assert_ended_once(submission_id)
