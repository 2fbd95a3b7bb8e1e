"""A program finds the same whether its process was made by rows of calls or by a fork."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from functions.execute.engine import child, seccomp, syscalls
from functions.execute.engine.engine import Engine
from functions.execute.engine.exec_start import ExecStart
from functions.execute.engine.program import EngineError, Limits, Outcome, Program
from tests.execute.engine.test_idle_init import as_user, init_of, keeper_of, named
from tests.infra.eventually import eventually

LIMITS = Limits(wall_time_ms=60_000, open_files=77, stack_bytes=9 << 20, file_bytes=5 << 20)
#: So much in its arguments, and a program is forked.
LONG = "x" * 20_000

LOOKS = r"""
umask; pwd; ulimit -a; env | sort; echo "$1" | cut -c 1-9
grep -Ev '^(VmPeak|VmHWM|Vm|Rss|voluntary|nonvoluntary|Pid|Tgid|Ngid|SigQ|Cpus|Mems)' \
    /proc/self/status
cut -d' ' -f 4,5,6 /proc/self/mountinfo | sort
cat /proc/self/limits
for fd in /proc/self/fd/*; do readlink $fd | cut -c 1-5; done
cut -d' ' -f 5,6 /proc/$$/stat
stat -c '%A %U %G %n' /* /work/* /work/a/* /dev/* /tmp /dev/shm /box/*
for try in /usr/x /dev/x /proc/x; do true > $try; done 2>&1
cat
""".strip()


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine(1)
    try:
        yield made
    finally:
        made.close()


def test_a_program_that_was_not_forked_finds_the_same(engine: Engine) -> None:
    program = Program(
        argv=("/bin/sh", "-c", LOOKS, "sh", "short"),
        files={"a/b": b"content"},
        env={"NAME": "ü \udcff =", "EMPTY": ""},
        stdin=b"the input",
    )
    short = engine.run(program, LIMITS)
    forked = engine.run(replace(program, argv=(*program.argv[:-1], "short" + LONG)), LIMITS)

    assert short.exit_code == forked.exit_code == 0
    told, expected = short.stdout.splitlines(), forked.stdout.splitlines()
    assert told[-1] == b"the input" and len(told) > 120
    assert b"NAME=\xc3\xbc \xff =" in told
    assert told == [line.replace(b"shortxxxx", b"short") for line in expected]
    assert short.stderr == forked.stderr


@pytest.mark.parametrize("padding", ["", LONG], ids=["rows", "forked"])
@pytest.mark.parametrize(
    ("name", "files", "why"),
    [
        ("./none", {}, "No such file or directory"),
        ("./bad", {"bad": b"\x7fELF, but not really"}, "Exec format error"),
        ("./bad", {"bad": b"#!/nowhere/sh\n"}, "No such file or directory"),
        ("bad/", {"bad": b"x"}, "Not a directory"),
    ],
)
def test_a_program_that_cannot_be_started_says_so_as_in_a_shell(
    engine: Engine, name: str, files: dict[str, bytes], why: str, padding: str
) -> None:
    run = engine.run(Program(argv=(name, padding), files=files), LIMITS)
    assert (run.outcome, run.exit_code, run.stdout) == (Outcome.EXITED, 126, b"")
    assert run.stderr == f"{name}: {why}\n".encode()


@pytest.mark.parametrize("padding", ["", LONG], ids=["rows", "forked"])
def test_a_toolchain_that_cannot_be_started_is_our_fault(padding: str) -> None:
    made = Engine(1)
    try:
        with pytest.raises(EngineError, match="No such file"):
            made.run(Program(argv=("/nowhere/compiler", padding)), LIMITS)
    finally:
        made.close()


def test_programs_of_both_kinds_take_turns(engine: Engine) -> None:
    for number in range(12):
        padding = LONG if number % 3 == 1 else ""
        argv = ("/bin/sh", "-c", "echo $1 | cut -c 1-3", "sh", f"{number}: {padding}")
        assert engine.run(Program(argv=argv), LIMITS).stdout.startswith(b"%d:" % number)


def test_the_least_memory_is_enough_for_the_longest_arguments(engine: Engine) -> None:
    # Were the group full at the exec, the kernel would kill whoever shares memory there.
    keeper = keeper_of(engine)
    for _ in range(3):
        small = Limits(wall_time_ms=60_000, memory_bytes=4 << 20)
        run = engine.run(Program(argv=("/bin/true", "\u00fc" * 16_000)), small)
        assert run.outcome == Outcome.EXITED
        assert engine.run(Program(argv=("/bin/echo", "well")), LIMITS).stdout == b"well\n"
    assert keeper_of(engine) == keeper


@pytest.mark.skipif(os.geteuid() != 0, reason="without root programs are forked")
def test_nobody_looks_into_a_process_that_waits_or_into_its_stem(engine: Engine) -> None:
    keeper = keeper_of(engine)
    init_of(keeper)
    (waits,) = eventually(lambda: named(keeper, "assay-stem", 1))
    (stem,) = named(keeper, "assay-stem", 0)
    uid = engine_uid(engine)
    eventually(lambda: f"Uid:\t{uid}\t{uid}" in Path(f"/proc/{waits}/status").read_text())
    eventually(lambda: Path(f"/proc/{waits}/mem").stat().st_uid == 0)
    for pid in (waits, stem):
        for what in ("mem", "maps", "environ", "auxv"):
            path = Path(f"/proc/{pid}/{what}")
            assert not as_user(uid, path.read_bytes), path
        assert not as_user(uid, lambda pid=pid: os.listdir(f"/proc/{pid}/fd"))  # type: ignore[misc]
    # The stem stays what it was: what its process gave up is that process's own.
    told = Path(f"/proc/{stem}/status").read_text()
    assert "Uid:\t0\t0" in told and "NoNewPrivs:\t0" in told and "CapBnd:\t0000000000000000" in told
    assert "CapEff:\t0000000000000000" not in told


def engine_uid(engine: Engine) -> int:
    with engine.cell() as cell:
        return cell.config.uid


REFUSING = """
import sys
sys.path.insert(0, {root!r})
from functions.execute.engine import seccomp, syscalls
from functions.execute.engine.engine import Engine
from functions.execute.engine.program import Limits, Program
code = seccomp._load(seccomp._NR) + seccomp._equal({call}, 0, 1)
code += seccomp._answer(seccomp._ERRNO | {error}) + seccomp._answer(seccomp._ALLOW)
engine = Engine(1)  # what it needs to know of this machine
engine.close()
syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
syscalls.load_seccomp(code)
engine = Engine(1)
for number in range(3):
    run = engine.run(Program(argv=("/bin/echo", str(number))), Limits(wall_time_ms=60_000))
    print(run.exit_code, run.stdout.decode().strip(), run.stderr.decode())
engine.close()
"""


@pytest.mark.skipif(syscalls.ARCH != "x86_64", reason="elsewhere all are forked")
@pytest.mark.parametrize(
    ("call", "error"),
    [(435, 1), (435, 38), (435, 11), (2, 1)],
    ids=["clone3 EPERM", "clone3 ENOSYS", "clone3 EAGAIN", "a row EPERM"],
)
def test_where_it_is_refused_programs_are_forked(call: int, error: int) -> None:
    script = REFUSING.format(root=str(Path(__file__).parents[3]), call=call, error=error)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.split() == ["0", "0", "0", "1", "0", "2"], done.stderr


@pytest.mark.parametrize(
    ("argv", "env"),
    [
        ([], {}),
        ([""], {}),
        (["/bin/true", LONG], {}),
        (["/bin/true"], {"NAME": LONG}),
        (["/bin/true"] * 2_000, {}),
        (["/bin/true", "a\0b"], {}),
        (["/bin/true"], {"NA=ME": ""}),
    ],
)
@pytest.mark.skipif(syscalls.ARCH != "x86_64", reason="elsewhere all are forked")
def test_what_is_strange_is_left_to_python(argv: list[str], env: dict[str, str]) -> None:
    place = child.Place(uid=61_000, rootless=False, filter=seccomp.program(), landlock_abi=6)
    made = ExecStart(place, group_files=3, group_folder=False)
    assert not made.fits(argv, env)
    assert made.fits(["/bin/true", "a=b", ""], {"NAME": "a=b"})
