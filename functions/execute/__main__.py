"""`python -m functions.execute`: one worker process, configured by its environment.

With a `$PORT` it answers there for its health, and only for that. It needs none.
It says when it is ready, or why it cannot be (`shared/announce.py`). SIGTERM and SIGINT stop it
in order; a second one stops it at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

import redis

from functions.execute.engine.program import EngineError
from functions.execute.health import HealthServer, Page, Readiness
from functions.execute.worker import Worker
from shared import logs, tracing
from shared.announce import announce
from shared.errors import AssayError
from shared.failure import Failure
from shared.listen import listen
from shared.metrics import own_page
from shared.models import encode
from shared.settings import NO_REDIS, Settings, SettingsError, is_given

_REPAIR_INTERVAL_S = 0.5


def main() -> int:
    """Run until told to stop; gives the exit code."""
    try:
        settings = Settings.from_env()
        if not settings.redis_url:
            raise SettingsError(NO_REDIS)
    except SettingsError as error:
        print(f"Assay: {error}", file=sys.stderr)
        return 2
    logs.configure(settings, "execute")
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    try:
        tracing.configure(settings, "execute")
        with _health(settings) as readiness:
            worker = Worker(settings)
            worker.start()
            readiness.ready_when(worker.check_ready)
            announce("ready " + encode(worker.facts()).decode())
            return _work_until(stop, worker)
    except (EngineError, redis.RedisError, AssayError, Failure, ValueError) as error:
        sentence = f"The worker cannot start: {str(error).rstrip('.')}."
        if not announce(f"failed {sentence}"):
            print(f"Assay: {sentence}", file=sys.stderr)
        return 1


@contextlib.contextmanager
def _health(settings: Settings) -> Iterator[Readiness]:
    """Answers for this process on `$PORT`, where the environment names one.

    Raises:
        Failure: the port cannot be had.
    """
    readiness = Readiness()
    if not is_given("port"):
        yield readiness
        return
    pages: dict[str, Page] = {"/readyz": readiness.page, "/metrics": own_page}
    server = HealthServer(listen(settings.host, settings.port), pages)
    server.start()
    try:
        yield readiness
    finally:
        server.close()


def _work_until(stop: threading.Event, worker: Worker) -> int:
    """The main thread's part, and the end in order; gives the exit code."""
    try:
        while not stop.is_set():
            worker.engine.repair(_REPAIR_INTERVAL_S)
        return 0
    except EngineError as error:  # without its cells it would sit on the queue
        logs.get_logger(__name__).critical("the worker stops", reason=str(error))
        return 1
    finally:
        worker.stop()
        tracing.close()


if __name__ == "__main__":
    sys.exit(main())
