"""Attacks on whoever reads: floods, bytes that are no text, closed and stolen pipes."""

from __future__ import annotations

from dataclasses import replace

from functions.execute.engine.program import MIB, Outcome
from tests.security.table import ANY_CODE, LIMITS, Attack, Expect, dies, ends

_BYTES = 10_000
_SHORT = replace(LIMITS, output_bytes=_BYTES, cpu_time_ms=3_000, wall_time_ms=6_000)
_SHORT_WALL = replace(LIMITS, wall_time_ms=300)
_FLOOD = ends(Outcome.OUTPUT_LIMIT, stdout="x" * _BYTES)

ATTACKS = [
    Attack(
        promise="a flood on stdout is cut at its limit and ended",
        code="import sys\nwhile True: sys.stdout.write('x' * 100_000)",
        limits=_SHORT,
        expect=_FLOOD,
    ),
    Attack(
        promise="a flood on stderr is cut at its limit and ended",
        code="import sys\nprint('answer', flush=True)\nwhile True: sys.stderr.write('x' * 100_000)",
        limits=_SHORT,
        expect=replace(_FLOOD, stdout="answer\n", stderr_has="x" * _BYTES),
    ),
    Attack(
        promise="a flood on both is cut at both limits",
        language="c",
        code="""
            static char block[65536];
            int main(void) {
                memset(block, 'x', sizeof block);
                if (fork() == 0) for (;;) write(2, block, sizeof block);
                for (;;) write(1, block, sizeof block);
            }
        """,
        limits=_SHORT,
        # Which one is over its limit first ends the run; the other one has what it has.
        expect=replace(_FLOOD, stdout=None),
    ),
    Attack(
        promise="a flood of many children is one flood",
        code="""
            import os
            for _ in range(5): os.fork()
            while True: os.write(1, b"x" * 4096)
        """,
        limits=replace(_SHORT, processes=40),
        expect=_FLOOD,
        at={"container": Expect(exit_code=1, stderr_has="PermissionError")},
    ),
    Attack(
        promise="the right answer is not right any more after a megabyte of spaces",
        code="import sys; print(42); sys.stdout.write(' ' * 1_000_000)",
        limits=_SHORT,
        expect=ends(Outcome.OUTPUT_LIMIT, exit_code=ANY_CODE, stdout="42\n" + " " * (_BYTES - 3)),
    ),
    Attack(
        promise="output of exactly the limit is no flood",
        code=f"import sys; sys.stdout.write('x' * {_BYTES}); sys.stderr.write('y' * {_BYTES})",
        limits=_SHORT,
        expect=Expect(stdout="x" * _BYTES, stderr_has="y" * _BYTES),
    ),
    Attack(
        promise="one byte more than the limit is a flood",
        code=f"import sys; sys.stdout.write('x' * {_BYTES + 1})",
        limits=_SHORT,
        expect=ends(Outcome.OUTPUT_LIMIT, exit_code=ANY_CODE, stdout="x" * _BYTES),
    ),
    Attack(
        promise="an output limit of zero allows no byte",
        code="import sys; sys.exit(bool(print('x', flush=True)))",
        limits=replace(_SHORT, output_bytes=0),
        expect=ends(Outcome.OUTPUT_LIMIT, exit_code=ANY_CODE),
    ),
    Attack(
        promise="output is kept byte by byte",
        code="""
            import sys
            sys.stdout.buffer.write(bytes(range(256)) * 2 + b"\\xed\\xa0\\x80\\xff\\xfe\\r\\n\\0")
            sys.stderr.buffer.write(b"\\x1b]0;title\\x07\\x1b[2J")
        """,
        expect=Expect(
            stdout=bytes(range(256)) * 2 + b"\xed\xa0\x80\xff\xfe\r\n\0",
            stderr_has="\x1b]0;title\x07\x1b[2J",
        ),
    ),
    Attack(
        promise="one long line without an end arrives",
        code="import sys; sys.stdout.write('x' * 120_000)",
        expect=Expect(stdout="x" * 120_000),
    ),
    Attack(
        promise="what is left in the pipes at the end is not lost",
        language="c",
        code="""
            static char block[60000];
            int main(void) {
                memset(block, 'x', sizeof block);
                write(1, block, sizeof block);
                raise(SIGKILL);
            }
        """,
        expect=dies(9, stdout="x" * 60_000),
    ),
    Attack(
        promise="a larger pipe holds no more than the limit",
        code="""
            import fcntl, os
            try: fcntl.fcntl(1, 1031, 1 << 20)  # F_SETPIPE_SZ
            except OSError: pass
            os.set_blocking(1, False)
            sent = 0
            try:
                while True: sent += os.write(1, b"x" * 4096)
            except BlockingIOError: pass
        """,
        limits=_SHORT,
        expect=replace(_FLOOD, exit_code=ANY_CODE),
    ),
    Attack(
        promise="closing every stream holds nobody",
        code="""
            import os, time
            for number in (0, 1, 2): os.close(number)
            time.sleep(60)
        """,
        limits=_SHORT_WALL,
        expect=ends(Outcome.WALL_TIME_LIMIT),
    ),
    Attack(
        promise="closing stdout ends nothing but stdout",
        code="import os; print(1, flush=True); os.close(1); os.close(2); os._exit(5)",
        expect=Expect(exit_code=5, stdout="1\n"),
    ),
    Attack(
        promise="input that is never read holds nobody",
        code="print('done')",
        stdin=b"x" * (4 * MIB),
        expect=Expect(stdout="done\n"),
    ),
    Attack(
        promise="input is there once and ends",
        code="import sys; print(len(sys.stdin.buffer.read()), sys.stdin.buffer.read())",
        stdin=b"x" * (2 * MIB),
        expect=Expect(stdout=f"{2 * MIB} b''\n"),
    ),
    Attack(
        promise="reading one's own output back confuses no reader",
        code="""
            import os, time
            mine = os.open("/proc/self/fd/1", os.O_RDONLY | os.O_NONBLOCK)
            for _ in range(100):
                os.write(1, b"x" * 100)
                try: os.read(mine, 100)
                except BlockingIOError: pass
                time.sleep(0.001)
        """,
        # What it got back, the reader has not; neither waits for the other.
        expect=Expect(stdout=None),
    ),
    Attack(
        promise="stdout can be opened anew by its name",
        code="open('/dev/stdout', 'w').write('again\\n'); open('/dev/stderr', 'w').write('too\\n')",
        expect=Expect(stdout="again\n", stderr_has="too\n"),
    ),
    Attack(
        promise="no terminal, no keystrokes",
        code="""
            from tools import *
            import fcntl, termios
            for number in (0, 1, 2): print(os.isatty(number))
            tell("tiocsti", fcntl.ioctl, 0, termios.TIOCSTI, b"x")
            tell("tioclinux", fcntl.ioctl, 0, 0x541C, b"\\x03")
            tell("tiocsctty", fcntl.ioctl, 0, termios.TIOCSCTTY, 0)
            refused("console", open, "/dev/console", "w")
            refused("terminal", open, "/dev/tty", "w")
        """,
        expect=Expect(
            stdout="False\nFalse\nFalse\ntiocsti EPERM\ntioclinux EPERM\ntiocsctty ENOTTY\n"
        ),
    ),
    Attack(
        promise="no log of the system is reached",
        code="""
            from tools import *
            import socket, syslog
            syslog.syslog("planted by a submission")
            refused("kernel", open, "/dev/kmsg", "w")
            call("syslog", 103, 3, 0, 0)
            def connect(): socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).connect("/dev/log")
            try: connect(); print("CONNECTED")
            except OSError: pass
        """,
        expect=Expect(stdout="syslog EPERM\n"),
    ),
    Attack(
        promise="a limit on files that is survived is an error of the program",
        language="c",
        code="""
            int main(void) {
                signal(SIGXFSZ, SIG_IGN);
                int file = open("big", O_WRONLY | O_CREAT, 0600);
                tell("past", pwrite(file, "x", 1, 16 << 20));
                tell("before", pwrite(file, "x", 1, (16 << 20) - 1));
            }
        """,
        expect=Expect(stdout="past EFBIG\nbefore ok\n"),
    ),
]
