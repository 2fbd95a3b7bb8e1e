"""`problem verify`: every example submission on the real pipeline, against what it should do.

Theory of operation. The package is installed under a name of its own, its examples are
submitted by name and judged on all tests, and it is removed again. Where it names no time
limit, three steps derive one: what may not be too slow runs with a long limit; from these
times comes the limit; the others run with that. What must be too slow has to be so with a
margin, too, else a note says that the limit is close.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from infra.local.api import Api
from infra.local.failure import Failure
from infra.local.problems import inputs
from infra.local.problems.sending import install
from shared.limits import LIMITS
from shared.problems.expectations import CaseOutcome, ExampleOutcome, complaints, times
from shared.problems.model import Example, Package
from shared.problems.scoring import GroupScore
from shared.problems.timing import PROVISIONAL_MS, Derived, derive
from shared.verdicts import Verdict

_TERMINAL = ("finished", "cancelled")
_WAIT_S = 60
#: What is shown of a compiler's words.
_MOST_COMPILER = 600


@dataclass(frozen=True)
class Row:
    """One example: what it should do and did. `outcome` is None if it was not judged."""

    example: Example
    outcome: ExampleOutcome | None
    complaints: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def expected(self) -> str:
        """In few words."""
        if self.example.final is not None:
            return " or ".join(sorted(self.example.final))
        if self.example.group_verdicts:
            return "by group"
        return self.example.directory

    @property
    def slowest_ms(self) -> float | None:
        """CPU time of the slowest test."""
        found = [it.cpu_time_ms for it in self.outcome.cases.values()] if self.outcome else []
        return max(found, default=None)


@dataclass(frozen=True)
class Report:
    """What came out for one package."""

    package: Package
    rows: list[Row]
    limit_ms: int | None
    problems: list[str]
    #: What could not be looked at here.
    notes: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether nothing is other than the package says."""
        return not self.problems and not any(row.complaints for row in self.rows)


class Verifier:
    """Verifies packages on one running Assay."""

    def __init__(self, api: Api, languages: Iterable[str] = ()) -> None:
        self._api = api
        self._there = set(languages) or {
            str(it["name"]) for it in api.json("GET", "/languages")["languages"]
        }

    def verify(self, package: Package, path: Path) -> Report:
        """Check all inputs, and judge all examples.

        Raises:
            Failure: the service refused it, or went away.
        """
        checked = inputs.check(self._api, package, path, self._there)
        if package.time_limit.explicit_ms is not None:
            rows = self._judged(package, path, package.examples, 0)
            report = Report(package, rows, package.time_limit.explicit_ms, [])
        else:
            report = self._derived(package, path)
        report.problems.extend(checked.problems)
        report.notes.extend(checked.notes)
        return report

    def time_limit(self, package: Package, path: Path) -> Derived:
        """The limit of a package that names none, from the times of its own submissions.

        Raises:
            Failure: the service refused it, or went away.
        """
        return derive(package, _times(self._lower(package, path), "lower"), [])

    def _lower(self, package: Package, path: Path) -> list[Row]:
        """What may not be too slow, with a long limit."""
        examples = [it for it in package.examples if _uses(it, "lower")]
        return self._judged(package, path, examples, PROVISIONAL_MS)

    def _derived(self, package: Package, path: Path) -> Report:
        others = [it for it in package.examples if not _uses(it, "lower")]
        rows = self._lower(package, path)
        found = derive(package, _times(rows, "lower"), [])
        if found.limit_ms is None:
            rows += [Row(it, None, notes=["not judged: there is no limit"]) for it in others]
            return Report(package, rows, None, [found.problem])
        upper = [it for it in others if _uses(it, "upper")]
        rows += self._too_slow(package, path, upper, found.limit_ms)
        rest = [it for it in others if it not in upper]
        rows += self._judged(package, path, rest, found.limit_ms)
        return Report(package, rows, found.limit_ms, [])

    def _too_slow(
        self, package: Package, path: Path, examples: Sequence[Example], limit_ms: int
    ) -> list[Row]:
        """With the margin first; what is not too slow then, with the limit itself."""
        factor = package.time_limit.too_slow_factor
        margin_ms = min(LIMITS["cpuTimeMs"].most, round(limit_ms * factor))
        rows = self._judged(package, path, examples, margin_ms)
        close = [row.example for row in rows if row.complaints]
        again = {row.example.name: row for row in self._judged(package, path, close, limit_ms)}
        note = f"it takes less than {factor:g} times the limit"
        for row in again.values():
            row.notes.extend([] if row.complaints else [note])
        return [again.get(row.example.name, row) for row in rows]

    def _judged(
        self, package: Package, path: Path, examples: Sequence[Example], time_limit_ms: int
    ) -> list[Row]:
        if not examples:
            return []
        with self._installed(package, path, time_limit_ms) as problem_id:
            links = [self._submit(problem_id, example) for example in examples]
            outcomes = [self._outcome(package, link) if link else None for link in links]
        return [
            _row(package, example, outcome)
            for example, outcome in zip(examples, outcomes, strict=True)
        ]

    @contextmanager
    def _installed(self, package: Package, path: Path, time_limit_ms: int) -> Iterator[str]:
        problem_id = f"{package.short_name[:40]}-verify-{secrets.token_hex(4)}"
        install(self._api, path, problem_id, time_limit_ms)
        try:
            yield problem_id
        finally:
            self._api.json("DELETE", f"/problems/{problem_id}")

    def _submit(self, problem_id: str, example: Example) -> str:
        """Where the result will be; empty if it cannot be judged here."""
        if example.program.language not in self._there:
            return ""
        path = f"/problems/{problem_id}/examples/{quote(example.name)}"
        return str(self._api.json("POST", path)["links"]["result"])

    def _outcome(self, package: Package, link: str) -> ExampleOutcome:
        while True:
            result = self._api.json("GET", f"{link}?wait={_WAIT_S}")
            if result["status"] in _TERMINAL:
                return outcome_of(package, result)


def outcome_of(package: Package, result: dict[str, Any]) -> ExampleOutcome:
    """A result of the API as expectations look at it."""
    cases = {
        package.cases[it["index"] - 1].name: CaseOutcome(
            Verdict(it["verdict"]),
            float(it.get("cpuTimeMs") or 0),
            str(it.get("judgeMessage") or it.get("message") or ""),
        )
        for it in result.get("tests") or []
    }
    groups = [
        GroupScore(it["name"], Verdict(it["verdict"]) if it["verdict"] else None, it["score"])
        for it in result.get("groups") or []
    ]
    verdict = Verdict(result.get("verdict") or Verdict.JUDGE_ERROR)
    message = str(result.get("message") or "")
    if result.get("compileOutput") and verdict in (Verdict.COMPILE_ERROR, Verdict.JUDGE_ERROR):
        message = "\n".join([message, str(result["compileOutput"])[:_MOST_COMPILER]]).strip()
    return ExampleOutcome(verdict, result.get("score"), cases, groups, message)


def _row(package: Package, example: Example, outcome: ExampleOutcome | None) -> Row:
    if outcome is None:
        language = example.program.language or "its language"
        return Row(example, None, notes=[f"not judged: {language} is not installed here"])
    return Row(example, outcome, complaints(package, example, outcome))


def _uses(example: Example, use: str) -> bool:
    return any(rule.use_for_time_limit == use for rule in example.rules)


def _times(rows: Sequence[Row], use: str) -> list[float]:
    return [it for row in rows if row.outcome for it in times(row.example, row.outcome, use)]


def languages_of(packages: Iterable[Package]) -> list[str]:
    """Every language that verifying these takes."""
    programs = [
        program
        for package in packages
        for program in (
            *(example.program for example in package.examples),
            *package.validation.validators,
            *package.input_validators,
        )
    ]
    return sorted({it.language for it in programs if it.language} | {"python"})


def check_there(package: Package) -> None:
    """See that there is anything to verify.

    Raises:
        Failure: there are no examples.
    """
    if not package.examples:
        raise Failure(f"{package.short_name} has no example submissions.", 2)
