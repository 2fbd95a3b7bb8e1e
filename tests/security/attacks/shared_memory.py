"""Attacks on memory that is nobody's own: files in memory, segments, nameless files."""

from __future__ import annotations

from dataclasses import replace

from functions.execute.engine.program import MIB, Outcome
from tests.security.table import LIMITS, Attack, Expect, dies, ends

_MEMORY = ends(Outcome.MEMORY_LIMIT, least_memory_bytes=64 * MIB)
_PATIENT = replace(LIMITS, cpu_time_ms=3_000, wall_time_ms=6_000)
_NO_FORK = Expect(exit_code=1, stderr_has="PermissionError")

ATTACKS = [
    Attack(
        promise="a full temporary folder says so",
        code="""
            from tools import *
            def fill(path):
                with open(path, "wb") as file:
                    for _ in range(12): file.write(b"x" * (1 << 20))
            for place in ("/dev/shm", os.environ["TMPDIR"], "."):
                tell("fill", fill, f"{place}/big")
        """,
        expect=Expect(stdout="fill ok\nfill ok\nfill ENOSPC\n"),
        # No quota of its own: the folder lies on the host's disk, and /dev/shm is closed.
        at={"container": Expect(stdout="fill EACCES\nfill ok\nfill ok\n")},
    ),
    Attack(
        promise="files in memory are memory of the program",
        code="""
            with open("big", "wb") as file:
                for _ in range(15): file.write(b"x" * (1 << 20))
            with open("/tmp/big", "wb") as file:
                for _ in range(15): file.write(b"x" * (1 << 20))
            kept = b"x" * 80_000_000
            print("kept")
        """,
        expect=_MEMORY,
        at={
            # Not seen without control groups, and bounded by the disk limit.
            "namespaces": Expect(stdout="kept\n"),
            "container": Expect(exit_code=1, stderr_has="/tmp/big"),
        },
    ),
    Attack(
        promise="shared memory past the disk limit is a bus error",
        code="""
            import mmap, os
            file = os.open("big", os.O_RDWR | os.O_CREAT)
            os.ftruncate(file, 48 << 20)
            space = mmap.mmap(file, 48 << 20)
            for at in range(0, 48 << 20, 4096): space[at] = 1
        """,
        limits=replace(LIMITS, file_bytes=64 * MIB),
        expect=dies(7),
        at={"container": Expect(stdout=None)},  # on disk, where there is room
    ),
    Attack(
        promise="files without a name are memory of the program",
        code="""
            import os
            kept = []
            while True:
                kept.append(os.memfd_create("big"))
                for _ in range(10): os.write(kept[-1], b"x" * 1_000_000)
        """,
        limits=_PATIENT,
        expect=_MEMORY,
        # Nobody would see that memory: there are no such files.
        at=dict.fromkeys(
            ("namespaces", "container"), Expect(exit_code=1, stderr_has="PermissionError")
        ),
    ),
    Attack(
        promise="shared memory that nothing is attached to is memory of the program",
        language="c",
        code="""
            #include <sys/shm.h>
            int main(void) {
                for (int i = 0; i < 64; i++) {
                    int id = shmget(IPC_PRIVATE, 8 << 20, IPC_CREAT | 0600);
                    if (id < 0) { tell("shmget", id); return 0; }
                    char *at = shmat(id, 0, 0);
                    memset(at, 1, 8 << 20);
                    shmdt(at);
                }
                return 0;
            }
        """,
        limits=_PATIENT,
        expect=_MEMORY,
        at=dict.fromkeys(("namespaces", "container"), Expect(stdout="shmget EPERM\n")),
    ),
    Attack(
        promise="memory of semaphores and queues is memory of the program",
        language="c",
        code="""
            #include <sys/msg.h>
            #include <sys/sem.h>
            int main(void) {
                int sets = 0, set = 0;
                while (sets < 200 && (set = semget(IPC_PRIVATE, 32000, 0600)) >= 0) sets++;
                if (set < 0) tell("semaphores", set);
                int queue = msgget(IPC_PRIVATE, 0600);
                if (queue < 0) tell("queue", queue);
            }
        """,
        limits=_PATIENT,
        expect=_MEMORY,
        at=dict.fromkeys(
            ("namespaces", "container"), Expect(stdout="semaphores EPERM\nqueue EPERM\n")
        ),
    ),
    Attack(
        promise="writing to one's own memory writes to no file",
        code="""
            from tools import *
            import re
            spans = [l.split() for l in open("/proc/self/maps") if "libc" in l or "python" in l]
            start = int(spans[0][0].split("-")[0], 16)
            path = spans[0][-1]
            before = open(path, "rb").read(64)
            memory = os.open("/proc/self/mem", os.O_RDWR)
            tell("own copy", os.pwrite, memory, b"planted", start)
            print(ctypes.string_at(start, 7), open(path, "rb").read(64) == before)
        """,
        expect=Expect(stdout="own copy ok\nb'planted' True\n"),
        at={"container": Expect(exit_code=1, stderr_has="PermissionError")},
    ),
]
