"""Raw system calls that Python's standard library does not offer, each with its man page.

Only the keeper, the nursery and what they fork use this module. It is stdlib-only and
light: it is loaded into every cell. Every function raises OSError on failure.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import threading

# PyDLL keeps the GIL: these calls are short, and a raw clone must not leave the child
# with a lock that nobody holds.
_libc = ctypes.PyDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long

ARCH = os.uname().machine

# Numbers above 423 are the same on every architecture since Linux 5.1.
_CLONE = {"x86_64": 56, "aarch64": 220}.get(ARCH, -1)
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}.get(ARCH, -1)
_SECCOMP = {"x86_64": 317, "aarch64": 277}.get(ARCH, -1)
_KCMP = {"x86_64": 312, "aarch64": 272}.get(ARCH, -1)
_CAPSET = {"x86_64": 126, "aarch64": 91}.get(ARCH, -1)
_OPEN_TREE, _MOVE_MOUNT, _FSOPEN, _FSCONFIG, _FSMOUNT = 428, 429, 430, 431, 432
_SET_ROBUST_LIST, _GET_ROBUST_LIST = {"x86_64": (273, 274), "aarch64": (99, 100)}.get(
    ARCH, (-1, -1)
)
_FSPICK, _CLONE3, _CLOSE_RANGE, _OPENAT2, _MOUNT_SETATTR = 433, 435, 436, 437, 442
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446

# clone(2)
CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
CLONE_PARENT = 0x00008000
_CLONE_CHILD_SETTID = 0x01000000

# mount(2)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2

# prctl(2)
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_SECUREBITS, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 28, 36, 38

# openat2(2)
RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH = 1, 2, 4, 8


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _call(what: str, number: int, *args: object) -> int:
    return _check(int(_syscall(ctypes.c_long(number), *args)), what)


def clone(flags: int, tid_address: int = 0) -> int:
    """clone(2) as fork with namespaces: returns 0 in the child. Single-threaded callers only.

    Args:
        tid_address: where the child finds its own thread id, see `ThreadRecord`.
    """
    zero, address = ctypes.c_long(0), ctypes.c_long(tid_address)
    flags |= signal.SIGCHLD | (_CLONE_CHILD_SETTID if tid_address else 0)
    # The order of the last two differs: raw clone of x86-64 and of others.
    last = (address, zero) if ARCH == "x86_64" else (zero, address)
    return _call("clone", _CLONE, ctypes.c_ulong(flags), zero, zero, *last)


class _CloneArgs(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint64)
        for name in (
            *("flags", "pidfd", "child_tid", "parent_tid", "exit_signal", "stack"),
            *("stack_size", "tls", "set_tid", "set_tid_size", "cgroup"),
        )
    ]


def clone_args(flags: int, group_fd: int = -1, tid_address: int = 0) -> ctypes.Structure:
    """What clone3(2) is told; with a group, to be born there (CLONE_INTO_CGROUP)."""
    into_group, parents_signal = 1 << 33, 0  # together with CLONE_PARENT it has to be 0
    signal_ = parents_signal if flags & CLONE_PARENT else signal.SIGCHLD
    flags |= (into_group if group_fd >= 0 else 0) | (_CLONE_CHILD_SETTID if tid_address else 0)
    group = max(0, group_fd)
    return _CloneArgs(flags=flags, exit_signal=signal_, cgroup=group, child_tid=tid_address)


def clone_into(flags: int, group_fd: int, tid_address: int = 0) -> int:
    """clone3(2) with CLONE_INTO_CGROUP: as `clone`, but born in a group of version 2.

    Raises:
        OSError: before Linux 5.7, or where clone3 is refused.
    """
    how = clone_args(flags, group_fd, tid_address)
    return _call("clone3", _CLONE3, ctypes.byref(how), ctypes.c_size_t(ctypes.sizeof(how)))


def make_executable(address: int, size: int) -> None:
    """mprotect(2): to be read and run, no more to be written."""
    read_and_run = ctypes.c_int(1 | 4)
    result = _libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(size), read_and_run)
    _check(result, "mprotect")


class ThreadRecord:
    """What fork(3) of the C library renews in its record of the main thread, and clone(2) does not.

    The record (`struct pthread`) has the thread's id; pthread_kill(3) and some locks go by it.
    Where in the record is found out by looking for the id.
    """

    _LOOKED_AT_BYTES = 0x400

    def __init__(self) -> None:
        """
        Raises:
            OSError: it is in no place, or in several.
        """
        begin, wanted = threading.get_ident(), threading.get_native_id()
        words = (ctypes.c_int32 * (self._LOOKED_AT_BYTES // 4)).from_address(begin)
        found = [at for at, word in enumerate(words) if word == wanted]
        # A high pid is also what an address of the stack begins with (0x7fff): its upper half,
        # while the id begins where a word of 8 bytes does.
        if len(found) > 1:
            found = [at for at in found if at % 2 == 0]
        if len(found) != 1:
            raise OSError(f"the id of the thread is {len(found)} times in its record")
        self.tid_address = begin + 4 * found[0]
        self._robust, self._size = ctypes.c_void_p(), ctypes.c_size_t()
        _call(
            "get_robust_list",
            _GET_ROBUST_LIST,
            ctypes.c_int(0),
            ctypes.byref(self._robust),
            ctypes.byref(self._size),
        )

    def renew(self) -> None:
        """In the child, whose clone was given `tid_address`: set_robust_list(2)."""
        _call("set_robust_list", _SET_ROBUST_LIST, self._robust, self._size)


def unshare(flags: int) -> None:
    """unshare(2)."""
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(fd: int, flags: int) -> None:
    """setns(2): `fd` is a pidfd; a pid namespace is entered by children only."""
    _check(_libc.setns(ctypes.c_int(fd), ctypes.c_int(flags)), "setns")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """mount(2)."""
    result = _libc.mount(
        source.encode(),
        os.fsencode(target),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )
    _check(result, f"mount {kind or 'bind'} on {target}")


def umount(target: str, flags: int = 0) -> None:
    """umount2(2)."""
    _check(_libc.umount2(os.fsencode(target), ctypes.c_int(flags)), f"umount {target}")


def set_read_only(target: str, *, recursive: bool) -> None:
    """mount_setattr(2): read-only, no set-user-id, no devices; other flags stay."""
    rdonly_nosuid_nodev = 1 | 2 | 4
    attributes = (ctypes.c_uint64 * 4)(rdonly_nosuid_nodev, 0, 0, 0)
    at_fdcwd, at_recursive = ctypes.c_int(-100), 0x8000
    _call(
        f"mount_setattr {target}",
        _MOUNT_SETATTR,
        at_fdcwd,
        os.fsencode(target),
        ctypes.c_uint(at_recursive if recursive else 0),
        ctypes.byref(attributes),
        ctypes.c_size_t(ctypes.sizeof(attributes)),
    )


def pivot_root(new_root: str, put_old: str) -> None:
    """pivot_root(2)."""
    _call("pivot_root", _PIVOT_ROOT, os.fsencode(new_root), os.fsencode(put_old))


def _configure(context: int, options: dict[str, str], command: int) -> None:
    """fsconfig(2): FSCONFIG_SET_STRING for each option, then the command."""
    set_string = ctypes.c_uint(1)
    for key, value in options.items():
        what, pair = f"fsconfig {key}={value}", (key.encode(), value.encode())
        _call(what, _FSCONFIG, context, set_string, *pair, 0)
    _call("fsconfig", _FSCONFIG, context, ctypes.c_uint(command), None, None, 0)


def resize_tmpfs(mount_fd: int, options: dict[str, str]) -> None:
    """Give a tmpfs other limits: fspick(2), fsconfig(2)."""
    cloexec, empty_path, reconfigure = 1, 8, 7
    flags = ctypes.c_uint(cloexec | empty_path)
    context = _call("fspick", _FSPICK, ctypes.c_int(mount_fd), b"", flags)
    try:
        _configure(context, options, reconfigure)
    finally:
        os.close(context)


def new_tmpfs(options: dict[str, str]) -> int:
    """A fresh tmpfs that is mounted nowhere: fsopen(2), fsconfig(2), fsmount(2).

    Returns:
        A descriptor of its root: usable with dir_fd, and with `move_mount`.
    """
    cloexec, create = 1, 6
    context = _call("fsopen", _FSOPEN, b"tmpfs", ctypes.c_uint(cloexec))
    try:
        _configure(context, options, create)
        nosuid_nodev = 2 | 4
        return _call(
            "fsmount", _FSMOUNT, context, ctypes.c_uint(cloexec), ctypes.c_uint(nosuid_nodev)
        )
    finally:
        os.close(context)


def move_mount(mount_fd: int, target: str) -> None:
    """Attach what `new_tmpfs` made: move_mount(2)."""
    empty_path = 4
    at_fdcwd = ctypes.c_int(-100)
    _call(
        f"move_mount to {target}",
        _MOVE_MOUNT,
        ctypes.c_int(mount_fd),
        b"",
        at_fdcwd,
        os.fsencode(target),
        ctypes.c_uint(empty_path),
    )


def prctl(option: int, value: int) -> None:
    """prctl(2)."""
    zero = ctypes.c_ulong(0)
    _check(
        _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero),
        f"prctl {option}",
    )


def set_name(name: bytes) -> None:
    """Name this thread for ps and top: PR_SET_NAME of prctl(2), at most 15 bytes."""
    pr_set_name, buffer = 15, ctypes.create_string_buffer(name)
    prctl(pr_set_name, ctypes.addressof(buffer))


def drop_bounding_set() -> None:
    """Empty the capability bounding set, so that no exec gains anything: capabilities(7)."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:  # past the last one this kernel knows
            return


def drop_capabilities() -> None:
    """Give up all capabilities of this process: capset(2), header version 3."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    _call("capset", _CAPSET, ctypes.byref(header), ctypes.byref(data))


def share_memory(one: int, other: int) -> bool:
    """Whether two processes have one address space: kcmp(2), KCMP_VM. No, if nobody can tell."""
    kcmp_vm, zero = ctypes.c_long(1), ctypes.c_long(0)
    pids = (ctypes.c_long(one), ctypes.c_long(other))
    return int(_syscall(ctypes.c_long(_KCMP), *pids, kcmp_vm, zero, zero)) == 0


def close_from(first: int, *, at_exec: bool) -> None:
    """close_range(2): close every descriptor from `first` on, now or at exec."""
    cloexec = 4 if at_exec else 0
    _call(
        "close_range",
        _CLOSE_RANGE,
        ctypes.c_uint(first),
        ctypes.c_uint(0xFFFFFFFF),
        ctypes.c_uint(cloexec),
    )


def open_beneath(dir_fd: int, name: str, flags: int) -> int:
    """openat2(2) that follows no symlink, leaves no mount and never rises above `dir_fd`."""
    if "\0" in name:  # C would take the part before it for the name
        raise ValueError(f"a zero byte in {name!r}")
    resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV
    how = (ctypes.c_uint64 * 3)(flags | os.O_CLOEXEC, 0, resolve)
    return _call(
        f"openat2 {name!r}",
        _OPENAT2,
        ctypes.c_int(dir_fd),
        os.fsencode(name),
        ctypes.byref(how),
        ctypes.c_size_t(ctypes.sizeof(how)),
    )


class _Instructions(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def load_seccomp(program: bytes) -> None:
    """seccomp(2): filter this thread, and whatever it becomes, with a BPF program."""
    set_mode_filter = 1
    buffer = ctypes.create_string_buffer(program, len(program))
    instructions = _Instructions(len(program) // 8, ctypes.addressof(buffer))
    _call(
        "seccomp",
        _SECCOMP,
        ctypes.c_uint(set_mode_filter),
        ctypes.c_uint(0),
        ctypes.byref(instructions),
    )


def landlock_abi() -> int:
    """The Landlock version of this kernel, 0 when it has none: landlock(7)."""
    version_flag = ctypes.c_uint32(1)
    result = _syscall(ctypes.c_long(_LANDLOCK_CREATE), None, ctypes.c_size_t(0), version_flag)
    return max(0, int(result))


def landlock_attributes(handled_fs: int, handled_net: int, scoped: int) -> bytes:
    """What a new ruleset handles; fields the kernel's ABI does not know must be 0: left out."""
    size = 24 if scoped else 16 if handled_net else 8
    return struct.pack("=QQQ", handled_fs, handled_net, scoped)[:size]


def landlock_create(handled_fs: int, handled_net: int, scoped: int) -> int:
    """A new ruleset; see `landlock_attributes`."""
    attributes = landlock_attributes(handled_fs, handled_net, scoped)
    size = ctypes.c_size_t(len(attributes))
    return _call("landlock_create_ruleset", _LANDLOCK_CREATE, attributes, size, ctypes.c_uint32(0))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent_fd", ctypes.c_int32)]


def landlock_allow(ruleset: int, dir_fd: int, access: int) -> None:
    """Allow `access` on what lies beneath the descriptor."""
    rule = _PathBeneath(access, dir_fd)
    path_beneath = 1
    _call(
        "landlock_add_rule",
        _LANDLOCK_ADD,
        ctypes.c_int(ruleset),
        ctypes.c_int(path_beneath),
        ctypes.byref(rule),
        ctypes.c_uint32(0),
    )


def landlock_restrict(ruleset: int) -> None:
    """Enforce the ruleset on this thread and its descendants. Needs no-new-privileges."""
    _call("landlock_restrict_self", _LANDLOCK_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0))
