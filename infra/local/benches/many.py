"""`bench tests`: what one further test of a submission costs, next to a bare interpreter."""

from __future__ import annotations

import statistics
from contextlib import closing
from typing import Any

from infra.local.benches import served, subjects
from infra.local.benches.bare import Bare
from infra.local.benches.figures import Part, Value, ratio, repeated
from infra.local.failure import Failure

_SAMPLES = 6
_TESTS = 100
_BARE_RUNS = 20
_CODE = "print(sum(map(int, input().split())))"
#: A checker of the caller's own that reads both files.
_CHECKER = (
    "import sys\n"
    "sys.exit(42 if sys.stdin.read().split() == open(sys.argv[2]).read().split() else 43)"
)


def measure(samples: int | None) -> Part:
    """Submissions with one test and with a hundred more take turns."""
    part = Part(
        f"Tests: one of {_TESTS} further tests of a Python submission",
        [
            "cpuMs: of the whole tree (host, worker, keepers, runs, Valkey) for a submission with "
            f"{_TESTS + 1} tests, less that of one with a single test, divided by {_TESTS}.",
            "bareCpuMs: of `python3 main.py` alone with nothing to read, by wait4; same binary, "
            "flags and environment, site-packages hidden as in the cell.",
        ],
    )
    [toolchain] = subjects.discovered("python")
    engine = subjects.engine_for([toolchain])
    subject = subjects.hello(engine, toolchain)
    engine.close()
    if subject is None:
        raise Failure("Python programs cannot be run here.")
    with served.service() as service, subject.bare() as bare:
        for what, checker in (("compared", None), ("checker", _CHECKER)):
            part.rows.append(_row(service, bare, what, checker, samples or _SAMPLES))
    return part


def _row(
    service: served.Service, bare: Bare, what: str, checker: str | None, samples: int
) -> dict[str, Value]:
    few, many, alone = [], [], []
    for _ in repeated(samples + 1):  # the first is a warm-up
        few.append(_used_ms(service, checker, 1))
        many.append(_used_ms(service, checker, 1 + _TESTS))
        alone += [cpu_ms for _, cpu_ms in bare.runs(_BARE_RUNS)]
    cpu_ms = (statistics.median(many[1:] or many) - statistics.median(few[1:] or few)) / _TESTS
    bare_ms = statistics.mean(alone)
    return {
        "what": what,
        "samples": max(1, len(many) - 1),
        "cpuMs": round(cpu_ms, 3),
        "bareCpuMs": round(bare_ms, 3),
        "cpuRatio": ratio(cpu_ms, bare_ms),
    }


def _used_ms(service: served.Service, checker: str | None, tests: int) -> float:
    cases = [{"stdin": f"{n} 1\n", "expectedOutput": f"{n + 1}\n"} for n in range(tests)]
    body: dict[str, Any] = {"language": "python", "code": _CODE, "tests": cases}
    if checker is not None:
        body["checker"] = {"language": "python", "code": checker}
    before = sum(service.cpu_ms().values())
    with closing(service.client()) as client:
        client.send(body, "?wait=60")
        verdict = client.answer().get("verdict")
    if verdict != "accepted":
        raise Failure(f"Not every test was passed: {verdict}.")
    return sum(service.cpu_ms().values()) - before
