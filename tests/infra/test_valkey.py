from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
import redis

from infra.local.failure import Failure
from infra.local.valkey import MAX_SOCKET_PATH, Busy, Valkey, binary, socket_path
from tests.infra.eventually import eventually


def client_of(server: Valkey) -> redis.Redis:
    return redis.Redis.from_url(server.url, single_connection_client=True)


def test_the_wheel_holds_a_server_that_can_be_executed() -> None:
    found = subprocess.run([binary(), "--version"], capture_output=True, text=True, check=True)

    assert "server v=" in found.stdout
    assert os.access(binary(), os.X_OK)


def test_what_was_answered_survives_a_clean_stop(tmp_path: Path) -> None:
    with Valkey(tmp_path) as server, client_of(server) as client:
        client.set("name", "kept")

    with Valkey(tmp_path) as server, client_of(server) as client:
        assert client.get("name") == b"kept"


def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    server = Valkey(tmp_path)
    server.start()
    with client_of(server) as client:
        for number in range(1000):
            client.rpush("all", number)
    server.kill()

    with server, client_of(server) as client:
        assert client.llen("all") == 1000


def test_it_never_evicts_and_is_reached_by_the_socket_alone(tmp_path: Path) -> None:
    with Valkey(tmp_path) as server, client_of(server) as client:
        policy = client.config_get("maxmemory-policy")
        port = client.config_get("port")

        assert policy == {"maxmemory-policy": "noeviction"}
        assert port == {"port": "0"}
        assert server.socket.stat().st_mode & 0o777 == 0o700


def test_a_stop_leaves_no_process_and_no_socket(tmp_path: Path) -> None:
    with Valkey(tmp_path) as server:
        assert server.process is not None
        pid = server.process.pid

    assert not Path(f"/proc/{pid}").exists()
    assert not server.socket.exists()


def test_a_second_server_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with Valkey(tmp_path), pytest.raises(Busy, match="still at work"):
        Valkey(tmp_path).spawn()


@pytest.mark.parametrize("name", ["with space", "quote'\"s", "ünïcode 🦆", "100%"])
def test_a_state_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    state = tmp_path / name
    state.mkdir(mode=0o700)

    with Valkey(state) as server, client_of(server) as client:
        assert client.ping()
        assert (state / "valkey" / "appendonlydir").is_dir()


def test_a_path_too_long_for_a_socket_gets_a_private_one_that_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / ("long" * 30)
    state.mkdir(mode=0o700)
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        for runtime in (Path(short), tmp_path / ("deep" * 30)):  # one that is too long itself
            monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))

            with Valkey(state) as server, client_of(server) as client:
                assert client.ping()
                assert len(os.fsencode(server.socket)) <= MAX_SOCKET_PATH
                assert server.socket == socket_path(state)
                assert server.socket.is_relative_to(short) is (runtime == Path(short))
                assert server.socket.parent.stat().st_mode & 0o077 == 0
            assert not server.socket.parent.exists()
        assert not [*Path(short).iterdir()]


def test_a_socket_folder_that_somebody_opened_to_others_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / ("long" * 30)
    state.mkdir(mode=0o700)
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        monkeypatch.setenv("XDG_RUNTIME_DIR", short)
        socket_path(state).parent.mkdir(mode=0o700)
        socket_path(state).parent.chmod(0o777)

        with pytest.raises(Failure, match="not a private folder"):
            Valkey(state).start()


def test_the_socket_of_a_killed_server_is_reclaimed(tmp_path: Path) -> None:
    server = Valkey(tmp_path)
    server.start()
    server.kill()
    assert server.socket.exists()

    with Valkey(tmp_path) as again:
        assert again.is_ready()


def test_a_server_whose_parent_is_killed_ends_too(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(
                """
                import sys, time
                from pathlib import Path
                from infra.local.valkey import Valkey
                server = Valkey(Path(sys.argv[1]))
                server.start()
                print(server.process.pid, flush=True)
                time.sleep(600)
                """
            ),
            str(tmp_path),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert Path(f"/proc/{pid}").exists()

        parent.send_signal(signal.SIGKILL)

    eventually(lambda: not Path(f"/proc/{pid}/exe").exists())
    with Valkey(tmp_path) as again:  # waits for the data to be let go
        assert again.is_ready()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with Valkey(tmp_path):
        pass
    broken = next((tmp_path / "valkey" / "appendonlydir").glob("*.manifest"))
    broken.write_text("nonsense\n")

    with pytest.raises(Failure, match="ended with exit status 1: Invalid AOF manifest"):
        Valkey(tmp_path).start()


def test_it_is_full_before_the_machine_is(tmp_path: Path) -> None:
    with Valkey(tmp_path) as server, client_of(server) as client:
        most_bytes = int(client.config_get("maxmemory")["maxmemory"])

    machine_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < most_bytes < machine_bytes


def test_a_killed_server_is_not_said_to_have_died_of_its_last_good_news(tmp_path: Path) -> None:
    with Valkey(tmp_path) as server:
        server.kill()
        why = server.why()
        before = server.log.read_bytes()
        server.start()

        assert why == f"The embedded Valkey was ended by SIGKILL (its log is {server.log})."
        # ... and the log that the sentence names is still there after the restart.
        assert server.log.read_bytes().startswith(before)
