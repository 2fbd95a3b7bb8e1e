"""Solutions of function problems, run in real cells and decided outside."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from functions.execute.engine.program import Outcome, Program, Run
from functions.execute.judging.calls.harness import Call, place
from functions.execute.judging.calls.outcome import calling
from functions.execute.judging.decide import failure_of
from functions.execute.judging.plan import Case, Judged, Turn
from functions.execute.toolchains import Toolchain, engine_limits
from shared import languages
from shared.signatures import MAX_VALUE_BYTES, RESULT
from tests.execute.workshop import Workshop

_WALL_TIME_MS = 60_000
#: An environment of its own makes a Python program an exec.
_OWN_ENV = {"TZ": "UTC"}


def _decided(call: Call, case: Case, run: Run) -> Judged:
    return calling(call.signature)(case, run, Turn(number=1, input=case.input()))


@dataclass(frozen=True)
class Called:
    """A run, and what was decided of it."""

    run: Run
    outcome: Judged

    @property
    def verdict(self) -> str:
        """Its verdict's wire name."""
        return self.outcome.verdict.value


class Desk:
    """One workshop for all solutions; compiled ones are compiled once."""

    def __init__(self, state: Path, only: Collection[str]) -> None:
        self._workshop = Workshop(languages.FOLDER, state, only=only)
        # Headers that are compiled once cost less than they spare.
        self._workshop.preparations.begin(
            it for it in self._workshop.found if it.language.name == "cpp17"
        )
        self._made: dict[tuple[str, Call, str], Run] = {}

    def has(self, language: str) -> bool:
        """Whether the language works here."""
        return language in self._workshop.trials.working

    def call(
        self,
        language: str,
        call: Call,
        code: str,
        args: list[Any],
        expected: Any = None,  # noqa: ANN401 - any JSON
        *,
        execed: bool = False,
        spaced: bool = False,
        **limits: int,
    ) -> Called:
        """Call a function once, and decide.

        Args:
            execed: Python is started anew.
            spaced: arguments are written in UTF-8 and with blanks, as people may do it.
        """
        style: dict[str, Any] = {}
        if spaced:
            style = {"ensure_ascii": False, "separators": ("\t, ", " :\r")}
        toolchain = self._workshop.trials.working[language]
        asked = {**toolchain.language.limits, "wallTimeMs": _WALL_TIME_MS, **limits}
        program = toolchain.program(
            self._files(toolchain, call, code), bounds := engine_limits(asked)
        )
        program = replace(
            program,
            env={**program.env, **_OWN_ENV} if execed else program.env,
            stdin=b"".join(json.dumps(value, **style).encode() + b"\n" for value in args),
            collect=(RESULT,),
            collect_bytes=MAX_VALUE_BYTES,
        )
        run = self._workshop.engine.run(program, bounds)
        answer = None if expected is None else json.dumps({"anyOf": [expected]}).encode()
        case = Case(index=1, input=lambda: program.stdin, answer=lambda: answer, limits=bounds)
        failure = failure_of(run)
        judged = _decided(call, case, run) if failure is None else Judged(verdict=failure)
        return Called(run, judged)

    def compiled(self, language: str, call: Call, code: str) -> Run:
        """What the compiler did."""
        key = (language, call, code)
        if key not in self._made:
            toolchain = self._workshop.trials.working[language]
            if language == "cpp17":
                self._workshop.preparations.wait()
            compiler: Program = toolchain.compiler(place(language, call, code))
            self._made[key] = self._workshop.engine.run(compiler, toolchain.compile_limits)
        return self._made[key]

    def _files(self, toolchain: Toolchain, call: Call, code: str) -> dict[str, bytes]:
        if not toolchain.language.compile:
            return place(toolchain.language.name, call, code)
        made = self.compiled(toolchain.language.name, call, code)
        assert made.outcome is Outcome.EXITED and made.exit_code == 0, made.stderr.decode()
        return dict(made.files)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._workshop.preparations.stop()
        self._workshop.__exit__(kind, error, trace)
