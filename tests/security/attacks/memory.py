"""Attacks on memory: to use more than was given, or where nobody looks."""

from __future__ import annotations

from dataclasses import replace

from functions.execute.engine.program import MIB, Outcome
from tests.security.table import ANY_CODE, LIMITS, Attack, Expect, dies, ends

_MEMORY = ends(Outcome.MEMORY_LIMIT, least_memory_bytes=64 * MIB)
_PATIENT = replace(LIMITS, cpu_time_ms=3_000, wall_time_ms=6_000)
_NO_FORK = Expect(exit_code=1, stderr_has="PermissionError")

ATTACKS = [
    Attack(
        promise="memory that is touched is memory that is used",
        code="""
            kept = []
            while True: kept.append(b"x" * 1_000_003)
        """,
        limits=_PATIENT,
        expect=_MEMORY,
    ),
    Attack(
        promise="small blocks are added up as large ones are",
        code="""
            kept = []
            while True: kept.append(object())
        """,
        limits=_PATIENT,
        expect=_MEMORY,
    ),
    Attack(
        promise="one huge block is stopped while it is filled",
        code="print(len(b'x' * 4_000_000_000))",
        limits=_PATIENT,
        # Filled in one call: supervision sees it some time past the limit.
        expect=_MEMORY,
    ),
    Attack(
        promise="address space alone costs nothing",
        code="""
            import mmap
            flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000  # MAP_NORESERVE
            space = mmap.mmap(-1, 1 << 40, flags)
            space[1 << 39] = 1
            print(len(space))
        """,
        expect=Expect(stdout=f"{1 << 40}\n", most_memory_bytes=16 * MIB),
    ),
    Attack(
        promise="a static array counts when it is touched",
        language="c",
        code="""
            static char space[256 << 20];
            int main(void) { memset(space, 1, sizeof space); return 0; }
        """,
        limits=_PATIENT,
        expect=_MEMORY,
    ),
    Attack(
        promise="a static array that is not touched is free",
        language="c",
        code="static char space[1 << 30]; int main(void) { return space[1 << 29]; }",
        expect=Expect(most_memory_bytes=16 * MIB),
    ),
    Attack(
        promise="a stack may grow to its own limit",
        language="c",
        code="""
            int sink;
            void deeper(int n) {
                volatile char frame[4096];
                frame[0] = n;
                deeper(n + 1);
                sink = frame[0];
            }
            int main(void) { deeper(0); }
        """,
        limits=replace(_PATIENT, stack_bytes=8 * MIB),
        expect=dies(11, most_memory_bytes=24 * MIB),
    ),
    Attack(
        promise="a stack without end of its own ends at the memory limit",
        language="c",
        code="""
            int sink;
            void deeper(int n) {
                volatile char frame[4096];
                frame[0] = n;
                deeper(n + 1);
                sink = frame[0];
            }
            int main(void) { deeper(0); }
        """,
        limits=replace(_PATIENT, stack_bytes=4096 * MIB),
        expect=_MEMORY,
    ),
    Attack(
        promise="a program that survives a failed allocation keeps its exit code",
        language="c",
        code="int main(void) { return malloc(1UL << 47) ? 1 : 3; }",
        expect=Expect(exit_code=3),
    ),
    Attack(
        promise="memory of several children is added up",
        code="""
            import os, time
            for _ in range(4):
                if os.fork() == 0:
                    kept = b"x" * 40_000_000
                    time.sleep(60)
            os.wait()
        """,
        limits=_PATIENT,
        expect=_MEMORY,
        at={"container": _NO_FORK},
    ),
    Attack(
        promise="memory that children share is counted once",
        code="""
            import os, time
            kept = b"x" * 40_000_000
            for _ in range(4):
                if os.fork() == 0:
                    time.sleep(0.2)
                    os._exit(0)
            for _ in range(4): os.wait()
        """,
        expect=Expect(least_memory_bytes=38 * MIB, most_memory_bytes=80 * MIB),
        at={
            # There sharing is looked for only when it decides.
            "namespaces": Expect(least_memory_bytes=38 * MIB, most_memory_bytes=96 * MIB),
            "container": _NO_FORK,
        },
    ),
    Attack(
        promise="a child that dies of memory is the program's end too",
        code="""
            import os, time
            if os.fork() == 0:
                kept = []
                while True: kept.append(b"x" * 1_000_003)
            os.wait()
            print("survived", flush=True)
            time.sleep(1)
        """,
        limits=_PATIENT,
        # The kernel may let the parent say a word before it is stopped.
        expect=replace(_MEMORY, stdout=None, exit_code=ANY_CODE),
        at={"container": _NO_FORK},
    ),
    Attack(
        promise="what started a program is not counted as its memory",
        language="c",
        code="int main(void) { return 0; }",
        expect=Expect(most_memory_bytes=2 * MIB),
        # Too short to be looked at: the kernel's own figure counts what was before exec.
        at=dict.fromkeys(("namespaces", "container"), Expect(most_memory_bytes=24 * MIB)),
    ),
    Attack(
        promise="reported memory is what was used",
        code="""
            import time
            kept = b"x" * 50_000_000
            time.sleep(0.05)
        """,
        expect=Expect(least_memory_bytes=50_000_000, most_memory_bytes=50_000_000 + 12 * MIB),
    ),
    Attack(
        promise="files of the toolchain that are read are no memory of the program",
        code="""
            import os
            total = 0
            for folder, _, names in os.walk("/usr"):
                for name in names:
                    try:
                        with open(os.path.join(folder, name), "rb") as file:
                            total += len(file.read(20_000_000))
                    except OSError:
                        pass
                    if total > 150_000_000: raise SystemExit(0)
        """,
        limits=replace(LIMITS, cpu_time_ms=4_000, wall_time_ms=20_000),
        expect=Expect(most_memory_bytes=64 * MIB),
    ),
    Attack(
        promise="a memory limit below the interpreter's own need is a memory limit",
        code="""
            import time
            kept = "x" * 2_000_000
            print("started", flush=True)
            time.sleep(0.5)
        """,
        limits=replace(LIMITS, memory_bytes=1 * MIB),
        expect=replace(_MEMORY, least_memory_bytes=0),
        # Supervision looks a moment later, and finds it only while it lives.
        at=dict.fromkeys(
            ("namespaces", "container"), replace(_MEMORY, least_memory_bytes=0, stdout=None)
        ),
    ),
    Attack(
        promise="page tables are memory of the program",
        language="c",
        code="""
            int main(void) {
                size_t size = 1UL << 38;
                int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
                char *at = mmap(0, size, PROT_READ, flags, -1, 0);
                madvise(at, size, MADV_NOHUGEPAGE);
                volatile char sum = 0;
                for (size_t i = 0; i < size; i += 2 << 20) sum += at[i];
                puts("read");
            }
        """,
        limits=_PATIENT,
        expect=_MEMORY,
    ),
    Attack(
        promise="memory cannot be locked",
        code="""
            from tools import *
            import mmap
            space = mmap.mmap(-1, 1 << 20)
            at = ctypes.addressof(ctypes.c_char.from_buffer(space))
            call("mlock", 149, ctypes.c_void_p(at), 1 << 20)
            call("mlockall", 151, 1)
        """,
        expect=Expect(stdout="mlock EPERM\nmlockall EPERM\n"),
    ),
    Attack(
        promise="a flood of output with a full disk is a flood of output",
        code="""
            import sys
            try:
                with open("big", "wb") as file:
                    while True: file.write(b"x" * (1 << 20))
            except OSError:
                pass
            while True: sys.stdout.write("x" * 65_536)
        """,
        limits=replace(_PATIENT, memory_bytes=64 * MIB, output_bytes=10_000),
        expect=ends(Outcome.OUTPUT_LIMIT, stdout="x" * 10_000),
    ),
]
