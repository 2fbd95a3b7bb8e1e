"""One trace from a caller's POST over the queue to the verdict and its webhook; off, nothing."""

from __future__ import annotations

import gzip
import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from infra.local.state import ROOT
from tests.infra.eventually import eventually
from tests.infra.running import running
from tests.infra.serving import SERVE, final

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CODE = "print(input())  # markcode"


class Collector(ThreadingHTTPServer):
    """Takes spans by OTLP/HTTP, and webhooks."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans: list[dict[str, Any]] = []
        self.bytes = b""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def take(self, body: bytes) -> None:
        self.bytes += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            [service] = [
                it.value.string_value
                for it in resource.resource.attributes
                if it.key == "service.name"
            ]
            for scope in resource.scope_spans:
                self.spans += [{**_read(span), "service": service} for span in scope.spans]


def _read(span: Any) -> dict[str, Any]:  # noqa: ANN401 - a protobuf message
    attributes = {it.key: getattr(it.value, it.value.WhichOneof("value")) for it in span.attributes}
    return {
        "name": span.name,
        "trace": span.trace_id.hex(),
        "id": span.span_id.hex(),
        "parent": span.parent_span_id.hex(),
        "began": span.start_time_unix_nano,
        "ended": span.end_time_unix_nano,
        "status": span.status.code,
        **attributes,
    }


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Collector)
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path.startswith("/v1/traces"):
            server.take(body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_one_trace_leads_from_the_post_over_the_queue_to_the_verdict_and_the_webhook(
    state: Path, output: Path, collector: Collector
) -> None:
    settings = {
        "ASSAY_TRACES": "otlp",
        "ASSAY_WEBHOOKS_TO": "anywhere",
        "ASSAY_LANGUAGES": "python",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with running(SERVE, state, output, **settings) as one:
        # Given a caller who traces, and sends a program with three tests and a webhook
        body = {
            "code": CODE,
            "language": "python",
            "tests": [{"stdin": f"markin{n}", "expectedOutput": f"markin{n}"} for n in range(3)],
            "callbackUrl": f"{collector.url}/hook?token=marktoken",
        }
        connection = http.client.HTTPConnection(urlsplit(one.ready()["url"]).netloc, timeout=60)
        headers = {
            "content-type": "application/json",
            "traceparent": f"00-{TRACE}-{CALLER}-01",
            "x-request-id": "request-1",
        }
        connection.request("POST", "/submit", json.dumps(body), headers)
        submission_id = json.loads(connection.getresponse().read())["id"]
        connection.close()
        assert final(one, submission_id)["verdict"] == "accepted"
        # When all of it has been told to the collector
        wanted = {"POST /submit", "judge", "queue", "prepare", "run", "finish", "webhook"}
        eventually(lambda: wanted <= {it["name"] for it in _of_trace(collector)}, 60)
    # Then the request is the caller's child, the verdict and the webhook are the request's
    spans = _of_trace(collector)
    by_name = {it["name"]: it for it in spans}
    assert {it["name"] for it in spans} == wanted
    request, judge = by_name["POST /submit"], by_name["judge"]
    assert (request["parent"], request["service"]) == (CALLER, "assay-host")
    assert (request["http.response.status_code"], request["assay.request_id"]) == (202, "request-1")
    assert (judge["parent"], judge["service"]) == (request["id"], "assay-execute")
    assert judge["assay.submission_id"] == submission_id
    assert by_name["webhook"]["parent"] == request["id"]
    # and what is done for it is the verdict's, each at its time
    for name in ("queue", "prepare", "run", "finish"):
        assert by_name[name]["parent"] == judge["id"], name
        assert by_name[name]["began"] <= by_name[name]["ended"], name
    assert [it["assay.outcome"] for it in spans if it["name"] == "run"] == ["exited"] * 3
    assert by_name["queue"]["began"] < judge["began"] < judge["ended"]
    assert by_name["finish"]["assay.verdict"] == "accepted"
    # and nothing private is in any of it
    for mark in (b"markcode", b"markin", b"marktoken"):
        assert mark not in collector.bytes


def _of_trace(collector: Collector) -> list[dict[str, Any]]:
    return [it for it in collector.spans if it["trace"] == TRACE]


def test_off_nothing_of_it_is_imported(redis_url: str) -> None:
    code = (
        "import sys, infra.local.host, functions.execute.__main__\n"
        "from shared import tracing\n"
        "with tracing.span('x', submission_id='1') as span: span.set(a=1)\n"
        "assert tracing.span('y') is tracing.span('z')\n"
        "tracing.past('x', began_ms=1)\n"
        "assert tracing.traceparent() == ''\n"
        # redis-py imports what it may need for metrics of its own, where that is installed
        "loaded = {name for name in sys.modules if name.startswith('opentelemetry')}\n"
        "assert not loaded & {'opentelemetry.sdk.trace', 'opentelemetry.exporter'}, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["functions.submit", "functions.execute"])
def test_without_the_extra_a_process_says_what_is_missing(redis_url: str, module: str) -> None:
    code = (
        "import sys, runpy\n"
        "sys.modules['opentelemetry'] = None\n"
        f"runpy.run_module({module!r}, run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"REDIS_URL": redis_url, "ASSAY_TRACES": "otlp", "PORT": "0", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "ASSAY_TRACES=otlp needs OpenTelemetry" in done.stderr
    assert "Traceback" not in done.stderr
