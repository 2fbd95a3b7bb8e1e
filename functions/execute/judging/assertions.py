"""Code that is appended to a program and must be reached to its end.

As evaluation harnesses do it: candidate and assertions share one process. After the last
assertion the appended code prints a word that is new for each submission; a program that
ends well without it has left early. That guards against leaving early by accident. It is no
guard against cheating: a candidate that looks for the word in its own file finds it, and
can replace what the assertions call. `call` decides outside and has neither weakness.
"""

from __future__ import annotations

import secrets
from dataclasses import replace

import msgspec

from functions.execute.engine.program import Run
from functions.execute.judging.plan import Case, Judged, Plan, Turn
from shared.assertions import LAST_WORDS
from shared.models import Spec
from shared.verdicts import Verdict

_MISSING = "the program ended before the last of its assertions"


def with_assertions(spec: Spec) -> tuple[Spec, bytes]:
    """The program with its assertions, and what it prints when it has passed them."""
    word = f"\n{secrets.token_hex(16)}\n"
    last = LAST_WORDS[spec.language].replace("@WORD@", word.strip())
    code = f"{spec.code}\n\n{spec.assertions}\n\n{last}\n"
    return msgspec.structs.replace(spec, code=code), word.encode()


def asserting(plan: Plan, word: bytes) -> Plan:
    """The plan of a program that has to say this word at its end."""

    def check(case: Case, run: Run, turn: Turn) -> Judged:
        if run.stdout.endswith(word):
            return Judged(verdict=Verdict.ACCEPTED)
        return Judged(verdict=Verdict.RUNTIME_ERROR, message=_MISSING)

    return replace(plan, check=check, last_word=word)
