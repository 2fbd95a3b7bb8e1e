"""The whole service in processes of its own, and a client that adds little time of its own."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra.local.api import parse_events
from infra.local.benches import cpu
from infra.local.failure import Failure
from infra.local.state import ROOT, read_runner

_READY_S = 60.0
_SERVE = (
    "import sys\n"
    "from infra.local.supervisor import Supervisor\n"
    "from shared.settings import Settings\n"
    "sys.exit(Supervisor(Settings.from_env(), tell=lambda _: None).run())\n"
)
_PARTS = ("host", "worker", "keepers", "runs", "valkey")
HELLO = {"language": "python", "code": "print('hello')", "expectedOutput": "hello"}


@dataclass(frozen=True)
class Service:
    """A running one, by its supervisor."""

    pid: int
    url: str
    redis_url: str

    def client(self) -> Client:
        return Client(self.url)

    def cpu_ms(self) -> dict[str, float]:
        """CPU time so far of each part. What is in no other part is in `runner`."""
        parts = dict.fromkeys(_PARTS, 0.0)
        for child in cpu.children(self.pid):
            name = _part_of(cpu.command(child))
            parts[name] += cpu.own_ms(child)
            if name == "worker":
                for keeper in cpu.children(child):
                    parts["keepers"] += cpu.own_ms(keeper)
                    parts["runs"] += cpu.below_ms(keeper)
        return {**parts, "runner": cpu.own_ms(self.pid)}

    def processes(self) -> dict[str, list[int]]:
        """The living processes of each part."""
        parts: dict[str, list[int]] = {name: [] for name in _PARTS}
        for child in cpu.children(self.pid):
            name = _part_of(cpu.command(child))
            parts[name].append(child)
            if name == "worker":
                parts["keepers"] += cpu.children(child)
                for keeper in cpu.children(child):
                    parts["runs"] += cpu.below(keeper)
        return {**parts, "runner": [self.pid]}


def _part_of(command: str) -> str:
    for part, word in (("host", "infra.local.host"), ("worker", "functions.execute")):
        if word in command:
            return part
    return "valkey"


@contextlib.contextmanager
def service(languages: str = "python") -> Iterator[Service]:
    """Start one on a free port, with a state folder of its own; it ends in order."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")}
    env.pop("REDIS_URL", None)
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        state = Path(folder, "state")
        env |= {"ASSAY_STATE": str(state), "ASSAY_PORT": "0", "ASSAY_LANGUAGES": languages}
        process = subprocess.Popen([sys.executable, "-c", _SERVE], cwd=ROOT, env=env)
        try:
            deadline = time.monotonic() + _READY_S
            while not (facts := read_runner(state)):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise Failure("A service of our own did not start.")
                time.sleep(0.02)
            yield Service(process.pid, facts["url"], facts["redisUrl"])
        finally:
            process.terminate()
            process.wait()


class Client:
    """Two connections that stay open, as a browser's do: one for calls, one for events."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url).netloc
        self._calls = http.client.HTTPConnection(address, timeout=60)
        self._streams = http.client.HTTPConnection(address, timeout=60)
        for connection in (self._calls, self._streams):
            connection.connect()

    def send(self, body: dict[str, Any], query: str = "") -> None:
        """Submit, without waiting for the answer."""
        headers = {"Content-Type": "application/json"}
        self._calls.request("POST", f"/submit{query}", json.dumps(body), headers)

    def answer(self) -> dict[str, Any]:
        """The answer to what was sent."""
        response = self._calls.getresponse()
        content = response.read()
        if response.status not in (200, 202):
            raise Failure(f"The service answered with status {response.status}: {content!r}")
        answer: dict[str, Any] = json.loads(content)
        return answer

    def post(self, path: str, body: bytes, kind: str) -> dict[str, Any]:
        """The answer to any other request that is sent."""
        self._calls.request("POST", path, body, {"Content-Type": kind})
        return self.answer()

    def delete(self, path: str) -> dict[str, Any]:
        """The answer to a DELETE."""
        self._calls.request("DELETE", path)
        return self.answer()

    def follow(self, submission_id: str) -> dict[str, Any]:
        """Read its events up to the terminal one; that one's data."""
        self._streams.request("GET", f"/events/{submission_id}")
        response = self._streams.getresponse()
        last: dict[str, Any] = {}
        for _, kind, data in parse_events(response):
            if kind in ("finished", "cancelled"):
                last = data
        return last

    def close(self) -> None:
        self._calls.close()
        self._streams.close()
