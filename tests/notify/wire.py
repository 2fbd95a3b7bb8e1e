"""A server process of `notify`, and clients that read it as a browser does."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE_S = 30.0


class ServerProcess:
    """A uvicorn with the routes of `notify` on a loopback port."""

    def __init__(self, redis_url: str, *, log: Path, **settings: float) -> None:
        values = {"send_timeout_s": 20.0, "heartbeat_s": 1} | settings
        environment = os.environ | {f"ASSAY_{k.upper()}": str(v) for k, v in values.items()}
        self.log = log
        with log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.notify.server"],
                env=environment | {"REDIS_URL": redis_url},
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, log.read_text()
        self.port = int(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()

    def stop(self) -> None:
        """SIGTERM, and wait for the end."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE_S)

    @property
    def memory_bytes(self) -> int:
        """Resident memory."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@dataclass
class Sent:
    """What came over one SSE response, parsed as a browser would."""

    id: str = ""
    event: str = ""
    data: str = ""
    retry_ms: int | None = None
    comments: list[str] = field(default_factory=list)

    @property
    def document(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.data)


class Sse:
    """One response; iterate to get its blocks."""

    def __init__(
        self, port: int, path: str, *, method: str = "GET", last_event_id: str = ""
    ) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        self._connection.request(method, path, headers=headers)
        self.response = self._connection.getresponse()
        self.status = self.response.status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Go away, whether it has ended or not."""
        self.response.close()
        self._connection.close()

    def blocks(self) -> Iterator[Sent]:
        """Every block up to the end of the response, comments and retries included."""
        block, lines = Sent(), 0
        for raw in self.response:
            line = raw.decode().removesuffix("\n")
            lines += 1
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not line:
                yield block
                block, lines = Sent(), 0
            elif name == "":
                block.comments.append(value)
            elif name == "retry":
                block.retry_ms = int(value)
            elif name == "data" and block.data:
                block.data += "\n" + value
            else:
                assert name in ("id", "event", "data")
                setattr(block, name, value)
        assert lines == 0, "the response ended inside a block"

    def events(self) -> Iterator[Sent]:
        """The events only."""
        return (block for block in self.blocks() if block.event)

    def problem(self) -> dict[str, Any]:
        """The body, which must be a problem document."""
        assert self.response.headers["content-type"] == "application/problem+json"
        problem = json.load(self.response)
        assert isinstance(problem, dict)
        return problem


@contextlib.contextmanager
def raw_stream(port: int, submission_id: str) -> Iterator[socket.socket]:
    """A socket that has asked for a stream and has read nothing yet."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(PATIENCE_S)
        client.connect(("127.0.0.1", port))
        request = f"GET /events/{submission_id} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
        client.sendall(request.encode())
        yield client
