"""The init of a run's pid namespace: a process that costs next to nothing.

Theory of operation. A pid namespace needs a process 1: it inherits orphans, and when it
is killed the kernel kills everything else in the namespace and waits for it. That is all
we want of it, so it needs no interpreter and no memory of its own. It is cloned with the
keeper's memory and descriptors shared (CLONE_VM, CLONE_FILES): no page table is copied,
no page is copied later. On a small stack of its own it makes four calls of the C library
and never comes back to Python: ignore SIGCHLD (so that orphans vanish when they end), take
a name, poll(2) a pidfd of the keeper, and end when the keeper has ended. makecontext(3)
strings the calls together. Measured: 0.1 ms and one page fault, where a forked Python that
waits costs 1.5 to 2 ms and 370 to 560 of them.

It has the keeper's memory, and with it what protects that: it is not dumpable, and
neither the program's user nor its Landlock domain may look into it. Its handlers of
signals are a copy, and the keeper has none. From inside, nothing can signal a process 1.

A forked Python does the same where the C library has no makecontext(3), where there are no
control groups (then the CPU time of orphans is known only to who reaps them), and without
root: setns(2) wants a dumpable process then, and the keeper must not be one. What keeps
programs out of such an init is their own user namespace, Landlock and seccomp.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal

from functions.execute.engine import syscalls

_STACK_BYTES = 32 * 1024
#: At least sizeof(ucontext_t): 968 bytes on x86-64, 4560 on arm64.
_CONTEXT_BYTES = 8 * 1024
_PR_SET_NAME, _SIG_IGN = 15, 1
_NAME = b"assay-init"
# Words of ucontext_t, the same on both: uc_flags, uc_link, then uc_stack's three.
_LINK, _STACK, _STACK_SIZE = 1, 2, 4

_libc = ctypes.PyDLL(None, use_errno=True)


class _PollFd(ctypes.Structure):
    _fields_ = [("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short)]


class Inits:
    """Starts one init after the other; never two at a time, since their stack is the same."""

    def __init__(self, *, reaping: bool, rootless: bool) -> None:
        """
        Args:
            reaping: they have to count what orphans used; see above.
            rootless: we have no privileges over processes that are not dumpable.
        """
        self._rootless = rootless
        self._keeper_fd = os.pidfd_open(os.getpid())
        has_contexts = hasattr(_libc, "makecontext") and hasattr(_libc, "setcontext")
        self._calls = (
            _Calls(self._keeper_fd) if has_contexts and not (reaping or rootless) else None
        )

    def start(self) -> int:
        """A new pid namespace; gives the pid of its init, a child of the caller."""
        if self._calls:
            return self._calls.clone(syscalls.CLONE_NEWPID)
        if self._rootless:  # no program runs while we are
            syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)
        pid = syscalls.clone(syscalls.CLONE_NEWPID)
        if pid == 0:
            try:
                _reap_for_ever(self._keeper_fd)
            finally:
                os._exit(1)
        if self._rootless:
            syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
        return pid


class _Calls:
    """The calls of an init that shares our memory, ready on stacks of their own."""

    def __init__(self, keeper_fd: int) -> None:
        self._poll = _PollFd(keeper_fd, select.POLLIN, 0)
        self._name = ctypes.create_string_buffer(_NAME)
        self._stacks = [ctypes.create_string_buffer(_STACK_BYTES) for _ in range(5)]
        self._contexts = [ctypes.create_string_buffer(_CONTEXT_BYTES) for _ in range(4)]

    def clone(self, flags: int) -> int:
        """clone(2) by its wrapper of glibc, which starts a function on another stack."""
        first = self._string_together(
            (_libc.signal, signal.SIGCHLD, _SIG_IGN),
            (_libc.prctl, _PR_SET_NAME, ctypes.addressof(self._name)),
            (_libc.poll, ctypes.addressof(self._poll), 1, -1),
            (_libc._exit, 0),
        )
        vm_and_files = 0x100 | 0x400
        top = ctypes.addressof(self._stacks[-1]) + _STACK_BYTES & ~15
        pid = _libc.clone(
            ctypes.cast(_libc.setcontext, ctypes.c_void_p),
            ctypes.c_void_p(top),
            ctypes.c_int(flags | vm_and_files | signal.SIGCHLD),
            ctypes.c_void_p(first),
            None,
            None,
            None,
        )
        if pid < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"clone: {os.strerror(number)}")
        return int(pid)

    def _string_together(self, *calls: tuple[object, ...]) -> int:
        """Contexts of which each makes its call and goes on to the next; gives the first."""
        following = 0
        for call, context, stack in reversed(
            list(zip(calls, self._contexts, self._stacks, strict=False))
        ):
            _libc.getcontext(context)
            words = ctypes.cast(context, ctypes.POINTER(ctypes.c_size_t))
            words[_LINK] = following
            words[_STACK], words[_STACK_SIZE] = ctypes.addressof(stack), _STACK_BYTES
            function, *arguments = call
            _libc.makecontext(
                context,
                ctypes.cast(function, ctypes.c_void_p),  # type: ignore[arg-type]
                ctypes.c_int(len(arguments)),
                *(ctypes.c_long(value) for value in arguments),  # type: ignore[arg-type]
            )
            following = ctypes.addressof(context)
        return following


def _reap_for_ever(keeper_fd: int) -> None:
    """The same as a forked Python, which also waits for the orphans."""
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    watch = select.poll()
    watch.register(keeper_fd, select.POLLIN)
    if watch.poll(0):  # the keeper died before the first line
        return
    syscalls.set_name(_NAME)
    syscalls.close_from(0, at_exec=False)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    while True:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        signal.sigwait({signal.SIGCHLD})
