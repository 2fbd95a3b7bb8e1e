"""Threads, and what is left of them at the end."""

from __future__ import annotations

from tests.execute.start_modes.table import Row

ROWS = [
    Row(
        "the main thread is itself",
        """
        import os, threading, _thread
        m = threading.main_thread()
        print(m is threading.current_thread(), m.name, m.daemon, m.native_id == os.getpid(),
              m.ident == threading.get_ident(), threading.get_native_id() == os.getpid())
        print(threading.active_count(), len(threading.enumerate()), _thread._count(), m.is_alive())
        """,
        out="True MainThread False True True True\n1 1 0 True",
    ),
    Row(
        "threads are named from 1",
        """
        import threading
        ts = [threading.Thread(target=lambda: print(threading.current_thread().name))
              for _ in range(3)]
        for t in ts: t.start(); t.join()
        """,
        out="Thread-1 (<lambda>)",
    ),
    Row(
        "a thread is waited for at the end",
        """
        import threading, time
        threading.Thread(target=lambda: (time.sleep(0.05), print("thread"))).start(); print("main")
        """,
        out="main\nthread",
    ),
    Row(
        "a daemon is not waited for",
        """
        import threading, time
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); print("main")
        """,
        out="main",
    ),
    Row(
        "a daemon that computes does not outlive main",
        """
        import threading, time
        def spin():
            while True: sum(range(100))
        for _ in range(3): threading.Thread(target=spin, daemon=True).start()
        time.sleep(0.02); print("main")
        """,
        out="main",
    ),
    Row(
        "threads run after an exception in main",
        """
        import threading, time
        threading.Thread(target=lambda: (time.sleep(0.05), print("thread"))).start(); 1/0
        """,
        1,
        out="thread",
        err="ZeroDivisionError",
    ),
    Row(
        "main_thread().join in a thread sees the end of main",
        """
        import threading
        def wait(): threading.main_thread().join(); print("main is over")
        threading.Thread(target=wait).start(); print("main")
        """,
        out="main\nmain is over",
    ),
    Row(
        "many threads",
        """
        import threading
        total = []; lock = threading.Lock()
        def work(n):
            with lock: total.append(n)
        ts = [threading.Thread(target=work, args=(n,)) for n in range(40)]
        for t in ts: t.start()
        for t in ts: t.join()
        print(sum(total), threading.active_count())
        """,
        out="780 1",
    ),
    Row(
        "locks, events, conditions, barriers and semaphores",
        """
        import threading, queue
        e, c, q, b, s = (threading.Event(), threading.Condition(), queue.Queue(),
                         threading.Barrier(2), threading.BoundedSemaphore(2))
        def work():
            e.wait(); b.wait()
            with s, c: q.put("item"); c.notify_all()
        t = threading.Thread(target=work); t.start(); e.set(); b.wait(); print(q.get())
        t.join(); print(threading.Lock(), e.is_set())
        """,
        out="item",
    ),
    Row(
        "a deadlock in main is ended by a timer",
        """
        import os, threading
        threading.Timer(0.05, lambda: (print("timer", flush=True), os._exit(3))).start()
        threading.Lock().acquire(); l = threading.Lock(); l.acquire(); l.acquire()
        """,
        3,
        out="timer",
    ),
    Row(
        "a thread's stack is deep enough",
        """
        import sys, threading
        sys.setrecursionlimit(100_000); threading.stack_size(256 * 1024 * 1024)
        def f(n): return n and 1 + f(n - 1)
        out = []; t = threading.Thread(target=lambda: out.append(f(50_000))); t.start(); t.join()
        print(out, threading.stack_size())
        """,
        out="50000",
    ),
    Row(
        "thread locals and context variables start empty",
        """
        import contextvars, threading
        v = contextvars.ContextVar("v", default=1); print(v.get(), len(contextvars.copy_context()))
        local = threading.local(); print(vars(local))
        """,
        out="1 0",
    ),
    Row(
        "threads cannot start at the end",
        """
        import atexit, threading
        def late():
            try: t = threading.Thread(target=print, args=("late",)); t.start(); t.join()
            except RuntimeError as e: print(e)
        atexit.register(late)
        """,
    ),
    Row(
        "asyncio runs tasks, timers and threads",
        """
        import asyncio, time
        async def job(n): await asyncio.sleep(0.001 * n); return n
        async def main():
            print(await asyncio.gather(*(job(n) for n in range(5))))
            print(await asyncio.to_thread(time.sleep, 0.001))
            try: await asyncio.wait_for(asyncio.sleep(9), 0.01)
            except TimeoutError as e: print("timeout", e)
            print(asyncio.current_task().get_name())
        asyncio.run(main())
        """,
        out="[0, 1, 2, 3, 4]",
    ),
    Row(
        "asyncio waits for a child",
        """
        import asyncio, sys
        async def main():
            p = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(42)",
                                                     stdout=asyncio.subprocess.PIPE)
            print(await p.communicate(), p.returncode)
        asyncio.run(main())
        """,
        out="(b'42\\n', None) 0",
    ),
    Row(
        "the switch interval is as usual",
        """
        import sys
        print(sys.getswitchinterval(), sys.thread_info)
        """,
        out="0.005",
    ),
    Row(
        "profile hooks are unset, in threads, too",
        """
        import threading
        print(threading.gettrace(), threading.getprofile(), threading.excepthook)
        """,
        out="None None",
    ),
    Row(
        "a fork in a thread makes it the main thread of the child",
        """
        import os, threading
        def work():
            pid = os.fork()
            if pid == 0:
                print(threading.main_thread() is threading.current_thread(), flush=True)
                os._exit(0)
            os.waitpid(pid, 0)
        t = threading.Thread(target=work); t.start(); t.join()
        """,
        out="True",
    ),
]
