"""Submissions as a test without an event loop sees them: stored, followed, counted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import redis

from shared import keys, languages
from shared.connect import async_client, blocking_client
from shared.identity import LOCAL_TENANT
from shared.interactive import Inputs
from shared.limits import LIMITS
from shared.models import Limits, Result, Spec
from shared.settings import Settings
from shared.store import Store
from shared.verdicts import TERMINAL, TERMINAL_EVENTS, State
from tests.infra.eventually import eventually

#: Ends are awaited so long: for a machine that does other things as well.
PATIENCE_S = 60.0

Event = tuple[str, dict[str, Any]]


class Core:
    """A store, and what its readers are told."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.redis = blocking_client(url)
        self._done = self.redis.pubsub()  # type: ignore[no-untyped-call]
        self._done.subscribe(keys.PROBLEM_DONE)
        self._announced: list[dict[str, Any]] = []
        self._loop = asyncio.Runner()
        self._client = async_client(url)
        self._inputs = Inputs(self._client)
        self._store = Store(self._client, Settings(redis_url=url))

    def submit(
        self,
        code: str,
        language: str = "python",
        *,
        stdin: str = "",
        args: Iterable[str] = (),
        files: Mapping[str, bytes] | None = None,
        expected: str | None = None,
        problem: str | None = None,
        limits: Mapping[str, int] | None = None,
        **more: Any,  # noqa: ANN401 - further fields of the specification
    ) -> str:
        """Its id, once it is stored. Limits have their wire names."""
        known = languages.find(language)
        default = {name: row.default for name, row in LIMITS.items()}
        values = default | (known.defaults if known else {}) | dict(limits or {})
        spec = Spec(
            code=code,
            language=language,
            problem_id=problem,
            stdin=stdin,
            args=list(args),
            files=dict(files or {}),
            limits=Limits(
                cpu_time_ms=values["cpuTimeMs"],
                wall_time_ms=values["wallTimeMs"],
                memory_bytes=values["memoryBytes"],
                output_bytes=values["outputBytes"],
                processes=values["processes"],
            ),
            expected_output=expected,
            **more,
        )
        return self._loop.run(self._store.submit(spec, tenant=LOCAL_TENANT))

    def result(self, submission_id: str) -> Result:
        """As it is now."""
        found = self._loop.run(self._store.snapshot(submission_id, tenant=LOCAL_TENANT))
        return found.result

    def final(self, submission_id: str, within_s: float = PATIENCE_S) -> Result:
        """Its result, once it has one."""
        eventually(lambda: self.state(submission_id) in TERMINAL, within_s)
        return self.result(submission_id)

    def judged(self, code: str, language: str = "python", **spec: Any) -> Result:  # noqa: ANN401
        """Submit and wait for the end."""
        return self.final(self.submit(code, language, **spec))

    def cancel(self, submission_id: str) -> State:
        """The state that leaves it in."""
        return self._loop.run(self._store.cancel(submission_id, tenant=LOCAL_TENANT))

    def send(self, submission_id: str, text: str, *, tenant: str = LOCAL_TENANT) -> None:
        """More for its stdin."""
        self._loop.run(self._inputs.stdin(submission_id, text.encode(), tenant=tenant))

    def send_end(self, submission_id: str) -> None:
        """Its stdin ends."""
        self._loop.run(self._inputs.end(submission_id, tenant=LOCAL_TENANT))

    def send_signal(self, submission_id: str, name: str) -> None:
        """A signal for its program."""
        self._loop.run(self._inputs.signal(submission_id, name, tenant=LOCAL_TENANT))

    def state(self, submission_id: str) -> State:
        """Where it is now."""
        return State(self.field(submission_id, "state"))

    def field(self, submission_id: str, name: str) -> str:
        """One field of the stored submission; empty if there is none."""
        value = self.redis.hget(keys.submission(submission_id), name)
        return value.decode() if isinstance(value, bytes) else str(value or "")

    def events(self, submission_id: str) -> list[Event]:
        """What its stream holds. The numbers of the events have no gap."""
        entries: Any = self.redis.xrange(keys.events(submission_id))
        numbers = [entry.decode() for entry, _ in entries]
        assert numbers == [f"{n}-0" for n in range(1, len(entries) + 1)]
        return [(fields[b"t"].decode(), json.loads(fields[b"d"])) for _, fields in entries]

    def kinds(self, submission_id: str) -> list[str]:
        """The types of its events."""
        return [kind for kind, _ in self.events(submission_id)]

    def await_kinds(self, submission_id: str, kind: str, count: int) -> None:
        """Until so many events of a kind have been told."""
        eventually(lambda: self.kinds(submission_id).count(kind) >= count, PATIENCE_S)

    def await_running(self, submission_id: str, attempt: int = 1) -> None:
        """Until its program has been started, for the n-th time."""
        eventually(lambda: self.kinds(submission_id).count("running") >= attempt, PATIENCE_S)

    def await_output(self, submission_id: str, text: str) -> None:
        """Until it has been told live that the program has written this."""

        def told() -> bool:
            return any(text in data.get("text", "") for _, data in self.events(submission_id))

        eventually(lambda: self.state(submission_id) in TERMINAL or told(), PATIENCE_S)
        assert told(), self.result(submission_id)

    def hears(self, submission_id: str) -> Callable[[], list[str]]:
        """Listens to every channel from now on; gives what was said until it is called."""
        listener = self.redis.pubsub()  # type: ignore[no-untyped-call]
        listener.psubscribe("*")

        def heard() -> list[str]:
            said: list[str] = []

            def is_told_of_the_end() -> bool:
                while (message := listener.get_message(timeout=0.05)) is not None:
                    said.append(str(message["data"]))
                return any(submission_id in text or "finished" in text for text in said)

            eventually(is_told_of_the_end, PATIENCE_S)
            listener.close()
            return said

        return heard

    def announced(self, submission_id: str) -> list[dict[str, Any]]:
        """What was said of it on the public channel since this object was made."""
        while (message := self._done.get_message(timeout=0.05)) is not None:
            if message["type"] == "message":
                self._announced.append(json.loads(message["data"]))
        return [said for said in self._announced if said["submissionId"] == submission_id]

    def assert_ended_once(self, submission_id: str) -> None:
        """One verdict was written, one terminal event is there, and it is the last."""
        kinds = self.kinds(submission_id)
        assert [kind for kind in kinds if kind in TERMINAL_EVENTS] == kinds[-1:]
        assert len(self.announced(submission_id)) == 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.run(self._client.aclose())
        self._loop.close()
        self._done.close()
        self.redis.close()


def load_of(client: redis.Redis) -> dict[str, int]:
    """The counters of the store."""
    counters: Any = client.hgetall(keys.LOAD)
    return {name.decode(): int(value) for name, value in counters.items()}
