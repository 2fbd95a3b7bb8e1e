"""What tests do with a service that archives: judge, wait, let Redis forget, ask."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from starlette.testclient import TestClient

from shared import keys
from shared.verdicts import EventType, State, Verdict
from tests.in_process import HandWorker, hand_worker, open_client
from tests.infra.eventually import eventually


class Keeping:
    """A service, its Redis, and a worker that does what it is told."""

    def __init__(self, http: TestClient, worker: HandWorker) -> None:
        self.http = http
        self.worker = worker
        self.redis: redis.Redis = worker.redis

    def submit(self, **body: Any) -> str:  # noqa: ANN401
        """The id of a submission that waits."""
        body = {"language": "python", "code": "print('hello')"} | body
        answer = self.http.post("/submit", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def judge(self, verdict: Verdict = Verdict.COMPLETED, **result: Any) -> str:  # noqa: ANN401
        """Judge what is next, with some events; gives its id."""
        claim = self.worker.claim()
        told = [(EventType.OUTPUT, b'{"stream":"stdout","text":"%d"}' % n) for n in range(40)]
        assert self.worker.claims.progress(claim, told, State.RUNNING)
        assert self.worker.finish(claim, verdict, **({"stdout": "hello\n"} | result))
        return claim.submission_id

    def judged(self, **body: Any) -> str:  # noqa: ANN401
        """The id of a submission that has a verdict."""
        submission_id = self.submit(**body)
        assert self.judge() == submission_id
        return submission_id

    def archived(self) -> None:
        """Wait until nothing waits to be archived."""
        eventually(lambda: self.redis.zcard(keys.TO_ARCHIVE) == 0, 60)

    def let_go(self, submission_id: str) -> None:
        """Wait until it is archived, then let its time in Redis be over."""
        self.archived()
        for key in (keys.submission(submission_id), keys.events(submission_id)):
            assert self.redis.ttl(key) > 0, "it would never go"
            self.redis.delete(key)

    def told(self, submission_id: str) -> dict[str, Any]:
        """Everything that can be asked of a submission, as it is answered."""
        events = f"/events/{submission_id}"
        as_page = {"accept": "application/json"}
        whole = self.http.get(events).text
        ids = [line[4:] for line in whole.splitlines() if line.startswith("id: ")]
        asked: dict[str, tuple[str, dict[str, str]]] = {
            "result": (f"/result/{submission_id}", {}),
            "waited": (f"/result/{submission_id}?wait=1", {}),
            "code": (f"/submission/{submission_id}/code", {}),
            "events": (events, {}),
            "behind": (events, {"last-event-id": ids[2]}),
            "at the end": (events, {"last-event-id": ids[-1]}),
            "elsewhere": (events, {"last-event-id": "0.1"}),
            "page": (f"{events}?wait=1", as_page),
            "next page": (f"{events}?after={ids[2]}&wait=1", as_page),
            "past the end": (f"{events}?after={ids[-1]}&wait=1", as_page),
        }
        answers = {name: self.http.get(path, headers=sent) for name, (path, sent) in asked.items()}
        return {name: (it.status_code, steady(it.text)) for name, it in answers.items()}


def steady(text: str) -> str:
    """Without when a client shall come back, which is by chance."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("retry: "))


@contextlib.contextmanager
def keeping(redis_url: str, state: Path, **settings: Any) -> Iterator[Keeping]:  # noqa: ANN401
    """A service with its state in a folder."""
    settings = {"archive": "single", "state": str(state)} | settings
    with open_client(redis_url, **settings) as http, hand_worker(redis_url) as worker:
        worker.announce("python", slots=4)
        eventually(lambda: worker.redis.hget(keys.ARCHIVE, "mode") is not None, 60)
        yield Keeping(http, worker)
