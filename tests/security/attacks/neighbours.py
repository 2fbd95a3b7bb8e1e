"""Attacks that break into nothing: they take from, or reach, whoever else is on the machine."""

from __future__ import annotations

from dataclasses import replace

from functions.execute.engine.program import MIB, Outcome
from tests.security.table import LIMITS, Attack, Expect, ends

_SHORT_CPU = replace(LIMITS, cpu_time_ms=150, wall_time_ms=5_000)
_CPU = ends(Outcome.CPU_TIME_LIMIT, least_cpu_ms=150, most_cpu_ms=450)
_NO_FORK = Expect(exit_code=1, stderr_has="PermissionError")

ATTACKS = [
    Attack(
        promise="what only others would notice is said to be done and is not",
        code="""
            from tools import *
            call("sync", 162)
            call("no file's file system", 306, -1)  # it was not looked at
            call("no file's cache", 221, -1, 0, 0, 4)
        """,
        expect=Expect(stdout="sync ok\nno file's file system ok\nno file's cache ok\n"),
    ),
    Attack(
        promise="what the machine has a fixed number of is not given",
        language="c",
        code="""
            #include <sys/prctl.h>
            int main(void) {
                unsigned long context = 0;
                tell("asynchronous input", syscall(SYS_io_setup, 60000, &context));
                tell("a core", prctl(62, 1, 0, 0, 0));
                int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB;
                tell("huge page", (long)mmap(0, 2 << 20, PROT_READ, flags, -1, 0) == -1 ? -1 : 0);
                tell("huge file", syscall(SYS_memfd_create, "x", 4));
            }
        """,
        expect=Expect(
            stdout="asynchronous input EPERM\na core EPERM\nhuge page ENOMEM\nhuge file ENOMEM\n"
        ),
        at=dict.fromkeys(
            ("namespaces", "container"),
            Expect(
                stdout="asynchronous input EPERM\na core EPERM\nhuge page ENOMEM\nhuge file EPERM\n"
            ),
        ),
    ),
    Attack(
        promise="one end of a pair of sockets reaches nobody outside",
        code="""
            from tools import *
            import socket
            for address in ("@DATAGRAM@", "\\0@DATAGRAM_ABSTRACT@", "/dev/log"):
                def send(): socket.socketpair(type=socket.SOCK_DGRAM)[0].sendto(b"x", address)
                def connect(): socket.socketpair(type=socket.SOCK_DGRAM)[0].connect(address)
                tell("send", send); tell("connect", connect)
            for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
                one, other = socket.socketpair(type=kind)
                for what in (one.connect, lambda a: one.sendmsg([b"own"], [], 0, a)):
                    try: what("@DATAGRAM@")
                    except OSError: pass
                one.send(b"own"); print(other.recv(3))
        """,
        expect=Expect(
            stdout="send ENOENT\nconnect ENOENT\nsend ECONNREFUSED\nconnect ECONNREFUSED\n"
            "send ENOENT\nconnect ENOENT\n" + "b'own'\n" * 2
        ),
        at={
            "container": Expect(
                stdout="send ESOCKTNOSUPPORT\nconnect ESOCKTNOSUPPORT\n" * 3 + "b'own'\n" * 2
            )
        },
    ),
    Attack(
        promise="a file that may be read is written by no other call",
        code="""
            from tools import *
            import mmap
            module = os.open(os.__file__, os.O_RDONLY)
            own = os.open("own", os.O_RDWR | os.O_CREAT); os.write(own, b"x" * 4096)
            reader, writer = os.pipe(); os.write(writer, b"x")
            tell("map", mmap.mmap, module, 4096, mmap.MAP_SHARED, mmap.PROT_WRITE)
            tell("copy", os.copy_file_range, own, module, 10, 0, 0)
            tell("splice", os.splice, reader, module, 1)
            tell("sendfile", os.sendfile, module, own, 0, 10)
            tell("reserve", os.posix_fallocate, module, 0, 1 << 20)
            tell("cut", os.ftruncate, module, 0)
            at = ctypes.c_void_p(libc.syscall(9, 0, 4096, 1, 1, module, 0))
            call("protect", 10, at, 4096, 3)
        """,
        expect=Expect(
            stdout="map EACCES\ncopy EBADF\nsplice EBADF\nsendfile EBADF\nreserve EBADF\n"
            "cut EINVAL\nprotect EACCES\n"
        ),
    ),
    Attack(
        promise="a program that is nowhere on disk is the same nobody",
        code="""
            import os
            file = os.memfd_create("nowhere")
            os.write(file, open("/bin/grep", "rb").read())
            os.execve(file, ["grep", "NoNewPrivs\\|CapEff", "/proc/self/status"], {})
        """,
        expect=Expect(stdout="CapEff:\t0000000000000000\nNoNewPrivs:\t1\n"),
        # Nobody would see that memory: there are no such files.
        at=dict.fromkeys(("namespaces", "container"), _NO_FORK),
    ),
    Attack(
        promise="no child is made a sibling, whom others would have to look after",
        language="c",
        code="""
            int main(void) {
                tell("sibling", syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0));
                int thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_PARENT;
                tell("thread", syscall(SYS_clone, thread, 0, 0, 0, 0));
            }
        """,
        expect=Expect(stdout="sibling EPERM\nthread EPERM\n"),
    ),
    Attack(
        promise="children whose end is told by no signal are counted and end with the program",
        language="c",
        code="""
            #include <sys/prctl.h>
            int main(void) {
                tell("subreaper", prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
                for (int i = 0; i < 100; i++) {
                    long made = syscall(SYS_clone, 0, 0, 0, 0, 0);
                    if (made < 0) { tell("child", made); return 0; }
                    if (made == 0) {
                        syscall(SYS_clone, SIGKILL, 0, 0, 0, 0);
                        for (clock_t until = clock() + 8000; clock() < until;);
                        _exit(0);
                    }
                    usleep(8000);
                }
            }
        """,
        limits=replace(_SHORT_CPU, processes=200),
        expect=replace(_CPU, stdout="subreaper ok\n"),
        at={"container": Expect(stdout="subreaper ok\nchild EPERM\n")},
    ),
    Attack(
        promise="a child that borrows its parent's memory is not counted twice",
        language="c",
        code="""
            static int rest(void *unused) { usleep(200000); return 0; }
            int main(void) {
                size_t size = 60 << 20;
                char *kept = malloc(size), *stack = malloc(65536);
                memset(kept, 1, size);
                if (clone(rest, stack + 65536, CLONE_VM | SIGCHLD, 0) < 0) return 3;
                wait(0);
                return 0;
            }
        """,
        expect=Expect(least_memory_bytes=59 * MIB, most_memory_bytes=96 * MIB),
        at={"container": Expect(exit_code=3)},
    ),
    Attack(
        promise="signals that a descriptor sends reach nobody outside",
        code="""
            from tools import *
            import fcntl, signal, time
            for target in (1, os.getppid() or 1, -1, @WORKER@, @KEEPER@, -@WORKER@):
                for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGUSR1):
                    reader, writer = os.pipe()
                    try:
                        fcntl.fcntl(reader, fcntl.F_SETOWN, target)
                        fcntl.fcntl(reader, 10, number)  # F_SETSIG
                        fcntl.fcntl(reader, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
                        os.write(writer, b"x")
                    except OSError: pass
                    os.close(reader); os.close(writer)
            print("on")
        """,
        expect=Expect(stdout="on\n"),
    ),
    Attack(
        promise="modes of its pipes are the program's own matter",
        code="""
            import fcntl, os, signal
            O_DIRECT = 0o40000
            for fd in (0, 1, 2):
                for flags in (O_DIRECT, os.O_ASYNC, os.O_APPEND):
                    try: fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | flags)
                    except OSError: pass
                try: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError: pass
            signal.signal(signal.SIGIO, signal.SIG_IGN)
            os.lseek(0, 3, 0)
            for _ in range(40): os.write(1, b"x" * 50)
        """,
        stdin=b"given",
        expect=Expect(stdout="x" * 2_000),
    ),
    Attack(
        promise="a clock that is switched off is missed by the program alone",
        language="c",
        code="""
            #include <sys/prctl.h>
            int main(void) {
                tell("no counter", prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0));
                for (;;);
            }
        """,
        limits=_SHORT_CPU,
        expect=replace(_CPU, stdout="no counter ok\n"),
    ),
]
