"""Submissions made by the Lua scripts alone, and what they left in Redis."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import redis

from shared import keys, scripts
from shared.batches import item_id
from shared.claims import Claim, Claims
from shared.limits import LIMITS
from shared.models import Limits, Spec, encode

TTL_S = 3600
#: A time that does not come while tests run.
FAR_MS = 9_999_999_999_999


def spec(code: str = "print(1)") -> bytes:
    """A specification as it is stored."""
    limits = Limits(
        cpu_time_ms=LIMITS["cpuTimeMs"].default,
        wall_time_ms=LIMITS["wallTimeMs"].default,
        memory_bytes=LIMITS["memoryBytes"].default,
        output_bytes=LIMITS["outputBytes"].default,
        processes=LIMITS["processes"].default,
    )
    return encode(Spec(code=code, language="python", limits=limits))


def submit(
    client: redis.Redis,
    *,
    submission_id: str = "",
    problem: str = "",
    body: bytes = b"",
    max_queued: int = 1000,
    max_bytes: int = 1_000_000,
    tenant: str = "local",
    tenant_max: int = 1000,
    tenant_max_bytes: int = 10_000_000,
    priority: str = "default",
    allowed: str = "*",
    run_at_ms: int | str = "",
    queue_timeout_ms: int | str = "",
    once: str = "",
    digest: str = "",
    kind: str = "",
) -> tuple[str, str]:
    """Call the script; gives the id and what it answered."""
    submission_id = submission_id or uuid.uuid4().hex
    answer = scripts.call(
        client,
        "submit",
        submission_id,
        tenant,
        problem,
        "python",
        body or spec(),
        "e1",
        keys.latest(tenant, problem) if problem else "",
        TTL_S,
        max_queued,
        max_bytes,
        tenant_max,
        tenant_max_bytes,
        priority,
        allowed,
        run_at_ms,
        queue_timeout_ms,
        once,
        digest,
        TTL_S,
        "",
        "",
        kind,
    )
    return submission_id, answer.decode()


def batch_opened(client: redis.Redis, batch_id: str = "", tenant: str = "local") -> str:
    """The id of a batch that is being filled."""
    batch_id = batch_id or uuid.uuid4().hex
    answer = scripts.call(client, "batch_open", batch_id, tenant, "e1", 60_000, "", "", 0)
    assert answer == b"filling"
    return batch_id


def batch_added(
    client: redis.Redis,
    batch_id: str,
    count: int,
    *,
    first: int = 0,
    **how: Any,  # noqa: ANN401
) -> list[str]:
    """Add some to it; gives what was answered for each."""
    item: dict[str, Any] = {"priority": "bulk", "run_at_ms": "", "timeout_ms": ""} | how
    parts: list[Any] = []
    for index in range(first, first + count):
        parts += [item_id(batch_id, index), index, f"c{index}", "", "python", spec(), "e1"]
        parts += [item["priority"], item["run_at_ms"], item["timeout_ms"]]
    bounds = how.get("bounds", (100_000, 10**9, 100_000, 10**9))
    answers = scripts.call(client, "batch_add", batch_id, "*", *bounds, 60_000, *parts)
    return [answer.decode() for answer in answers]


def batch_of(client: redis.Redis, count: int, **how: Any) -> tuple[str, list[str]]:  # noqa: ANN401
    """A batch that is complete, and the ids of its submissions."""
    batch_id = batch_opened(client, tenant=how.pop("tenant", "local"))
    assert set(batch_added(client, batch_id, count, **how)) <= {"queued"}
    scripts.call(client, "batch_seal", batch_id, 0, TTL_S)
    return batch_id, [item_id(batch_id, index) for index in range(count)]


def batch_fields(client: redis.Redis, batch_id: str) -> dict[str, str]:
    """The stored hash."""
    stored: Any = client.hgetall(keys.batch(batch_id))
    return {name.decode(): value.decode() for name, value in stored.items()}


def submitted(client: redis.Redis, **how: Any) -> str:  # noqa: ANN401
    """The id of a submission that was taken."""
    submission_id, answer = submit(client, **how)
    assert answer == "queued"
    return submission_id


def cancel(client: redis.Redis, submission_id: str) -> str | None:
    """Call the script; gives what it answered."""
    answer = scripts.call(client, "cancel", submission_id, TTL_S, keys.PROBLEM_DONE)
    return None if answer is None else str(answer.decode())


def rejudge(client: redis.Redis, submission_id: str, *, seen: str = "") -> str:
    """Call the script; gives what it answered."""
    stored = fields(client, submission_id)
    args = (seen or stored.get("finishedMs", ""), stored.get("spec", ""), "e2", "default", 3)
    return str(scripts.call(client, "rejudge", submission_id, *args).decode())


def claims(client: redis.Redis, worker: str = "w1") -> Claims:
    """The claims of a worker."""
    return Claims(client, worker, TTL_S)


def take(claims: Claims) -> Claim:
    """The next one in line, which there must be."""
    claim = claims.claim()
    assert claim is not None
    return claim


def fields(client: redis.Redis, submission_id: str) -> dict[str, str]:
    """The stored hash."""
    stored: Any = client.hgetall(keys.submission(submission_id))
    return {name.decode(): value.decode() for name, value in stored.items()}


def state(client: redis.Redis, submission_id: str) -> str:
    """The stored state."""
    return fields(client, submission_id)["state"]


def events(client: redis.Redis, submission_id: str) -> list[tuple[int, str, Any]]:
    """The stream: number, type, data."""
    entries: Any = client.xrange(keys.events(submission_id))
    return [
        (int(entry_id.split(b"-")[0]), entry[b"t"].decode(), json.loads(entry[b"d"]))
        for entry_id, entry in entries
    ]


def event_types(client: redis.Redis, submission_id: str) -> list[str]:
    """The types of the events; their numbers must have no hole."""
    found = events(client, submission_id)
    assert [seq for seq, _, _ in found] == list(range(1, len(found) + 1))
    return [kind for _, kind, _ in found]


def expire_leases(client: redis.Redis) -> None:
    """Let every lease have run out, as if its worker had been silent for long."""
    held: Any = client.zrange(keys.LEASES, 0, -1)
    for submission_id in held:
        client.zadd(keys.LEASES, {submission_id: 0})


def dump(client: redis.Redis) -> dict[bytes, Any]:
    """Everything that is stored, to compare."""
    names: Any = client.scan_iter()
    return {name: client.dump(name) for name in sorted(names)}


@contextlib.contextmanager
def listening(client: Any, channel: str) -> Iterator[Callable[[], Any]]:  # noqa: ANN401
    """Subscribed to a channel; gives a function for the next message, None if none comes."""
    with client.pubsub() as listener:
        listener.subscribe(channel)
        assert listener.get_message(timeout=30)["type"] == "subscribe"
        yield lambda: listener.get_message(timeout=0.5)
