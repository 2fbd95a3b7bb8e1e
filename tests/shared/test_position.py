"""A waiting submission's place in line is the place in which it is served."""

from __future__ import annotations

import random

import pytest
import redis

from shared import keys, scripts
from tests.shared import submissions as subs


def position(client: redis.Redis, submission_id: str) -> int | None:
    answer = scripts.call(client, "position", submission_id)
    return None if answer is None else int(answer)


@pytest.mark.parametrize("seed", range(6))
def test_the_positions_are_the_order_in_which_slots_take_them(
    client: redis.Redis, seed: int
) -> None:
    # Given tenants of different weights and habits, some of whom were served before
    chance = random.Random(seed)
    claims = subs.claims(client)
    tenants = [f"t{n}" for n in range(4)]
    for name in tenants:
        client.hset(keys.tenant(name), "weight", chance.choice([1, 2, 4]))
        client.hset(keys.share(name), "usualMs", chance.choice([250, 1000, 2000]))
    classes = ["interactive", "default", "bulk"]

    def submit() -> str:
        tenant, priority = chance.choice(tenants), chance.choice(classes)
        return subs.submitted(client, tenant=tenant, priority=priority)

    waiting = {submit() for _ in range(25)}
    for _ in range(8):
        claim = claims.claim()
        assert claim is not None
        waiting.remove(claim.submission_id)
    # And nobody has been passed over for long
    waiting |= {submit() for _ in range(10)}
    told = {name: position(client, name) for name in waiting}
    # When slots take them all, then they come as was told
    for expected in range(len(waiting)):
        claim = claims.claim()
        assert claim is not None
        assert told[claim.submission_id] == expected


def test_what_does_not_stand_in_line_has_no_position(client: redis.Redis) -> None:
    claims = subs.claims(client)
    running = subs.submitted(client)
    assert position(client, running) == 0
    assert claims.claim() is not None
    assert position(client, running) is None
    assert position(client, subs.submitted(client, run_at_ms=subs.FAR_MS)) is None
    assert position(client, "nothing") is None


def test_more_tenants_than_are_looked_at_count_one_turn_each(client: redis.Redis) -> None:
    for n in range(130):
        subs.submitted(client, tenant=f"a{n}")
    assert position(client, subs.submitted(client, tenant="z")) == 130


def test_a_tenant_at_its_cap_still_knows_its_own_place(client: redis.Redis) -> None:
    client.hset(keys.tenant("capped"), "most_running", 1)
    ids = [subs.submitted(client, tenant="capped") for _ in range(3)]
    assert subs.claims(client).claim() is not None
    assert [position(client, it) for it in ids] == [None, 0, 1]
