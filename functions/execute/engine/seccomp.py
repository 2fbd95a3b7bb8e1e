"""The system-call filter of a run: what no judged program needs is refused.

Theory of operation. Namespaces and the missing capabilities already contain a run; the
filter takes away the kernel surface that is left: it is a list of refusals over an
open default, because programs in dozens of languages must run unchanged. It is
assembled once per cell into classic BPF and loaded by each run just before exec.

- Another architecture than the keeper's (32-bit calls, x32) kills the process: a
  filter by number means nothing there.
- `clone3` answers ENOSYS: its flags are behind a pointer that BPF cannot read, and
  libcs fall back to `clone`, whose namespace flags are then refused.
- Calls whose only effect would be on others (flushing the host's disks, dropping what it
  has cached) answer 0 and do nothing: programs ask for them in good faith.
- Calls that are always allowed are answered from the kernel's own bitmap (Linux 5.11),
  so the filter costs them nothing at run time.

Numbers: syscalls(2), asm/unistd_64.h and asm-generic/unistd.h.
"""

from __future__ import annotations

import errno
import struct

from functions.execute.engine import syscalls

_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000

# Offsets in struct seccomp_data; arguments are 64 bits, low half first.
_NR, _ARCH, _ARG0, _ARG1, _ARG3 = 0, 4, 16, 24, 40

# name: (x86_64, aarch64); -1 where the architecture has no such call.
_REFUSED: dict[str, tuple[int, int]] = {
    # mounts and roots
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # namespaces
    "unshare": (272, 97),
    "setns": (308, 268),
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    # scheduling and placement, which would disturb neighbours or measurement
    "sched_setaffinity": (203, 122),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # who uses what of the toolchains that all runs share
    "inotify_init": (253, -1),
    "inotify_init1": (294, 26),
    # large or young kernel subsystems
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "fanotify_init": (300, 262),
    "memfd_secret": (447, 447),
    "vmsplice": (278, 75),
    "io_setup": (206, 0),  # their number is limited for the whole machine: fs.aio-max-nr
    # things that outlive a run
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # the machine
    "reboot": (169, 142),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "syslog": (103, 116),
    "acct": (163, 89),
    "vhangup": (153, 58),
    "iopl": (172, -1),
    "ioperm": (173, -1),
    "modify_ldt": (154, -1),
    "uselib": (134, -1),
    "personality": (135, 92),
}

# What is said to have been done. Files of a run are in memory or thrown away: only others
# would notice.
_PRETENDED: dict[str, tuple[int, int]] = {
    "sync": (162, 81),
    "syncfs": (306, 267),
    "fadvise64": (221, 223),
}

# Memory that shows in no process: refused where it is not counted by a control group. An
# array of semaphores takes 2 MB of the kernel's, and there may be 32,000 of them.
_UNSEEN_MEMORY: dict[str, tuple[int, int]] = {
    "memfd_create": (319, 279),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
}

# At level `container` there are no namespaces to end these with the run, nor to keep it
# from the machine's own, which need no name but a number. Landlock says nothing about the
# modes, owners and times of files that belong to the same user.
_OUTLIVING: dict[str, tuple[int, int]] = {
    "shmget": (29, 194),
    "semget": (64, 190),
    "semctl": (66, 191),
    "semtimedop": (220, 192),
    "semop": (65, 193),
    "msgget": (68, 186),
    "msgctl": (71, 187),
    "msgrcv": (70, 188),
    "msgsnd": (69, 189),
    "shmctl": (31, 195),
    "shmat": (30, 196),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "chmod": (90, -1),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, -1),
    "fchown": (93, 55),
    "lchown": (94, -1),
    "fchownat": (260, 54),
    "utime": (132, -1),
    "utimes": (235, -1),
    "futimesat": (261, -1),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "setxattrat": (463, 463),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}

_CLONE, _CLONE3 = (56, 220), (435, 435)
_SOCKET, _SOCKETPAIR = (41, 198), (53, 199)
_FORK, _VFORK = (57, -1), (58, -1)
_IOCTL, _PRCTL, _PRLIMIT = (16, 29), (157, 167), (302, 261)
_FCNTL = (72, 25)
_MMAP, _MEMFD_CREATE = (9, 222), (319, 279)
_SCHED_SETSCHEDULER = (144, 119)

_NAMESPACE_FLAGS = 0x7E020080  # every CLONE_NEW*, CLONE_NEWTIME too
_CLONE_PARENT = 0x00008000  # a child of whoever looks after the program, and counts
_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
_SOCK_TYPE, _SOCK_STREAM, _SOCK_SEQPACKET = 0xF, 1, 5
_MAP_HUGETLB, _MFD_HUGETLB = 0x40000, 4  # a pool of the machine's that no limit covers
_PR_SCHED_CORE = 62  # a core for oneself: its other threads would idle
_SCHED_OTHER = 0
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_F_SETLEASE, _F_NOTIFY = 1024, 1026  # to be told of what others do with a file
_FILE_ATTRIBUTES = (0x40086602, 0x401C5820, 0x40806685)  # FS_IOC_SETFLAGS, _FSSETXATTR, verity


def _statement(code: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, 0, 0, value & 0xFFFFFFFF)


def _jump(code: int, value: int, if_true: int, if_false: int) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value & 0xFFFFFFFF)


def _load(offset: int) -> bytes:
    return _statement(0x20, offset)  # BPF_LD | BPF_W | BPF_ABS


def _answer(value: int) -> bytes:
    return _statement(0x06, value)  # BPF_RET | BPF_K


def _equal(value: int, if_true: int, if_false: int) -> bytes:
    return _jump(0x15, value, if_true, if_false)


def _any_bit(value: int, if_true: int, if_false: int) -> bytes:
    return _jump(0x45, value, if_true, if_false)


def _at_least(value: int, if_true: int, if_false: int) -> bytes:
    return _jump(0x35, value, if_true, if_false)


def _only_values(offset: int, allowed: tuple[int, ...], error: int) -> bytes:
    tests = b"".join(_equal(v, len(allowed) - i, 0) for i, v in enumerate(allowed))
    return _load(offset) + tests + _answer(_ERRNO | error) + _answer(_ALLOW)


def _not_values(offset: int, refused: tuple[int, ...], error: int) -> bytes:
    tests = b"".join(_equal(v, len(refused) - i, 0) for i, v in enumerate(refused))
    return _load(offset) + tests + _answer(_ALLOW) + _answer(_ERRNO | error)


def _no_bit(offset: int, refused: int, error: int) -> bytes:
    return _load(offset) + _any_bit(refused, 0, 1) + _answer(_ERRNO | error) + _answer(_ALLOW)


def program(*, sockets: bool = True, processes: bool = True, unseen_memory: bool = True) -> bytes:
    """Assemble the filter.

    Args:
        sockets: allow UNIX and IP sockets (the run has an empty network namespace).
        processes: allow forks; without, at level `container`, only threads may be created,
            and what a namespace would end with the run is refused.
        unseen_memory: allow memory that belongs to no process; a control group counts it.
    """
    code = _load(_ARCH) + _equal(_AUDIT_ARCH[syscalls.ARCH], 1, 0) + _answer(_KILL) + _load(_NR)
    if syscalls.ARCH == "x86_64":
        code += _at_least(_X32_BIT, 0, 1) + _answer(_KILL)
    chosen = rules(sockets=sockets, processes=processes, unseen_memory=unseen_memory)
    return code + _tree(sorted(chosen.items()))


def rules(*, sockets: bool, processes: bool, unseen_memory: bool) -> dict[int, bytes]:
    """What to do for a system call, by number: BPF that answers."""
    column = {"x86_64": 0, "aarch64": 1}[syscalls.ARCH]
    refused = [*_REFUSED.values()]
    refused += [] if unseen_memory else [*_UNSEEN_MEMORY.values()]
    refused += [] if processes else [*_OUTLIVING.values(), _FORK, _VFORK]
    found = {row[column]: _answer(_ERRNO | 0) for row in _PRETENDED.values()}
    found[_MMAP[column]] = _no_bit(_ARG3, _MAP_HUGETLB, errno.ENOMEM)
    found[_MEMFD_CREATE[column]] = _no_bit(_ARG1, _MFD_HUGETLB, errno.ENOMEM)
    found |= {row[column]: _answer(_ERRNO | errno.EPERM) for row in refused}
    families = (_AF_UNIX, _AF_INET, _AF_INET6) if sockets else ()
    ioctls = (_TIOCSTI, _TIOCLINUX) if processes else (_TIOCSTI, _TIOCLINUX, *_FILE_ATTRIBUTES)
    found[_CLONE3[column]] = _answer(_ERRNO | errno.ENOSYS)
    found[_CLONE[column]] = _clone_rule(processes)
    found[_IOCTL[column]] = _not_values(_ARG1, ioctls, errno.EPERM)
    found[_SOCKET[column]] = _only_values(_ARG0, families, errno.EAFNOSUPPORT)
    found[_SOCKETPAIR[column]] = _pair_rule(sockets)
    # The policy that everybody has is not refused: Mono says so, on stdout, if it is.
    found[_SCHED_SETSCHEDULER[column]] = _only_values(_ARG1, (_SCHED_OTHER,), errno.EPERM)
    found[_FCNTL[column]] = _not_values(_ARG1, (_F_SETLEASE, _F_NOTIFY), errno.EPERM)
    # The limits of others of the same user: of init, or of a worker.
    found[_PRLIMIT[column]] = _only_values(_ARG0, (0,), errno.EPERM)
    # Without a namespace, what ends the program with its init must stay, too.
    prctls = (_PR_SCHED_CORE,) if processes else (_PR_SCHED_CORE, syscalls.PR_SET_PDEATHSIG)
    found[_PRCTL[column]] = _not_values(_ARG0, prctls, errno.EPERM)
    found.pop(-1, None)
    return found


def _tree(found: list[tuple[int, bytes]]) -> bytes:
    """A binary search over the numbers, which are in the accumulator.

    The kernel runs a new filter once for each call it knows, to learn which are always
    allowed; with a tree that takes a tenth of the steps of a list.
    """
    if len(found) == 1:
        number, body = found[0]
        return _equal(number, 0, len(body) // 8) + body + _answer(_ALLOW)
    middle = len(found) // 2
    low, high = _tree(found[:middle]), _tree(found[middle:])
    go_high = _statement(0x05, len(low) // 8)  # BPF_JA: conditional jumps reach 255 only
    return _at_least(found[middle][0], 0, 1) + go_high + low + high


def _clone_rule(processes: bool) -> bytes:
    refused = _NAMESPACE_FLAGS | _CLONE_PARENT
    code = _load(_ARG0) + _any_bit(refused, 0, 1) + _answer(_ERRNO | errno.EPERM)
    if not processes:
        clone_thread = 0x00010000
        code += _any_bit(clone_thread, 1, 0) + _answer(_ERRNO | errno.EPERM)
    return code + _answer(_ALLOW)


def _pair_rule(sockets: bool) -> bytes:
    """Pairs of UNIX sockets; where there are no sockets, none that could talk to others.

    One end of a pair of datagram sockets can send to any address, and so to the host's.
    """
    code = _load(_ARG0) + _equal(_AF_UNIX, 1, 0) + _answer(_ERRNO | errno.EAFNOSUPPORT)
    if not sockets:
        code += _load(_ARG1) + _statement(0x54, _SOCK_TYPE)  # BPF_ALU | BPF_AND | BPF_K
        code += _equal(_SOCK_STREAM, 2, 0) + _equal(_SOCK_SEQPACKET, 1, 0)
        code += _answer(_ERRNO | errno.ESOCKTNOSUPPORT)
    return code + _answer(_ALLOW)
