"""Traces, where the operator asks for them: from a caller's POST over the queue to the verdict.

Theory of operation. Off, nothing of OpenTelemetry is imported and a span is one shared object
that does nothing. On (`ASSAY_TRACES=otlp`, with the extra `otel` installed), spans go over
OTLP/HTTP to where the environment says by OpenTelemetry's own variables:
`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_SAMPLER` and the others hold as documented there.

A trace crosses the queue inside of the submission: its `spec` carries the `traceparent` of the
request that sent it, and the worker's spans, and later the webhook's, are children of that.

What is in no log line is in no span either: of an exception only its type is told.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal

from shared.failure import Failure
from shared.settings import Settings
from shared.version import VERSION

if TYPE_CHECKING:
    from opentelemetry.trace import Span as OtelSpan

_FLUSH_S = 2.0

Value = str | int | float | bool
Kind = Literal["internal", "server", "client", "producer", "consumer"]

_MISSING = (
    "ASSAY_TRACES=otlp needs OpenTelemetry: install what pyproject.toml names as the extra `otel`."
)


class Span:
    """A piece of work that is traced; this one is not."""

    def set(self, **attributes: Value) -> None:
        """Tell more of it; `submission_id` becomes `assay.submission_id`."""

    def rename(self, name: str) -> None:
        """Call it by what is known only now."""

    def failed(self, kind: str) -> None:
        """It went wrong."""


class _Nothing(AbstractContextManager[Span]):
    """What a span is while traces are off: the same object each time."""

    def __init__(self) -> None:
        self._span = Span()

    def __enter__(self) -> Span:
        return self._span

    def __exit__(self, *_: object) -> None:
        return


_NOTHING: Final = _Nothing()


class _Traced(Span):
    def __init__(self, span: OtelSpan) -> None:
        self._span = span

    def set(self, **attributes: Value) -> None:
        self._span.set_attributes(_named(attributes))

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def failed(self, kind: str) -> None:
        from opentelemetry.trace import Status, StatusCode

        self._span.set_status(Status(StatusCode.ERROR, kind))


class _Traces:
    """OpenTelemetry's side, of one process."""

    def __init__(self, function: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        named = {} if "OTEL_SERVICE_NAME" in os.environ else {"service.name": f"assay-{function}"}
        resource = Resource.create({**named, "service.version": VERSION})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("assay", VERSION)

    @contextmanager
    def span(
        self, name: str, kind: Kind, parent: str | None, attributes: dict[str, Value]
    ) -> Iterator[Span]:
        from opentelemetry.trace import SpanKind

        with self._tracer.start_as_current_span(
            name,
            context=_context(parent),
            kind=SpanKind[kind.upper()],
            attributes=_named(attributes),
            record_exception=False,  # its words may be anybody's
            set_status_on_exception=False,
        ) as started:
            span = _Traced(started)
            try:
                yield span
            except Exception as error:
                span.failed(type(error).__name__)
                raise

    def past(self, name: str, began_ns: int, ended_ns: int, attributes: dict[str, Value]) -> None:
        span = self._tracer.start_span(name, start_time=began_ns, attributes=_named(attributes))
        span.end(ended_ns)

    def close(self) -> None:
        # A collector that is away may not hold up the end of a process.
        flush = threading.Thread(target=self._provider.shutdown, daemon=True)
        flush.start()
        flush.join(_FLUSH_S)


def _context(parent: str | None) -> Any:  # noqa: ANN401 - a Context, which is not imported here
    """The current one; or the one of a `traceparent`; or none, if that is empty or wrong."""
    if parent is None:
        return None
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier = {"traceparent": parent}
    return TraceContextTextMapPropagator().extract(carrier, context=Context())


def _named(attributes: dict[str, Value]) -> dict[str, Value]:
    return {name if "." in name else f"assay.{name}": value for name, value in attributes.items()}


_traces: _Traces | None = None


def configure(settings: Settings, function: str) -> None:
    """Begin to trace, if the settings say so.

    Raises:
        Failure: what it takes is not installed.
    """
    global _traces
    if settings.traces == "off":
        return
    try:
        _traces = _Traces(function)
    except ImportError:
        raise Failure(_MISSING, 2) from None


def close() -> None:
    """Send what is left."""
    if _traces is not None:
        _traces.close()


def is_on() -> bool:
    """Whether anything is traced."""
    return _traces is not None


def span(
    name: str,
    *,
    kind: Kind = "internal",
    parent: str | None = None,
    **attributes: Value,
) -> AbstractContextManager[Span]:
    """Trace what happens inside.

    Args:
        parent: the `traceparent` it belongs to; empty begins a trace; none is the current span.
    """
    if _traces is None:
        return _NOTHING
    return _traces.span(name, kind, parent, attributes)


def past(name: str, *, began_ms: float, ended_ms: float = 0, **attributes: Value) -> None:
    """Tell of what has happened inside of the current span; it has ended now, or at `ended_ms`."""
    if _traces is not None:
        ended_ns = int(ended_ms * 1e6) or time.time_ns()
        _traces.past(name, min(int(began_ms * 1e6), ended_ns), ended_ns, attributes)


def traceparent() -> str:
    """What makes somebody else's spans children of the current one; empty while off."""
    if _traces is None:
        return ""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent", "")
