"""Routes about oneself and the others: one's history, and the leaderboard."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from functions.result.history import (
    History,
    parse_before,
    parse_judged,
    parse_limit,
)
from functions.result.standing import MOST_OTHERS, check, standing
from shared.identity import Role, require
from shared.models import encode
from shared.people import BestRunRow, Leaderboard, ProblemLeaderboard, SolverRow
from shared.services import Services
from shared.standings import BestRun, Solver, Standings

_USUAL_PLACES, _MOST_PLACES = 100, 500


def routes(services: Services) -> list[BaseRoute]:
    """The routes of this file."""
    problems, standings = services.problems, Standings(services.redis)
    history = History(services.redis, services.archive)

    async def submissions(request: Request) -> Response:
        tenant, query = require(request.scope, Role.READ).tenant, request.query_params
        page = await history.page(
            tenant,
            problem=query.get("problem"),
            judged=parse_judged(query.get("judged")),
            before=parse_before(query.get("before")),
            limit=parse_limit(query.get("limit")),
        )
        return _json(page)

    async def leaderboard(request: Request) -> Response:
        tenant, query = require(request.scope, Role.READ).tenant, request.query_params
        most = parse_limit(query.get("limit"), usual=_USUAL_PLACES, most=_MOST_PLACES)
        if "problem" not in query:
            solvers, me = await standings.solvers(most, tenant=tenant)
            rows = [_solver(it, tenant) for it in solvers]
            return _json(Leaderboard(rows=rows, own=_solver(me, tenant) if me else None))
        entry = await problems.get(query["problem"])
        runs, own = await standings.board(entry.id, most, tenant=tenant)
        shown = [_best(it, tenant) for it in runs]
        return _json(ProblemLeaderboard(rows=shown, own=_best(own, tenant) if own else None))

    async def compared(request: Request) -> Response:
        tenant, asked = require(request.scope, Role.READ).tenant, request.path_params["id"]
        found = await services.store.snapshot(asked, tenant=tenant, or_shared=True)
        check(found.result, is_judged=found.is_judged)
        entry = await problems.get(str(found.result.problem_id))
        others = await standings.others(entry.id, MOST_OTHERS, tenant=found.tenant)
        return _json(standing(found.result, others))

    return [
        Route("/result/{id}/standing", compared),
        Route("/submissions", submissions),
        Route("/leaderboard", leaderboard),
    ]


def _solver(it: Solver, tenant: str) -> SolverRow:
    return SolverRow(rank=it.rank, name=it.name, solved=it.solved, me=it.tenant == tenant)


def _best(it: BestRun, tenant: str) -> BestRunRow:
    return BestRunRow(
        rank=it.rank,
        name=it.name,
        language=it.language,
        cpu_time_ms=it.cpu_time_ms,
        peak_memory_bytes=it.peak_memory_bytes,
        created_ms=it.created_ms,
        me=it.tenant == tenant,
    )


def _json(answer: object) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(encode(answer), headers=headers, media_type="application/json")
