"""Signals: how they are set at the start, and what they do."""

from __future__ import annotations

from tests.execute.start_modes.table import Row

ROWS = [
    Row(
        "every signal is handled as at any start",
        """
        import signal
        for s in sorted(signal.valid_signals()): print(int(s), signal.getsignal(s))
        print(signal.pthread_sigmask(signal.SIG_BLOCK, []), signal.sigpending())
        print(signal.getitimer(signal.ITIMER_REAL), signal.set_wakeup_fd(-1))
        """,
        out="default_int_handler",
    ),
    Row(
        "what the kernel knows of signals is as at any start",
        """
        for line in open("/pr" "oc/self/status"):
            if line.startswith(("Sig", "Shd")) and "SigQ" not in line: print(line, end="")
        """,
        out="SigIgn:\t0000000001001000",
    ),
    Row(
        "an alarm that is not handled ends the program",
        """
        import signal, time
        print("lost"); signal.setitimer(signal.ITIMER_REAL, 0.02); time.sleep(20)
        """,
        -14,
        silent=True,
    ),
    Row(
        "a handler is called",
        """
        import signal, time
        def handler(number, frame): print("got", number, frame.f_code.co_name, frame.f_back)
        signal.signal(signal.SIGALRM, handler); signal.setitimer(signal.ITIMER_REAL, 0.02)
        time.sleep(0.1); print("on")
        """,
        out="got 14 <module> None\non",
    ),
    Row(
        "an exception in a handler reaches the program",
        """
        import signal, time
        def handler(number, frame): raise TimeoutError("late")
        signal.signal(signal.SIGALRM, handler); signal.setitimer(signal.ITIMER_REAL, 0.02)
        while True: pass
        """,
        1,
        err="TimeoutError: late",
    ),
    Row(
        "SIGINT is KeyboardInterrupt",
        """
        import os, signal
        try: os.kill(os.getpid(), signal.SIGINT); print("not reached")
        except KeyboardInterrupt: print("caught")
        """,
        out="caught",
    ),
    Row(
        "SIGINT that is not caught",
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)",
        -2,
        err="KeyboardInterrupt",
    ),
    *[
        Row(
            f"{name} to itself",
            f"import os, signal\nos.kill(os.getpid(), signal.{name})\nprint('survived')",
            -number,
            silent=True,
        )
        for name, number in (
            ("SIGTERM", 15),
            ("SIGKILL", 9),
            ("SIGHUP", 1),
            ("SIGQUIT", 3),
            ("SIGUSR1", 10),
            ("SIGSEGV", 11),
            ("SIGFPE", 8),
            ("SIGILL", 4),
            ("SIGBUS", 7),
            ("SIGSYS", 31),
            ("SIGTRAP", 5),
            ("SIGVTALRM", 26),
            ("SIGRTMIN", 34),
        )
    ],
    *[
        Row(
            f"{name} is ignored or does nothing",
            f"import os, signal\nos.kill(os.getpid(), signal.{name})\nprint('survived')",
            out="survived",
        )
        for name in ("SIGPIPE", "SIGCHLD", "SIGWINCH", "SIGCONT", "SIGURG", "SIGXFSZ")
    ],
    Row(
        "SIGPIPE with its default ends the program",
        """
        import os, signal
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        reader, writer = os.pipe(); os.close(reader); os.write(writer, b"x")
        """,
        -13,
        silent=True,
    ),
    Row(
        "a broken pipe is an exception",
        """
        import os
        reader, writer = os.pipe(); os.close(reader); os.write(writer, b"x")
        """,
        1,
        err="BrokenPipeError",
    ),
    Row(
        "signals can be blocked and waited for",
        """
        import os, signal
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        os.kill(os.getpid(), signal.SIGUSR1); print(signal.sigpending())
        print(signal.sigwait([signal.SIGUSR1]))
        """,
        out="SIGUSR1",
    ),
    Row(
        "children get the signals as usual",
        """
        import subprocess, sys
        code = "import signal; print([s for s in range(1, 32) if signal.getsignal(s) == 1])"
        print(subprocess.run([sys.executable, "-c", code], capture_output=True).stdout)
        print(subprocess.run(["/bin/sh", "-c", "kill -PIPE $$; echo no"]).returncode)
        """,
        out="-13",
    ),
    Row(
        "a child that dies of a signal tells so",
        """
        import signal, subprocess
        print(subprocess.run(["/bin/sh", "-c", "kill -9 $$"]).returncode)
        """,
        out="-9",
    ),
    Row(
        "SIGCHLD is told",
        """
        import os, signal, time
        signal.signal(signal.SIGCHLD, lambda n, f: print("child"))
        if os.fork() == 0: os._exit(0)
        time.sleep(0.2); os.wait()
        """,
        out="child",
    ),
    Row(
        "raise_signal and siginterrupt",
        """
        import signal
        signal.signal(signal.SIGUSR2, lambda n, f: print("usr2"))
        signal.siginterrupt(signal.SIGUSR2, True); signal.raise_signal(signal.SIGUSR2)
        """,
        out="usr2",
    ),
    Row(
        "the process may not outlive its CPU limit by signals",
        """
        import signal
        signal.signal(signal.SIGPROF, lambda n, f: print("prof"))
        signal.setitimer(signal.ITIMER_PROF, 0.02)
        x = 0
        while x < 3_000_000: x += 1
        """,
        out="prof",
    ),
    Row(
        "init cannot be signalled",
        """
        import os, signal
        for s in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP, signal.SIGUSR1):
            try: os.kill(1, s); print("sent")
            except PermissionError as e: print(e)
        """,
    ),
]
