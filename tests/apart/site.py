"""The service as its callers see it, in whatever shape it runs: one address and a key."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
from websockets.sync.client import ClientConnection, connect

from infra.local.api import parse_events

PATIENCE_S = 60.0

#: Event id, type, data.
Event = tuple[str, str, dict[str, Any]]


class Site:
    """One caller, by an API key, and who looks after the problems."""

    def __init__(self, url: str, redis_url: str, key: str, operators_key: str) -> None:
        self.url = url
        self.redis_url = redis_url
        self._headers = {"authorization": f"Bearer {key}"}
        self.http = httpx2.Client(base_url=url, headers=self._headers, timeout=PATIENCE_S)
        by_operator = {"authorization": f"Bearer {operators_key}"}
        self.operator = httpx2.Client(base_url=url, headers=by_operator, timeout=PATIENCE_S)

    def close(self) -> None:
        self.http.close()
        self.operator.close()

    def submit(self, code: str, **more: Any) -> str:  # noqa: ANN401
        """Its id, once it is taken."""
        body = {"language": "python", "code": code, **more}
        response = self.http.post("/submit", json=body)
        assert response.status_code == 202, response.text
        return str(response.json()["id"])

    def final(self, submission_id: str) -> dict[str, Any]:
        """Its result, once it has one."""
        for _ in range(10):
            response = self.http.get(f"/result/{submission_id}", params={"wait": 30})
            assert response.status_code == 200, response.text
            if response.json()["status"] in ("finished", "cancelled"):
                return dict(response.json())
        raise AssertionError(f"{submission_id} did not end: {response.text}")

    def events(self, path: str, after: str = "") -> Iterator[Event]:
        """Over one response, as they come."""
        headers = {"last-event-id": after} if after else {}
        with self.http.stream("GET", path, headers=headers) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            yield from parse_events(line.encode() for line in response.iter_lines())

    def socket(self, query: str = "", **more: Any) -> ClientConnection:  # noqa: ANN401
        """A WebSocket of this caller."""
        url = self.url.replace("http://", "ws://") + "/socket" + query
        more.setdefault("additional_headers", self._headers)
        socket: ClientConnection = connect(
            url, open_timeout=PATIENCE_S, close_timeout=PATIENCE_S, **more
        )
        return socket


def received(socket: ClientConnection) -> dict[str, Any]:
    """The next message."""
    message = json.loads(socket.recv(timeout=PATIENCE_S))
    assert isinstance(message, dict)
    return message


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """A package as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"adding/{name}", content)
    return buffer.getvalue()
