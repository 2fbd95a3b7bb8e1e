from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import redis

from infra.local.posts import Post
from infra.local.state import read_runner
from infra.local.valkey import Valkey
from tests.infra.eventually import eventually
from tests.infra.running import Running, alive, running, stand_ins


def notes(log: Path) -> list[str]:
    """What the stand-ins noted, without their process ids."""
    return [line.rpartition(" ")[0] for line in log.read_text().splitlines()]


def pid_of(name: str, log: Path) -> int:
    """The process id of the newest stand-in of a name."""
    lines = [line for line in log.read_text().splitlines() if line.startswith(f"{name} started")]
    return int(lines[-1].split()[-1])


def valkey_pid(one: Running) -> int:
    with redis.Redis.from_url(one.ready()["redisUrl"]) as client:
        return int(client.info("server")["process_id"])


def test_it_says_where_it_serves_and_what_this_machine_gives(
    state: Path, log: Path, output: Path
) -> None:
    with running(stand_ins(log), state, output) as one:
        url = one.ready()["url"]
        eventually(lambda: "Ctrl-C" in one.output)

        assert url in one.output
        assert "isolation  none" in one.output
        assert "languages  python" in one.output
        assert str(state) in one.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_host_then_the_worker_then_valkey(
    state: Path, log: Path, output: Path, number: signal.Signals
) -> None:
    with running(stand_ins(log), state, output) as one:
        one.ready()
        pids = one.process_ids()
        assert len(pids) == 3

        one.process.send_signal(number)
        code = one.wait()

        assert code == 0
        assert notes(log)[-4:] == ["host asked", "host ended", "worker asked", "worker ended"]
        assert "User requested shutdown" in (state / "valkey" / "log").read_text()
        assert not alive(pids)
        assert not (state / "valkey.sock").exists()
        assert not (state / "runner.json").exists()


def test_ctrl_c_in_a_terminal_reaches_the_supervisor_alone(
    state: Path, log: Path, output: Path
) -> None:
    with running(stand_ins(log), state, output) as one:
        one.ready()
        group = os.getpgid(one.process.pid)

        groups = {os.getpgid(pid) for pid in one.process_ids()}

        assert len(groups) == 3
        assert group not in groups


def test_the_port_is_closed_before_the_worker_is_asked_to_end(
    state: Path, log: Path, output: Path
) -> None:
    with running(stand_ins(log, worker="deaf"), state, output) as one:
        port = int(one.ready()["url"].rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port)).close()

        one.process.send_signal(signal.SIGTERM)
        eventually(lambda: "worker asked" in notes(log))

        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_a_second_ctrl_c_kills_at_once(state: Path, log: Path, output: Path) -> None:
    with running(stand_ins(log, worker="deaf"), state, output, ASSAY_GRACE_S="600") as one:
        one.ready()
        pids = one.process_ids()

        one.process.send_signal(signal.SIGINT)
        eventually(lambda: "worker asked" in notes(log))
        time.sleep(1.0)  # less than half a second counts as the same one
        one.process.send_signal(signal.SIGINT)

        assert one.wait() == 130
        assert not alive(pids)
        assert not (state / "valkey.sock").exists()


def test_a_signal_that_comes_twice_is_one(state: Path, log: Path, output: Path) -> None:
    with running(stand_ins(log), state, output) as one:
        one.ready()

        for _ in range(5):  # as under `timeout` or `make`
            one.process.send_signal(signal.SIGTERM)
            one.process.send_signal(signal.SIGINT)

        assert one.wait() == 0
        assert notes(log)[-1] == "worker ended"


def test_a_worker_that_does_not_end_in_time_is_killed(state: Path, log: Path, output: Path) -> None:
    command = stand_ins(log, worker="deaf", give_back_s=0.2)

    with running(command, state, output, ASSAY_GRACE_S="0") as one:
        one.ready()
        pids = one.process_ids()

        one.process.send_signal(signal.SIGTERM)

        assert one.wait() == 0
        assert "did not end within 0 s" in one.output
        assert not alive(pids)


@pytest.mark.parametrize("name", ["worker", "host"])
def test_a_child_that_is_killed_is_started_again(
    state: Path, log: Path, output: Path, name: str
) -> None:
    with running(stand_ins(log), state, output) as one:
        one.ready()

        os.kill(pid_of(name, log), signal.SIGKILL)

        eventually(lambda: notes(log).count(f"{name} started") == 2)
        eventually(lambda: f"The {name} was ended by SIGKILL" in one.output)


def test_a_killed_valkey_is_started_again_with_its_data(
    state: Path, log: Path, output: Path
) -> None:
    with running(stand_ins(log), state, output) as one:
        first = valkey_pid(one)
        with redis.Redis.from_url(one.ready()["redisUrl"]) as client:
            client.set("kept", "yes")

        os.kill(first, signal.SIGKILL)
        eventually(lambda: not alive({first}))
        eventually(lambda: Valkey(state).socket.exists() and is_another_answering(one, first))

        with redis.Redis.from_url(one.ready()["redisUrl"]) as client:
            assert client.get("kept") == b"yes"


def is_another_answering(one: Running, first: int) -> bool:
    try:
        return valkey_pid(one) != first
    except redis.ConnectionError:
        return False


def test_kill_9_of_the_supervisor_leaves_no_process_and_the_next_start_works(
    state: Path, log: Path, output: Path
) -> None:
    with running(stand_ins(log), state, output) as one:
        one.ready()
        pids = one.process_ids()
        one.process.kill()
        one.wait()
        eventually(lambda: not alive(pids))

    with running(stand_ins(log), state, output) as again:
        assert again.ready()["pid"] == again.process.pid


def test_a_start_right_after_kill_9_takes_over_from_the_valkey_that_is_still_ending(
    state: Path, log: Path, output: Path
) -> None:
    for _ in range(3):
        with running(stand_ins(log), state, output) as one:
            one.ready()
            one.process.kill()
            one.wait()

    with running(stand_ins(log), state, output) as last:
        assert valkey_pid(last) in last.process_ids()


def test_what_a_child_leaves_behind_is_gone_after_the_end(
    state: Path, log: Path, output: Path
) -> None:
    with running(stand_ins(log, worker="litter"), state, output) as one:
        one.ready()
        litter = int(Path(f"{log}.litter").read_text())
        assert alive({litter})

        one.process.send_signal(signal.SIGTERM)

        assert one.wait() == 0
        assert not alive({litter})


@pytest.mark.parametrize(
    ("ways", "sentence"),
    [
        ({"worker": "refuse"}, "This machine gives too little."),
        ({"worker": "crash"}, "The worker ended with exit status 4 before it was ready."),
        ({"host": "crash"}, "The host ended with exit status 4 before it was ready."),
    ],
)
def test_a_child_that_cannot_come_up_ends_everything_with_its_sentence(
    state: Path, log: Path, output: Path, ways: dict[str, Any], sentence: str
) -> None:
    with running(stand_ins(log, **ways), state, output) as one:
        assert one.wait() == 1

        assert sentence in one.output
        assert "Traceback" not in one.output
        assert not (state / "valkey.sock").exists()


def test_a_used_state_folder_is_refused_and_named(state: Path, log: Path, output: Path) -> None:
    with running(stand_ins(log), state, output) as one:
        one.ready()

        with running(stand_ins(log), state, output.with_name("second")) as second:
            assert second.wait() == 1
            assert f"in use by a running Assay (process {one.process.pid})" in second.output

        assert read_runner(state)["pid"] == one.process.pid
        assert one.process.poll() is None


def test_a_busy_port_is_told_before_anything_is_started(
    state: Path, log: Path, output: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        with running(stand_ins(log), state, output, ASSAY_PORT=port) as one:
            assert one.wait() == 1

            assert f"Port {port} on 127.0.0.1 cannot be used (Address already in use)" in one.output
    assert not (state / "valkey").exists()
    assert notes(log) == []


@pytest.mark.parametrize(
    ("host", "why"), [("192.0.2.1", "cannot be used"), ("no such name", "is not known")]
)
def test_an_address_that_is_not_this_machines_is_told(
    state: Path, log: Path, output: Path, host: str, why: str
) -> None:
    with running(stand_ins(log), state, output, ASSAY_HOST=host) as one:
        assert one.wait() == 1
        assert why in one.output
    assert notes(log) == []


def test_a_state_folder_that_cannot_be_made_is_told(
    tmp_path: Path, log: Path, output: Path
) -> None:
    (tmp_path / "file").touch()

    with running(stand_ins(log), tmp_path / "file" / "state", output) as one:
        assert one.wait() == 1
        assert "cannot be used (Not a directory)" in one.output


def test_a_folder_with_other_things_in_it_is_not_made_private(
    tmp_path: Path, log: Path, output: Path
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    (shared / "letter").touch()

    with running(stand_ins(log), shared, output) as one:
        assert one.wait() == 1
        assert "holds other files" in one.output
    assert shared.stat().st_mode & 0o777 == 0o755


def test_a_given_redis_is_used_and_left_running(
    state: Path, log: Path, output: Path, redis_url: str
) -> None:
    with running(stand_ins(log), state, output, REDIS_URL=redis_url) as one:
        assert one.ready()["redisUrl"] == redis_url
        assert len(one.process_ids()) == 2

        one.process.send_signal(signal.SIGTERM)
        assert one.wait() == 0

    assert not (state / "valkey").exists()
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()


def test_a_redis_that_may_drop_data_is_warned_about(
    state: Path, log: Path, output: Path, redis_url: str
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            with running(stand_ins(log), state, output, REDIS_URL=redis_url) as one:
                one.ready()
                assert "Warning" in one.output
                assert "allkeys-lru" in one.output
        finally:
            client.config_set("maxmemory-policy", "noeviction")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("redis://127.0.0.1:1/0", "Redis at redis://127.0.0.1:1/0 does not answer"),
        ("redis://:secret@127.0.0.1:1/0", "Redis at redis://:***@127.0.0.1:1/0"),
        ("nonsense", "REDIS_URL is not a Redis URL"),
    ],
)
def test_a_redis_that_refuses_is_told_in_one_sentence(
    state: Path, log: Path, output: Path, url: str, sentence: str
) -> None:
    with running(stand_ins(log), state, output, REDIS_URL=url) as one:
        assert one.wait() == 1
        assert sentence in one.output
        assert "secret" not in one.output
        assert "Traceback" not in one.output


def test_the_pause_before_a_restart_doubles_up_to_its_limit_while_a_child_dies_young() -> None:
    post = Post(Valkey(Path("unused")))
    post.started = float("inf")

    pauses = [post.lost() for _ in range(8)]

    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    post.started = float("-inf")
    assert post.lost() == 0.1


def test_a_command_that_does_not_exist_is_told(state: Path, log: Path, output: Path) -> None:
    command = stand_ins(log)
    command[-1] = '{"worker": ["/nonexistent"], "host": ["/nonexistent"]}'

    with running(command, state, output) as one:
        assert one.wait() == 1
        assert "The worker cannot be started (No such file or directory)." in one.output


def test_a_stop_while_it_is_starting_is_a_clean_stop(state: Path, log: Path, output: Path) -> None:
    command = stand_ins(log)
    command[-1] = '{"worker": ["sleep", "600"], "host": ["sleep", "600"]}'

    with running(command, state, output) as one:
        eventually(lambda: len(one.process_ids()) == 3)
        pids = one.process_ids()
        one.process.send_signal(signal.SIGTERM)

        assert one.wait() == 0
        assert not alive(pids)
        assert subprocess.run(["ls", state], capture_output=True, text=True).stdout.split() == [
            "lock",
            "valkey",
        ]
