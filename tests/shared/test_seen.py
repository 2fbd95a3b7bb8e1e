"""The outermost layer: each request has an id, one line at `info`, and a place in the metrics."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

from shared.logs import LineFormatter
from tests.in_process import open_client
from tests.infra.test_metrics import parsed

_OURS = re.compile(r"[0-9a-f]{16}")


@pytest.fixture
def client(redis_url: str) -> Iterator[TestClient]:
    with open_client(redis_url) as opened:
        yield opened


class _Lines(logging.Handler):
    """Formats at once, as the real handler does: what is bound changes later."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(json.loads(LineFormatter(console=False).format(record)))


@pytest.fixture
def access(caplog: pytest.LogCaptureFixture) -> Iterator[list[dict[str, Any]]]:
    """The lines of requests."""
    caplog.set_level(logging.INFO, "assay.access")
    handler = _Lines()
    logger = logging.getLogger("assay.access")
    logger.addHandler(handler)
    yield handler.told
    logger.removeHandler(handler)


def test_a_request_has_the_id_that_its_caller_gave_or_one_of_ours(client: TestClient) -> None:
    given = client.get("/me", headers={"x-request-id": "Ab1.2-3_x"})
    assert given.headers["x-request-id"] == "Ab1.2-3_x"
    for bad in ("", "a b", "x" * 65, "a\tb", "é", '{"a":1}'):
        answer = client.get("/me", headers={b"x-request-id": bad.encode()})
        assert _OURS.fullmatch(answer.headers["x-request-id"]), bad
    twice = client.get("/me", headers=[("x-request-id", "a"), ("x-request-id", "b")])
    assert _OURS.fullmatch(twice.headers["x-request-id"])
    assert _OURS.fullmatch(client.get("/nothing").headers["x-request-id"]), "errors have one, too"


def test_a_request_is_one_line_with_its_route_and_whose_it_was(
    client: TestClient, access: list[dict[str, Any]]
) -> None:
    client.get("/result/a-secret?wait=1", headers={"x-request-id": "r1"})
    client.get("/another-secret", headers={"authorization": "Bearer secret"})
    for quiet in ("/healthz", "/readyz", "/metrics"):
        client.get(quiet)
    with pytest.raises(WebSocketDenialResponse):
        with client.websocket_connect("ws://127.0.0.1/socket?ticket=secret"):
            pass
    first, second, third = access
    assert {name: first[name] for name in ("event", "method", "route", "status", "tenant")} == {
        "event": "request",
        "method": "GET",
        "route": "/result/{id}",
        "status": 404,
        "tenant": "local",
    }
    assert first["requestId"] == "r1"
    assert first["ms"] >= 0
    assert (second["route"], second["status"]) == ("none", 401)
    assert "tenant" not in second, "it was nobody's, and the one before is forgotten"
    assert (third["method"], third["status"]) == ("WEBSOCKET", 401)
    assert "secret" not in json.dumps(access)


def test_lines_name_the_submission_that_a_request_is_about(
    client: TestClient, access: list[dict[str, Any]]
) -> None:
    submission_id = client.post("/submit", json={"code": "", "language": "python"}).json()["id"]
    client.get(f"/result/{submission_id}")
    client.delete(f"/submission/{submission_id}")
    client.get(f"/result/{submission_id}x")
    client.get("/status")
    named = [line.get("submissionId") for line in access]
    assert named == [submission_id, submission_id, submission_id, None, None]


def test_sockets_and_refusals_are_counted_too(client: TestClient) -> None:
    with client.websocket_connect("ws://127.0.0.1/socket"):
        pass
    _, samples = parsed(client.get("/metrics").text)
    key = ("assay_http_requests_total", tuple(
        sorted({"method": "WEBSOCKET", "route": "/socket", "status": "101"}.items())
    ))  # fmt: skip
    assert samples[key] == 1
    assert not [it for it in samples if it[0].startswith("assay_http_response") and "/socket" in it]
