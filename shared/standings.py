"""Who has solved what: read here, written by `shared/lua/_standings.lua` at each verdict.

| what                                   | counted                                             |
|----------------------------------------|-----------------------------------------------------|
| `submissions`, `accepted` of a problem | verdicts of accounts and of the local tenant        |
| best run of an account for a problem   | by CPU time, then memory, then who was first        |
| solved problems of an account          | those of which it has an accepted run               |

A problem counts as long as it is installed; if it is installed again, it counts again. `Restanding`
sees to that when either happens.

Only submissions by themselves count that were judged by an installed package. A run is
written `<cpu in us>:<bytes>:<created in ms>:<id>:<language>`, with leading zeros, so that runs
sort as they are ranked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis.asyncio

from shared import keys, scripts
from shared.identity import LOCAL_TENANT

#: What was not measured is written as the largest number there is room for.
_UNKNOWN_US, _UNKNOWN_BYTES = 10**12 - 1, 10**15 - 1
#: Of a board in one step.
_ROWS = 500


@dataclass(frozen=True)
class Tally:
    """A problem in the standings, for one caller."""

    solved: bool = False
    submissions: int = 0
    accepted: int = 0


@dataclass(frozen=True)
class Solver:
    """Somebody, and how much he has solved."""

    rank: int
    tenant: str
    name: str
    solved: int


@dataclass(frozen=True)
class BestRun:
    """Somebody's best run of a problem."""

    rank: int
    tenant: str
    name: str
    language: str
    cpu_time_ms: float | None
    peak_memory_bytes: int | None
    created_ms: int


@dataclass(frozen=True)
class OtherRun:
    """The best run of somebody who is not named."""

    language: str
    cpu_time_ms: float | None
    peak_memory_bytes: int | None


class Restanding:
    """Lets what is solved follow what is installed: in steps, begun anew by each change."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client

    async def one(self, problem_id: str) -> None:
        """After a problem was installed or deleted: go through its board. May be repeated."""
        while await scripts.acall(self._client, "restand", problem_id, _ROWS):
            pass

    async def rest(self) -> int:
        """What others have begun, and died; gives how many problems that were."""
        begun: Any = await self._client.hkeys(keys.RESTANDING)
        for problem_id in begun:
            await self.one(problem_id.decode())
        return len(begun)

    async def look(self) -> None:
        """Note each problem that anybody has tried and that is not installed, as a store of an
        older version may have them among the solved ones."""
        async for problem_id, _ in self._client.hscan_iter(keys.TRIED, count=_ROWS):
            if not await self._client.hexists(keys.PROBLEMS, problem_id):
                await self._client.hsetnx(keys.RESTANDING, problem_id, "")


class Standings:
    """For one event loop."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client

    async def tallies(self, problem_ids: Sequence[str], *, tenant: str) -> list[Tally]:
        """How these problems stand, in their order."""
        if not problem_ids:
            return []
        async with self._client.pipeline(transaction=False) as pipe:
            pipe.hmget(keys.TRIED, list(problem_ids))
            pipe.hmget(keys.PASSED, list(problem_ids))
            pipe.smismember(keys.solved(tenant), list(problem_ids))
            tried, passed, solved = await pipe.execute()
        return [
            Tally(bool(mine), int(all_of_it or 0), int(good or 0))
            for mine, all_of_it, good in zip(solved, tried, passed, strict=True)
        ]

    async def solvers(self, most: int, *, tenant: str) -> tuple[list[Solver], Solver | None]:
        """Who has solved most, and the caller's own place; equals share a rank, by name."""
        rows: Any = await self._client.zrevrange(keys.SOLVERS, 0, most - 1, withscores=True)
        own: Any = await self._client.zscore(keys.SOLVERS, tenant)
        found = [(name.decode(), int(score)) for name, score in rows]
        names = await self._names([*(who for who, _ in found), tenant])
        ranks = await self._ranks({score for _, score in found} | ({int(own)} if own else set()))
        told = [Solver(ranks[n], who, names.get(who, ""), n) for who, n in found if who in names]
        told.sort(key=lambda row: (row.rank, row.name.lower()))
        mine = None
        if own and tenant in names:
            mine = Solver(ranks[int(own)], tenant, names[tenant], int(own))
        return told, mine

    async def _ranks(self, scores: set[int]) -> dict[int, int]:
        """The rank of each score: one more than there are with a better one."""
        ordered = sorted(scores)
        async with self._client.pipeline(transaction=False) as pipe:
            for score in ordered:
                pipe.zcount(keys.SOLVERS, f"({score}", "+inf")
            better = await pipe.execute() if ordered else []
        return {score: 1 + count for score, count in zip(ordered, better, strict=True)}

    async def board(
        self, problem_id: str, most: int, *, tenant: str
    ) -> tuple[list[BestRun], BestRun | None]:
        """The best runs of a problem, and the caller's own."""
        key = keys.board(problem_id)
        rows: Any = await self._client.zrange(key, 0, most - 1)
        runs = [_parse(row.decode()) for row in rows]
        best: Any = await self._client.zrange(keys.accepted(tenant, problem_id), 0, 0)
        own = _parse(f"{best[0].decode()}:{tenant}") if best else None
        names = await self._names([*(run.tenant for run in runs), tenant])
        told = [
            run.told(rank, names[run.tenant])
            for rank, run in zip(_shared_ranks(runs), runs, strict=True)
            if run.tenant in names
        ]
        if own is None or tenant not in names:
            return told, None
        better = await self._client.zlexcount(key, "-", f"({own.figures}")
        return told, own.told(1 + better, names[tenant])

    async def others(self, problem_id: str, most: int, *, tenant: str) -> list[OtherRun]:
        """The best runs of everybody but this tenant; of too many, those of ranks evenly apart."""
        key = keys.board(problem_id)
        count: int = await self._client.zcard(key)
        step = max(1, -(-count // most))
        if step == 1:
            rows: Any = await self._client.zrange(key, 0, -1)
        else:
            async with self._client.pipeline(transaction=False) as pipe:
                for rank in range(step // 2, count, step):
                    pipe.zrange(key, rank, rank)
                rows = [row for found in await pipe.execute() for row in found]
        runs = (_parse(row.decode()) for row in rows)
        return [run.unnamed() for run in runs if run.tenant != tenant]

    async def _names(self, tenants: Sequence[str]) -> dict[str, str]:
        """The names of those that take part."""
        found: Any = await self._client.hmget(keys.MEMBERS, list(tenants))
        known = {who: name.decode() for who, name in zip(tenants, found, strict=True) if name}
        if LOCAL_TENANT in tenants:
            known[LOCAL_TENANT] = LOCAL_TENANT
        return known


@dataclass(frozen=True)
class _Run:
    figures: str
    cpu_us: int
    memory: int
    created_ms: int
    language: str
    tenant: str

    @property
    def cpu_time_ms(self) -> float | None:
        return None if self.cpu_us == _UNKNOWN_US else self.cpu_us / 1000

    @property
    def peak_memory_bytes(self) -> int | None:
        return None if self.memory == _UNKNOWN_BYTES else self.memory

    def told(self, rank: int, name: str) -> BestRun:
        return BestRun(
            rank=rank,
            tenant=self.tenant,
            name=name,
            language=self.language,
            cpu_time_ms=self.cpu_time_ms,
            peak_memory_bytes=self.peak_memory_bytes,
            created_ms=self.created_ms,
        )

    def unnamed(self) -> OtherRun:
        return OtherRun(self.language, self.cpu_time_ms, self.peak_memory_bytes)


def _parse(text: str) -> _Run:
    cpu, memory, created, _, language, tenant = text.split(":", 5)
    return _Run(f"{cpu}:{memory}:", int(cpu), int(memory), int(created), language, tenant)


def _shared_ranks(runs: Sequence[_Run]) -> list[int]:
    """Places from 1; who has the same figures as the one before has his place, too."""
    ranks: list[int] = []
    for index, run in enumerate(runs):
        ties = index > 0 and run.figures == runs[index - 1].figures
        ranks.append(ranks[-1] if ties else index + 1)
    return ranks
