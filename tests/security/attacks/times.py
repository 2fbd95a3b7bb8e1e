"""Attacks on time: to use more than was given, to hide it, or to never end."""

from __future__ import annotations

from dataclasses import replace

from functions.execute.engine.program import Outcome
from tests.security.table import ANY_CODE, LIMITS, Attack, Expect, ends

_CPU = ends(Outcome.CPU_TIME_LIMIT, least_cpu_ms=150, most_cpu_ms=450)
_WALL = ends(Outcome.WALL_TIME_LIMIT, most_cpu_ms=300)
_SHORT_CPU = replace(LIMITS, cpu_time_ms=150, wall_time_ms=5_000)
_SHORT_WALL = replace(LIMITS, wall_time_ms=300)
#: At level `container` a program has no children: what it would do with them fails at once.
_NO_FORK = Expect(exit_code=1, stderr_has="PermissionError")

ATTACKS = [
    Attack(
        promise="a busy loop is stopped at its CPU limit",
        code="while True: pass",
        limits=_SHORT_CPU,
        expect=_CPU,
    ),
    Attack(
        promise="a program that sleeps is stopped at its wall limit",
        code="import time; time.sleep(60)",
        limits=_SHORT_WALL,
        expect=_WALL,
    ),
    Attack(
        promise="the right answer does not save a program that never ends",
        code="import time; print(42, flush=True); time.sleep(60)",
        limits=_SHORT_WALL,
        expect=replace(_WALL, stdout="42\n"),
    ),
    Attack(
        promise="CPU time of a child counts while the parent waits",
        code="""
            import os
            if os.fork() == 0:
                while True: pass
            os.wait()
        """,
        limits=_SHORT_CPU,
        expect=_CPU,
        at={"container": _NO_FORK},
    ),
    Attack(
        promise="CPU time of children in turn is added up",
        code="""
            import os, time
            while True:
                if os.fork() == 0:
                    until = time.process_time() + 0.05
                    while time.process_time() < until: pass
                    os._exit(0)
                os.wait()
        """,
        limits=_SHORT_CPU,
        expect=_CPU,
        at={"container": _NO_FORK},
    ),
    Attack(
        promise="CPU time of children that nobody waits for is counted",
        code="""
            import os, signal, time
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            while True:
                if os.fork() == 0:
                    until = time.process_time() + 0.05
                    while time.process_time() < until: pass
                    os._exit(0)
                time.sleep(0.06)
        """,
        limits=_SHORT_CPU,
        expect=_CPU,
        at={"container": _NO_FORK},
    ),
    Attack(
        promise="CPU time of orphans is counted",
        code="""
            import os, time
            while True:
                if os.fork() == 0:
                    if os.fork() == 0:
                        until = time.process_time() + 0.05
                        while time.process_time() < until: pass
                    os._exit(0)
                os.wait()
                time.sleep(0.06)
        """,
        limits=_SHORT_CPU,
        expect=_CPU,
        at={"container": _NO_FORK},
    ),
    Attack(
        promise="workers that outlive their parent are killed with it",
        code="""
            import os
            for _ in range(5):
                if os.fork() == 0:
                    while True: pass
            print("done")
        """,
        expect=Expect(stdout="done\n"),
        at={"container": _NO_FORK},
    ),
    Attack(
        promise="a daemon in a session of its own is killed with the program",
        code="""
            import os, time
            ready, tell = os.pipe()
            if os.fork() == 0:
                os.setsid()
                if os.fork():
                    os._exit(0)
                os.write(tell, b"x")
                time.sleep(60)
            os.read(ready, 1)
        """,
        at={"container": _NO_FORK},
    ),
    Attack(
        promise="CPU time of threads is added up",
        language="c",
        code="""
            static void *burn(void *unused) { for (;;); }
            int main(void) {
                pthread_t t;
                for (int i = 0; i < 4; i++) pthread_create(&t, 0, burn, 0);
                pause();
            }
        """,
        limits=_SHORT_CPU,
        expect=_CPU,
    ),
    Attack(
        promise="a thread goes on burning when the main thread has ended",
        language="c",
        code="""
            static void *burn(void *unused) { for (;;); }
            int main(void) {
                pthread_t t;
                pthread_create(&t, 0, burn, 0);
                pthread_exit(0);
            }
        """,
        limits=_SHORT_CPU,
        expect=_CPU,
    ),
    Attack(
        promise="a program that ignores every signal is stopped",
        code="""
            import signal
            for number in range(1, 65):
                try: signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError): pass
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
            while True: pass
        """,
        limits=_SHORT_CPU,
        expect=_CPU,
    ),
    Attack(
        promise="a program that stops itself is ended at its wall limit",
        code="import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
        limits=_SHORT_WALL,
        expect=_WALL,
    ),
    Attack(
        promise="stopping the parent and everybody else stops nobody who matters",
        code="""
            from tools import *
            import signal, time
            tell("parent", os.kill, os.getppid() or 1, signal.SIGSTOP)
            tell("group", os.killpg, os.getppid() or 1, signal.SIGSTOP)
            tell("all", os.kill, -1, signal.SIGSTOP)
            time.sleep(60)
        """,
        limits=_SHORT_WALL,
        # Init is pid 1 of its namespace: such signals reach it only from outside.
        expect=replace(_WALL, stdout="parent EPERM\ngroup ESRCH\nall ESRCH\n"),
        # There the kernel forgets the EPERM of each when all are meant.
        at={"container": replace(_WALL, stdout="parent EPERM\ngroup EPERM\nall ok\n")},
    ),
    Attack(
        promise="waiting on a clock is measured as what it is",
        code="""
            import time
            until = time.monotonic() + 60
            while time.monotonic() < until: pass
        """,
        limits=_SHORT_CPU,
        expect=_CPU,
    ),
    Attack(
        promise="output that drips does not hold the reader",
        code="""
            import sys, time
            while True:
                sys.stdout.write("x"); sys.stdout.flush(); time.sleep(0.01)
        """,
        limits=_SHORT_WALL,
        expect=replace(_WALL, stdout=None),  # as many as there was time for
    ),
    Attack(
        promise="a program below its CPU limit is left alone",
        code="""
            import time
            while time.process_time() < 0.42: pass
        """,
        limits=replace(LIMITS, cpu_time_ms=600, wall_time_ms=5_000),
        expect=Expect(least_cpu_ms=400, most_cpu_ms=600),
    ),
    Attack(
        promise="a program above its CPU limit is stopped, whatever it exits with",
        code="""
            import os, time
            while time.process_time() < 0.42: pass
            os._exit(0)
        """,
        limits=_SHORT_CPU,
        expect=_CPU,
    ),
    Attack(
        promise="exit code 0 between two looks proves nothing",
        code="""
            import os, time
            begun = time.process_time()  # to get ready took some, which is not the program's
            while time.process_time() - begun < 0.0313: pass
            os._exit(0)
        """,
        limits=replace(LIMITS, cpu_time_ms=30),
        # Killed or measured afterwards: which one comes first is chance, the answer is not.
        expect=Expect(outcome=Outcome.CPU_TIME_LIMIT, exit_code=ANY_CODE, least_cpu_ms=30),
    ),
    Attack(
        promise="words on stderr decide nothing",
        code="import sys; sys.stderr.write('timelimit exceeded, killed, out of memory\\n')",
        expect=Expect(stderr_has="timelimit exceeded, killed, out of memory\n"),
    ),
    Attack(
        promise="a process name cannot fake its own figures",
        code="""
            from tools import *
            libc.prctl(15, b") R 0 0 0 0")
            while True: pass
        """,
        limits=_SHORT_CPU,
        expect=_CPU,
    ),
    Attack(
        promise="contending with oneself buys four times the wall limit at most",
        language="c",
        code="""
            static void *burn(void *unused) { for (;;) sched_yield(); }
            int main(void) {
                pthread_t t;
                for (int i = 0; i < 16; i++) pthread_create(&t, 0, burn, 0);
                burn(0);
            }
        """,
        limits=replace(LIMITS, cpu_time_ms=9_000, wall_time_ms=200),
        expect=ends(Outcome.WALL_TIME_LIMIT, most_wall_ms=4 * 200 + 500),
    ),
    Attack(
        promise="alarms and timers of the program stop nobody else",
        code="""
            import signal, threading
            fired = []
            signal.signal(signal.SIGALRM, lambda *_: fired.append(1))
            signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
            while True: pass
        """,
        limits=_SHORT_CPU,
        expect=_CPU,
    ),
    Attack(
        promise="a program cannot outlive whom it is to die with",
        code="""
            from tools import *
            call("pdeathsig", 157, 1, 0)
            call("name", 157, 15, b"init")
            while True: pass
        """,
        limits=_SHORT_CPU,
        expect=replace(_CPU, stdout="pdeathsig ok\nname ok\n"),
        at={"container": replace(_CPU, stdout="pdeathsig EPERM\nname ok\n")},
    ),
]
