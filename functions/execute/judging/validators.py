"""Checkers and output validators: programs that say whether an output is right.

The convention is that of the ICPC: `validator input answer feedback_dir/ [flags]`, the
program's output on stdin; exit 42 accepts, 43 is a wrong answer, anything else is our
fault or the validator's: `judge-error`. What it leaves in its feedback folder is read.

A validator runs in the slot's second cell: it sees input and answer, which the program
judged never may. That it reads only a part of the output, or nothing, is no error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from functions.execute.engine.program import Limits, Outcome, Program, Run
from functions.execute.judging.plan import Judged
from functions.execute.judging.programs import Ready
from shared.verdicts import Verdict

ACCEPTS, REFUSES = 42, 43
#: Names in the validator's work folder. A package's own files never begin with a dot.
INPUT, ANSWER, FEEDBACK = ".judge/input", ".judge/answer", ".judge/feedback/"
_FEEDBACK_BYTES = 64 << 20
_MESSAGE_BYTES = 4_096
#: Room beside input, answer and what it writes.
_DISK_BYTES = 64 << 20


@dataclass(frozen=True, kw_only=True)
class Validator:
    """A validator that is ready to run."""

    ready: Ready
    limits: Limits
    #: Whether it may leave a score of its own.
    gives_score: bool = False
    #: Whether it may ask for another run of the program, see `judging/passes.py`.
    asks_again: bool = False
    #: What it is called in messages.
    title: str = "the checker"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a validator is asked about."""

    input: bytes
    answer: bytes
    flags: Sequence[str] = ()
    #: The feedback folder as the pass before has left it.
    feedback: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What it said."""

    judged: Judged
    run: Run
    feedback: Mapping[str, bytes]
    #: The input of the next pass, if it asks for one.
    next_input: bytes | None = None


def program(validator: Validator, asked: Asked, output: bytes = b"") -> tuple[Program, Limits]:
    """The validator as a program, with what it is asked in its work folder."""
    args = (INPUT, ANSWER, FEEDBACK, *asked.flags)
    base = validator.ready.start(validator.limits, args)
    files = {
        **base.files,
        FEEDBACK: b"",
        INPUT: asked.input,
        ANSWER: asked.answer,
        **{FEEDBACK + name: data for name, data in asked.feedback.items()},
    }
    needed = sum(map(len, files.values())) + _DISK_BYTES
    limits = replace(validator.limits, disk_bytes=max(validator.limits.disk_bytes, needed))
    collecting = replace(
        base,
        files=files,
        stdin=output,
        collect_matching=(FEEDBACK + "*",),
        collect_bytes=_FEEDBACK_BYTES,
    )
    return collecting, limits


def said(validator: Validator, run: Run) -> Said:
    """What a validator's run means."""
    feedback = {name.removeprefix(FEEDBACK): data for name, data in run.files.items()}
    next_input = feedback.pop("nextpass.in", None)
    for judge_only in ("score.txt", "score_multiplier.txt"):
        if judge_only in feedback and next_input is not None:
            del feedback[judge_only]  # of a pass that was not the last one
    judged = _judged(validator, run, feedback, next_input)
    return Said(
        judged=judged,
        run=run,
        feedback=feedback,
        next_input=next_input if judged.verdict is Verdict.ACCEPTED else None,
    )


def _judged(
    validator: Validator, run: Run, feedback: Mapping[str, bytes], next_input: bytes | None
) -> Judged:
    verdict = exit_verdict(run)
    if verdict is None:
        return _error(f"{validator.title} {_ending(run)}; only 42 and 43 are answers", run)
    if next_input is not None and not validator.asks_again:
        return _error(f"{validator.title} asks for another pass, and there is none", run)
    if next_input is not None and verdict is not Verdict.ACCEPTED:
        return _error(f"{validator.title} refuses and asks for another pass", run)
    score, multiplier = (_number(feedback.get(name)) for name in _SCORES)
    if isinstance(score, str) or isinstance(multiplier, str):
        return _error(f"{validator.title} left a score that is no number", run)
    if (score is not None or multiplier is not None) and not validator.gives_score:
        return _error(f"{validator.title} left a score where none is asked for", run)
    if score is not None and verdict is not Verdict.ACCEPTED:
        return _error(f"{validator.title} refuses and gives a score", run)
    return Judged(
        verdict=verdict,
        message=_text(feedback.get("teammessage.txt")),
        judge_message=_text(feedback.get("judgemessage.txt")),
        score=score,
        multiplier=multiplier,
    )


_SCORES = ("score.txt", "score_multiplier.txt")


def exit_verdict(run: Run) -> Verdict | None:
    """42, 43, or anything else."""
    if run.outcome is not Outcome.EXITED:
        return None
    answers = {ACCEPTS: Verdict.ACCEPTED, REFUSES: Verdict.WRONG_ANSWER}
    return answers.get(run.exit_code if run.exit_code is not None else -1)


def _ending(run: Run) -> str:
    if run.outcome.is_limit:
        return f"reached its limit {run.outcome}"
    if run.outcome is Outcome.SIGNALED:
        return f"was killed by signal {run.signal}"
    return f"ended with exit code {run.exit_code}"


def _error(message: str, run: Run) -> Judged:
    feedback = run.files
    words = [feedback.get(FEEDBACK + name) for name in ("judgeerror.txt", "judgemessage.txt")]
    told = "\n".join(filter(None, map(_text, [*words, run.stderr])))
    return Judged(verdict=Verdict.JUDGE_ERROR, message=message, judge_message=told or None)


def _text(data: bytes | None) -> str | None:
    """What a validator wrote, cut to what a person reads."""
    if not data or not data.strip():
        return None
    return data[:_MESSAGE_BYTES].decode(errors="replace").strip()


def _number(data: bytes | None) -> float | str | None:
    if data is None:
        return None
    try:
        number = float(data.split()[0])
    except (ValueError, IndexError):
        return "no number"
    return number if math.isfinite(number) else "no number"
