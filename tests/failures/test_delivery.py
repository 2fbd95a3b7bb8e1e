"""A message on the queue is only a wake-up: doubled, lost or spoilt, it changes nothing."""

from __future__ import annotations

import uuid

import dramatiq

from shared import keys, scripts
from shared.queue import WakeBroker
from shared.scripts import EXECUTE_QUEUE
from tests.execute.core import Core, load_of
from tests.execute.working import worker
from tests.infra.eventually import eventually
from tests.shared import submissions as subs

QUEUE = keys.dramatiq_queue(EXECUTE_QUEUE)
RINGS = (QUEUE, keys.dramatiq_messages(EXECUTE_QUEUE), keys.wake_list(EXECUTE_QUEUE))
#: The sweep comes every second; the rest is room for a busy machine.
SWEPT_WITHIN_S = 30.0


def assert_each_ran_once(core: Core, ids: list[str]) -> None:
    """Judged, on one attempt, and told so once."""
    for number, submission_id in enumerate(ids):
        result = core.final(submission_id)
        assert (result.verdict, result.stdout) == ("completed", f"{number}\n")
        assert result.attempts == 1
        assert core.kinds(submission_id).count("running") == 1
        core.assert_ended_once(submission_id)
    assert load_of(core.redis)["finished"] == len(ids)


def test_two_workers_share_the_queue_and_nothing_runs_twice(core: Core) -> None:
    with worker(core.url) as one, worker(core.url) as other:
        ids = [core.submit(f"import time\ntime.sleep(0.25)\nprint({n})") for n in range(24)]

        assert_each_ran_once(core, ids)

        holders = [int(core.field(it, "holder").split("-")[-2]) for it in ids]
        assert set(holders) == {one.pid, other.pid}
        assert min(holders.count(one.pid), holders.count(other.pid)) >= 4


def test_wake_ups_that_come_many_times_run_nothing_twice(core: Core) -> None:
    ids = [core.submit(f"print({n})") for n in range(6)]
    same = core.redis.lrange(QUEUE, 0, -1)
    assert len(same) == 6
    for _ in range(20):
        core.redis.rpush(QUEUE, *same)
    broker = WakeBroker(core.url)
    for _ in range(40):
        message = dramatiq.Message[None](
            queue_name=EXECUTE_QUEUE, actor_name="execute", args=(), kwargs={}, options={}
        )
        broker.enqueue(message)
    broker.close()

    with worker(core.url, slots=2), worker(core.url, slots=2):
        assert_each_ran_once(core, ids)


def test_a_submission_whose_ring_is_lost_is_found_by_the_sweep(core: Core) -> None:
    with worker(core.url):
        core.judged("print('the worker is awake and then idle')")
        submission_id = uuid.uuid4().hex
        with core.redis.pipeline(transaction=True) as pipe:
            spec = subs.spec("print(0)")
            scripts.call(
                *(pipe, "submit", submission_id, "local", "", "python", spec, "e1", ""),
                *(600, 1000, 1 << 30, 1000, 1 << 30, "default", "*", "", "", "", "", 0),
            )
            pipe.delete(*RINGS)
            pipe.execute()

        result = core.final(submission_id, SWEPT_WITHIN_S)

    assert (result.verdict, result.attempts) == ("completed", 1)
    core.assert_ended_once(submission_id)


def test_submissions_whose_rings_were_lost_while_nobody_worked_are_all_judged(core: Core) -> None:
    ids = [core.submit(f"print({n})") for n in range(12)]
    core.redis.delete(*RINGS)

    with worker(core.url, slots=2):
        core.final(ids[0], SWEPT_WITHIN_S)
        assert_each_ran_once(core, ids)


def test_spoilt_messages_on_the_queue_are_dropped_and_cost_a_moment(core: Core) -> None:
    bodies = {"gone": None, "empty": b"", "text": b"no json", "partial": b'{"actor_name":"x"}'}
    with worker(core.url):
        core.judged("print('awake')")
        for name, body in bodies.items():
            if body is not None:
                core.redis.hset(keys.dramatiq_messages(EXECUTE_QUEUE), name, body)
            core.redis.rpush(QUEUE, name)
        core.redis.rpush(keys.wake_list(EXECUTE_QUEUE), 1)

        submission_id = core.submit("print('still here')")

        assert core.final(submission_id, SWEPT_WITHIN_S).stdout == "still here\n"
        core.assert_ended_once(submission_id)
        messages = keys.dramatiq_messages(EXECUTE_QUEUE)
        eventually(lambda: not core.redis.exists(messages, QUEUE))
