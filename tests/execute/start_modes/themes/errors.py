"""Exceptions: what is caught, and what a traceback says."""

from __future__ import annotations

from functions.execute.engine.program import MIB, Limits
from tests.execute.start_modes.table import Row

ROWS = [
    Row(
        "a traceback shows the frames of the program only",
        """
        def f(n): return f(n - 1) if n else 1 / n
        f(3)
        """,
        1,
        err='File "/work/main.py", line 1, in f',
    ),
    Row(
        "chained exceptions",
        """
        try: {}["a"]
        except KeyError as e: raise ValueError("b") from e
        """,
        1,
        err="direct cause",
    ),
    Row(
        "an exception during another",
        """
        try: {}["a"]
        except KeyError: int("x")
        """,
        1,
        err="During handling",
    ),
    Row(
        "a suppressed context",
        """
        try: {}["a"]
        except KeyError: raise ValueError("alone") from None
        """,
        1,
        err="ValueError: alone",
    ),
    Row(
        "exception groups",
        """
        raise ExceptionGroup("many", [ValueError(1), ExceptionGroup("in", [TypeError("x")])])
        """,
        1,
        err="+-+---------------- 1",
    ),
    Row(
        "except* splits a group",
        """
        try: raise ExceptionGroup("g", [ValueError(1), TypeError(2), KeyError(3)])
        except* ValueError as e: print("value", e.exceptions)
        """,
        1,
        out="value",
        err="ExceptionGroup",
    ),
    Row(
        "notes are shown",
        """
        e = ValueError("x"); e.add_note("note one"); e.add_note("two\\nlines"); raise e
        """,
        1,
        err="note one",
    ),
    Row(
        "a recursion error folds its frames",
        "def f(): return f()\nf()",
        1,
        err="[Previous line repeated",
    ),
    Row(
        "carets point at the place",
        "x = {'a': {'b': None}}\nprint(x['a']['b']['c'] + 1)",
        1,
        err="^^^^",
    ),
    Row("a name is suggested", "apple = 1\nprint(appel)", 1, err="Did you mean: 'apple'"),
    Row("an attribute is suggested", "import math\nmath.sqr(2)", 1, err="Did you mean"),
    Row("a module to import is suggested", "print(collections.Counter())", 1, err="NameError"),
    Row("a syntax error", "def f(:\n  pass", 1, err="SyntaxError"),
    Row("a missing colon", "if True\n  pass", 1, err="expected ':'"),
    Row("an unclosed bracket", "x = (1,\n\n", 1, err="was never closed"),
    Row("an unclosed text", "x = 'abc", 1, err="unterminated string"),
    Row("a wrong indent", "if 1:\n    a = 1\n  b = 2", 1, err="IndentationError"),
    Row("tabs and spaces", "if 1:\n        a = 1\n\tb = 2", 1, err="TabError"),
    Row("a bad f-string", "x = f'{1 +}'", 1, err="SyntaxError"),
    Row("return outside a function", "return 1", 1, err="'return' outside function"),
    Row("an invalid character", "x = 1 €", 1, err="invalid character"),
    Row("a zero byte in the source", "x = 1\0", 1, err="null bytes"),
    Row(
        "an encoding cookie is obeyed",
        "",
        0,
        out="é",
        start="fork",
        files={"main.py": b"# -*- coding: latin-1 -*-\nprint('\xe9')\n"},
    ),
    Row(
        "an unknown encoding cookie",
        "",
        1,
        err="encoding problem: no-such",
        files={"main.py": b"# coding: no-such\nprint(1)\n"},
    ),
    Row(
        "source that is no UTF-8",
        "",
        1,
        err="Non-UTF-8 code",
        files={"main.py": b"print('\xe9')\n"},
    ),
    Row("a byte order mark", "", out="bom", files={"main.py": b"\xef\xbb\xbfprint('bom')\n"}),
    Row(
        "carriage returns in the source",
        "",
        out="2",
        files={"main.py": b"x = 1\r\nif x:\r\n    print(2)\r\n"},
    ),
    Row("a syntax error in eval", "eval('1 +')", 1, err='File "<string>", line 1'),
    Row(
        "a syntax error in an imported file",
        "import other",
        1,
        err="other.py",
        files={"other.py": b"x = = 1\n"},
    ),
    Row("a syntax warning is shown", "x = 1 is 1\nprint(x)", out="True", err="SyntaxWarning"),
    Row(
        "an exception in a thread",
        """
        import threading
        t = threading.Thread(target=lambda: 1/0, name="worker"); t.start(); t.join(); print("on")
        """,
        out="on",
        err="Exception in thread worker",
    ),
    Row(
        "an exception in __del__ is ignored, and said",
        """
        class A:
            def __del__(self): raise ValueError("in del")
        a = A(); del a; print("on")
        """,
        out="on",
        err="Exception ignored in: <function A.__del__",
    ),
    Row(
        "an exception in __del__ at the end is said",
        """
        class A:
            def __del__(self): raise ValueError("at the end")
        a = A()
        """,
        err="Exception ignored in",
    ),
    Row(
        "sys.unraisablehook is asked",
        """
        import sys
        class A:
            def __del__(self): raise ValueError("in del")
        sys.unraisablehook = lambda u: print(type(u), u.exc_value, u.err_msg, u.object)
        a = A(); del a
        """,
        out="in del",
    ),
    Row(
        "sys.excepthook is asked",
        """
        import sys
        sys.excepthook = lambda kind, value, trace: print("hook", kind, value, trace.tb_lineno)
        1/0
        """,
        1,
        out="hook",
    ),
    Row(
        "a failing excepthook shows both",
        """
        import sys
        def hook(*a): raise TypeError("in hook")
        sys.excepthook = hook
        1/0
        """,
        1,
        err="Error in sys.excepthook",
    ),
    Row(
        "threading.excepthook is asked",
        """
        import threading
        threading.excepthook = lambda a: print("hook", a.exc_type, a.exc_value, a.thread.name)
        t = threading.Thread(target=lambda: 1/0); t.start(); t.join()
        """,
        out="hook",
    ),
    Row(
        "traceback.print_exc, format_stack and print_stack",
        """
        import sys, traceback
        def f():
            traceback.print_stack(); traceback.print_stack(file=sys.stdout)
            print(traceback.extract_stack())
            try: 1/0
            except Exception: traceback.print_exc(); return traceback.format_exc()
        print(f())
        """,
        out="ZeroDivisionError",
        err="in f",
    ),
    Row(
        "inspect.stack sees the program's frames only",
        """
        import inspect
        def f(): return [(x.function, x.filename, x.lineno) for x in inspect.stack()]
        print(f())
        """,
        out="[('f', '/work/main.py', 2), ('<module>', '/work/main.py', 3)]",
    ),
    Row(
        "the stack is no deeper",
        """
        import sys
        try:
            for n in range(9): print(n, sys._getframe(n).f_code)
        except ValueError as e: print(e)
        f = sys._getframe(); print(f.f_back, f.f_globals is globals(), f.f_builtins["len"] is len)
        """,
        out="call stack is not deep enough",
    ),
    Row(
        "the depth at which recursion ends is the same",
        """
        import sys
        print(sys.getrecursionlimit())
        def f(n):
            global deepest; deepest = n; f(n + 1)
        try: f(1)
        except RecursionError as e: print(deepest, e)
        """,
        out="1000",
    ),
    Row(
        "a recursion limit that is set counts",
        """
        import sys
        sys.setrecursionlimit(50_000)
        def f(n): return n and 1 + f(n - 1)
        print(f(40_000))
        """,
        out="40000",
    ),
    Row(
        "recursion in C is caught",
        """
        x = []
        for _ in range(100_000): x = [x]
        try: repr(x)
        except RecursionError as e: print(e)
        """,
        out="maximum recursion",
    ),
    Row(
        "an overflow of the C stack is SIGSEGV",
        """
        import sys, re
        sys.setrecursionlimit(10**9)
        class B:
            def __repr__(self): return repr(self)
        repr(B())
        """,
        -11,
        silent=True,
        limits=Limits(memory_bytes=512 * MIB),
    ),
    Row(
        "MemoryError can be caught",
        """
        try: bytearray(1 << 60)
        except MemoryError as e: print("caught", e)
        try: [0] * (1 << 62)
        except MemoryError as e: print("caught", e)
        """,
        out="caught",
    ),
    Row("MemoryError that is not caught", "x = 'a' * (1 << 60)", 1, err="MemoryError"),
    Row(
        "warnings are shown once for a place",
        """
        import warnings
        for n in range(3): warnings.warn("careful")
        warnings.warn("old", DeprecationWarning); print(warnings.filters)
        """,
        start="exec",
        out="default",
        err="main.py:2: UserWarning: careful",
    ),
    Row(
        "warnings may be errors",
        """
        import warnings
        warnings.simplefilter("error"); warnings.warn("now")
        """,
        1,
        err="UserWarning: now",
        start="exec",
    ),
    Row("what was never awaited is said", "async def f(): pass\nf()", 0, err="never awaited"),
    Row(
        "unclosed files are said if asked for",
        """
        import warnings
        warnings.simplefilter("always")
        open("main.py"); f = open("main.py")
        """,
        err="ResourceWarning",
        start="exec",
    ),
    Row(
        "faulthandler dumps the program's frames",
        """
        import faulthandler, sys
        print(faulthandler.is_enabled())
        def f(): faulthandler.dump_traceback(file=sys.__stderr__)
        f()
        """,
        out="False",
        err="line 3 in f",
    ),
    Row(
        "faulthandler speaks at a crash",
        """
        import faulthandler, os, signal
        faulthandler.enable(); os.kill(os.getpid(), signal.SIGSEGV)
        """,
        -11,
        err="Fatal Python error: Segmentation fault",
    ),
    Row("asserts are on", "assert 1 == 2, 'text'", 1, err="AssertionError: text"),
    Row(
        "errno names and texts",
        """
        import errno
        try: open("/no/such")
        except OSError as e: print(e, e.errno, errno.errorcode[e.errno], e.filename)
        try: open("/etc/passwd", "w")
        except OSError as e: print(e)
        """,
        out="No such file",
    ),
    Row("UnicodeDecodeError", "b'\\xff'.decode()", 1, err="invalid start byte"),
    Row("a long integer's text is limited", "print(len(str(10 ** 5000)))", 1, err="4300 digits"),
    Row(
        "StopIteration in a generator is a RuntimeError",
        """
        def g(): raise StopIteration; yield
        next(g())
        """,
        1,
        err="generator raised StopIteration",
    ),
    Row(
        "an exception object refers to no frame of ours",
        """
        import sys, types
        try: 1/0
        except Exception as e: trace = e.__traceback__
        print(trace.tb_next, trace.tb_frame.f_back, sys.exc_info(), hasattr(sys, "last_value"))
        """,
        out="None None (None, None, None) False",
    ),
]
