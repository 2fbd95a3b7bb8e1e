"""Every metric of Assay, and those that a process counts of itself.

Theory of operation. `METRICS` is the closed list; docs/observability.md has the same table,
and a test compares them. A metric is of one of two kinds:

- *process*: what this process did, counted here in a registry of its own: requests, streams,
  webhooks. Each process exposes its own, and they are added up by whoever reads them.
- *service*: what is true of the whole service, read from Redis at each scrape. Only
  `functions/admin` exposes it, so that nothing is counted twice.

Label sets are closed: routes are templates, languages and verdicts are ours. No label is a
tenant, a problem or a submission.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from shared.version import VERSION


@dataclass(frozen=True)
class Metric:
    """One row of the table. The name of a counter is told without its `_total`."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str
    scope: str = "service"

    @property
    def exposed(self) -> str:
        """Its name as it is read."""
        return f"{self.name}_total" if self.kind == "counter" else self.name


def _rows() -> Iterator[Metric]:
    service: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
        ("assay_store_up", "gauge", (), "1 if Redis answers this scrape, else 0"),
        ("assay_queue_length", "gauge", ("class",), "submissions in line"),
        ("assay_queue_oldest_wait_seconds", "gauge", ("class",), "age of the oldest in line, or 0"),
        ("assay_queue_delayed", "gauge", (), "submissions that wait for their runAt"),
        ("assay_unfinished_bytes", "gauge", (), "bytes of submissions that have not ended"),
        ("assay_queue_wait_seconds", "histogram", ("class",), "time in line, from there to a slot"),
        ("assay_submissions", "counter", (), "submissions taken"),
        ("assay_cancelled", "counter", (), "submissions cancelled"),
        ("assay_verdicts", "counter", ("language", "verdict"), "verdicts given"),
        ("assay_judge_errors", "counter", (), "submissions that ended as our error"),
        ("assay_leases_lost", "counter", (), "submissions taken back from workers that were lost"),
        ("assay_workers", "gauge", ("state",), "workers that are alive"),
        ("assay_slots", "gauge", (), "slots of the workers that take submissions"),
        ("assay_slots_busy", "gauge", (), "submissions held by workers"),
        ("assay_judge_seconds", "histogram", ("language",), "time in a slot, from claim to end"),
        ("assay_compile_seconds", "histogram", ("language",), "time to compile, if not cached"),
        (
            "assay_compile_cached",
            "counter",
            ("language",),
            "compiled programs taken from the cache",
        ),
        ("assay_run_seconds", "histogram", ("language",), "wall time of one run of a program"),
        ("assay_runs", "counter", ("language", "start"), "runs of programs, by how they started"),
        ("assay_cells_rebuilt", "counter", (), "cells that broke and were made anew"),
        ("assay_webhooks_waiting", "gauge", (), "webhooks that are to be sent"),
        ("assay_archive_waiting", "gauge", (), "ended submissions that are not archived yet"),
        ("assay_archive_oldest_wait_seconds", "gauge", (), "how long the oldest of them waits"),
        ("assay_archived", "counter", (), "submissions archived"),
        ("assay_archive_failures", "counter", (), "submissions that could not be, and are retried"),
        ("assay_webhooks_dead", "gauge", (), "webhooks that were given up and are kept"),
    )
    for name, kind, labels, text in service:
        yield Metric(name, kind, labels, text)
    process: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
        ("assay_http_requests", "counter", ("method", "route", "status"), "requests answered"),
        ("assay_http_response_seconds", "histogram", ("route",), "time to the head of the answer"),
        ("assay_streams_open", "gauge", (), "event streams and sockets that are open"),
        ("assay_webhook_sends", "counter", ("outcome",), "webhooks sent: delivered, failed, dead"),
        ("assay_build_info", "gauge", ("version",), "1, for the version of this process"),
    )
    for name, kind, labels, text in process:
        yield Metric(name, kind, labels, text, "process")


disable_created_metrics()  # type: ignore[no-untyped-call]
METRICS = {metric.name: metric for metric in _rows()}
#: Of answers: most are a few milliseconds, a long-poll takes as long as it likes.
_RESPONSE_BOUNDS_S = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25),
    *(0.5, 1, 2.5, 5, 10, 30, 60),
)

#: Of the text format.
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
#: Reads metrics of the whole service.
Source = Callable[[], Awaitable[Iterable[Family]]]


def own_page() -> tuple[str, bytes]:
    """What a process has that counts nothing here: its CPU time, its memory, its version."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    Gauge(*_described("assay_build_info"), registry=registry).labels(VERSION).set(1)
    return CONTENT_TYPE, generate_latest(registry)


class Metrics:
    """What one process counts, and what it may add from Redis."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.sources: list[Source] = []
        self._requests = self._counter("assay_http_requests")
        self._responses = Histogram(
            *_described("assay_http_response_seconds"),
            buckets=_RESPONSE_BOUNDS_S,
            registry=self._registry,
        )
        self._sends = self._counter("assay_webhook_sends")
        self._gauge("assay_build_info").labels(VERSION).set(1)
        self._streams: list[Callable[[], int]] = []
        self._gauge("assay_streams_open").set_function(lambda: sum(it() for it in self._streams))
        for outcome in ("delivered", "failed", "dead"):
            self._sends.labels(outcome)
        #: By their labels: looking them up each time costs as much as counting.
        self._by_request: dict[tuple[str, str, int], Counter] = {}
        self._by_route: dict[str, Histogram] = {}

    def answered(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """A request was answered; after so long, unless it became a socket."""
        key = (method, route, status)
        counter = self._by_request.get(key)
        if counter is None:
            counter = self._by_request[key] = self._requests.labels(method, route, status)
        counter.inc()
        if seconds is None:
            return
        histogram = self._by_route.get(route)
        if histogram is None:
            histogram = self._by_route[route] = self._responses.labels(route)
        histogram.observe(seconds)

    def sent(self, outcome: str) -> None:
        """A webhook was sent, or tried to be."""
        self._sends.labels(outcome).inc()

    def count_streams(self, open_streams: Callable[[], int]) -> None:
        """Who knows how many streams are open here."""
        self._streams.append(open_streams)

    async def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        read = [family for source in self.sources for family in await source()]
        return generate_latest(self._registry) + generate_latest(_Read(read))

    def _counter(self, name: str) -> Counter:
        return Counter(*_described(name), registry=self._registry)

    def _gauge(self, name: str) -> Gauge:
        return Gauge(*_described(name), registry=self._registry)


def _described(name: str) -> tuple[str, str, tuple[str, ...]]:
    metric = METRICS[name]
    return metric.name, metric.help, metric.labels


class _Read(CollectorRegistry):
    """Families that are there already, in the place of a registry."""

    def __init__(self, families: Iterable[Family]) -> None:
        super().__init__()
        self._families = list(families)
        self.register(_Once(self._families))


class _Once(Collector):
    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families
