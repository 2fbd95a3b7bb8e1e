"""A whole runner, and what a caller asks of it."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra.local.api import Api
from infra.local.state import ROOT
from tests.infra.eventually import eventually
from tests.infra.running import Running

SERVE = [sys.executable, "local_runner.py"]
SLOW = "import time\nprint('begun', flush=True)\ntime.sleep(3)\nprint('done')\n"


def api_of(one: Running) -> Api:
    return Api(one.ready()["url"])


def submit(one: Running, code: str, language: str = "python", **fields: object) -> str:
    """The id of a new submission."""
    body = {"code": code, "language": language, **fields}
    return str(api_of(one).json("POST", "/submit", body)["id"])


def final(one: Running, submission_id: str) -> dict[str, Any]:
    """Its result, once it has one."""
    result: dict[str, Any] = {}

    def has_ended() -> bool:
        nonlocal result
        result = api_of(one).json("GET", f"/result/{submission_id}?wait=30")
        return bool(result["status"] == "finished")

    eventually(has_ended, 60)
    return result


def state_of(one: Running, submission_id: str) -> str:
    return str(api_of(one).json("GET", f"/result/{submission_id}")["status"])


def child_pid(one: Running, word: str) -> int:
    """The process id of the child whose command line has a word in it."""
    for pid in one.process_ids():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it ended while we looked
        if f" {word} " in f" {command} " or (word == "valkey" and "valkey-server" in command):
            return pid
    raise AssertionError(f"no process of {word}")


def command(one: Running, *args: str) -> list[str]:
    return [*SERVE, *args, "--state", str(one.state)]


def run(one: Running, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(one, *args), cwd=ROOT, capture_output=True, text=True, timeout=120
    )


def request(one: Running, path: str, **headers: str) -> tuple[int, dict[str, Any]]:
    parts = urlsplit(one.ready()["url"])
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


def open_stream(
    one: Running, submission_id: str
) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(urlsplit(one.ready()["url"]).netloc, timeout=60)
    connection.request("GET", f"/events/{submission_id}")
    response = connection.getresponse()
    assert response.readline()
    return connection, response


def groups_of(pids: set[int]) -> list[Path]:
    """Control groups that were made by any of some processes."""
    made = Path("/sys/fs/cgroup").glob("**/assay/*-*")
    return [path for path in made if path.is_dir() and int(path.name.split("-")[0]) in pids]
