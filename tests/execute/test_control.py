"""What a running program is told from outside: input, its end, signals, and to stop."""

from __future__ import annotations

import threading

import pytest
import redis

from functions.execute.control import Control
from functions.execute.leases import Leases
from shared import keys
from shared.errors import Conflict, InvalidField, NotFound, TooLarge
from shared.limits import MAX_INPUT_BYTES, MAX_INPUT_PARTS
from tests.execute.core import PATIENCE_S, Core
from tests.execute.working import worker
from tests.infra.eventually import eventually
from tests.notify.following import subscribers
from tests.shared import submissions as subs

ECHO = """
import sys
for line in sys.stdin:
    print('>', line, end='', flush=True)
print('end')
"""
COUNT = """
import signal, sys
signal.signal(signal.SIGINT, lambda *_: print('caught', flush=True))
print('ready', flush=True)
sys.stdin.read()
"""
LONG = {"cpuTimeMs": 60_000, "wallTimeMs": 180_000}


def interactive(core: Core, code: str, stdin: str = "") -> str:
    return core.submit(code, interactive=True, limits=LONG, stdin=stdin)


def test_a_program_is_talked_to_while_it_runs(core: Core) -> None:
    submission_id = interactive(core, ECHO, stdin="from the beginning\n")
    core.await_output(submission_id, "> from the beginning")
    for word in ("one", "zwölf", "three"):
        core.send(submission_id, word + "\n")
        core.await_output(submission_id, f"> {word}")
    core.send_end(submission_id)

    result = core.final(submission_id)
    assert result.stdout == "> from the beginning\n> one\n> zwölf\n> three\nend\n"
    assert result.verdict == "completed"
    core.assert_ended_once(submission_id)
    assert not core.redis.exists(keys.input(submission_id))


def test_what_is_sent_before_the_start_is_there_at_the_start(core: Core) -> None:
    blockers = [interactive(core, "input()") for _ in range(2)]  # all slots
    for blocker in blockers:
        core.await_running(blocker)
    submission_id = interactive(core, ECHO)
    core.send(submission_id, "early\n")
    core.send_end(submission_id)
    assert core.state(submission_id) == "queued"
    for blocker in blockers:
        core.send(blocker, "\n")

    assert core.final(submission_id).stdout == "> early\nend\n"


def test_a_lot_of_input_arrives_whole_also_if_it_is_read_late(core: Core) -> None:
    code = "import sys, time\ntime.sleep(1)\ndata = sys.stdin.read()\nprint(len(data), data[-1])"
    submission_id = interactive(core, code)
    for _ in range(10):
        core.send(submission_id, "x" * 60_000)
    core.send(submission_id, "!")
    core.send_end(submission_id)
    assert core.final(submission_id).stdout == "600001 !\n"


def test_a_signal_reaches_the_program_and_its_children(core: Core) -> None:
    code = f"import os\nchild = os.fork()\n{COUNT}\nif child: os.wait()\n"
    submission_id = interactive(core, code)
    eventually(lambda: _told(core, submission_id).count("ready") == 2, PATIENCE_S)
    core.send_signal(submission_id, "SIGINT")
    eventually(lambda: _told(core, submission_id).count("caught") == 2, PATIENCE_S)
    core.send_end(submission_id)
    assert core.final(submission_id).verdict == "completed"


def _told(core: Core, submission_id: str) -> str:
    return "".join(data.get("text", "") for _, data in core.events(submission_id))


def test_a_signal_that_is_not_handled_ends_the_program(core: Core) -> None:
    submission_id = interactive(core, "print('ready', flush=True)\ninput()")
    core.await_output(submission_id, "ready")
    core.send_signal(submission_id, "SIGTERM")
    result = core.final(submission_id)
    assert (result.verdict, result.signal) == ("runtime-error", "SIGTERM")


def test_input_whose_ring_was_lost_still_arrives(core: Core) -> None:
    submission_id = interactive(core, ECHO)
    core.await_running(submission_id)
    core.redis.rpush(keys.input(submission_id), b"iunheard\n", b"z")
    assert core.final(submission_id).stdout == "> unheard\nend\n"


def test_input_that_cannot_be_taken_is_refused_and_says_why(core: Core) -> None:
    submission_id = interactive(core, ECHO)
    other = core.submit("input()", limits=LONG)
    with pytest.raises(NotFound):
        core.send(submission_id, "x", tenant="other")
    with pytest.raises(NotFound):
        core.send("0" * 32, "x")
    with pytest.raises(InvalidField):
        core.send_signal(submission_id, "SIGKILL")
    core.final(other)  # its stdin is empty
    with pytest.raises(Conflict, match="ended"):
        core.send(other, "x")
    core.send_end(submission_id)
    core.final(submission_id)
    with pytest.raises(Conflict, match="ended"):
        core.send(submission_id, "x")


def test_the_way_in_is_bounded(redis_url: str) -> None:
    with Core(redis_url) as core:
        plain, submission_id = core.submit("print()"), interactive(core, ECHO)
        with pytest.raises(Conflict, match="interactive"):
            core.send(plain, "x")
        half = "x" * (MAX_INPUT_BYTES // 2 - 1)
        core.send(submission_id, half)
        core.send(submission_id, half)
        with pytest.raises(TooLarge):
            core.send(submission_id, half)
        core.send_end(submission_id)
        with pytest.raises(Conflict, match="before"):
            core.send(submission_id, "")
        many = interactive(core, ECHO)
        core.redis.rpush(keys.input(many), *["i"] * MAX_INPUT_PARTS)
        with pytest.raises(TooLarge):
            core.send_signal(many, "SIGINT")


def test_a_run_that_begins_anew_elsewhere_gets_all_its_input_again(redis_url: str) -> None:
    with Core(redis_url) as core:
        submission_id = interactive(core, ECHO)
        core.send(submission_id, "first\n")
        with worker(redis_url) as lost:
            core.await_output(submission_id, "> first")
            lost.kill()
        core.send(submission_id, "second\n")
        core.send_end(submission_id)
        with worker(redis_url):
            result = core.final(submission_id)
        assert (result.stdout, result.attempts) == ("> first\n> second\nend\n", 2)
        core.assert_ended_once(submission_id)


def test_a_cancelled_run_is_stopped_by_the_message_and_not_only_by_the_renewal(
    redis_url: str,
) -> None:
    # Given a worker that never renews, which listens
    with redis.Redis.from_url(redis_url) as client:
        claims = subs.claims(client)
        leases = Leases(claims, 1, dict)
        control = Control(redis_url, claims, leases)
        control.start()
        try:
            eventually(lambda: subscribers(client, keys.control(claims.worker_id)) == 1)
            stopped = threading.Event()
            submission_id = subs.submitted(client)
            claim = claims.claim()
            assert claim is not None
            leases.hold(claim, stopped.set)
            # When what it runs is cancelled
            assert not stopped.is_set()
            subs.cancel(client, submission_id)
            # Then it stops
            assert stopped.wait(PATIENCE_S)
            # and it hears again after its connection was cut
            client.client_kill_filter(_type="pubsub")
            eventually(lambda: subscribers(client, keys.control(claims.worker_id)) == 1)
        finally:
            control.stop()


def test_interactive_runs_are_cancelled_too_and_their_slots_are_free(core: Core) -> None:
    ids = [interactive(core, ECHO) for _ in range(2)]  # all slots
    for submission_id in ids:
        core.await_running(submission_id)
    for submission_id in ids:
        core.cancel(submission_id)
    assert core.judged("print('my turn')").stdout == "my turn\n"
    for submission_id in ids:
        core.assert_ended_once(submission_id)
        assert not core.redis.exists(keys.input(submission_id))
