"""What a program is given and where it is: arguments, flags, environment, limits, rights."""

from __future__ import annotations

from tests.execute.start_modes.table import Row

_STATUS = ("Uid", "Gid", "Groups", "NStgid", "NSpgid", "NSsid", "CapInh", "CapPrm", "CapEff",
           "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Seccomp_filters", "Threads", "Umask",
           "PPid", "TracerPid", "FDSize", "Name", "Cpus_allowed", "SigQ", "THP_enabled",
           "Speculation_Store_Bypass", "Mems_allowed")  # fmt: skip

ROWS = [
    Row("no arguments", "import sys; print(sys.argv, sys.orig_argv)", out="['main.py'] ["),
    Row(
        "arguments",
        "import sys; print(sys.argv, sys.orig_argv)",
        out="'--flag', '', 'ü x'",
        args=("a", "--flag", "", "ü x", "-c", "*"),
    ),
    Row(
        "argparse",
        """
        import argparse
        p = argparse.ArgumentParser(); p.add_argument("-n", type=int); print(p.parse_args())
        """,
        out="Namespace(n=3)",
        args=("-n", "3"),
    ),
    Row(
        "a usage error of argparse",
        """
        import argparse
        argparse.ArgumentParser().parse_args()
        """,
        2,
        err="usage: main.py",
        args=("--no",),
    ),
    Row(
        "sys.flags and options",
        """
        import sys
        print(sys.flags, sys.warnoptions, sys._xoptions, sys.dont_write_bytecode,
              sys.pycache_prefix, sys.flags.safe_path)
        """,
        out="sys.flags(debug=0",
    ),
    Row(
        "where Python is",
        """
        import sys, sysconfig, os
        print(sys.executable, sys._base_executable, sys.prefix, sys.base_prefix, sys.exec_prefix)
        print(sys.platlibdir, sys.version, sys.implementation, sys.platform, sysconfig.get_paths())
        print(sys.stdlib_module_names == frozenset(sys.stdlib_module_names), os.__file__)
        """,
        out="python3",
    ),
    Row(
        "other values of sys",
        """
        import sys
        for name in sorted(dir(sys)):
            value = getattr(sys, name)
            if isinstance(value, (int, str, float, tuple, bool)) and name != "_git":
                print(name, value)
        print(sorted(dir(sys)))
        """,
        out="maxsize",
    ),
    Row(
        "encodings",
        """
        import locale, sys
        print(sys.getdefaultencoding(), sys.getfilesystemencoding(), locale.getlocale(),
              sys.getfilesystemencodeerrors(), locale.getpreferredencoding(), locale.getencoding())
        print(locale.setlocale(locale.LC_ALL), locale.localeconv()["decimal_point"])
        """,
        out="utf-8 utf-8",
    ),
    Row(
        "the environment",
        "import os; print(os.environ, os.environb, os.getenv('HOME'))",
        out="environ({'PATH'",
    ),
    Row(
        "the environment of C is the same",
        """
        import os
        os.environ["NEW"] = "1"; os.unsetenv("HOME"); os.system("env")
        """,
        out="NEW=1",
    ),
    Row(
        "an environment of its own",
        "import os; print(os.environ)",
        out="'OWN': 'é'",
        env={"OWN": "é"},
        start="exec",
    ),
    Row(
        "an optimised Python",
        "print(__debug__); assert False",
        out="False",
        env={"PYTHONOPTIMIZE": "1"},
        start="exec",
    ),
    Row(
        "warnings as errors",
        "import warnings; warnings.warn('x')",
        1,
        err="UserWarning",
        env={"PYTHONWARNINGS": "error"},
        start="exec",
    ),
    Row(
        "unbuffered streams",
        "import os; print(1, end=''); os.write(1, b'x')",
        out="1x",
        env={"PYTHONUNBUFFERED": "1"},
        start="exec",
    ),
    Row(
        "the folder, and what is in it",
        """
        import os, pathlib
        print(os.getcwd(), os.listdir(), pathlib.Path().resolve(), os.stat(".").st_mode)
        print({p: os.listdir(p) for p in ("/tmp", "/dev/shm", "/")})
        s = os.stat("main.py"); print(oct(s.st_mode), s.st_uid == os.getuid(), s.st_nlink)
        """,
        out="/work ['main.py']",
    ),
    Row(
        "the umask",
        """
        import os
        open("f", "w"); os.mkdir("d"); print(oct(os.stat("f").st_mode), oct(os.stat("d").st_mode))
        print(oct(os.umask(0)))
        """,
        out="0o100644 0o40755\n0o22",
    ),
    Row(
        "the user",
        """
        import getpass, os, pwd
        print(os.getresuid(), os.getresgid(), os.getgroups(), pwd.getpwuid(os.getuid()))
        print(getpass.getuser(), os.path.expanduser("~"))
        """,
        out="[]",
    ),
    Row(
        "the user cannot be changed",
        """
        import os
        for call, args in ((os.setuid, (0,)), (os.setgid, (0,)), (os.setgroups, ([],)),
                           (os.chroot, ("/",)), (os.nice, (-1,))):
            try: call(*args); print(call, "done")
            except OSError as e: print(call.__name__, e)
        """,
        out="setuid [Errno 1]",
    ),
    Row(
        "rights, filters and ids in the kernel's words",
        f"""
        for line in open("/pr" "oc/self/status"):
            if line.partition(":")[0] in {_STATUS!r}: print(line, end="")
        """,
        out="Seccomp:\t2",
    ),
    Row(
        "limits in the kernel's words",
        'print(open("/pr" "oc/self/limits").read())',
        out="Max stack size",
    ),
    Row(
        "limits as the resource module tells them",
        """
        import resource
        print({n: resource.getrlimit(getattr(resource, n)) for n in dir(resource) if "LIMIT" in n})
        """,
        out="RLIMIT_STACK",
        start="exec",
    ),
    Row(
        "three descriptors are open",
        """
        import os, fcntl, stat
        for fd in range(300):
            try: s = os.fstat(fd)
            except OSError: continue
            print(fd, oct(s.st_mode), oct(fcntl.fcntl(fd, fcntl.F_GETFL)),
                  fcntl.fcntl(fd, fcntl.F_GETFD), os.get_inheritable(fd), os.isatty(fd))
        print(os.open("main.py", os.O_RDONLY))
        """,
        out="0o10600",
    ),
    Row(
        "there is no terminal",
        """
        import os, sys
        for call in (lambda: os.get_terminal_size(), lambda: open("/dev/tty"), os.getlogin):
            try: print(call())
            except OSError as e: print(e)
        import shutil; print(shutil.get_terminal_size())
        """,
        out="columns=80",
    ),
    Row(
        "mounts, name and namespaces",
        """
        import os, socket, platform
        print(sorted(l.split()[4] for l in open("/pr" "oc/self/mountinfo")), socket.gethostname())
        print(platform.uname().node, sorted(os.listdir("/pr" "oc/self/ns")), os.uname().sysname)
        print(sorted(n for n in os.listdir("/pr" "oc") if n.isdigit()))
        """,
        out="'/work'",
    ),
    Row(
        "other files of the kernel about this process",
        """
        for name in ("comm", "oom_score_adj", "personality", "timerslack_ns", "wchan",
                     "uid_map", "gid_map", "setgroups", "coredump_filter", "loginuid", "sessionid"):
            try: print(name, open(f"/pr" "oc/self/" + name).read())
            except OSError as e: print(name, e.errno)
        import os; print(os.readlink("/pr" "oc/self/exe"), os.readlink("/pr" "oc/self/cwd"))
        print(os.stat("/pr" "oc/self/mem").st_uid == os.getuid())
        """,
        out="comm python3",
    ),
    Row(
        "prctl's state",
        """
        import subprocess, sys
        code = '''import ctypes
        l = ctypes.CDLL(None)
        print([l.prctl(n, 0, 0, 0, 0) for n in (3, 7, 21, 27, 30, 39, 42)])'''
        code = code.replace("        ", "")
        print(subprocess.run([sys.executable, "-c", code], capture_output=True))
        """,
        out="[1, 0",
    ),
    Row(
        "ctypes starts clean",
        """
        import ctypes, errno
        print(ctypes.get_errno(), ctypes.c_int(3))
        l = ctypes.CDLL(None, use_errno=True); print(l.getpid(), l.close(99), ctypes.get_errno())
        print(l.prctl(3, 0, 0, 0, 0), l.prctl(39, 0, 0, 0, 0), l.prctl(21, 0, 0, 0, 0))
        print(ctypes.pythonapi.Py_IsInitialized(), ctypes.pythonapi.Py_IncRef.argtypes)
        """,
        out="2 -1 9",
    ),
    Row(
        "C's own stdout",
        """
        import ctypes
        l = ctypes.CDLL(None); l.printf(b"from C\\n"); print("from Python")
        """,
        out="from C",
    ),
    Row(
        "time",
        """
        import time, datetime
        print(time.process_time() < 0.5, time.thread_time() < 0.5, time.tzname, time.timezone)
        print(abs(time.time() - datetime.datetime.now().timestamp()) < 60, time.perf_counter() > 0)
        a = time.process_time()
        while time.process_time() == a: pass
        print("it moves")
        """,
        out="True True",
    ),
    Row(
        "what is used so far is plausible",
        """
        import os, time
        t = os.times(); print(t.user + t.system < 0.5, t.children_user, t.children_system)
        """,
        out="True 0.0 0.0",
    ),
    Row(
        "resource figures are asked in an interpreter of its own",
        """
        import resource
        print(5_000 < resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 40_000)
        """,
        out="True",
        start="exec",
    ),
    Row(
        "hooks of tracing, profiling and auditing are unset",
        """
        import sys
        print(getattr(sys, "get" "trace")(), getattr(sys, "get" "profile")())
        print(sys.displayhook, sys.excepthook, sys.breakpointhook, sys.unraisablehook)
        print(sys.get_asyncgen_hooks(), sys.get_coroutine_origin_tracking_depth())
        """,
        out="None None",
    ),
]
