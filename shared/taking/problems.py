"""Submissions to installed problems: which package judges them, and by which limits.

A `problemId` that names an installed problem is judged by its package, unless the
submission brings input or tests of its own: that is a run of one's own, for which the id is
a label. Any other id is a label in any case.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from shared import languages
from shared.errors import InvalidField
from shared.models import Comparison, LimitsRequest, Spec, SubmitRequest
from shared.problems.answers import ProblemEntry
from shared.problems.enforced import limits_of_entry

_ITS_OWN = ("limits", "args", "files", "collect", "comparison")

#: Finds an installed problem by its id.
Find = Callable[[str], Awaitable[ProblemEntry | None]]


def remembering(find: Find) -> Find:
    """For many submissions at once: each problem is looked up once."""
    known: dict[str, ProblemEntry | None] = {}

    async def find_once(problem_id: str) -> ProblemEntry | None:
        if problem_id not in known:
            known[problem_id] = await find(problem_id)
        return known[problem_id]

    return find_once


async def against(spec: Spec, request: SubmitRequest, find: Find) -> Spec:
    """The specification, with the package that judges it, if there is one.

    Raises:
        InvalidField: the problem does not take it so.
    """
    brings: list[object] = [request.stdin, request.tests, request.call, request.assertions]
    brings += [request.interactive, request.expected_output is not None]
    if request.problem_id is None or any(brings):
        return spec
    entry = await find(request.problem_id)
    return spec if entry is None else _against(spec, request, entry)


def _against(spec: Spec, request: SubmitRequest, entry: ProblemEntry) -> Spec:
    if entry.languages is not None and spec.language not in entry.languages:
        listed = ", ".join(entry.languages)
        raise InvalidField(f"the problem {entry.id} takes {listed}", field="language")
    asked = {"limits": request.limits != LimitsRequest(), "args": bool(request.args)}
    asked |= {"files": bool(request.files), "collect": bool(request.collect)}
    asked |= {"comparison": request.comparison != Comparison()}
    for name in _ITS_OWN:
        if asked[name]:
            why = f"{name} of a submission to the problem {entry.id} come from the problem"
            raise InvalidField(why, field=name)
    size = len(spec.code.encode())
    if entry.code_bytes and size > entry.code_bytes:
        why = f"code has {size} bytes; the problem {entry.id} takes {entry.code_bytes}"
        raise InvalidField(why, field="code")
    language = languages.find(spec.language)
    assert language is not None
    limits = limits_of_entry(entry, language)
    return msgspec.structs.replace(spec, package=entry.digest, limits=limits)
