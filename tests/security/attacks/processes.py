"""Attacks by and on processes: bombs, signals, tracing, hiding, and exact ends."""

from __future__ import annotations

from dataclasses import replace

from functions.execute.engine.program import Outcome
from tests.security.table import LIMITS, Attack, Expect, ends

_NO_FORK = Expect(exit_code=1, stderr_has="PermissionError")
#: Which limit a bomb meets first is chance: that it meets one, and nobody else does, is not.
_STOPPED = ends(Outcome.CPU_TIME_LIMIT, or_else=(Outcome.WALL_TIME_LIMIT, Outcome.MEMORY_LIMIT))
_FEW = replace(LIMITS, processes=10)

ATTACKS = [
    Attack(
        promise="a fork bomb stays inside its limits",
        code="""
            import os
            while True:
                try: os.fork()
                except OSError: pass
        """,
        expect=_STOPPED,
    ),
    Attack(
        promise="a fork bomb in C stays inside its limits",
        language="c",
        code="int main(void) { for (;;) fork(); }",
        expect=_STOPPED,
    ),
    Attack(
        promise="a bomb whose every parent ends at once is stopped",
        language="c",
        code="""
            int main(void) {
                if (fork() == 0) for (;;) { setsid(); if (fork()) _exit(0); }
                for (;;) pause();
            }
        """,
        limits=replace(LIMITS, cpu_time_ms=400, wall_time_ms=800),
        # How fast it goes round is the machine's to say.
        expect=ends(Outcome.WALL_TIME_LIMIT, or_else=(Outcome.CPU_TIME_LIMIT,)),
    ),
    Attack(
        promise="processes are counted, the program itself too",
        code="""
            import os, time
            made = 0
            try:
                while True:
                    if os.fork() == 0:
                        time.sleep(60)
                        os._exit(0)
                    made += 1
            except BlockingIOError as error:
                print(made, error.strerror)
        """,
        limits=_FEW,
        expect=Expect(stdout="9 Resource temporarily unavailable\n"),
        at={"container": _NO_FORK},
    ),
    Attack(
        promise="threads are processes to the limit",
        language="c",
        code="""
            static void *rest(void *unused) { for (;;) pause(); }
            int main(void) {
                pthread_attr_t small;
                pthread_attr_init(&small);
                pthread_attr_setstacksize(&small, 65536);
                pthread_t t;
                int made = 0, error = 0;
                while (made < 2000 && !(error = pthread_create(&t, &small, rest, 0))) made++;
                printf("%d %s\\n", made, strerror(error));
                return 0;
            }
        """,
        limits=_FEW,
        expect=Expect(stdout="9 Resource temporarily unavailable\n"),
    ),
    Attack(
        promise="a bomb of threads that make threads stays inside its limits",
        language="c",
        code="""
            static void *more(void *unused) {
                pthread_t t;
                for (;;) pthread_create(&t, 0, more, 0);
            }
            int main(void) { more(0); }
        """,
        expect=_STOPPED,
    ),
    Attack(
        promise="an orphan that holds stdout open does not hold the run",
        code="""
            import os, time
            if os.fork() == 0:
                time.sleep(60)
            print("main is done")
        """,
        expect=Expect(stdout="main is done\n", most_wall_ms=1_000),
        at={"container": _NO_FORK},
    ),
    Attack(
        promise="a stdout that is sent around in sockets does not hold the run",
        code="""
            import os, socket
            for _ in range(20):
                left, right = socket.socketpair()
                try:  # how many may be under way is counted by user
                    socket.send_fds(left, [b"x"], [1, 2, left.fileno(), right.fileno()])
                    socket.send_fds(right, [b"x"], [1, 2, left.fileno(), right.fileno()])
                except OSError: pass
            print("done")
        """,
        expect=Expect(stdout="done\n", most_wall_ms=1_000),
    ),
    Attack(
        promise="zombies are not waited for",
        code="""
            import os
            for _ in range(15):
                if os.fork() == 0: os._exit(0)
            print("done")
        """,
        expect=Expect(stdout="done\n"),
        at={"container": _NO_FORK},
    ),
    Attack(
        promise="signals reach nobody outside",
        code="""
            from tools import *
            import signal
            tell("everybody", os.kill, -1, signal.SIGKILL)
            tell("init", os.kill, 1, signal.SIGKILL)
            tell("parent", os.kill, os.getppid() or 1, signal.SIGKILL)
            tell("worker", os.kill, @WORKER@, signal.SIGKILL)
            tell("keeper", os.kill, @KEEPER@, signal.SIGINT)
            tell("worker's group", os.killpg, @WORKER@, signal.SIGTERM)
            tell("pidfd", os.pidfd_open, @WORKER@)
        """,
        expect=Expect(
            stdout="everybody ESRCH\ninit EPERM\nparent EPERM\n"
            "worker ESRCH\nkeeper ESRCH\nworker's group ESRCH\npidfd ESRCH\n"
        ),
        at={
            # Without a pid namespace others can be named, not reached.
            "container": Expect(
                stdout="everybody ok\ninit EPERM\nparent EPERM\n"
                "worker EPERM\nkeeper EPERM\nworker's group ESRCH\npidfd ok\n"
            ),
        },
    ),
    Attack(
        promise="ptrace is refused",
        language="c",
        code="""
            #include <sys/ptrace.h>
            int main(void) {
                tell("traceme", ptrace(PTRACE_TRACEME, 0, 0, 0));
                tell("attach", ptrace(PTRACE_ATTACH, 1, 0, 0));
                tell("seize", ptrace(PTRACE_SEIZE, getppid(), 0, 0));
            }
        """,
        expect=Expect(stdout="traceme EPERM\nattach EPERM\nseize EPERM\n"),
    ),
    Attack(
        promise="memory of others can neither be read nor written",
        code="""
            from tools import *
            import struct
            buffer = ctypes.create_string_buffer(64)
            local = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(buffer), 64))
            for name, pid in (("init", 1), ("parent", os.getppid() or 1), ("own", os.getpid())):
                call(f"read {name}", 310, pid, local, 1, local, 1, 0)
                call(f"write {name}", 311, pid, local, 1, local, 1, 0)
            tell("mem", open, "/proc/1/mem", "rb")
            tell("worker", open, "/proc/@WORKER@/mem", "rb")
        """,
        expect=Expect(
            stdout="".join(
                f"{c} {n} EPERM\n" for n in ("init", "parent", "own") for c in ("read", "write")
            )
            + "mem ENOENT\nworker ENOENT\n"
        ),
        at={
            "container": Expect(
                stdout="".join(
                    f"{c} {n} EPERM\n" for n in ("init", "parent", "own") for c in ("read", "write")
                )
                + "mem EACCES\nworker EACCES\n"
            )
        },
    ),
    Attack(
        promise="other programs of the toolchain may be run, as the same nobody",
        code="""
            import os, subprocess
            print(subprocess.run(["id", "-u"], capture_output=True, text=True).stdout.strip()
                == str(os.getuid()) == "@UID@")
            os.execv("/bin/echo", ["echo", "replaced"])
        """,
        expect=Expect(stdout="replaced\n"),
        at={"container": _NO_FORK},
    ),
]
