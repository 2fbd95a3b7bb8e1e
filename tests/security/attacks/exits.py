"""Starts and ends told exactly: arguments, exit codes and signals."""

from __future__ import annotations

from dataclasses import replace

from functions.execute.engine.program import MIB
from tests.security.table import LIMITS, Attack, Expect, dies

ATTACKS = [
    Attack(
        promise="no core is dumped",
        code="""
            import os, resource, signal
            print(resource.getrlimit(resource.RLIMIT_CORE)[1] <= 1, flush=True)
            os.abort()
        """,
        collect=("core",),
        expect=dies(6, stdout="True\n"),
    ),
    Attack(
        promise="an abort is signal 6",
        language="c",
        code="int main(void) { abort(); }",
        expect=dies(6),
    ),
    Attack(
        promise="a null pointer is signal 11",
        language="c",
        code="int main(void) { *(volatile int *)0 = 1; }",
        expect=dies(11),
    ),
    Attack(
        promise="a division by zero is signal 8",
        language="c",
        code="int main(void) { volatile int one = 1, none = 0; return one / none; }",
        expect=dies(8),
    ),
    Attack(
        promise="a program that kills itself did die of that signal",
        code="import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        expect=dies(9),
    ),
    Attack(
        promise="a program that terminates itself did die of that signal",
        code="import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
        expect=dies(15),
    ),
    Attack(
        promise="a program starts with every signal as it should be",
        code="""
            import signal
            ours = {signal.SIGINT: signal.default_int_handler}
            ours |= dict.fromkeys((signal.SIGPIPE, signal.SIGXFSZ), signal.SIG_IGN)  # by Python
            for number in signal.valid_signals():
                expected = ours.get(number, signal.SIG_DFL)
                if signal.getsignal(number) != expected: print(number, signal.getsignal(number))
            print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])))
        """,
        expect=Expect(stdout="[]\n"),
    ),
    Attack(
        promise="a real-time signal is told by its number",
        code="import os; os.kill(os.getpid(), 40)",
        expect=dies(40),
    ),
    Attack(
        promise="exit code 255 is exit code 255",
        code="import os; os._exit(255)",
        expect=Expect(exit_code=255),
    ),
    Attack(
        promise="exit code 137 is no kill",
        code="import os; os._exit(137)",
        expect=Expect(exit_code=137),
    ),
    Attack(
        promise="exit code 0 after a crash's text is exit code 0",
        code="""
            import sys
            sys.stderr.write("Segmentation fault (core dumped)\\n")
        """,
        expect=Expect(stderr_has="Segmentation fault"),
    ),
    Attack(
        promise="a broken pipe is signal 13",
        language="c",
        code="""
            int main(void) {
                int ends[2];
                pipe(ends);
                close(ends[0]);
                write(ends[1], "x", 1);
            }
        """,
        expect=dies(13),
    ),
    Attack(
        promise="a long command line arrives whole",
        code="import sys; print(len(sys.argv), sum(map(len, sys.argv[1:])))",
        argv=("x" * 4096,) * 64,
        expect=Expect(stdout=f"65 {64 * 4096}\n"),
    ),
    Attack(
        promise="a command line of its own making is the kernel's to refuse",
        code="""
            from tools import *
            tell("one word", os.execv, "/bin/true", ["true", "x" * (1 << 18)])
            tell("many words", os.execv, "/bin/true", ["true"] + ["x" * 100_000] * 2000)
        """,
        limits=replace(LIMITS, memory_bytes=512 * MIB),
        expect=Expect(stdout="one word E2BIG\nmany words E2BIG\n"),
    ),
    Attack(
        promise="an exit code in an exception is the exit code",
        code="""
            class Leave(SystemExit): pass
            raise Leave(41)
        """,
        expect=Expect(exit_code=41),
    ),
    Attack(
        promise="leaving with a word is exit code 1",
        code="import sys; sys.exit('0')",
        expect=Expect(exit_code=1, stderr_has="0\n"),
    ),
    Attack(
        promise="an interrupt that nobody catches is signal 2",
        code="raise KeyboardInterrupt",
        expect=dies(2, stderr_has="KeyboardInterrupt"),
    ),
    Attack(
        promise="leaving in a thread leaves the thread",
        code="""
            import sys, threading
            thread = threading.Thread(target=sys.exit, args=(9,))
            thread.start(); thread.join()
            print("still here")
        """,
        expect=Expect(stdout="still here\n"),
    ),
    Attack(
        promise="what is said at the end is said",
        code="""
            import atexit, threading, time
            atexit.register(print, "last")
            threading.Thread(target=lambda: (time.sleep(0.05), print("thread"))).start()
            print("main")
        """,
        expect=Expect(stdout="main\nthread\nlast\n"),
    ),
    Attack(
        promise="an exit that is overruled at the end is overruled",
        code="""
            import atexit, os
            atexit.register(os._exit, 6)
            print("said", flush=True)
        """,
        expect=Expect(exit_code=6, stdout="said\n"),
    ),
    Attack(
        promise="a wild pointer is signal 11",
        code="import ctypes; ctypes.string_at(0)",
        expect=dies(11),
    ),
    Attack(
        promise="recursion below Python's own guard is signal 11",
        code="""
            import sys
            sys.setrecursionlimit(10 ** 9)
            nested = []
            for _ in range(200_000): nested = [nested]
            repr(nested)
        """,
        limits=replace(LIMITS, stack_bytes=1 * MIB),
        expect=dies(11),
    ),
    Attack(
        promise="recursion that Python guards is exit code 1",
        code="def deeper(): deeper()\ndeeper()",
        expect=Expect(exit_code=1, stderr_has="RecursionError"),
    ),
    Attack(
        promise="a file that is no program is the submission's fault",
        language="given",
        argv=("./given",),
        code="\0garbage",
        expect=Expect(exit_code=126, stderr_has="./given: Exec format error"),
    ),
    Attack(
        promise="a program that is not there is the submission's fault",
        language="given",
        argv=("./missing",),
        code="",
        expect=Expect(exit_code=126, stderr_has="./missing: No such file or directory"),
    ),
]
