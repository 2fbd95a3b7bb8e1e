"""Batches that archivers and tests of them work on."""

from __future__ import annotations

import redis

from shared import keys
from shared.verdicts import Verdict
from tests.archive.keeping import Keeping
from tests.in_process import hand_worker
from tests.infra.eventually import eventually
from tests.shared import submissions as subs


def sent(service: Keeping, count: int = 3, marker: str = "c") -> tuple[str, list[str]]:
    """A batch that waits, and its submissions."""
    items = [
        {"language": "python", "code": f"print({n})", "clientId": f"{marker}-{n}"}
        for n in range(count)
    ]
    answer = service.http.post("/batch", json={"submissions": items})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"]), list(answer.json()["submissions"])


def ended(service: Keeping, count: int = 3, marker: str = "c") -> tuple[str, list[str]]:
    """One that has ended; its submissions in the order in which they did."""
    batch_id, _ = sent(service, count, marker)
    verdicts = (Verdict.ACCEPTED, Verdict.WRONG_ANSWER)
    return batch_id, [service.judge(verdicts[n % 2], message=marker) for n in range(count)]


def archived(service: Keeping) -> None:
    """Wait until nothing waits to be archived."""
    service.archived()
    eventually(lambda: service.redis.zcard(keys.BATCHES_TO_ARCHIVE) == 0, 60)


def let_go(service: Keeping, batch_id: str, items: list[str]) -> None:
    """Let the time in Redis be over."""
    archived(service)
    names = [keys.batch(batch_id), keys.batch_ended(batch_id), keys.events(batch_id)]
    names += [key(it) for it in items for key in (keys.submission, keys.events)]
    for name in names:
        assert service.redis.ttl(name) > 0, f"{name} would never go"
    service.redis.delete(*names)


def by_hand(
    client: redis.Redis, redis_url: str, count: int = 3, mode: str = "single"
) -> tuple[str, list[str]]:
    """A batch that has ended and waits to be archived."""
    if mode:
        client.hset(keys.ARCHIVE, "mode", mode)
    batch_id, items = subs.batch_of(client, count)
    with hand_worker(redis_url) as hand:
        for _ in items:
            hand.finish(hand.claim(), Verdict.ACCEPTED)
    return batch_id, items
