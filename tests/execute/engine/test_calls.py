"""Rows of system calls: made in order, stopped at the first that gives something else."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.execute.engine import calls, syscalls
from functions.execute.engine.calls import Code, Row, Shared
from tests.execute.engine.hierarchy import real_group

pytestmark = pytest.mark.skipif(syscalls.ARCH != "x86_64", reason="the code is for x86-64")

READ, WRITE, GETUID, SETRESUID, EXIT = 0, 1, 102, 117, 231
END = Row("end", EXIT, (7,))


class Maker:
    """Makes one process after the other; each writes to a pipe."""

    def __init__(self) -> None:
        self.code, self.shared = Code(), Shared(16, 4096)
        self.reader, self.writer = os.pipe()
        self.rows: list[Row] = []

    def says(self, text: bytes) -> Row:
        return Row("say", WRITE, (self.writer, self.shared.keep(text), len(text)), len(text))

    def start(self, *rows: Row) -> int:
        self.rows = list(rows)
        self.shared.put_rows(b"".join(row.packed() for row in rows))
        return self.code.start(0, self.shared.address)

    def run(self, *rows: Row) -> tuple[int, str, int | None, bytes]:
        """Exit code or signal, the row it stopped at, what that gave, and what was written."""
        _, status = os.waitpid(self.start(*rows), 0)
        row, gave = self.shared.stopped_at(self.rows)
        os.set_blocking(self.reader, False)
        try:
            said = os.read(self.reader, 100)
        except BlockingIOError:
            said = b""
        return os.waitstatus_to_exitcode(status), row.what, gave, said


@pytest.fixture
def maker() -> Iterator[Maker]:
    made = Maker()
    yield made
    os.close(made.reader)
    os.close(made.writer)


def test_the_calls_are_made_one_after_the_other(maker: Maker) -> None:
    user = Row("user", GETUID, (), os.getuid())
    assert maker.run(maker.says(b"one "), user, maker.says(b"two"), END) == (
        *(7, "end", None),
        b"one two",
    )


def test_arguments_come_in_their_order(maker: Maker) -> None:
    mmap, six = 9, (0, 4096, 3, 0x22, -1, 0)
    code, row, gave, said = maker.run(Row("map", mmap, six, gives=-1), maker.says(b"never"))
    assert (code, row, said) == (127, "map", b"")
    assert gave is not None and gave > 0 and gave % 4096 == 0  # it was made, and gave an address


@pytest.mark.parametrize(
    ("row", "gave"),
    [
        (Row("fails", WRITE, (-1, 0, 0)), -9),
        (Row("gives more", GETUID, (), os.getuid() + 1), os.getuid()),
        (Row("is no call", 1 << 20), -38),
    ],
)
def test_after_one_that_gives_something_else_nothing_is_done(
    maker: Maker, row: Row, gave: int
) -> None:
    told = maker.run(maker.says(b"before"), row, maker.says(b" after"), END)
    assert told == (127, row.what, gave, b"before")
    assert maker.run(maker.says(b"again"), END) == (7, "end", None, b"again")


def test_a_process_killed_in_the_middle_leaves_its_maker_as_it_was(maker: Maker) -> None:
    waiting, never = os.pipe()
    kept = [bytes([number]) * 1000 for number in range(200)]
    for _ in range(20):
        where = maker.shared.room(8)
        pid = maker.start(maker.says(b"x"), Row("wait", READ, (waiting, where, 1), 1), END)
        assert os.read(maker.reader, 1) == b"x"
        os.kill(pid, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
        assert maker.shared.stopped_at(maker.rows)[0].what in ("say", "wait")
    assert kept == [bytes([number]) * 1000 for number in range(200)]
    assert maker.run(maker.says(b"well"), END) == (7, "end", None, b"well")
    os.close(waiting)
    os.close(never)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_who_the_process_becomes_its_maker_does_not(maker: Maker) -> None:
    before = Path("/proc/self/status").read_text().splitlines()
    rows = (
        Row("become", SETRESUID, (61_000,) * 3),
        Row("is", GETUID, (), 61_000),
        Row("no privileges", 157, (38, 1)),  # prctl(2): PR_SET_NO_NEW_PRIVS
        END,
    )
    assert maker.run(*rows)[:2] == (7, "end")
    after = Path("/proc/self/status").read_text().splitlines()
    told = ("Uid", "Gid", "Groups", "Cap", "NoNewPrivs", "Seccomp", "Sig", "Shd")
    assert [line for line in after if line.startswith(told)] == [
        line for line in before if line.startswith(told)
    ]


def test_no_handler_of_its_maker_runs_in_it(maker: Maker) -> None:
    handled: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: handled.append(number))
    try:
        waiting, never = os.pipe()
        where = maker.shared.room(8)
        pid = maker.start(maker.says(b"x"), Row("wait", READ, (waiting, where, 1), 1), END)
        assert os.read(maker.reader, 1) == b"x"
        os.kill(pid, signal.SIGUSR1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGUSR1
        assert handled == []
        os.close(waiting)
        os.close(never)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_it_is_not_made_at_all_where_the_kernel_refuses(maker: Maker) -> None:
    maker.shared.put_rows(END.packed())
    with pytest.raises(OSError, match="clone3"):
        maker.code.start(0, maker.shared.address, group_fd=maker.reader)  # no group
    with pytest.raises(OSError, match="clone3"):
        maker.code.start(0x00010000, maker.shared.address)  # a thread with signals of its own


def test_it_can_be_born_in_a_group_of_version_2(maker: Maker) -> None:
    waiting, go = os.pipe()
    with real_group("rows") as (folder, group_fd), open(waiting, "rb"), open(go, "wb"):
        maker.rows = [Row("wait", READ, (waiting, maker.shared.room(8), 1), 1), END]
        maker.shared.put_rows(b"".join(row.packed() for row in maker.rows))
        pid = maker.code.start(0, maker.shared.address, group_fd)
        assert f"/{folder.name}\n" in Path(f"/proc/{pid}/cgroup").read_text()
        os.write(go, b"!")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_what_does_not_fit_is_not_written() -> None:
    shared = Shared(1, 16)
    assert shared.room(9) % 8 == 0
    with pytest.raises(ValueError, match="no room"):
        shared.room(1)
    shared.put_rows(END.packed())
    with pytest.raises(ValueError, match="no room"):
        shared.put_rows(END.packed(), 1)


@pytest.mark.skipif(shutil.which("as") is None, reason="there is no assembler here")
def test_the_code_is_what_is_written_beside_it(tmp_path: Path) -> None:
    text = Path(calls.__file__).read_text().partition('"x86_64": bytes')[2].partition("\n    )")[0]
    lines = re.findall(r'"[0-9a-f]+"  # (.*)', text)
    assert len(lines) == 22
    source = "\n".join(re.sub(r"\s{2,}.*", "", line).replace(": ", ":\n") for line in lines)
    made = tmp_path / "code.o"
    assembler = ["as", "-msyntax=intel", "-mnaked-reg", "-o", str(made)]
    subprocess.run(assembler, input=source, text=True, check=True)
    raw = tmp_path / "code"
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", str(made), str(raw)], check=True)
    assert raw.read_bytes() == calls._CODE["x86_64"]
