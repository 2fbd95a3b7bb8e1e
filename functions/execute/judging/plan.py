"""What there is to be judged: a list of cases, and who says whether an output is right.

A plan is made from a submission alone (`inline.py`) or from a problem package
(`packaged.py`). It says nothing of how the program is run, and nothing is read before a
case's turn comes: inputs and answers may be large, and most of them are not needed when
an early test fails.

What of it may be shown is decided by `Case.shown`: everything of a case is shown, or
nothing but verdict, time, memory and points. A caller's own tests are shown; of a package
its samples are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from functions.execute.engine.program import Limits, Program, Run
from functions.execute.judging.calls.harness import Call
from functions.execute.judging.compare import Difference
from functions.execute.toolchains import engine_limits
from shared import models
from shared.verdicts import Verdict


@dataclass(frozen=True, kw_only=True)
class Case:
    """One test of a plan."""

    index: int
    #: What a package calls it; never shown as such.
    key: str = ""
    name: str | None = None
    group: str | None = None
    sample: bool = False
    #: Whether input, output and messages may be shown to the contestant.
    shown: bool = False
    input: Callable[[], bytes]
    #: None: there is nothing to compare with.
    answer: Callable[[], bytes | None]
    args: Sequence[str] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    #: Files that are read when its turn comes.
    more_files: Callable[[], Mapping[str, bytes]] | None = None
    limits: Limits
    points: float | None = None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What was found out about the output of one case."""

    verdict: Verdict
    #: For the contestant.
    message: str | None = None
    #: For the judges; never shown to a contestant.
    judge_message: str | None = None
    difference: Difference | None = None
    #: What a function that was called handed back.
    result: bytes | None = None
    #: A score of the validator's own; else the case's points count.
    score: float | None = None
    multiplier: float | None = None
    #: What both sides of an interaction said.
    dialogue: str | None = None


@dataclass(kw_only=True)
class Turn:
    """One pass of a case, and what the next one begins with."""

    number: int
    input: bytes
    #: What the validator has left in its feedback folder.
    feedback: Mapping[str, bytes] = field(default_factory=dict)
    #: The input of another pass, if the validator asks for one.
    next_input: bytes | None = None


class Check(Protocol):
    """Says whether the output of a run that ended well is right."""

    def __call__(self, case: Case, run: Run, turn: Turn) -> Judged: ...


class Talk(Protocol):
    """Runs a program together with the validator that it talks to, and judges both."""

    def __call__(self, case: Case, program: Program, turn: Turn) -> tuple[Run, Judged]: ...


class Tallying(Protocol):
    """What a tally is to whoever runs the cases, see `tally.py`."""

    failed: Case | None

    def add(self, case: Case, judged: Judged) -> float | None: ...

    def wants(self, case: Case) -> bool: ...

    def groups(self) -> list[models.GroupResult]: ...

    @property
    def verdict(self) -> Verdict: ...

    @property
    def score(self) -> float | None: ...

    @property
    def message(self) -> str | None: ...


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All cases in their order."""

    cases: Sequence[Case]
    check: Check
    #: Interactive: instead of running the program alone and then checking.
    talk: Talk | None = None
    #: Runs of the program for one case at most.
    passes: int = 1
    #: Counts what the cases come to.
    tally: Callable[[], Tallying]
    #: The caller's own tests: whatever a checker says is for the caller.
    own: bool = False
    #: A submission without tests: its one run is told live, and its result is flat.
    single: bool = False
    #: What a program with assertions prints at its end; it is not shown.
    last_word: bytes = b""
    #: The function that is called, where the code is no program of its own.
    call: Call | None = None


def case_limits(limits: models.Limits) -> Limits:
    """Stored limits as the engine takes them."""
    return engine_limits(
        {
            "cpuTimeMs": limits.cpu_time_ms,
            "wallTimeMs": limits.wall_time_ms,
            "memoryBytes": limits.memory_bytes,
            "outputBytes": limits.output_bytes,
            "processes": limits.processes,
        }
    )
