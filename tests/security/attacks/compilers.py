"""Attacks at compile time: compilers run in cells as programs do."""

from __future__ import annotations

from dataclasses import replace

from functions.execute.engine.program import MIB, Outcome
from tests.security.table import ANY_CODE, LIMITS, Attack, Expect, ends

_LIMITS = replace(
    LIMITS, cpu_time_ms=1_500, wall_time_ms=4_000, memory_bytes=256 * MIB, output_bytes=20_000
)


def _compiles(promise: str, code: str, expect: Expect, *options: str) -> Attack:
    return Attack(
        promise=promise,
        language="compiler",
        argv=("/usr/bin/gcc", "-x", "c", "main.c", "-o", "out", *options),
        code=code,
        collect=("out",),
        limits=_LIMITS,
        expect=expect,
        not_at=("container",),  # a compiler starts its parts as processes: none is offered
    )


def _fails(text: str) -> Expect:
    return Expect(exit_code=1, stderr_has=text)


def _stopped(*or_else: Outcome) -> Expect:
    """The kernel kills the compiler proper; its driver may have the time to say so."""
    return ends(Outcome.MEMORY_LIMIT, or_else=or_else, stdout=None, exit_code=ANY_CODE)


ATTACKS = [
    _compiles(
        "a compiler cannot read the host's secrets",
        '#include "/etc/shadow"\n#include "@SECRET@"\n',
        _fails("No such file"),
    ),
    _compiles(
        "an assembler cannot read the host's secrets",
        '__asm__(".incbin \\"@SECRET@\\"");\nint main(void) { return 0; }\n',
        _fails("secret.txt"),
    ),
    _compiles(
        "a compiler that reads without end is stopped",
        "#include </dev/zero>\n",
        # Time or memory, whichever ends first on this machine.
        _stopped(Outcome.CPU_TIME_LIMIT, Outcome.EXITED),
    ),
    _compiles(
        "a compiler that expands without end is stopped",
        "#define A(x) x x x x x x x x x x\n#define B(x) A(A(A(x)))\n"
        "int main(void) { B(B(B(1;))) return 0; }\n",
        _stopped(Outcome.CPU_TIME_LIMIT, Outcome.WALL_TIME_LIMIT),
    ),
    _compiles(
        "a flood of a compiler's messages is cut",
        "".join(f"int a{n} = wrong{n};\n" for n in range(1_000)),
        ends(Outcome.OUTPUT_LIMIT, stdout=None),
        "-fmax-errors=0",
    ),
    _compiles(
        "a file that includes itself is an error",
        '#include "main.c"\n',
        _fails("nested"),
    ),
    _compiles(
        "a program larger than the disk limit is an error",
        "char space[64 << 20] = {1};\nint main(void) { return 0; }\n",
        Expect(exit_code=ANY_CODE, stderr_has="File size limit exceeded"),
    ),
]
