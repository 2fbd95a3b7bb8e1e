"""The Lua scripts against a plain model, in any order of calls: nothing differs, nothing stalls."""

from __future__ import annotations

from collections import Counter
from typing import Any

import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared import keys
from shared.batches import item_id
from shared.claims import Claim, GiveBack
from shared.priority import Priority
from shared.verdicts import EventType, Verdict
from tests.shared import submissions as subs
from tests.shared.line_model import Entry, Model

FINISHED = (EventType.FINISHED, b'{"status":"finished","verdict":"accepted"}')
TENANTS = ("a", "b", "c")
SLOTS = 3
QUEUE = keys.dramatiq_queue("execute")
picks = st.integers(0, 10**6)


class Line(RuleBasedStateMachine):
    """Anybody does anything at any time."""

    client: redis.Redis

    def __init__(self) -> None:
        super().__init__()
        self.client.flushall()
        self.model = Model()
        self.workers = [subs.claims(self.client, f"w{n}") for n in range(2)]
        self.held: list[tuple[int, str, Claim]] = []
        self.batch = subs.batch_opened(self.client, tenant="a")
        self.items = 0

    # What callers do

    @rule(
        tenant=st.sampled_from(TENANTS),
        priority=st.sampled_from(list(Priority)),
        held_back=st.booleans(),
        deadline=st.booleans(),
    )
    def submit(self, tenant: str, priority: Priority, held_back: bool, deadline: bool) -> None:
        submission_id = subs.submitted(
            self.client,
            tenant=tenant,
            priority=priority,
            run_at_ms=subs.FAR_MS if held_back else "",
            queue_timeout_ms=600_000 if deadline else "",
        )
        self.model.submit(
            Entry(submission_id, tenant, priority, 0, held_back, has_deadline=deadline)
        )

    @rule()
    def add_to_batch(self) -> None:
        assert subs.batch_added(self.client, self.batch, 1, first=self.items) == ["queued"]
        name = item_id(self.batch, self.items)
        self.items += 1
        self.model.submit(Entry(name, "a", Priority.BULK, 0, in_batch=True))

    @precondition(lambda self: self.model.entries)
    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        entry = list(self.model.entries.values())[pick % len(self.model.entries)]
        if entry.state in ("finished", "cancelled"):
            assert subs.cancel(self.client, entry.id) == entry.state
            return
        assert subs.cancel(self.client, entry.id) == "cancelled"
        entry.state, entry.holder = "cancelled", 0

    # What an operator does

    @rule(tenant=st.sampled_from(TENANTS), cap=st.integers(0, 2), weight=st.integers(1, 5))
    def configure(self, tenant: str, cap: int, weight: int) -> None:
        # A cap that is raised counts from the tenant's next change on; so the model lets
        # only those be raised that have nothing running.
        if cap and (not self.model.caps.get(tenant) or cap < self.model.caps[tenant]):
            self.model.caps[tenant] = cap
            self.client.hset(keys.tenant(tenant), "most_running", cap)
        self.client.hset(keys.tenant(tenant), "weight", weight)

    # What time does

    @precondition(lambda self: any(it.is_held_back for it in self.model.of_state("queued")))
    @rule(pick=picks)
    def come_due(self, pick: int) -> None:
        waiting = [it for it in self.model.of_state("queued") if it.is_held_back]
        entry = waiting[pick % len(waiting)]
        self.client.zadd(keys.DELAYED, {entry.id: 1}, xx=True)
        entry.is_due = True

    @precondition(lambda self: any(it.has_deadline for it in self.model.of_state("queued")))
    @rule(pick=picks)
    def become_late(self, pick: int) -> None:
        waiting = [it for it in self.model.of_state("queued") if it.has_deadline]
        entry = waiting[pick % len(waiting)]
        self.client.zadd(keys.DEADLINES, {entry.id: 1}, xx=True)
        entry.is_late = True

    @precondition(lambda self: self.model.passed)
    @rule()
    def age(self) -> None:
        for priority in sorted(self.model.passed - self.model.aged):
            if self.client.hexists(keys.CLASSES, f"{priority}:passed"):
                self.client.hset(keys.CLASSES, f"{priority}:passed", 1)
                self.model.aged.add(priority)

    # What workers do

    @rule(worker=st.integers(0, 1))
    def claim(self, worker: int) -> None:
        had = self._virtual_times()
        claim = self.workers[worker].claim()
        self.model.notice()
        eligible = self.model.eligible()
        if claim is None:
            assert eligible == []
            return
        entry = self.model.entries[claim.submission_id]
        assert entry in eligible
        assert entry.priority in self._classes_that_may_be_next()
        rivals = [it for it in eligible if it.priority is entry.priority]
        mine = [it for it in rivals if it.tenant == entry.tenant]
        assert entry.order == min(it.order for it in mine), "the oldest of its tenant"
        least = min(had.get((it.tenant, it.priority), 0.0) for it in rivals)
        assert had.get((entry.tenant, entry.priority), 0.0) <= max(least, self._clock(entry))
        self.held.append((self.model.claim(entry), entry.id, claim))

    @precondition(lambda self: self.held)
    @rule(pick=picks)
    def finish(self, pick: int) -> None:
        number, name, claim = self.held[pick % len(self.held)]
        entry = self.model.entries[name]
        held = entry.holder == number
        again = entry.verdict == "accepted" and self._fence(name) == claim.fence
        done = self.workers[0].finish(claim, Verdict.ACCEPTED, b"{}", [FINISHED])
        assert done == (held or again)
        if held:
            entry.state, entry.verdict, entry.holder = "finished", "accepted", 0

    @precondition(lambda self: self.held)
    @rule(pick=picks, reason=st.sampled_from(list(GiveBack)))
    def release(self, pick: int, reason: GiveBack) -> None:
        number, name, claim = self.held[pick % len(self.held)]
        entry = self.model.entries[name]
        assert self.workers[0].release(claim, reason) == (entry.holder == number)
        if entry.holder == number:
            self.model.back(entry)

    @rule(pick=picks)
    def lose_a_worker(self, pick: int) -> None:
        running = self.model.of_state("preparing")
        if running:
            entry = running[pick % len(running)]
            self.client.zadd(keys.LEASES, {entry.id: 0})
            self.model.lose(entry)
        self._sweep()

    @rule()
    def lose_all_rings(self) -> None:
        self.client.delete(QUEUE, keys.dramatiq_messages("execute"))

    @rule()
    def sweep(self) -> None:
        self._sweep()

    # What must hold

    @invariant()
    def every_submission_is_as_in_the_model(self) -> None:
        for entry in self.model.entries.values():
            stored = subs.fields(self.client, entry.id)
            if entry.state == "queued" and entry.is_late:
                continue  # nobody has looked since
            assert (stored["state"], stored.get("verdict", "")) == (entry.state, entry.verdict)

    @invariant()
    def what_is_counted_is_what_is_there(self) -> None:
        queued, running = self.model.of_state("queued"), self.model.of_state("preparing")
        held_back = self.client.zcard(keys.DELAYED)
        assert self.client.zcard(keys.READY) + held_back == len(queued)
        assert self.client.zcard(keys.LEASES) == len(running)
        for tenant in TENANTS:
            share: Any = self.client.hgetall(keys.share(tenant))
            mine = [it for it in queued + running if it.tenant == tenant]
            assert int(share.get(b"running", 0)) == self.model.running(tenant)
            assert int(share.get(b"waiting", 0)) == sum(it.state == "queued" for it in mine)
            assert (int(share.get(b"bytes", 0)) == 0) == (mine == [])
        stored = subs.batch_fields(self.client, self.batch)
        counted = Counter(it.state for it in self.model.entries.values() if it.in_batch)
        for state in ("queued", "finished", "cancelled"):
            assert int(stored[state]) == counted[state]
        assert int(stored["running"]) == counted["preparing"]

    @invariant()
    def who_may_begin_something_has_a_turn(self) -> None:
        """Not one submission stands in line whose tenant could run it and is not asked."""
        for entry in self.model.eligible():
            if entry.is_late:
                continue
            turn = self.client.zscore(keys.turns(entry.priority), entry.tenant)
            assert turn is not None, entry

    def teardown(self) -> None:
        """Whatever has happened: with slots and sweeps alone, everything comes to its end."""
        self.lose_all_rings()
        for entry in self.model.of_state("queued"):
            if entry.is_held_back:
                self.client.zadd(keys.DELAYED, {entry.id: 1}, xx=True)
                entry.is_due = True
        for _ in range(len(self.model.entries) * 2 + 2):
            self._sweep()
            self.claim(0)
            for pick in range(len(self.held)):
                self.finish(pick)
            self.held.clear()
        assert self.model.of_state("queued", "preparing") == []
        for entry in self.model.entries.values():
            kinds = subs.event_types(self.client, entry.id)
            assert [kind for kind in kinds if kind in ("finished", "cancelled")] == [entry.state]

    def _sweep(self) -> None:
        self.workers[0].renew(SLOTS, {}, [])
        self.workers[0].reap()
        self.model.notice()
        idle = SLOTS - len(self.model.of_state("preparing"))
        if idle > 0 and self.model.eligible():
            assert self.client.llen(QUEUE) > 0, "a worker is woken"

    def _classes_that_may_be_next(self) -> set[Priority]:
        wanted = self.model.next_class()
        there = {it.priority for it in self.model.eligible()}
        aged = {it for it in there if it in self.model.aged}
        return aged or {wanted} if wanted else set()

    def _virtual_times(self) -> dict[tuple[str, Priority], float]:
        found = {}
        for tenant in TENANTS:
            share: Any = self.client.hgetall(keys.share(tenant))
            for priority in Priority:
                if (value := share.get(f"had:{priority}".encode())) is not None:
                    found[tenant, priority] = float(value)
        return found

    def _clock(self, entry: Entry) -> float:
        return float(self.client.hget(keys.CLASSES, f"{entry.priority}:clock") or 0)

    def _fence(self, name: str) -> str:
        return subs.fields(self.client, name)["fence"]


def test_any_order_of_calls_is_as_in_the_model_and_nothing_stalls(client: redis.Redis) -> None:
    Line.client = client
    run_state_machine_as_test(
        Line,
        settings=settings(
            max_examples=15,
            stateful_step_count=40,
            phases=[Phase.generate],  # a shrunken story is not worth minutes
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
