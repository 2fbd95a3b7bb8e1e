"""Every way to end."""

from __future__ import annotations

from tests.execute.start_modes.table import Row

_LOUD_END = "import atexit; atexit.register(print, 'at exit'); "

ROWS = [
    Row("running off the end is success", "print('done')", out="done"),
    Row("an empty program is success", "", silent=True),
    Row("sys.exit() is success", "import sys; print(1); sys.exit()", out="1"),
    Row("sys.exit(None) is success", "import sys; print(1); sys.exit(None)", out="1"),
    Row("sys.exit(0) is success", "import sys; print(1); sys.exit(0)", out="1"),
    Row("sys.exit(3) is 3", "import sys; print(1); sys.exit(3)", 3, out="1"),
    Row("sys.exit(256) wraps to 0", "import sys; print(1); sys.exit(256)", out="1"),
    Row("sys.exit(-1) is 255", "import sys; sys.exit(-1)", 255, silent=True),
    Row("sys.exit(True) is 1", "import sys; sys.exit(True)", 1, silent=True),
    Row("sys.exit of a huge number is 255", "import sys; sys.exit(1 << 70)", 255, silent=True),
    Row("sys.exit of a text prints it to stderr", "import sys; sys.exit('bye é')", 1, err="bye é"),
    Row("sys.exit of an object prints it", "import sys; sys.exit([1, {'a': 2}])", 1, err="[1, {"),
    Row("sys.exit of a float prints it", "import sys; sys.exit(0.0)", 1, err="0.0"),
    Row("sys.exit of an empty text is 1", "import sys; sys.exit('')", 1, err="\n"),
    Row("sys.exit of a tuple prints it", "import sys; sys.exit((1, 2))", 1, err="(1, 2)"),
    Row("quit and exit end", _LOUD_END + "quit(4)", 4, out="at exit"),
    Row(
        "exit closes stdin",
        """
        import atexit, sys
        atexit.register(lambda: print(sys.stdin.closed)); exit("said")
        """,
        1,
        out="True",
        err="said",
    ),
    Row("raise SystemExit ends", "raise SystemExit(5)", 5, silent=True),
    Row(
        "a subclass of SystemExit ends as it says",
        """
        class Done(SystemExit):
            code = 9
        raise Done
        """,
        9,
        silent=True,
    ),
    Row(
        "SystemExit with a raising str",
        """
        class Bad:
            def __str__(self): raise ValueError("no text")
        raise SystemExit(Bad())
        """,
        1,
        silent=True,
    ),
    Row(
        "an uncaught exception is 1",
        "print('first'); raise ValueError('no')",
        1,
        out="first",
        err="ValueError: no",
    ),
    Row("os._exit loses what is buffered", "import os; print('lost'); os._exit(6)", 6, silent=True),
    Row(
        "os._exit keeps what was flushed",
        _LOUD_END + "print('kept', flush=True)\nimport os; os._exit(6)",
        6,
        out="kept",
    ),
    Row("os.abort is SIGABRT", "import os; print('lost'); os.abort()", -6, silent=True),
    Row(
        "atexit runs after an exception",
        _LOUD_END + "1/0",
        1,
        out="at exit",
        err="ZeroDivisionError",
    ),
    Row(
        "atexit runs in reverse order",
        """
        import atexit
        for n in range(4): atexit.register(print, n)
        """,
        out="3\n2\n1\n0",
    ),
    Row(
        "atexit may register more",
        """
        import atexit
        def last(): print("last")
        def first(): print("first"); atexit.register(last)
        atexit.register(print, "outer"); atexit.register(first)
        """,
        out="first\nouter",
    ),
    Row(
        "atexit may unregister",
        """
        import atexit
        atexit.register(print, "never"); atexit.unregister(print); atexit.register(print, "yes")
        """,
        out="yes",
    ),
    Row(
        "an exception in atexit is shown and the rest runs",
        """
        import atexit
        atexit.register(print, "still"); atexit.register(lambda: 1/0)
        """,
        out="still",
        err="Exception ignored in atexit callback",
    ),
    Row(
        "sys.exit in atexit is shown as an exception",
        """
        import atexit, sys
        atexit.register(print, "still"); atexit.register(sys.exit, 3)
        """,
        out="still",
    ),
    Row(
        "os._exit in atexit ends at once",
        """
        import atexit, os
        atexit.register(print, "never"); atexit.register(os._exit, 7); print("lost")
        """,
        7,
        silent=True,
    ),
    Row(
        "atexit may import what is new and what is not",
        """
        import atexit
        def late():
            import json, csv, string
            print(json.dumps([1]), csv.QUOTE_ALL, string.digits)
        atexit.register(late)
        """,
        out="[1] 1",
    ),
    Row(
        "exit in a thread ends that thread only",
        """
        import sys, threading
        t = threading.Thread(target=sys.exit, args=(3,)); t.start(); t.join(); print("on")
        """,
        out="on",
    ),
    Row(
        "os._exit in a thread ends all",
        """
        import os, threading, time
        threading.Thread(target=os._exit, args=(3,)).start(); time.sleep(20)
        """,
        3,
        silent=True,
    ),
    Row(
        "a broken stdout at exit is 120",
        """
        import os
        reader, writer = os.pipe(); os.dup2(writer, 1); os.close(writer); os.close(reader)
        print("nobody reads")
        """,
        120,
        err="BrokenPipeError",
    ),
    Row(
        "a broken stdout while it runs is an exception",
        """
        import os
        reader, writer = os.pipe(); os.dup2(writer, 1); os.close(writer); os.close(reader)
        print("nobody reads", flush=True)
        """,
        120,
        err="BrokenPipeError",
    ),
    Row(
        "a full disk at exit is 120",
        """
        import os
        os.dup2(os.open("/dev/full", os.O_WRONLY), 1); print("no room")
        """,
        120,
        err="No space left",
    ),
    Row(
        "an exit code survives a broken stdout",
        """
        import os, sys
        os.dup2(os.open("/dev/full", os.O_WRONLY), 1); print("no room"); sys.exit(3)
        """,
        120,
        err="No space left",
    ),
    Row(
        "finally runs on the way out",
        """
        import sys
        try: sys.exit(2)
        finally: print("finally")
        """,
        2,
        out="finally",
    ),
    Row(
        "exit in finally wins",
        """
        import sys
        try: 1/0
        finally: sys.exit(2)
        """,
        2,
        silent=True,
    ),
    Row(
        "sys.exit can be caught",
        """
        import sys
        try: sys.exit(4)
        except SystemExit as e: print("caught", e.code)
        """,
        out="caught 4",
    ),
    Row(
        "exec of another program replaces this one",
        """
        import os, sys
        print("flushed", flush=True)
        os.execv(sys.executable, [sys.executable, "-c", "import sys; print(sys.argv)", "a"])
        """,
        out="['-c', 'a']",
    ),
    Row(
        "a child that falls off the end finalises as its parent does",
        """
        import atexit, os
        atexit.register(lambda: print("end of", "child" if pid == 0 else "parent"))
        pid = os.fork()
        if pid: os.waitpid(pid, 0)
        """,
        out="end of child\nend of parent",
    ),
    Row(
        "a child's sys.exit is its own",
        """
        import os, sys
        pid = os.fork()
        if pid == 0: sys.exit(33)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """,
        out="33",
    ),
    Row("KeyboardInterrupt is SIGINT", "raise KeyboardInterrupt", -2, err="KeyboardInterrupt"),
    Row(
        "KeyboardInterrupt runs atexit",
        _LOUD_END + "raise KeyboardInterrupt('me')",
        -2,
        out="at exit",
        err="KeyboardInterrupt: me",
    ),
]
