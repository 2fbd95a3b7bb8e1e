"""What a row of the attack table says: a promise, a program, and the exact answer.

Stdlib only: the rows are run by `runner.py`, as users who may read neither the
checkout nor its virtual environment.

An expectation holds at every level unless `at` has a closer one. Its keys are a level
(`full`, `namespaces`, `container`), or a level and a user (`container/root`): the
closest one counts. A weaker level that answers differently says so there, in the open.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

from functions.execute.engine.program import MIB, Limits, Outcome, Run
from functions.execute.engine.start_mode import PREIMPORTED, looks_closely, shadows

#: Tight by default, so that an attack that is not stopped costs a second, not a minute.
LIMITS = Limits(
    cpu_time_ms=700,
    wall_time_ms=1_500,
    memory_bytes=96 * MIB,
    output_bytes=128 * 1024,
    processes=24,
    file_bytes=16 * MIB,
    disk_bytes=32 * MIB,
    disk_inodes=512,
)

#: An exit code or a signal that is left open.
ANY_CODE = -1

#: Names that a file beside a program must not have for it to be forked.
IMPORTED = frozenset(PREIMPORTED)

#: Put beside every Python attack: says what came of a call, in one line each.
TOOLS = """
import ctypes, errno, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

def tell(label, what, *args, **named):
    try:
        what(*args, **named)
        print(label, "ok", flush=True)
    except OSError as error:
        print(label, errno.errorcode.get(error.errno, error.errno), flush=True)

def refused(label, what, *args, **named):
    # Which of them stands first in the way is the machine's to say.
    try:
        what(*args, **named)
        print(label, "WORKED", flush=True)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EACCES, errno.EROFS, errno.EXDEV, errno.ENOENT):
            print(label, error, flush=True)

def call(label, number, *args):
    ctypes.set_errno(0)
    plain = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    done = libc.syscall(ctypes.c_long(number), *plain) >= 0
    print(label, "ok" if done else errno.errorcode[ctypes.get_errno()], flush=True)
"""

#: Put before every C attack.
HEADER = """
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
static void tell(const char *label, long result) {
    printf("%s %s\\n", label, result >= 0 ? "ok" : strerrorname_np(errno));
    fflush(stdout);
}
"""


@dataclass(frozen=True, kw_only=True)
class Expect:
    """One exact answer. `None` leaves a field open; say why in the row where it is open."""

    outcome: Outcome = Outcome.EXITED
    exit_code: int | None = 0
    signal: int | None = None
    stdout: str | bytes | None = ""
    stderr_has: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    least_cpu_ms: float = 0
    most_cpu_ms: float = 5_000
    most_wall_ms: float = 10_000
    least_memory_bytes: int = 0
    most_memory_bytes: int = 1 << 40
    #: Other outcomes that are as right, where the kernel decides by a race.
    or_else: tuple[Outcome, ...] = ()

    def problems(self, run: Run) -> list[str]:
        """What about a run is not as it should be; empty when all is."""
        found = []
        if run.outcome not in (self.outcome, *self.or_else):
            found.append(f"outcome is {run.outcome!r}, not {self.outcome!r}")
        elif run.outcome is self.outcome:
            if self.exit_code != ANY_CODE:
                found += _differ("exit code", run.exit_code, self.exit_code)
            if self.signal != ANY_CODE:
                found += _differ("signal", run.signal, self.signal)
        if self.stdout is not None:
            exact = isinstance(self.stdout, bytes)
            said = run.stdout if exact else run.stdout.decode(errors="replace")
            found += _differ("stdout", said, self.stdout)
        if self.stderr_has.encode() not in run.stderr:
            found.append(f"stderr lacks {self.stderr_has!r}")
        found += _differ("files", dict(run.files), dict(self.files))
        if not self.least_cpu_ms <= run.cpu_time_ms <= self.most_cpu_ms:
            found.append(f"CPU time is {run.cpu_time_ms} ms")
        if run.wall_time_ms > self.most_wall_ms:
            found.append(f"wall time is {run.wall_time_ms} ms")
        if not self.least_memory_bytes <= run.peak_memory_bytes <= self.most_memory_bytes:
            found.append(f"peak memory is {run.peak_memory_bytes} bytes")
        return found


def _differ(name: str, found: object, expected: object) -> list[str]:
    return [] if found == expected else [f"{name} is {found!r:.500}, not {expected!r:.500}"]


def ends(outcome: Outcome, **other: object) -> Expect:
    """A run that a limit ended. The kernel's own kill may show as a signal, ours does not."""
    open_ones: dict[str, object] = {"exit_code": None, "signal": ANY_CODE, **other}
    return Expect(outcome=outcome, **open_ones)  # type: ignore[arg-type]


def dies(signal: int, **other: object) -> Expect:
    """A run that died of a signal."""
    return Expect(outcome=Outcome.SIGNALED, exit_code=None, signal=signal, **other)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One row."""

    promise: str
    code: str
    expect: Expect = field(default_factory=Expect)
    at: Mapping[str, Expect] = field(default_factory=dict)
    #: Levels at which the row means nothing; say why in the row.
    not_at: tuple[str, ...] = ()
    limits: Limits = LIMITS
    language: str = "python"
    #: gcc's options, where the plain ones do not do.
    cflags: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    collect: tuple[str, ...] = ()
    collect_matching: tuple[str, ...] = ()
    stdin: bytes = b""
    argv: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", textwrap.dedent(self.code).lstrip("\n"))

    def is_forked(self) -> bool:
        """Whether it runs in a fork of a nursery, where there is one."""
        files = {**self.files, "main.py": self.code.encode()}
        plain = self.language == "python" and not self.env
        plain = plain and self.limits.stack_bytes == LIMITS.stack_bytes
        plain = plain and len("".join(self.argv)) < 1_000  # nurse.py has the exact bound
        return plain and not looks_closely(files) and not shadows(self.files, IMPORTED)

    def expected(self, level: str, user: str) -> Expect:
        """The closest expectation there is."""
        return self.at.get(f"{level}/{user}") or self.at.get(level) or self.expect


__all__ = ["ANY_CODE", "HEADER", "LIMITS", "TOOLS", "Attack", "Expect", "dies", "ends"]
