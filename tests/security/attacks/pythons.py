"""Attacks that only Python offers: on what it was started from, on exits, and on hooks."""

from __future__ import annotations

from dataclasses import replace

from functions.execute.engine.program import Outcome
from tests.security.table import LIMITS, Attack, Expect, ends

_SHORT_CPU = replace(LIMITS, cpu_time_ms=150, wall_time_ms=5_000)
_CPU = ends(Outcome.CPU_TIME_LIMIT, least_cpu_ms=150, most_cpu_ms=450)

ATTACKS = [
    Attack(
        promise="memory holds no secret of the service",
        code="""
            import ctypes, re
            found = 0
            for line in open("/proc/self/maps").readlines():
                span, modes, *_ = line.split()
                if modes.startswith("rw"):
                    start, end = (int(part, 16) for part in span.split("-"))
                    content = ctypes.string_at(start, end - start)
                    found += len(re.findall(rb"hunter[2]|security[-]host[-]", content))
            print(found)
        """,
        limits=replace(LIMITS, cpu_time_ms=3_000, wall_time_ms=6_000),
        expect=Expect(stdout="0\n"),
    ),
    Attack(
        promise="objects, modules and frames are the program's own",
        code="""
            import gc, re, sys
            ours = {"functions", "shared", "tests", "msgspec", "redis", "pytest"}
            print([name for name in sys.modules if name.split(".")[0] in ours])
            print(sys._getframe().f_back, sys.argv, __name__, __file__[-7:])
            known = [found for found in gc.get_objects() if isinstance(found, (dict, list))]
            print(any(re.search("hunter[2]", repr(found)) for found in known if len(found) < 50))
            print([path for path in sys.path if "nursery" in path], sys.flags.isolated)
        """,
        expect=Expect(stdout="[]\nNone ['main.py'] __main__ main.py\nFalse\n[] 0\n"),
    ),
    Attack(
        promise="tools that are broken break the program only",
        code="""
            import builtins, os, sys, time
            for name in ("json", "struct", "socket", "signal", "resource"): sys.modules[name] = None
            time.time = time.monotonic = time.process_time = lambda: 0
            os.fork = os.kill = os.waitpid = None
            sys.setrecursionlimit(10 ** 6)
            sys.settrace(lambda *_: None); sys.setprofile(lambda *_: None)
            sys.stdout = None
            os.write(1, b"verdict: accepted, cpu 0 ms\\n")
            names, take = list(vars(builtins)), delattr
            for name in names: take(builtins, name)
            while True: pass
        """,
        limits=_SHORT_CPU,
        expect=replace(_CPU, stdout="verdict: accepted, cpu 0 ms\n"),
    ),
    Attack(
        promise="measuring cannot be measured away",
        code="""
            import faulthandler, tracemalloc, gc, os, signal
            faulthandler.enable(); tracemalloc.start(); gc.disable()
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            signal.signal(signal.SIGPROF, lambda *_: None)
            signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
            while True: pass
        """,
        limits=_SHORT_CPU,
        expect=_CPU,
    ),
    Attack(
        promise="hiding from the debugger hides no CPU time",
        code="""
            from tools import *
            call("dumpable", 157, 4, 0)
            while True: pass
        """,
        limits=_SHORT_CPU,
        expect=replace(_CPU, stdout="dumpable ok\n"),
    ),
    Attack(
        promise="hiding from the debugger hides no memory",
        code="""
            from tools import *
            call("dumpable", 157, 4, 0)
            kept = []
            while True: kept.append(b"x" * 1_000_003)
        """,
        expect=ends(Outcome.MEMORY_LIMIT, stdout="dumpable ok\n"),
    ),
    Attack(
        promise="a source of nothing but brackets is an error",
        code="(" * 10_000 + ")" * 10_000,
        expect=Expect(exit_code=1, stderr_has="too many nested parentheses"),
    ),
    Attack(
        promise="a source that is nested too deep is an error",
        code="x = " + "-" * 10_000 + "1",
        expect=Expect(exit_code=1, stderr_has="Error"),
    ),
    Attack(
        promise="a source of strings in strings is an error",
        code="x = f'" + "{f'{" * 1_000 + "1" + "}'}" * 1_000 + "'",
        expect=Expect(exit_code=1, stderr_has="SyntaxError"),
    ),
    Attack(
        promise="a number that takes for ever to work out is stopped",
        code="x = 10 ** 10 ** 8",
        limits=_SHORT_CPU,
        expect=_CPU,
    ),
    Attack(
        promise="a constant that is too large to hold is stopped",
        code="x = 'a' * 10 ** 9 * 4",
        expect=ends(Outcome.MEMORY_LIMIT),
    ),
    Attack(
        promise="a number too long to print is an error",
        code="print(10 ** 5000)",
        expect=Expect(exit_code=1, stderr_has="ValueError"),
    ),
    Attack(
        promise="a regular expression that explodes is stopped",
        code="import re; re.match('(a+)+b', 'a' * 60)",
        limits=_SHORT_CPU,
        expect=_CPU,
    ),
    Attack(
        promise="keys that all collide are stopped",
        code="""
            class Key:
                def __hash__(self): return 1
            {Key(): 0 for _ in range(10 ** 5)}
        """,
        limits=_SHORT_CPU,
        expect=_CPU,
    ),
    Attack(
        promise="a module beside the program is the program's own",
        code="import random, json; print(random.mine, json.mine)",
        files={"random.py": b"mine = 1", "json.py": b"mine = 2"},
        expect=Expect(stdout="1 2\n"),
    ),
    Attack(
        promise="hooks of the interpreter beside the program are not run",
        code="""
            import sys
            print("main", hasattr(sys.modules.get("sitecustomize"), "mine"))
        """,
        files={
            "sitecustomize.py": b"mine = print('hook')",
            "usercustomize.py": b"print('hook')",
            "x.pth": b"import os; print('hook')",
            ".pythonrc": b"print('hook')",
            "pyvenv.cfg": b"home = /work",
        },
        expect=Expect(stdout="main False\n"),
    ),
    Attack(
        promise="what the environment says to Python is said to that program only",
        code="import sys; print(sys.flags.optimize, '/planted' in sys.path, flush=True)",
        env={"PYTHONOPTIMIZE": "2", "PYTHONPATH": "/planted", "PYTHONMALLOC": "debug"},
        expect=Expect(stdout="2 True\n"),
    ),
]
