"""Every metric is in the table of the documents, and moves when its thing happens."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

import functions.admin.app
import functions.submit.app
from infra.local.state import ROOT
from shared import keys
from shared.identity import LOCAL_TENANT, Role
from shared.metrics import METRICS
from shared.services import Services
from shared.serving import Routes, assemble
from shared.settings import Settings
from shared.version import VERSION
from tests.admin.test_admin import key_of
from tests.execute.working import worker
from tests.in_process import assert_problem, open_client
from tests.infra.eventually import eventually
from tests.infra.running import Running, running
from tests.infra.serving import SERVE, api_of, child_pid, final, open_stream, submit

#: Not to be moved from outside; they are looked at below.
_STILL = {"assay_build_info", "assay_store_up", "assay_archive_failures"}
TYPESCRIPT = "const text: string = 'hello'; console.log(text)"

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def parsed(text: str) -> tuple[dict[str, str], Samples]:
    """The type of each family, and the value of each sample."""
    families = list(text_string_to_metric_families(text))
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }
    return {family.name: family.type for family in families}, samples


class Watch:
    """Scrapes a service, and notes which metrics have moved and that no counter went back."""

    def __init__(self, one: Running) -> None:
        self._one = one
        self.moved: set[str] = set()
        self._types, self._first = self._scrape()
        self._last = self._first

    def _scrape(self) -> tuple[dict[str, str], Samples]:
        parts = urlsplit(self._one.ready()["url"])
        connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        assert response.status == 200
        assert (response.headers["content-type"] or "").startswith("text/plain; version=0.0.4")
        text = response.read().decode()
        connection.close()
        return parsed(text)

    def look(self) -> Samples:
        """What it is now."""
        _, now = self._scrape()
        for (name, labels), value in now.items():
            metric = re.sub(r"_(total|bucket|sum|count)$", "", name)
            if value != self._last.get((name, labels), 0):
                self.moved.add(metric)
            if metric in METRICS and METRICS[metric].kind != "gauge":
                assert value >= self._last.get((name, labels), 0), f"{name} went back"
        for name, labels in self._last.keys() - now.keys():
            assert METRICS[re.sub(r"_(total|bucket|sum|count)$", "", name)].kind == "gauge", labels
        self._last = now
        return now

    def value(self, name: str, **labels: str) -> float:
        """One sample, now."""
        return self.look().get((name, tuple(sorted(labels.items()))), 0.0)

    def await_value(self, name: str, value: float, **labels: str) -> None:
        """Until it is that."""
        eventually(lambda: self.value(name, **labels) == value, 60)


@pytest.fixture
def one(state: Path, output: Path) -> Iterator[Running]:
    with running(
        SERVE,
        state,
        output,
        ASSAY_SLOTS="1",
        ASSAY_LANGUAGES="python,typescript",
        ASSAY_WEBHOOKS_TO="anywhere",
    ) as one:
        yield one


@pytest.fixture
def hook() -> Iterator[str]:
    """Somebody's server, which is content with everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_each_metric_moves_when_its_thing_happens(one: Running, hook: str) -> None:
    watch = Watch(one)
    with redis.Redis.from_url(one.ready()["redisUrl"], decode_responses=True) as client:
        _judge(one, watch)
        _wait_in_line(one, watch)
        _webhooks(one, watch, client, hook)
        _judge_error(one, watch, client)
        _stream_and_drain(one, watch)
        _lose_a_cell_and_a_worker(one, watch)
    assert watch.moved & METRICS.keys() == METRICS.keys() - _STILL


def _judge(one: Running, watch: Watch) -> None:
    """Verdicts by language, starts, compiles, and how long it all took."""
    for _ in range(2):
        assert final(one, submit(one, TYPESCRIPT, "typescript"))["verdict"] == "completed"
    assert final(one, submit(one, "1 / 0"))["verdict"] == "runtime-error"
    watch.await_value("assay_runs_total", 2, language="typescript", start="exec")
    watch.await_value("assay_runs_total", 1, language="python", start="fork")
    now = watch.look()

    def value(name: str, **labels: str) -> float:
        return now[name, tuple(sorted(labels.items()))]

    assert value("assay_verdicts_total", language="typescript", verdict="completed") == 2
    assert value("assay_verdicts_total", language="python", verdict="runtime-error") == 1
    assert value("assay_compile_seconds_count", language="typescript") == 1
    assert value("assay_compile_cached_total", language="typescript") == 1
    assert value("assay_run_seconds_count", language="typescript") == 2
    assert value("assay_judge_seconds_count", language="typescript") == 2
    runs_s = value("assay_run_seconds_sum", language="typescript")
    assert 0 < runs_s < value("assay_judge_seconds_sum", language="typescript") < 60
    assert value("assay_queue_wait_seconds_count", **{"class": "default"}) == 3
    assert value("assay_submissions_total") == 3
    assert value("assay_http_requests_total", method="POST", route="/submit", status="202") == 3
    assert value("assay_http_response_seconds_count", route="/submit") == 3


def _wait_in_line(one: Running, watch: Watch) -> None:
    """What waits, by class, and what is cancelled."""
    slow = submit(one, "import time; time.sleep(60)", limits={"wallTimeMs": 120_000})
    eventually(lambda: watch.value("assay_slots_busy") == 1)
    waiting = [submit(one, "print()", priority="bulk") for _ in range(2)]
    later = submit(one, "print()", runAt=_soon())
    watch.await_value("assay_queue_length", 2, **{"class": "bulk"})
    assert watch.value("assay_queue_delayed") == 1
    eventually(lambda: watch.value("assay_queue_oldest_wait_seconds", **{"class": "bulk"}) > 0)
    for submission_id in (*waiting, later, slow):
        api_of(one).json("DELETE", f"/submission/{submission_id}")
    watch.await_value("assay_cancelled_total", 4)
    watch.await_value("assay_unfinished_bytes", 0)


def _soon() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


def _webhooks(one: Running, watch: Watch, client: Any, hook: str) -> None:  # noqa: ANN401
    """Delivered, failed, and given up."""
    final(one, submit(one, "print()", callbackUrl=hook))
    watch.await_value("assay_webhook_sends_total", 1, outcome="delivered")
    final(one, submit(one, "print()", callbackUrl="http://127.0.0.1:9/"))
    watch.await_value("assay_webhook_sends_total", 1, outcome="failed")
    watch.await_value("assay_webhooks_waiting", 1)
    [name] = client.zrange(keys.DELIVERIES, 0, -1)
    client.hset(keys.delivery(name), "attempts", 11)
    client.zadd(keys.DELIVERIES, {name: 0})
    watch.await_value("assay_webhooks_dead", 1)
    watch.await_value("assay_webhook_sends_total", 1, outcome="dead")


def _judge_error(one: Running, watch: Watch, client: Any) -> None:  # noqa: ANN401
    """A package that is not there any more."""
    submission_id = submit(one, "print()", runAt=_soon())
    spec = json.loads(client.hget(keys.submission(submission_id), "spec"))
    broken = json.dumps(spec | {"package": "0" * 64})
    client.hset(keys.submission(submission_id), mapping={"spec": broken, "runAtMs": 1})
    client.zadd(keys.DELAYED, {submission_id: 1})
    assert final(one, submission_id)["verdict"] == "judge-error"
    watch.await_value("assay_judge_errors_total", 1)
    [error] = api_of(one).json("GET", "/admin/overview")["judgeErrors"]
    assert error["submissionId"] == submission_id
    # for who sits at the terminal it is told as text
    [told] = [line for line in one.output.splitlines() if "judging failed" in line]
    assert " error functions.execute.judge: judging failed  " in told
    assert f"submissionId={submission_id}  tenant=local" in told


def _lose_a_cell_and_a_worker(one: Running, watch: Watch) -> None:
    """kill -9 of a keeper, then of the whole worker: nothing counted is lost or goes back."""
    worker = child_pid(one, "functions.execute")
    keepers = keepers_of(worker)
    for pid in keepers:
        os.kill(pid, signal.SIGKILL)
    assert final(one, submit(one, "print()"))["verdict"] == "completed"
    watch.await_value("assay_cells_rebuilt_total", 1)
    counted = watch.value("assay_runs_total", language="python", start="fork")
    assert counted >= 4
    held = submit(one, "import time; time.sleep(4)")
    eventually(lambda: watch.value("assay_slots_busy") == 1)
    os.kill(worker, signal.SIGKILL)
    assert final(one, held)["attempts"] == 2
    assert watch.value("assay_leases_lost_total") == 1
    watch.await_value("assay_runs_total", counted + 1, language="python", start="fork")


def keepers_of(worker: int) -> list[int]:
    """Its children; each was started by one of its threads."""
    found: list[int] = []
    for task in Path(f"/proc/{worker}/task").iterdir():
        with contextlib.suppress(OSError):  # the thread ended while we looked
            found += map(int, (task / "children").read_text().split())
    return found


def _stream_and_drain(one: Running, watch: Watch) -> None:
    running_one = submit(one, "import time; time.sleep(60)", limits={"wallTimeMs": 120_000})
    connection, _ = open_stream(one, running_one)
    watch.await_value("assay_streams_open", 1)
    api_of(one).json("DELETE", f"/submission/{running_one}")
    connection.close()
    watch.await_value("assay_streams_open", 0)
    [worker] = api_of(one).json("GET", "/admin/overview")["workers"]
    assert watch.value("assay_slots") == 1
    api_of(one).json("POST", f"/admin/workers/{worker['id']}/drain")
    watch.await_value("assay_workers", 1, state="drained")
    assert watch.value("assay_slots") == 0
    api_of(one).json("DELETE", f"/admin/workers/{worker['id']}/drain")
    watch.await_value("assay_workers", 1, state="working")


def documented() -> dict[str, tuple[str, tuple[str, ...], str]]:
    """The rows of the table: name to type, labels and where it is exposed."""
    text = (ROOT / "docs" / "observability.md").read_text()
    rows = re.findall(r"^\| `(assay_\w+)` \| (\w+) \| (.*?) \| (\w+) \|", text, re.MULTILINE)
    return {
        name: (kind, tuple(re.findall(r"`(\w+)`", labels)), scope)
        for name, kind, labels, scope in rows
    }


def test_the_table_of_the_documents_is_what_the_code_exposes(redis_url: str) -> None:
    told = {
        metric.exposed: (metric.kind, metric.labels, metric.scope) for metric in METRICS.values()
    }
    assert documented() == told
    with open_client(redis_url) as client:
        client.get("/healthz")
        types, samples = parsed(client.get("/metrics").text)
    assert {name: metric.kind for name, metric in METRICS.items()} == {
        name: kind for name, kind in types.items() if name.startswith("assay_")
    }
    assert {name for name in types if not name.startswith("assay_")} <= {
        *("process_cpu_seconds", "process_max_fds", "process_open_fds"),
        *("process_resident_memory_bytes", "process_start_time_seconds"),
        "process_virtual_memory_bytes",
    }
    for name, labels in samples:
        metric = METRICS.get(re.sub(r"_(total|bucket|sum|count)$", "", name))
        if metric is not None:
            assert {label for label, _ in labels} - {"le"} == set(metric.labels), name


def test_names_follow_the_conventions() -> None:
    for metric in METRICS.values():
        assert re.fullmatch(r"assay(_[a-z]+)+", metric.name)
        assert not metric.name.endswith("_total")
        assert (metric.kind == "histogram") <= metric.name.endswith("_seconds")
        assert set(metric.labels) <= {
            *("class", "language", "verdict", "state", "start", "version"),
            *("method", "route", "status", "outcome"),
        }, "no tenant, no problem, no submission"


def test_what_the_archive_could_not_keep_is_told(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as plain, open_client(redis_url) as client:
        plain.hset(keys.ARCHIVE, "failed", 3)  # as the archiver counts
        _, samples = parsed(client.get("/metrics").text)
    assert samples["assay_archive_failures_total", ()] == 3


TOKEN = "a-long-random-token"


def test_metrics_are_for_the_operator_and_for_who_has_the_token(redis_url: str) -> None:
    with open_client(redis_url, auth="always", metrics_token=TOKEN) as client:
        assert_problem(client.get("/metrics"), 401, "unauthorized")
        for tenant in ("acme", ""):
            headers = key_of(redis_url, tenant, *Role)
            assert_problem(client.get("/metrics", headers=headers), 403, "forbidden")
        for shown in ("", "x", TOKEN[:-1], TOKEN + "x", "ä"):
            headers = {"authorization": f"Bearer {shown}".encode()}  # type: ignore[dict-item]
            assert_problem(client.get("/metrics", headers=headers), 401, "unauthorized")
        good = {"authorization": f"Bearer {TOKEN}"}
        assert client.get("/metrics", headers=good).status_code == 200
        for path in ("/me", "/status", "/admin/overview"):
            assert_problem(client.get(path, headers=good), 401, "unauthorized")
        headers = key_of(redis_url, LOCAL_TENANT, Role.ADMIN)
        assert client.get("/metrics", headers=headers).status_code == 200
    with open_client(redis_url, auth="always") as client:
        headers = {"authorization": "Bearer "}
        assert_problem(client.get("/metrics", headers=headers), 401, "unauthorized")


def test_without_redis_a_scrape_says_so_and_has_what_the_process_knows() -> None:
    with open_client("unix:///nowhere/valkey.sock", metrics_token=TOKEN) as client:
        answer = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    types, samples = parsed(answer.text)
    assert samples["assay_store_up", ()] == 0
    assert "assay_http_requests" in types
    assert "assay_queue_length" not in types


def test_routes_and_methods_that_nobody_serves_make_no_new_series(redis_url: str) -> None:
    with open_client(redis_url) as client:
        for path in ("/nothing", "/result/one", "/result/two", "/x/y/z", "/nothing/else"):
            client.get(path)
        client.request("BREW", "/nothing")
        _, samples = parsed(client.get("/metrics").text)
    seen = {labels for name, labels in samples if name == "assay_http_requests_total"}
    assert seen == {
        (("method", "GET"), ("route", "none"), ("status", "404")),
        (("method", "GET"), ("route", "/result/{id}"), ("status", "404")),
        (("method", "other"), ("route", "none"), ("status", "404")),
    }


def test_only_the_operator_s_function_tells_of_the_service(redis_url: str) -> None:
    def exposed(*functions: Routes) -> set[str]:
        settings = Settings(redis_url=redis_url)
        with TestClient(assemble(Services(settings), *functions), "http://127.0.0.1") as client:
            return set(parsed(client.get("/metrics").text)[0])

    service = {name for name, metric in METRICS.items() if metric.scope == "service"}
    assert not exposed(functions.submit.app.routes) & service
    assert exposed(functions.submit.app.routes, functions.admin.app.routes) >= service


def test_a_worker_with_a_port_tells_of_its_process(redis_url: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with worker(redis_url, PORT=str(port)):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        _, samples = parsed(response.read().decode())
        connection.close()
    assert (response.headers["content-type"] or "").startswith("text/plain; version=0.0.4")
    assert samples["process_resident_memory_bytes", ()] > 10_000_000
    assert samples["assay_build_info", (("version", VERSION),)] == 1
