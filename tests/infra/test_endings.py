"""The whole of it, stopped and killed: nothing is left behind and nothing is lost."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from infra.local.state import ROOT
from shared import keys
from tests.infra.eventually import eventually
from tests.infra.running import alive, running
from tests.infra.serving import (
    SERVE,
    SLOW,
    child_pid,
    command,
    final,
    groups_of,
    open_stream,
    request,
    state_of,
    submit,
)


@pytest.mark.alone
def test_sigterm_leaves_nothing_behind(state: Path, output: Path) -> None:
    with running(SERVE, state, output) as one:
        final(one, submit(one, "print(1)"))
        connection, events = open_stream(one, submit(one, SLOW))
        pids = one.process_ids()
        mounts = Path("/proc/self/mountinfo").read_text()

        one.process.send_signal(signal.SIGTERM)
        farewell = events.read()
        connection.close()

        assert one.wait() == 0
        assert b"event: finished" not in farewell
        assert "Traceback" not in one.output
        assert "Cancel" not in one.output  # streams ended by themselves
        assert not alive(pids)
        kept = {"lock", "valkey", "blobs", "toolchains.json", "prepared", "compiled"}
        assert {path.name for path in state.iterdir()} <= kept
        assert not groups_of(pids)
        assert Path("/proc/self/mountinfo").read_text() == mounts


def test_what_was_accepted_before_a_stop_is_judged_after_it(state: Path, output: Path) -> None:
    with running(SERVE, state, output, ASSAY_GRACE_S="0", ASSAY_SLOTS="1") as one:
        ids = [submit(one, SLOW), submit(one, "print('waited')")]
        eventually(lambda: state_of(one, ids[0]) == "running")
        one.process.send_signal(signal.SIGTERM)
        assert one.wait() == 0

    with running(SERVE, state, output) as again:
        results = [final(again, submission_id) for submission_id in ids]

    assert [result["verdict"] for result in results] == ["completed", "completed"]
    assert [result["stdout"] for result in results] == ["begun\ndone\n", "waited\n"]
    assert results[0]["attempts"] == 1  # given back, not lost


def test_what_runs_may_finish_within_its_grace(state: Path, output: Path) -> None:
    with running(SERVE, state, output) as one:
        submission_id = submit(one, SLOW)
        eventually(lambda: state_of(one, submission_id) == "running")
        one.process.send_signal(signal.SIGTERM)
        assert one.wait() == 0

    with running(SERVE, state, output, ASSAY_SLOTS="1") as again:
        assert state_of(again, submission_id) == "finished"


def test_kill_9_of_the_runner_leaves_no_process_and_loses_nothing(
    state: Path, output: Path
) -> None:
    with running(SERVE, state, output) as one:
        submission_id = submit(one, SLOW)
        eventually(lambda: state_of(one, submission_id) == "running")
        pids = one.process_ids()
        one.process.kill()
        one.wait()
        eventually(lambda: not alive(pids))

    with running(SERVE, state, output) as again:
        result = final(again, submission_id)

    assert (result["verdict"], result["stdout"]) == ("completed", "begun\ndone\n")
    assert not groups_of(pids)


@pytest.mark.parametrize("word", ["functions.execute", "infra.local.host", "valkey"])
def test_kill_9_of_any_part_is_repaired_and_loses_nothing(
    state: Path, output: Path, tmp_path: Path, word: str
) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    with running(SERVE, state, output) as one:
        one.ready()
        with subprocess.Popen(
            command(one, "submit", str(tmp_path / "slow.py")),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as client:
            assert client.stderr is not None
            seen = ""
            while "running" not in seen:
                line = client.stderr.readline()
                assert line, seen
                seen += line

            victim = child_pid(one, word)
            os.kill(victim, signal.SIGKILL)
            stdout, stderr = client.communicate(timeout=120)

        assert (client.returncode, stdout) == (0, "begun\ndone\n"), stderr + one.output
        eventually(lambda: "Starting it again" in one.output)
        assert child_pid(one, word) != victim
        assert request(one, "/readyz")[0] == 200
        assert final(one, submit(one, "print(2)"))["stdout"] == "2\n"


def test_a_new_connection_waits_for_a_host_that_is_being_restarted(
    state: Path, output: Path
) -> None:
    with running(SERVE, state, output) as one:
        parts = urlsplit(one.ready()["url"])
        victim = child_pid(one, "infra.local.host")
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: not alive({victim}))

        with socket.create_connection((str(parts.hostname), parts.port or 0)):
            pass  # not refused
        eventually(lambda: "Starting it again" in one.output)
        assert request(one, "/healthz")[0] == 200


def test_a_redis_of_somebody_else_is_used(redis_url: str, state: Path, output: Path) -> None:
    with running(SERVE, state, output, REDIS_URL=redis_url) as one:
        assert final(one, submit(one, "print(3)"))["stdout"] == "3\n"
        assert not (state / "valkey").exists()
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()


def test_a_store_of_another_version_is_refused_in_one_sentence(
    redis_url: str, state: Path, output: Path
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set(keys.SCHEMA, "99")

    with running(SERVE, state, output, REDIS_URL=redis_url) as one:
        assert one.wait() == 1

    # The worker's word or the host's, whichever comes first
    assert "the store has schema '99', this version reads" in one.output
    assert "Traceback" not in one.output


def test_a_caller_that_waits_is_answered_at_a_stop(state: Path, output: Path) -> None:
    with running(SERVE, state, output, ASSAY_GRACE_S="0") as one:
        submission_id = submit(one, SLOW.replace("3", "30"))
        connection = http.client.HTTPConnection(urlsplit(one.ready()["url"]).netloc, timeout=60)
        connection.request("GET", f"/result/{submission_id}?wait=60")
        eventually(lambda: state_of(one, submission_id) == "running")

        one.process.send_signal(signal.SIGTERM)
        answer = json.loads(connection.getresponse().read())
        connection.close()

        assert one.wait() == 0
        assert answer["status"] == "running"
        assert "Cancel" not in one.output
