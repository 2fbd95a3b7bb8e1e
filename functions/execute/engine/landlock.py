"""Landlock: a second fence around what the mount namespace already decides.

A run may write only in its own tmpfs, to the device nodes and in /proc, may not reach
abstract UNIX sockets or signal processes outside its domain, whatever a mistake in the
mounts would otherwise let it do. Reading is not restricted here: the run's root holds
nothing but toolchains. See landlock(7); ABI 1 came with Linux 5.13, scopes with ABI 6.
"""

from __future__ import annotations

import os

from functions.execute.engine import syscalls
from functions.execute.engine.box import BOX_VIEWS

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE = sum(1 << bit for bit in range(6, 13))  # char, dir, reg, sock, fifo, block, sym
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15

# What of /proc/self a runtime may need; not its `net`, which is the worker's network.
_OWN_PROC = (
    *("auxv", "cgroup", "cmdline", "comm", "environ", "fd", "fdinfo", "limits", "maps"),
    *("mountinfo", "mounts", "oom_score_adj", "schedstat", "smaps", "stat", "statm", "status"),
)

_SCOPE_ABSTRACT_UNIX, _SCOPE_SIGNAL = 1, 2


def _write_rights(abi: int) -> int:
    rights = _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE
    if abi >= 2:
        rights |= _REFER
    if abi >= 3:
        rights |= _TRUNCATE
    return rights


def rules(abi: int) -> tuple[int, int, list[tuple[str, int]]]:
    """The rules of one run: what is restricted of files, scopes, and what is allowed where."""
    rights = _write_rights(abi)
    handled = rights | (_IOCTL_DEV if abi >= 5 else 0)
    scopes = _SCOPE_ABSTRACT_UNIX | _SCOPE_SIGNAL if abi >= 6 else 0
    shared = _WRITE_FILE | (_TRUNCATE if abi >= 3 else 0)
    # Each view of the box is a mount of its own: a rule on BOX reaches none.
    views = [(path, rights) for path in BOX_VIEWS.values()]
    return handled, scopes, [("/dev", shared), ("/proc", shared), *views]


def ruleset(abi: int) -> int:
    """The ruleset of one run, as a descriptor; -1 where the kernel has no Landlock."""
    if abi < 1:
        return -1
    handled, scopes, allowed = rules(abi)
    fence = syscalls.landlock_create(handled, 0, scopes)
    for path, rights in allowed:
        _allow(fence, path, rights)
    return fence


def closed_ruleset(abi: int, box_fd: int, readable: list[str]) -> int:
    """The ruleset of level `container`: reading is restricted too, since the root is the host's.

    Args:
        box_fd: the run's folder; everything is allowed beneath it.
        readable: toolchains: read and execute.
    """
    write = _write_rights(abi)
    read = _EXECUTE | _READ_FILE | _READ_DIR
    all_net = 3  # bind and connect TCP: handled and never allowed
    scopes = _SCOPE_ABSTRACT_UNIX | _SCOPE_SIGNAL
    fence = syscalls.landlock_create(read | write | _IOCTL_DEV, all_net, scopes)
    syscalls.landlock_allow(fence, box_fd, read | write)
    own = [f"/proc/self/{name}" for name in _OWN_PROC]
    for path in (*readable, *filter(os.path.exists, own)):
        _allow(fence, path, read if os.path.isdir(path) else _EXECUTE | _READ_FILE)
    for name in ("null", "zero", "full", "random", "urandom"):
        _allow(fence, f"/dev/{name}", _READ_FILE | _WRITE_FILE)
    return fence


def _allow(fence: int, path: str, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    syscalls.landlock_allow(fence, place, rights)
    os.close(place)
