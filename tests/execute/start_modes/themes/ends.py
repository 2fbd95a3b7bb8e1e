"""Garbage and finalisation: what is collected, when, and in which order at the end."""

from __future__ import annotations

from tests.execute.start_modes.table import Row

_CLASS = """
class A:
    def __init__(self, name): self.name = name
    def __del__(self): print("del", self.name)
"""
_HELPER = b"from cls import A\nx = A('of helper')\ny = A('of helper too')\nheld = []\n"

ROWS = [
    Row(
        "globals are finalised at exit, in order",
        _CLASS + "a = A('a'); b = A('b'); c = A('c')",
        out="del a\ndel b\ndel c",
    ),
    Row(
        "globals that were replaced and deleted",
        _CLASS + "a = A('a'); b = A('b'); a = A('new a'); del b; b = A('new b'); print('end')",
        out="del a\ndel b\nend\ndel new a\ndel new b",
    ),
    Row(
        "a name with an underscore goes no sooner",
        _CLASS + "z = A('z'); _a = A('_a'); k = A('k')",
        out="del _a",
    ),
    Row(
        "a cycle is collected when asked",
        _CLASS + "import gc\na = A('ring'); a.me = a; del a; print(gc.collect(), gc.garbage)",
        out="del ring",
    ),
    Row(
        "a cycle of globals is collected at exit",
        _CLASS + "a = A('a'); b = A('b'); a.o, b.o = b, a; print('end')",
        out="end\ndel",
    ),
    Row(
        "cycles that are garbage are collected at exit",
        _CLASS + "for n in range(3): a = A(n); a.me = a\nprint('end')",
        out="del 2",
    ),
    Row(
        "what a function's globals hold is finalised",
        _CLASS + "a = A('a')\ndef f(): return a\nclass B: held = A('in class')\nprint('end')",
        out="del in class",
    ),
    Row(
        "objects of another module are finalised after the program's",
        "import helper\nfrom cls import A\na = A('a')\nprint('end')",
        out="del a\ndel of helper",
        files={"cls.py": _CLASS.encode(), "helper.py": _HELPER},
    ),
    Row(
        "modules are taken apart in the same order",
        "import second, first\nfrom cls import A\na = A('main'); first.held.append(a); b = A('b')\n"
        "second.first = first; print('end')",
        out="end\ndel b",
        files={
            "cls.py": _CLASS.encode(),
            "first.py": _HELPER.replace(b"helper", b"first"),
            "second.py": _HELPER.replace(b"helper", b"second"),
        },
    ),
    Row(
        "a finaliser can use what it knows",
        """
        import json, os, sys
        class A:
            def __del__(self): print(json.dumps({"a": 1}), os.getcwd(), sys is not None, name)
        name = "known"; a = A(); ring = [a]; ring.append(ring)
        """,
        out='{"a": 1} /work True known',
    ),
    Row(
        "a finaliser of a global in a function's reach can import",
        """
        class A:
            def __del__(self):
                import string
                print(string.digits)
        def f(): return a
        a = A()
        """,
        err="",
    ),
    Row(
        "a finaliser that imports at the end",
        """
        class A:
            def __del__(self):
                try:
                    import csv
                    print(csv.QUOTE_ALL)
                except BaseException as e: print(type(e), e)
        a = A()
        """,
        out="",
    ),
    Row(
        "a finaliser that opens a file at the end",
        """
        class A:
            def __del__(self):
                try: print(open("main.py").readline())
                except BaseException as e: print(type(e), e)
        a = A(); b = [a]; b.append(b)
        """,
        out="NameError",
    ),
    Row(
        "a finaliser may bring its object back",
        """
        import gc
        back = []
        class A:
            def __del__(self): back.append(self); print("once")
        a = A(); del a; print(len(back)); back.clear(); gc.collect(); print(len(back))
        """,
        out="once\n1\n0",
    ),
    Row(
        "weak references are told at exit",
        """
        import weakref
        class A: pass
        a = A(); b = A()
        r = weakref.ref(a, lambda _: print("a is gone")); f = weakref.finalize(b, print, "b ends")
        print(f.alive, f.atexit)
        """,
        out="b ends",
    ),
    Row(
        "weak references are told of a cycle",
        """
        import gc, weakref
        class A: pass
        a = A(); a.me = a; r = weakref.ref(a, lambda _: print("told")); del a; gc.collect()
        print(r())
        """,
        out="told\nNone",
    ),
    Row(
        "a suspended generator is closed at exit",
        """
        def g():
            try: yield 1
            finally: print("closed")
        x = g(); next(x); print("end")
        """,
        out="end\nclosed",
    ),
    Row(
        "a generator in a cycle is closed at exit",
        """
        def g(ring):
            try: yield 1
            finally: print("closed")
        ring = []; x = g(ring); ring.append(x); next(x); print("end")
        """,
        out="end\nclosed",
    ),
    Row(
        "a file that was not closed is flushed at exit",
        """
        import atexit, os
        f = open("out.txt", "w"); f.write("kept")
        class Look:
            def __del__(self): print(os.path.getsize("out.txt"))
        look = Look()
        """,
        out="4",
    ),
    Row(
        "a context manager left open is not closed",
        """
        from contextlib import contextmanager
        @contextmanager
        def c():
            try: yield
            finally: print("left")
        m = c(); m.__enter__(); print("end")
        """,
        out="end",
    ),
    Row(
        "temporary files and folders are removed at exit",
        """
        import os, sys, tempfile
        t = tempfile.TemporaryDirectory(); f = tempfile.NamedTemporaryFile()
        class Look:
            def __del__(self): print(os.path.exists(name), os.path.exists(f_name))
        name, f_name = t.name, f.name; print(os.path.exists(name))
        """,
        out="True",
    ),
    Row(
        "sys attributes are there at the end of atexit",
        """
        import atexit, sys
        atexit.register(lambda: print(sys.path is not None, __name__,
                                      sorted(m for m in ("json", "sys")
                                             if m in getattr(sys, "mod" "ules"))))
        import json
        """,
        out="True __main__ ['json', 'sys']",
    ),
    Row(
        "objects on builtins and sys are finalised",
        _CLASS
        + "import builtins, sys\nbuiltins.held = A('builtins'); sys.held = A('sys'); print('end')",
        out="del",
    ),
    Row(
        "a thread's local data is finalised",
        _CLASS
        + """
import threading
local = threading.local(); local.x = A("main")
def work(): local.x = A("thread")
t = threading.Thread(target=work); t.start(); t.join(); print("end")
""",
        out="del thread\nend",
    ),
    Row(
        "gc is on, with its usual thresholds",
        """
        import gc
        print(gc.isenabled(), gc.get_threshold(), gc.get_debug(), gc.callbacks, gc.garbage)
        print(all(0 <= n < 1000 for n in gc.get_count()))
        """,
        out="True (700, 10, 10)",
    ),
    Row(
        "what gc.collect finds is the program's only",
        """
        import gc
        print(gc.collect(), gc.collect())
        for n in range(10): a = []; a.append(a)
        del a; print(gc.collect(0), gc.collect())
        """,
        out="10",
    ),
    Row(
        "garbage is collected without asking",
        """
        import gc
        class A:
            dead = 0
            def __init__(self): self.me = self
            def __del__(self): A.dead += 1
        for n in range(5000): A()
        print(A.dead > 3000)
        """,
        out="True",
    ),
    Row(
        "gc can be turned off and on",
        """
        import gc
        gc.disable(); print(gc.isenabled()); gc.set_threshold(5, 2, 2); gc.enable()
        x = [[] for _ in range(100)]; print(gc.get_threshold(), gc.is_tracked(x))
        """,
        out="(5, 2, 2) True",
    ),
    Row(
        "referrers of the program's objects are its own",
        """
        import gc
        class A: pass
        a = A(); holder = {"a": a}
        print([type(x) for x in gc.get_referrers(a)], holder in gc.get_referrers(a))
        print([type(x).__name__ for x in gc.get_referents(holder)])
        """,
        out="True",
    ),
    Row(
        "lru_cache lets go at the end",
        _CLASS
        + """
import functools
@functools.lru_cache
def f(x): return A(x)
f(1); print(f.cache_info())
""",
        out="del 1",
    ),
    Row(
        "an executor is shut down at exit",
        """
        import concurrent.futures, time
        pool = concurrent.futures.ThreadPoolExecutor(2)
        for n in range(4): pool.submit(lambda n=n: print("job", n))
        print("end")
        """,
        out="job 3",
    ),
    Row(
        "logging flushes at exit",
        """
        import io, logging, logging.handlers, sys
        logging.basicConfig(stream=sys.stdout, level=10, format="%(name)s %(message)s %(lineno)d")
        target = logging.StreamHandler(sys.stdout)
        memory = logging.handlers.MemoryHandler(10, target=target)
        logging.getLogger("a").addHandler(memory); logging.getLogger("a").warning("w")
        print("end")
        """,
        out="end\nw",
    ),
    Row(
        "asyncio generators are closed",
        """
        import asyncio
        async def g():
            try:
                yield 1; yield 2
            finally: print("closed")
        async def main():
            async for x in g(): print(x); break
        asyncio.run(main())
        """,
        out="1\nclosed",
    ),
    Row(
        "what is held by a module of the standard library that was not there before",
        _CLASS + "import csv\ncsv.held = A('csv'); print('end')",
        out="end\ndel csv",
    ),
]
