"""The filter answers as it says: run through a small BPF machine, every call it knows."""

from __future__ import annotations

import errno
import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.execute.engine import seccomp, syscalls
from tests.execute.engine.bpf import MOST_INSTRUCTIONS, evaluate, run

ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
COLUMNS = {"x86_64": 0, "aarch64": 1}
I386, ARM = 0x40000003, 0x40000028
X32_BIT = 0x40000000
_HEADERS = {
    "x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
    "aarch64": "/usr/include/asm-generic/unistd.h",
}
#: Numbers that the table and its neighbours have; the rest of the space is all the same.
NUMBERS = st.one_of(st.integers(0, 500), st.integers(0, X32_BIT - 1))
VARIANTS = [
    {"sockets": s, "processes": p, "unseen_memory": m}
    for s, p, m in itertools.product((True, False), repeat=3)
]


@pytest.fixture(params=ARCHITECTURES)
def arch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each architecture's filter, whichever machine this is."""
    name = str(request.param)
    monkeypatch.setattr(syscalls, "ARCH", name)
    return name


def number(row: tuple[int, int], arch: str) -> int:
    return row[COLUMNS[arch]]


def ask(arch: str, call: int, *arguments: int, **variant: bool) -> int:
    return evaluate(seccomp.program(**variant), call, ARCHITECTURES[arch], arguments)


def refused_rows(variant: dict[str, bool]) -> dict[str, tuple[int, int]]:
    rows = dict(seccomp._REFUSED)
    rows |= {} if variant["unseen_memory"] else seccomp._UNSEEN_MEMORY
    return rows | ({} if variant["processes"] else seccomp._OUTLIVING)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_number_is_the_one_of_the_kernels_headers(arch: str) -> None:
    header = Path(_HEADERS[arch])
    if not header.exists():
        pytest.skip(f"there is no {header}")
    pairs = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", header.read_text(), re.MULTILINE)
    known = {name: int(value) for name, value in pairs}
    known |= {"umount2": known.get("umount2", known.get("umount", -1))}
    rows = {**seccomp._REFUSED, **seccomp._UNSEEN_MEMORY, **seccomp._OUTLIVING}
    rows |= seccomp._PRETENDED
    wrong = {
        name: (number(row, arch), known[name])
        for name, row in rows.items()
        if name in known and number(row, arch) != known[name]
    }
    assert not wrong
    missing = [n for n, row in rows.items() if n not in known and 0 <= number(row, arch) < 400]
    assert not missing, "older than any header, and yet not in it"


def test_the_numbers_of_calls_with_rules_are_those_of_the_headers() -> None:
    rules = {
        "clone": seccomp._CLONE,
        "clone3": seccomp._CLONE3,
        "socket": seccomp._SOCKET,
        "socketpair": seccomp._SOCKETPAIR,
        "ioctl": seccomp._IOCTL,
        "prctl": seccomp._PRCTL,
        "prlimit64": seccomp._PRLIMIT,
        "fcntl": seccomp._FCNTL,
        "mmap": seccomp._MMAP,
        "memfd_create": seccomp._MEMFD_CREATE,
        "sched_setscheduler": seccomp._SCHED_SETSCHEDULER,
    }
    for arch, place in _HEADERS.items():
        if not Path(place).exists():
            continue
        for name, row in rules.items():
            match = re.search(
                rf"^#define __NR(?:3264)?_{name}\s+(\d+)$", Path(place).read_text(), re.M
            )
            assert match and int(match[1]) == number(row, arch), (arch, name)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_what_is_refused_is_refused_whatever_its_arguments(
    arch: str, variant: dict[str, bool]
) -> None:
    program = seccomp.program(**variant)
    for name, row in refused_rows(variant).items():
        if number(row, arch) >= 0:
            for arguments in ((), (2**64 - 1,) * 6):
                answer = evaluate(program, number(row, arch), ARCHITECTURES[arch], arguments)
                assert answer == REFUSE, name


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_everything_else_is_allowed(arch: str, variant: dict[str, bool]) -> None:
    program = seccomp.program(**variant)
    ruled = set(seccomp.rules(**variant))
    for call in set(range(600)) - ruled:
        assert evaluate(program, call, ARCHITECTURES[arch]) == ALLOW, call


@given(call=NUMBERS, arguments=st.lists(st.integers(0, 2**64 - 1), max_size=6))
def test_a_call_without_a_rule_is_allowed_with_any_arguments(
    call: int, arguments: list[int]
) -> None:
    variant = {"sockets": True, "processes": True, "unseen_memory": True}
    if call not in seccomp.rules(**variant):
        native = ARCHITECTURES[syscalls.ARCH]
        assert evaluate(seccomp.program(**variant), call, native, arguments) == ALLOW


@given(call=st.integers(0, 2**32 - 1), foreign=st.integers(0, 2**32 - 1))
def test_a_call_of_another_architecture_kills(call: int, foreign: int) -> None:
    native = ARCHITECTURES[syscalls.ARCH]
    for arch in (foreign, I386, ARM):
        if arch != native:
            assert evaluate(seccomp.program(), call, arch) == KILL


@given(call=st.integers(X32_BIT, 2**32 - 1))
def test_an_x32_call_and_a_negative_number_kill(call: int) -> None:
    if syscalls.ARCH == "x86_64":
        assert ask("x86_64", call) == KILL


def test_clone3_is_not_there(arch: str) -> None:
    assert ask(arch, number(seccomp._CLONE3, arch)) == 0x00050000 | errno.ENOSYS


def test_clone_makes_no_namespace_and_without_processes_only_threads(arch: str) -> None:
    call = number(seccomp._CLONE, arch)
    thread, fork = 0x3D0F00, 17
    namespaces = [1 << bit for bit in (17, 25, 26, 27, 28, 29, 30)] + [
        0x80,
        0x8000,
    ]  # ... and time, and CLONE_PARENT
    for flag in namespaces:
        assert ask(arch, call, flag | fork) == REFUSE, hex(flag)
        assert ask(arch, call, flag | thread, processes=False) == REFUSE, hex(flag)
    assert ask(arch, call, fork) == ask(arch, call, thread) == ALLOW
    assert ask(arch, call, fork, processes=False) == REFUSE
    assert ask(arch, call, thread, processes=False) == ALLOW


@pytest.mark.parametrize("call", [57, 58])
def test_fork_and_vfork_are_refused_without_processes(
    call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syscalls, "ARCH", "x86_64")
    assert ask("x86_64", call) == ALLOW
    assert ask("x86_64", call, processes=False) == REFUSE


def test_only_three_families_have_sockets_and_at_level_container_none(arch: str) -> None:
    missing = 0x00050000 | errno.EAFNOSUPPORT
    call = number(seccomp._SOCKET, arch)
    for family in range(50):
        expected = ALLOW if family in (1, 2, 10) else missing
        assert ask(arch, call, family, 1, 0) == expected
        assert ask(arch, call, family, 1, 0, sockets=False) == missing
    pair = number(seccomp._SOCKETPAIR, arch)
    assert ask(arch, pair, 1, 1, sockets=False) == ALLOW
    assert ask(arch, pair, 2) == missing


def test_a_pair_at_level_container_can_talk_to_nobody_else(arch: str) -> None:
    wrong_type = 0x00050000 | errno.ESOCKTNOSUPPORT
    call = number(seccomp._SOCKETPAIR, arch)
    for kind in range(16):
        for flags in (0, 0o4000, 0o2000000):  # SOCK_NONBLOCK, SOCK_CLOEXEC
            assert ask(arch, call, 1, kind | flags) == ALLOW
            expected = ALLOW if kind in (1, 5) else wrong_type
            assert ask(arch, call, 1, kind | flags, sockets=False) == expected


def test_what_only_others_would_notice_is_not_done_and_said_to_be(arch: str) -> None:
    for name, row in seccomp._PRETENDED.items():
        for arguments in ((), (2**64 - 1,) * 6):
            assert ask(arch, number(row, arch), *arguments) == 0x00050000, name


def test_huge_pages_of_the_machine_are_not_given(arch: str) -> None:
    none_left = 0x00050000 | errno.ENOMEM
    private = 0x22  # MAP_PRIVATE | MAP_ANONYMOUS
    assert ask(arch, number(seccomp._MMAP, arch), 0, 1, 3, private) == ALLOW
    assert ask(arch, number(seccomp._MMAP, arch), 0, 1, 3, private | 0x40000) == none_left
    assert ask(arch, number(seccomp._MEMFD_CREATE, arch), 0, 1) == ALLOW
    assert ask(arch, number(seccomp._MEMFD_CREATE, arch), 0, 1 | 4) == none_left
    assert ask(arch, number(seccomp._MEMFD_CREATE, arch), 0, 1, unseen_memory=False) == REFUSE


def test_the_upper_half_of_an_int_argument_hides_nothing(arch: str) -> None:
    """The kernel looks at 32 bits of these, and so does the filter."""
    high = 1 << 32
    assert ask(arch, number(seccomp._SOCKET, arch), high | 16) != ALLOW
    assert ask(arch, number(seccomp._IOCTL, arch), 0, high | 0x5412) == REFUSE
    assert ask(arch, number(seccomp._PRCTL, arch), high | 1, processes=False) == REFUSE
    assert ask(arch, number(seccomp._FCNTL, arch), 3, high | 1026) == REFUSE


def test_arguments_that_reach_others_are_refused_and_the_plain_ones_are_not(arch: str) -> None:
    ioctl, prctl = number(seccomp._IOCTL, arch), number(seccomp._PRCTL, arch)
    prlimit, fcntl = number(seccomp._PRLIMIT, arch), number(seccomp._FCNTL, arch)
    assert ask(arch, ioctl, 0, 0x5412) == ask(arch, ioctl, 0, 0x541C) == REFUSE
    assert ask(arch, ioctl, 0, 0x5401) == ALLOW  # TCGETS: isatty(3)
    assert ask(arch, ioctl, 3, 0x40086602) == ALLOW
    assert ask(arch, ioctl, 3, 0x40086602, processes=False) == REFUSE
    assert ask(arch, prlimit, 0, 7) == ALLOW
    assert ask(arch, prlimit, 1, 7) == REFUSE
    assert ask(arch, fcntl, 3, 1024) == ask(arch, fcntl, 3, 1026) == REFUSE
    assert [ask(arch, fcntl, 3, c) for c in (0, 1, 2, 3, 4, 5, 6, 7, 1030, 1031, 1033)] == [
        ALLOW
    ] * 11
    assert ask(arch, prctl, 1, 0) == ALLOW
    assert ask(arch, prctl, 1, 0, processes=False) == REFUSE
    assert ask(arch, prctl, 15, 0, processes=False) == ALLOW
    assert ask(arch, prctl, 62, 1) == ask(arch, prctl, 62, 1, processes=False) == REFUSE


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_the_program_is_one_that_the_kernel_takes(arch: str, variant: dict[str, bool]) -> None:
    program = seccomp.program(**variant)
    assert len(program) % 8 == 0
    assert len(program) // 8 <= MOST_INSTRUCTIONS


def test_the_way_to_an_answer_is_short(arch: str) -> None:
    """The kernel runs the filter for each call it knows whenever it is loaded."""
    program = seccomp.program()
    assert max(run(program, call, ARCHITECTURES[arch])[1] for call in range(500)) < 32
