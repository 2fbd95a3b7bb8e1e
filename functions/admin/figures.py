"""The metrics of the whole service, read from Redis at each scrape: `shared/counts.py`."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Any

import redis
import redis.asyncio
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from functions.admin.letters import Letters
from shared import keys, load, logs
from shared.archive import archive_status
from shared.counts import WAIT_BOUNDS_MS, WORK_BOUNDS_MS, bound_label
from shared.metrics import METRICS
from shared.priority import Priority
from shared.verdicts import Verdict
from shared.workers import WorkerState, workers

_log = logs.get_logger(__name__)
_PATIENCE_S = 5.0

#: Metric -> its count, the bounds in ms, and how many of its sum are a second.
_HISTOGRAMS: Mapping[str, tuple[str, Sequence[float], float]] = {
    "assay_queue_wait_seconds": ("wait", WAIT_BOUNDS_MS, 1e3),
    "assay_judge_seconds": ("judge", WORK_BOUNDS_MS, 1e6),
    "assay_compile_seconds": ("compile", WORK_BOUNDS_MS, 1e6),
    "assay_run_seconds": ("run", WORK_BOUNDS_MS, 1e6),
}
#: Metric -> its count.
_COUNTERS: Mapping[str, str] = {
    "assay_verdicts": "verdicts",
    "assay_leases_lost": "leases-lost",
    "assay_compile_cached": "cached",
    "assay_runs": "runs",
    "assay_cells_rebuilt": "rebuilt",
}

#: The labels of a count, and what it has come to: of a histogram by bound and `sum`.
_Counts = dict[str, dict[tuple[str, ...], int]]


async def figures(client: redis.asyncio.Redis) -> Iterable[Metric]:
    """The families of the service; while Redis is away only that it is."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return [_gauge("assay_store_up", 1), *await _read(client)]
    except (redis.RedisError, OSError, TimeoutError) as error:
        _log.warning("the figures of the service cannot be read", error=error)
        return [_gauge("assay_store_up", 0)]


async def _read(client: redis.asyncio.Redis) -> list[Metric]:
    whole = await load.of_all(client)
    alive, kept = await workers(client), await archive_status(client)
    counts = _parsed(await client.hgetall(keys.COUNTS))
    states = {state: sum(it.state is state for it in alive) for state in WorkerState}
    errors = sum(
        count for labels, count in counts["verdicts"].items() if labels[-1] == Verdict.JUDGE_ERROR
    )
    length, oldest = _family("assay_queue_length"), _family("assay_queue_oldest_wait_seconds")
    for name, line in whole.classes.items():
        length.add_metric([name], line.queued)
        oldest.add_metric([name], (line.oldest_waiting_ms or 0) / 1000)
    by_state = _family("assay_workers")
    for state, count in states.items():
        by_state.add_metric([state], count)
    return [
        length,
        oldest,
        by_state,
        _gauge("assay_queue_delayed", whole.delayed),
        _gauge("assay_unfinished_bytes", whole.unfinished_bytes),
        _counter("assay_submissions", {(): whole.totals.submitted}),
        _counter("assay_cancelled", {(): whole.totals.cancelled}),
        _counter("assay_judge_errors", {(): errors}),
        _gauge("assay_slots", sum(worker.slots for worker in alive)),
        _gauge("assay_slots_busy", whole.running),
        _gauge("assay_webhooks_waiting", await client.zcard(keys.DELIVERIES)),
        _gauge("assay_archive_waiting", kept.waiting),
        _gauge("assay_archive_oldest_wait_seconds", (kept.oldest_waiting_ms or 0) / 1000),
        _counter("assay_archived", {(): kept.archived}),
        _counter("assay_archive_failures", {(): kept.failed}),
        _gauge("assay_webhooks_dead", await Letters(client).count()),
        *(_counter(name, counts[count]) for name, count in _COUNTERS.items()),
        *(
            _histogram(name, counts[count], bounds, unit)
            for name, (count, bounds, unit) in _HISTOGRAMS.items()
        ),
    ]


def _parsed(stored: Any) -> _Counts:  # noqa: ANN401 - as redis-py answers
    counts: _Counts = defaultdict(dict)
    for field, value in stored.items():
        name, *labels = field.decode().split(",")
        counts[name][tuple(labels)] = int(value)
    return counts


def _family(name: str) -> GaugeMetricFamily:
    metric = METRICS[name]
    return GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)


def _gauge(name: str, value: float) -> Metric:
    family = _family(name)
    family.add_metric([], value)
    return family


def _counter(name: str, counts: Mapping[tuple[str, ...], int]) -> Metric:
    metric = METRICS[name]
    family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    if not metric.labels:
        counts = {(): 0, **counts}
    for labels, count in sorted(counts.items()):
        if len(labels) == len(metric.labels):  # else it is of another version
            family.add_metric(labels, count)
    return family


def _histogram(
    name: str, counts: Mapping[tuple[str, ...], int], bounds: Sequence[float], unit: float
) -> Metric:
    metric = METRICS[name]
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    found = {labels[:-1] for labels in counts}
    if metric.labels == ("class",):
        found |= {(priority,) for priority in Priority}
    for labels in sorted(found):
        total, buckets = 0, []
        for bound in bounds:
            total += counts.get((*labels, bound_label(bound)), 0)
            buckets.append((f"{bound / 1000:g}", total))
        buckets.append(("+Inf", total + counts.get((*labels, bound_label(inf)), 0)))
        family.add_metric(labels, buckets, counts.get((*labels, "sum"), 0) / unit)
    return family
