"""A service of batches that loses, cuts and keeps waiting as it is told to, and what it is sent."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from infra.local.arguments import read
from infra.local.batch import command
from infra.local.cli import settings_of

BATCH = "ab" * 16
OTHER = "cd" * 16


class Service(ThreadingHTTPServer):
    """Speaks the API of batches; loses answers and cuts streams as it is told to."""

    daemon_threads = True

    def __init__(self, total: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.total = total
        self.bodies: list[bytes] = []
        self.keys: list[str] = []
        self.asked_after: list[int] = []
        #: One is taken for each call that reaches it: lose, busy, wait, cut:<n>, silent:<n>.
        self.troubles: dict[str, list[str]] = {
            name: [] for name in ("send", "results", "summary", "delete")
        }
        self.rejected: list[dict[str, Any]] = []
        self.deleted: list[str] = []
        #: Set once what it was told to keep waiting is answered.
        self.gate = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def trouble(self, where: str) -> str:
        return self.troubles[where].pop(0) if self.troubles[where] else ""

    def summary(self) -> dict[str, Any]:
        figures = {"total": self.total, "finished": self.total, "rejected": len(self.rejected)}
        times = {"createdMs": 0, "finishedMs": 2000}
        return {"id": BATCH, "status": "finished", "verdicts": {}, **figures, **times}


class _Handler(BaseHTTPRequestHandler):
    server: Service
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.bodies.append(body)
        self.server.keys.append(self.headers["idempotency-key"])
        if self._is_troubled("send"):
            return
        self._answer(202, {"id": BATCH, "total": self.server.total, "submissions": [],
                           "rejected": self.server.rejected})  # fmt: skip

    def do_GET(self) -> None:
        if not self.path.startswith(f"/batch/{BATCH}/results"):
            if not self._is_troubled("summary"):
                self._answer(200, self.server.summary())
            return
        after = int(self.path.partition("after=")[2])
        self.server.asked_after.append(after)
        trouble = self.server.trouble("results")
        self.send_response(200)
        self.send_header("connection", "close")
        self.end_headers()
        content = b"".join(
            json.dumps(line_of(it)).encode() + b"\n"
            for it in range(after + 1, self.server.total + 1)
        )
        kind, _, number = trouble.partition(":")
        self.wfile.write(content[: int(number)] if number else content)
        if kind == "silent":
            self.server.gate.wait(60)

    def do_DELETE(self) -> None:
        self.server.deleted.append(self.path)
        if not self._is_troubled("delete"):
            self._answer(200, self.server.summary())

    def _is_troubled(self, where: str) -> bool:
        trouble = self.server.trouble(where)
        if trouble == "lose":
            self.close_connection = True
        elif trouble == "busy":
            self._answer(503, {"title": "Too busy", "detail": "too busy"})
        elif trouble == "wait":
            self.server.gate.wait(60)
            return False
        return bool(trouble)

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):  # who was kept waiting has gone
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def line_of(position: int) -> dict[str, Any]:
    verdict = "accepted" if position % 2 else "wrong-answer"
    result = {"status": "finished", "verdict": verdict, "cpuTimeMs": 5.0, "peakMemoryBytes": 2**20}
    return {"position": position, "id": str(position), "index": position - 1, "result": result}


def batch(*argv: object) -> int:
    """The exit code of a batch, in this very process."""
    args = read(["batch", *map(str, argv)])
    return command.run(settings_of(args), args)


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
