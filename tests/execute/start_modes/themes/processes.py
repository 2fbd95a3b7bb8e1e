"""Other processes: children by every means, pickles of __main__, what is inherited."""

from __future__ import annotations

from tests.execute.start_modes.table import Row

_POOL = """
    import multiprocessing, os, sys
    class A:
        def __init__(self, n): self.n = n
    def work(a): return A(a.n * 2), __name__, sys.argv
    if __name__ == "__main__":
        context = multiprocessing.get_context("{kind}")
        with context.Pool(2) as pool:
            for a, name, argv in pool.map(work, [A(n) for n in range(4)]): print(a.n, name, argv)
"""

ROWS = [
    Row("multiprocessing by fork", _POOL.format(kind="fork"), out="6 __main__", args=("x",)),
    Row("multiprocessing by spawn", _POOL.format(kind="spawn"), out="6 __mp_main__", args=("x",)),
    Row("multiprocessing by forkserver", _POOL.format(kind="forkserver"), out="6 __mp_main__"),
    Row(
        "multiprocessing queues, pipes, values and locks",
        """
        import multiprocessing as m
        def work(q, pipe, value, lock):
            with lock: value.value += 1
            q.put(pipe.recv() + 1)
        if __name__ == "__main__":
            q, (a, b), v, l = m.Queue(), m.Pipe(), m.Value("i", 1), m.Lock()
            p = m.Process(target=work, args=(q, b, v, l)); p.start(); a.send(41)
            print(q.get()); p.join(); print(p.exitcode, p.name, v.value)
        """,
        out="42\n0 Process-1 2",
    ),
    Row(
        "multiprocessing shared memory",
        """
        from multiprocessing import shared_memory
        s = shared_memory.SharedMemory(create=True, size=10); s.buf[:3] = b"abc"
        t = shared_memory.SharedMemory(s.name); print(bytes(t.buf[:3])); t.close(); s.close()
        s.unlink()
        """,
        out="b'abc'",
    ),
    Row(
        "a process pool",
        """
        import concurrent.futures
        if __name__ == "__main__":
            with concurrent.futures.ProcessPoolExecutor(2) as p: print(list(p.map(abs, [-1, -2])))
        """,
        out="[1, 2]",
    ),
    Row(
        "an exception in a child process",
        """
        import multiprocessing
        def work(): 1/0
        if __name__ == "__main__":
            p = multiprocessing.Process(target=work); p.start(); p.join(); print(p.exitcode)
        """,
        out="1",
        err="Process Process-1:",
    ),
    Row(
        "objects of __main__ can be pickled",
        """
        import pickle, copy
        class A:
            def __init__(self): self.x = [1]
            def __eq__(self, other): return self.x == other.x
        a = A(); print(pickle.loads(pickle.dumps(a)) == a, pickle.dumps(A), copy.deepcopy(a) == a)
        try: pickle.dumps(lambda: 1)
        except Exception as e: print(e)
        """,
        out="True b'",
    ),
    Row(
        "fork and pipes",
        """
        import os
        r, w = os.pipe()
        if os.fork() == 0: os.write(w, b"from child"); os._exit(7)
        print(os.read(r, 99), os.waitstatus_to_exitcode(os.wait()[1]))
        """,
        out="b'from child' 7",
    ),
    Row(
        "what is buffered is in both after a fork",
        """
        import os
        print("once or twice")
        if os.fork(): os.wait()
        """,
        out="once or twice\nonce or twice",
    ),
    Row(
        "fork hooks run",
        """
        import os
        os.register_at_fork(before=lambda: print("before"), after_in_parent=lambda: print("parent"),
                            after_in_child=lambda: print("child"))
        if os.fork(): os.wait()
        """,
        out="before\nchild\nbefore\nparent",
    ),
    Row(
        "a zombie is reaped and an orphan does not matter",
        """
        import os, time
        if os.fork() == 0:
            if os.fork() == 0: time.sleep(60)
            os._exit(0)
        print(os.wait()[1])
        """,
        out="0",
    ),
    Row(
        "parent and session are what they are",
        """
        import os
        print(os.getpid(), os.getppid(), os.getpgrp(), os.getsid(0), os.getpriority(0, 0))
        print(os.sched_getscheduler(0), len(os.sched_getaffinity(0)) == os.cpu_count())
        """,
        out="2 0 2 2 0",
    ),
    Row(
        "subprocess with pipes, input, time-out and a shell",
        """
        import subprocess, sys
        print(subprocess.run(["cat"], input=b"x", capture_output=True))
        print(subprocess.check_output("echo $0 $HOME; pwd", shell=True, text=True))
        try: subprocess.run(["sleep", "9"], timeout=0.05)
        except subprocess.TimeoutExpired as e: print(e.cmd)
        try: subprocess.run(["false"], check=True)
        except subprocess.CalledProcessError as e: print(e)
        try: subprocess.run(["no-such-program"])
        except FileNotFoundError as e: print(e)
        """,
        out="/work",
    ),
    Row(
        "a child of the same Python has what this one has",
        """
        import subprocess, sys
        code = '''import os, sys
        print(sys.argv, sys.flags, dict(os.environ), os.getcwd(), sys.path, sys.orig_argv)
        print(sorted(getattr(sys, "mod" "ules")), sys.stdin.read())
        print(os.listdir("/pr" "oc/self/fd"))'''
        code = code.replace("        ", "")
        print(subprocess.run([sys.executable, "-c", code], input=b"in", capture_output=True,
                             close_fds=False))
        """,
        out="returncode=0",
    ),
    Row(
        "a child inherits streams",
        """
        import os, subprocess, sys
        subprocess.run([sys.executable, "-c", "print(input())"]); os.system("echo system; cat >&2")
        """,
        stdin=b"line\n",
        out="line\nsystem",
    ),
    Row(
        "os.popen and os.spawn",
        """
        import os
        print(os.popen("echo popen").read(), os.spawnl(os.P_WAIT, "/bin/sh", "sh", "-c", "exit 3"))
        """,
        out="popen\n 3",
    ),
    Row(
        "posix_spawn",
        """
        import os
        pid = os.posix_spawn("/bin/echo", ["echo", "spawned"], os.environ)
        print(os.waitpid(pid, 0)[1])
        """,
        out="spawned",
    ),
    Row(
        "times of children are added up",
        """
        import os
        if os.fork() == 0:
            x = 0
            while os.times().user < 0.05: x += 1
            os._exit(0)
        os.wait(); t = os.times(); print(t.children_user >= 0.04, t.user < 1)
        """,
        out="True True",
    ),
    Row(
        "sockets between processes",
        """
        import os, socket
        a, b = socket.socketpair()
        if os.fork() == 0: b.send(b"hello"); os._exit(0)
        print(a.recv(9)); os.wait()
        s = socket.create_server(("127.0.0.1", 0)); print(s.family)
        """,
        out="b'hello'",
    ),
]
