"""Who has solved what, held to a model that counts from scratch, whatever happened before."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Any

import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared import keys, scripts
from shared.claims import Claim, Claims
from shared.connect import async_client
from shared.models import encode
from shared.standings import Restanding, Standings
from shared.verdicts import EventType, Verdict
from tests.shared import submissions as subs

#: Two accounts, the local tenant, and a program with a key, which takes no part.
TENANTS = ("user-a", "user-b", "local", "acme")
NAMES = {"user-a": "Ada", "user-b": "bob", "local": "local"}
PROBLEMS = ("sum", "a:b")
VERDICTS = (Verdict.ACCEPTED, Verdict.WRONG_ANSWER, Verdict.COMPILE_ERROR, Verdict.JUDGE_ERROR)
GIVEN = {Verdict.ACCEPTED, Verdict.WRONG_ANSWER, Verdict.COMPILE_ERROR}


def told(verdict: Verdict, cpu_ms: float | None, memory: int | None) -> list[Any]:
    """The terminal event."""
    figures = {"cpuTimeMs": cpu_ms, "peakMemoryBytes": memory}
    event = {"status": "finished", "verdict": verdict, **figures}
    return [(EventType.FINISHED, encode(event))]


@dataclass
class Sent:
    """A submission as the model knows it."""

    tenant: str
    problem: str
    judged: bool
    #: The verdict that stands: None before the first one, and after it was cancelled.
    stands: tuple[Verdict, float | None, int | None] | None = None


@dataclass
class World:
    """The real scripts, and what should come of them."""

    client: redis.Redis
    sent: dict[str, Sent] = field(default_factory=dict)
    finished: dict[str, Claim] = field(default_factory=dict)
    installed: set[str] = field(default_factory=set)
    claims: Claims = field(init=False)

    def __post_init__(self) -> None:
        self.claims = subs.claims(self.client)
        for problem in PROBLEMS:
            self.install(problem, is_there=True)
        for tenant, name in NAMES.items():
            if tenant != "local":
                self.client.hset(keys.MEMBERS, tenant, name)

    def submit(self, tenant: str, problem: str, judged: bool) -> None:
        kind = "judged" if judged else ""
        how = {"tenant": tenant, "problem": problem, "kind": kind}
        self.sent[subs.submitted(self.client, **how)] = Sent(tenant, problem, judged)

    def finish(self, verdict: Verdict, cpu_ms: float | None, memory: int | None) -> None:
        claim = self.claims.claim()
        if claim is None:
            return
        for _ in range(2):  # its reply was lost: the call is made again
            assert self.claims.finish(claim, verdict, b"{}", told(verdict, cpu_ms, memory))
        self.sent[claim.submission_id].stands = (verdict, cpu_ms, memory)
        self.finished[claim.submission_id] = claim

    def rejudge(self, choice: int) -> None:
        if self.finished:
            chosen = sorted(self.finished)[choice % len(self.finished)]
            claim = self.finished.pop(chosen)
            assert subs.rejudge(self.client, chosen) == "queued"
            late = told(Verdict.ACCEPTED, 0.0, 0)  # a stale worker changes nothing
            assert not self.claims.finish(claim, Verdict.ACCEPTED, b"{}", late)

    def cancel(self, choice: int) -> None:
        waiting = sorted(set(self.sent) - set(self.finished))
        if waiting:
            chosen = waiting[choice % len(waiting)]
            if subs.cancel(self.client, chosen) == "cancelled":
                self.sent[chosen].stands = None

    def install(self, problem: str, is_there: bool) -> None:
        """Install a problem, or delete it."""
        was = scripts.call(self.client, "list_problem", problem, "{}" if is_there else "")
        assert was == (problem in self.installed)
        self.installed = self.installed - {problem} | ({problem} if is_there else set())

    def sweep(self, problem: str) -> bool:
        """One step through a board; whether there may be more."""
        return bool(scripts.call(self.client, "restand", problem, 1))

    # What should be told

    def counted(self, problem: str) -> list[tuple[Sent, Verdict]]:
        return [
            (it, it.stands[0])
            for it in self.sent.values()
            if it.problem == problem and it.judged and it.tenant in NAMES
            if it.stands is not None and it.stands[0] in GIVEN
        ]

    def best(self, problem: str) -> dict[str, tuple[float, float]]:
        best: dict[str, tuple[float, float]] = {}
        for it, verdict in self.counted(problem):
            if verdict is Verdict.ACCEPTED and it.stands is not None:
                figures = tuple(float("inf") if it is None else it for it in it.stands[1:])
                run = (figures[0], figures[1])
                best[it.tenant] = min(best.get(it.tenant, run), run)
        return best

    async def check(self, url: str) -> None:
        for problem in PROBLEMS:
            while self.sweep(problem):
                pass
        assert not self.client.exists(keys.RESTANDING)
        async with async_client(url) as connection:
            standings = Standings(connection)
            solved: dict[str, int] = {}
            for problem in PROBLEMS:
                await self._check_problem(standings, problem)
                for tenant in self.best(problem) if problem in self.installed else ():
                    solved[tenant] = solved.get(tenant, 0) + 1
            for caller in TENANTS:
                rows, own = await standings.solvers(100, tenant=caller)
                shown = [(row.rank, row.name, row.solved) for row in rows]
                expected = sorted(
                    (1 + sum(other > count for other in solved.values()), NAMES[who], count)
                    for who, count in solved.items()
                )
                assert sorted(shown) == expected
                assert [row.rank for row in rows] == sorted(row.rank for row in rows)
                assert (own.solved if own else None) == solved.get(caller)

    async def _check_problem(self, standings: Standings, problem: str) -> None:
        counted, best = self.counted(problem), self.best(problem)
        accepted = sum(verdict is Verdict.ACCEPTED for _, verdict in counted)
        for caller in TENANTS:
            [tally] = await standings.tallies([problem], tenant=caller)
            told = (tally.solved, tally.submissions, tally.accepted)
            has_solved = caller in best and problem in self.installed
            assert told == (has_solved, len(counted), accepted)
            rows, own = await standings.board(problem, 100, tenant=caller)
            for row in [*rows, *([own] if own else [])]:
                cpu = float("inf") if row.cpu_time_ms is None else row.cpu_time_ms
                memory = float("inf") if row.peak_memory_bytes is None else row.peak_memory_bytes
                assert (cpu, memory) == best[row.tenant]
                better = sum(other < best[row.tenant] for other in best.values())
                assert (row.rank, row.name) == (1 + better, NAMES[row.tenant])
            assert {row.tenant for row in rows} == set(best)
            assert (own.tenant if own else None) == (caller if caller in best else None)


FIGURES = (st.sampled_from([None, 0.0, 1.5, 20.25]), st.sampled_from([None, 0, 4096, 1 << 33]))
STEP = st.one_of(
    st.tuples(
        st.just("submit"), st.sampled_from(TENANTS), st.sampled_from(PROBLEMS), st.booleans()
    ),
    st.tuples(st.just("finish"), st.sampled_from(VERDICTS), *FIGURES),
    st.tuples(st.just("rejudge"), st.integers(0, 100)),
    st.tuples(st.just("cancel"), st.integers(0, 100)),
    st.tuples(st.just("install"), st.sampled_from(PROBLEMS), st.booleans()),
    st.tuples(st.just("sweep"), st.sampled_from(PROBLEMS)),
)


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEP, min_size=8, max_size=40))
def test_the_standings_are_what_a_count_from_scratch_says(
    redis_url: str, steps: list[tuple[Any, ...]]
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        world = World(client)
        for name, *arguments in steps:
            getattr(world, name)(*arguments)
        asyncio.run(world.check(redis_url))


def accept(world: World, cpu_ms: float, tenant: str = "user-a") -> None:
    """One more accepted run."""
    world.submit(tenant, "sum", judged=True)
    world.finish(Verdict.ACCEPTED, cpu_ms, 1)


def test_a_problem_that_is_deleted_counts_for_nobody_until_it_is_back(
    client: redis.Redis, redis_url: str
) -> None:
    world = World(client)
    for number in range(12):
        tenant = f"user-{number}"
        client.hset(keys.MEMBERS, tenant, NAMES.setdefault(tenant, tenant))
        accept(world, 1.0 + number, tenant)
    accept(world, 1.0, "local")
    # Given that it is deleted, and whoever goes through its board dies in the middle
    world.install("sum", is_there=False)
    assert all(world.sweep("sum") for _ in range(5))
    assert client.zcard(keys.SOLVERS) == 8
    # When it is judged again, solved by one more, and somebody leaves meanwhile
    world.rejudge(0)
    world.finish(Verdict.WRONG_ANSWER, 1.0, 1)
    accept(world, 0.5, "user-a")
    # Then another one goes on, and it counts for nobody
    asyncio.run(world.check(redis_url))
    assert client.zcard(keys.SOLVERS) == 0
    # And when it is back, it counts for all as if it had never been away
    world.install("sum", is_there=True)
    assert world.sweep("sum")
    world.install("sum", is_there=False)
    world.install("sum", is_there=True)
    asyncio.run(world.check(redis_url))
    assert client.zcard(keys.SOLVERS) == 13
    names = [*client.scan_iter(keys.withdrawn("*"))]
    assert names == []


def test_what_an_older_version_left_is_found(client: redis.Redis, redis_url: str) -> None:
    world = World(client)
    accept(world, 1.0)
    asyncio.run(world.check(redis_url))
    client.hdel(keys.PROBLEMS, "sum")
    world.installed.discard("sum")

    async def look() -> None:
        async with async_client(redis_url) as connection:
            restanding = Restanding(connection)
            await restanding.look()
            assert await restanding.rest() == 1
            assert await restanding.rest() == 0

    asyncio.run(look())
    asyncio.run(world.check(redis_url))
    assert client.zcard(keys.SOLVERS) == 0


def test_the_next_best_run_takes_the_place_of_one_that_is_taken_back(
    client: redis.Redis, redis_url: str
) -> None:
    world = World(client)
    for cpu_ms in (3.0, 1.0, 2.0):
        accept(world, cpu_ms)
    asyncio.run(world.check(redis_url))
    for _ in range(3):
        fastest = min(world.finished, key=lambda it: (world.sent[it].stands or (0, 0))[1] or 0)
        world.rejudge(sorted(world.finished).index(fastest))
        asyncio.run(world.check(redis_url))  # the old verdict stands while it is judged again
        world.finish(Verdict.WRONG_ANSWER, 0.5, 1)
        del world.finished[fastest]
        asyncio.run(world.check(redis_url))
    assert client.exists(keys.SOLVERS, keys.board("sum"), keys.solved("user-a")) == 0


def test_what_ends_without_a_worker_counts_for_nothing(client: redis.Redis, redis_url: str) -> None:
    world = World(client)
    accept(world, 1.0)
    world.submit("user-a", "sum", judged=True)
    [again] = world.finished
    world.rejudge(0)
    for _ in range(3):  # three lost workers: judge-error by the reaper, for both
        for _ in range(2):
            assert world.claims.claim() is not None
        subs.expire_leases(client)
        world.claims.reap()
    assert {subs.fields(client, it)["verdict"] for it in world.sent} == {"judge-error"}
    world.sent[again].stands = None
    asyncio.run(world.check(redis_url))


def test_items_of_batches_take_no_part_and_are_not_in_the_history(client: redis.Redis) -> None:
    world = World(client)
    subs.batch_of(client, 3, tenant="user-a")
    while (claim := world.claims.claim()) is not None:
        world.claims.finish(claim, Verdict.ACCEPTED, b"{}", told(Verdict.ACCEPTED, 1.0, 1))
    assert client.exists(keys.TRIED, keys.SOLVERS, keys.history("user-a")) == 0


def test_what_is_kept_of_each_is_bounded(client: redis.Redis) -> None:
    world = World(client)
    for number in range(103):
        accept(world, 1000.0 - number)
    runs: Any = client.zrange(keys.accepted("user-a", "sum"), 0, -1)
    assert len(runs) == 100
    assert runs[0].startswith(b"000000898000:")
    assert runs[-1].startswith(b"000000997000:")
    for _ in range(900):
        subs.submitted(client, tenant="user-a")
    members: Any = client.zrange(keys.history("user-a"), 0, -1)
    ids = [member[:32] for member in members]
    assert len(ids) == 1000
    assert world.sent.keys() - {it.decode() for it in ids} == set(
        itertools.islice(world.sent, 3)
    ), "the oldest are dropped"


def test_figures_that_cannot_be_are_no_trouble(client: redis.Redis, redis_url: str) -> None:
    world = World(client)
    for event in (b"{}", b"[]", b"nonsense", b'{"cpuTimeMs": "x", "peakMemoryBytes": {}}'):
        world.submit("user-a", "sum", judged=True)
        claim = world.claims.claim()
        assert claim is not None
        assert world.claims.finish(claim, Verdict.ACCEPTED, b"{}", [(EventType.FINISHED, event)])
        world.sent[claim.submission_id].stands = (Verdict.ACCEPTED, None, None)
    asyncio.run(world.check(redis_url))


def test_an_account_that_leaves_is_in_no_list(client: redis.Redis, redis_url: str) -> None:
    world = World(client)
    for tenant in ("user-a", "user-b"):
        accept(world, 1.0, tenant)
        world.submit(tenant, "a:b", judged=True)
        world.finish(Verdict.ACCEPTED, 1.0, 1)
    client.hset(keys.ACCOUNTS, "ada", "{}")
    world.install("a:b", is_there=False)
    world.sweep("a:b")
    leave = ("leave", keys.ACCOUNTS, "ada", "{}", "user-a", keys.LEAVING, "")
    for _ in range(2):
        assert scripts.call(client, *leave) == b"done"

    async def look() -> None:
        async with async_client(redis_url) as connection:
            standings = Standings(connection)
            rows, own = await standings.solvers(10, tenant="user-a")
            assert ([row.name for row in rows], own) == (["bob"], None)
            for problem in PROBLEMS:
                board, mine = await standings.board(problem, 10, tenant="user-a")
                assert ([row.name for row in board], mine) == (["bob"], None)

    asyncio.run(look())
    left = [keys.solved("user-a"), keys.withdrawn("user-a"), keys.accepted("user-a", "sum")]
    assert client.exists(*left, keys.accepted("user-a", "a:b")) == 0
