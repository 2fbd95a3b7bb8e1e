"""The streams that are told along: a tenant's, and a batch's."""

from __future__ import annotations

from typing import Any

import redis

from shared import keys
from shared.verdicts import EventType, State, Verdict
from tests.shared import submissions as subs


def _story_of(client: redis.Redis, name: str) -> list[tuple[int, str, Any]]:
    """A stream, whose numbers must have no hole."""
    found = subs.events(client, name)
    assert [seq for seq, _, _ in found] == list(range(1, len(found) + 1))
    return found


def test_a_tenants_stream_tells_the_states_of_all_its_submissions(client: redis.Redis) -> None:
    # Given two submissions of a tenant, one of them judged with output, one cancelled
    first = subs.submitted(client, problem="sum")
    second = subs.submitted(client)
    claims = subs.claims(client)
    claim = claims.claim()
    assert claim is not None and claim.submission_id == first
    claims.progress(claim, [(EventType.RUNNING, b"{}")], State.RUNNING)
    claims.progress(claim, [(EventType.OUTPUT, b'{"text":"x"}')])
    end = b'{"files":[],"verdict":"accepted"}'
    claims.finish(
        claim, Verdict.ACCEPTED, b"{}", [(EventType.TEST, b"{}"), (EventType.FINISHED, end)]
    )
    subs.cancel(client, second)

    # When the tenant's stream is read
    told = _story_of(client, keys.tenant_events("local"))

    # Then it has each change of state with its origin, and no output
    mine = [(kind, data) for _, kind, data in told if data["submissionId"] == first]
    assert [kind for kind, _ in mine] == ["queued", "preparing", "running", "finished"]
    assert mine[-1][1] == {
        "submissionId": first, "problemId": "sum", "language": "python",
        "files": [], "verdict": "accepted",
    }  # fmt: skip
    others = [(kind, data["problemId"]) for _, kind, data in told if data["submissionId"] == second]
    assert others == [("queued", None), ("cancelled", None)]
    meta: Any = client.hgetall(keys.tenant_stream("local"))
    assert int(meta[b"seq"]) == len(told)
    assert meta[b"epoch"]


def test_items_of_a_batch_tell_their_end_to_the_batch_and_nothing_to_the_tenant(
    client: redis.Redis,
) -> None:
    client.hset(keys.batch("b1"), mapping={"epoch": "e", "seq": 0})
    item = subs.submitted(client)
    alone = client.xlen(keys.events(keys.tenant_events("local")))
    client.hset(keys.submission(item), "batch", "b1")

    claims = subs.claims(client)
    claim = claims.claim()
    assert claim is not None
    claims.finish(claim, Verdict.ACCEPTED, b"{}", [(EventType.FINISHED, b'{"verdict":"accepted"}')])

    [(_, kind, data)] = _story_of(client, "b1")
    assert (kind, data["submissionId"], data["verdict"]) == ("item", item, "accepted")
    assert client.xlen(keys.events(keys.tenant_events("local"))) == alone


def test_a_tenants_stream_keeps_its_newest_events_only(client: redis.Redis) -> None:
    for _ in range(600):
        subs.cancel(client, subs.submitted(client))
    stream = keys.events(keys.tenant_events("local"))
    assert 1000 <= client.xlen(stream) < 1200
    assert client.hget(keys.tenant_stream("local"), "seq") == b"1200"
