"""The whole web app in this process, on a real Valkey, and the workers' side by hand."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from typing import Any

import httpx2
import redis
from starlette.testclient import TestClient

from infra.local.host import create_app
from shared.claims import Claim, Claims
from shared.models import encode
from shared.settings import Settings
from shared.verdicts import EventType, State, Verdict

TTL_S = 3600


@contextlib.contextmanager
def open_client(redis_url: str, **settings: Any) -> Iterator[TestClient]:  # noqa: ANN401
    """A client of the app as the local host assembles it; our own faults are answers here.

    Nothing is left in this machine's state folder, and nothing read that lies there.
    """
    settings.setdefault("archive", "none")
    with tempfile.TemporaryDirectory(prefix="assay-state-") as state:
        settings.setdefault("state", state)
        app = create_app(Settings(redis_url=redis_url, **settings))
        with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
            yield client


class HandWorker:
    """A worker that does what a test says."""

    def __init__(self, redis_url: str, name: str = "hand") -> None:
        self.redis = redis.Redis.from_url(redis_url)
        self.claims = Claims(self.redis, name, TTL_S)

    def announce(self, *languages: str, slots: int = 1, **isolation: Any) -> None:  # noqa: ANN401
        """A heartbeat with these languages; programs of Python are forked."""
        starts = {"python": "fork"}
        facts = {
            "languages": [
                {
                    "name": name,
                    "version": f"{name} 1.2.3",
                    "startMode": starts.get(name, "exec"),
                }
                for name in languages
            ],
            "isolation": isolation,
        }
        self.claims.renew(slots, facts, [])

    def claim(self) -> Claim:
        """Take what is next; there must be something."""
        claim = self.claims.claim()
        assert claim is not None
        return claim

    def finish(
        self,
        claim: Claim,
        verdict: Verdict = Verdict.COMPLETED,
        *,
        event: dict[str, Any] | None = None,
        **result: Any,  # noqa: ANN401
    ) -> bool:
        """Write a verdict; `event` is what its terminal event tells beside it."""
        event = {**(event or {}), "status": State.FINISHED, "verdict": verdict}
        return self.claims.finish(
            claim, verdict, encode(result), [(EventType.FINISHED, encode(event))]
        )

    def close(self) -> None:
        """Hang up."""
        self.redis.close()


@contextlib.contextmanager
def hand_worker(redis_url: str, name: str = "hand") -> Iterator[HandWorker]:
    """A `HandWorker` that hangs up at the end."""
    worker = HandWorker(redis_url, name)
    try:
        yield worker
    finally:
        worker.close()


def assert_problem(response: httpx2.Response, status: int, slug: str, field: str = "") -> str:
    """Every error has this one shape; gives its detail."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document = json.loads(response.content)
    keys = {"type", "title", "status", "detail"} | ({"field"} if field else set())
    assert set(document) == keys
    assert document["type"] == f"urn:assay:error:{slug}"
    assert document["status"] == status
    assert document.get("field", "") == field
    assert document["title"]
    assert document["detail"]
    return str(document["detail"])
