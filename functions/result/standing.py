"""`GET /result/{id}/standing`: how an accepted solution does beside those of others.

It is compared with the best accepted run of everybody else who has solved the problem, as the
leaderboard has them: in the same language where enough have used it, else in any. Nothing says
who they are, and of fewer than `LEAST_OTHERS` nothing is said. A board that is longer than
`MOST_OTHERS` is read as an even sample of its ranks, so that an answer costs as much for a
hundred thousand solvers as for a thousand; a verdict costs nothing more for any of this.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from shared.errors import Conflict
from shared.models import Result
from shared.people import Spread, Standing
from shared.standings import OtherRun
from shared.verdicts import Verdict

LEAST_OTHERS = 5
MOST_OTHERS = 1000
BINS = 20
#: A plot spans this factor at least: a difference that is small shall look small.
_LEAST_SPAN = 2.0
#: Logarithms need more than nothing.
_LEAST_FIGURE = 0.001


def check(result: Result, *, is_judged: bool) -> None:
    """See that it can be compared.

    Args:
        is_judged: whether an installed package judges it, as what is on the leaderboard.

    Raises:
        Conflict: it is no accepted solution.
    """
    if result.verdict is not Verdict.ACCEPTED or not is_judged:
        raise Conflict("only an accepted solution of a problem is compared with others")


def standing(result: Result, others: Sequence[OtherRun]) -> Standing:
    """Where a solution stands among those of others."""
    alike = [run for run in others if run.language == result.language]
    language = result.language if len(alike) >= LEAST_OTHERS else None
    chosen = alike if language else others
    times = [run.cpu_time_ms for run in chosen if run.cpu_time_ms is not None]
    memories = [run.peak_memory_bytes for run in chosen if run.peak_memory_bytes is not None]
    return Standing(
        problem_id=str(result.problem_id),
        language=language,
        solutions=len(chosen),
        cpu_time_ms=_told(result.cpu_time_ms, times),
        peak_memory_bytes=_told(result.peak_memory_bytes, memories),
    )


def _told(own: float | None, others: Sequence[float]) -> Spread | None:
    return None if own is None or len(others) < LEAST_OTHERS else spread(own, others)


def spread(own: float, others: Sequence[float]) -> Spread:
    """Where a figure stands among others; the less the better."""
    figures = [max(figure, _LEAST_FIGURE) for figure in (own, *others)]
    least, most = min(figures), max(figures)
    if (span := most / least) < _LEAST_SPAN:
        margin = math.sqrt(_LEAST_SPAN / span)
        least, most = least / margin, most * margin
    width = math.log(most / least) / BINS
    own_place, *places = (
        min(int(math.log(figure / least) / width), BINS - 1) for figure in figures
    )
    many = Counter(places)
    return Spread(
        own=own,
        ahead_of=sum(figure > own for figure in others) / len(others),
        least=least,
        most=most,
        counts=[many[place] for place in range(BINS)],
        own_place=own_place,
    )
