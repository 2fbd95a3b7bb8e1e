"""Control groups: the machine's own kind for real, version 2 against files as documented."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.execute.engine import cgroups, run_groups, syscalls
from tests.execute.engine.hierarchy import Hierarchy, real_group
from tests.infra.eventually import eventually

MIB = 1024 * 1024
#: Enters the group through the descriptors named, then does what follows.
ENTER = "import os, sys\nfor fd in sys.argv[1:]: os.write(int(fd), b'0')\n"


@pytest.fixture
def real() -> Iterator[run_groups.RunGroup]:
    """A group of this machine's own hierarchy, removed afterwards."""
    folders = cgroups.parents()
    if not folders:
        pytest.skip("no control groups that this user may use")
    group = run_groups.open_group(folders, f"{cgroups.owner_tag(os.getpid())}.9")
    yield group
    group.close()
    left = [folder for folder in folders.values() if list(folder.glob(f"*-{os.getpid()}-*.9"))]
    cgroups.leave(folders)
    assert not left


def ready(group: run_groups.RunGroup, memory_bytes: int, processes: int) -> list[int]:
    """What a keeper does for a run; gives the files to enter by."""
    _, fds = group.renew()
    group.prepare(memory_bytes, processes)
    return fds


def run_in(
    fds: list[int], code: str, extra: tuple[int, ...] = ()
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-S", "-c", ENTER + code, *map(str, fds)]
    return subprocess.run(
        command, pass_fds=(*fds, *extra), capture_output=True, text=True, timeout=60, check=False
    )


def test_what_a_run_used_is_told_and_forgotten_by_the_next(real: run_groups.RunGroup) -> None:
    fds = ready(real, 128 * MIB, 16)
    burn = "kept = b'x' * 40_000_000\nimport time\nwhile time.process_time() < 0.1: pass"
    assert run_in(fds, burn).returncode == 0
    assert 80_000_000 < real.cpu_ns() < 5_000_000_000
    assert 40_000_000 <= real.peak_bytes() < 60_000_000
    assert real.oom_kills() == 0

    ready(real, 128 * MIB, 16)
    assert real.cpu_ns() < 20_000_000
    assert real.peak_bytes() < 2 * MIB


def test_a_run_past_its_memory_is_killed_and_the_kill_is_counted_once(
    real: run_groups.RunGroup,
) -> None:
    assert run_in(ready(real, 32 * MIB, 16), "kept = b'x' * 100_000_000").returncode == -9
    assert real.oom_kills() >= 1
    assert run_in(ready(real, 32 * MIB, 16), "pass").returncode == 0
    assert real.oom_kills() == 0


def test_memory_that_outlives_its_run_does_not_stand_in_the_way(real: run_groups.RunGroup) -> None:
    held = os.memfd_create("held")
    try:
        write = f"os.write({held}, b'x' * 40_000_000)"
        assert run_in(ready(real, 128 * MIB, 16), write, (held,)).returncode == 0
        fds = ready(real, 16 * MIB, 16)  # less than what is still held
        assert run_in(fds, "kept = b'x' * 4_000_000").returncode == 0
        assert real.oom_kills() == 0
        assert 4_000_000 <= real.peak_bytes() < 16 * MIB
    finally:
        os.close(held)


def test_processes_are_limited(real: run_groups.RunGroup) -> None:
    count = """
made = 0
try:
    while made < 50:
        if os.fork() == 0: os.read(0, 1); os._exit(0)
        made += 1
except BlockingIOError: pass
print(made)
"""
    command = [sys.executable, "-S", "-c", ENTER + count]
    fds = ready(real, 128 * MIB, 8)
    with subprocess.Popen(
        [*command, *map(str, fds)],
        pass_fds=fds,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"7\n"


def test_a_group_that_is_used_again_and_again_holds_no_more_descriptors(
    real: run_groups.RunGroup,
) -> None:
    held = os.memfd_create("held")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        write = f"os.write({held}, b'x' * 4_000_000)"
        assert run_in(ready(real, 64 * MIB, 16), write, (held,)).returncode == 0
    assert len(os.listdir("/proc/self/fd")) == before
    os.close(held)


def test_only_groups_of_the_dead_are_taken_away() -> None:
    folders = cgroups.parents()
    if not folders:
        pytest.skip("no control groups that this user may use")
    with subprocess.Popen(["sleep", "60"]) as process:
        dead = f"{cgroups.owner_tag(process.pid)}.0"
        process.kill()
    eventually(lambda: cgroups.start_time(process.pid) == "")
    namespace, pid, started = cgroups.owner_tag(os.getpid()).split("-")
    kept = [
        f"{namespace}-{pid}-{started}.0",  # ours
        f"1{namespace}-{pid}-1.0",  # of another pid namespace: nobody here can know
        "somebody-elses",
    ]
    for folder in folders.values():
        for name in (dead, *kept):
            (folder / name).mkdir()
    try:
        assert cgroups.reclaim(folders) >= 1
        for folder in folders.values():
            assert not (folder / dead).exists()
            assert all((folder / name).exists() for name in kept)
    finally:
        for folder in folders.values():
            for name in kept:
                (folder / name).rmdir()
        cgroups.leave(folders)


def test_a_pid_that_was_given_again_is_not_the_same_owner() -> None:
    namespace, pid, started = cgroups.owner_tag(os.getpid()).split("-")
    assert not cgroups.is_of_the_dead(f"{namespace}-{pid}-{started}")
    assert cgroups.is_of_the_dead(f"{namespace}-{pid}-{int(started) - 1}")
    assert not cgroups.is_of_the_dead(f"0-{pid}-{started}")
    assert not cgroups.is_of_the_dead("no tag at all")


def test_a_zombie_has_ended() -> None:
    with subprocess.Popen(["true"]) as process:
        eventually(lambda: cgroups.start_time(process.pid) == "")
        assert Path(f"/proc/{process.pid}").exists()


# -- version 2, as files -----------------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hierarchy:
    return Hierarchy(tmp_path, monkeypatch)


def test_v2_a_run_gets_a_fresh_group_with_its_limits(tree: Hierarchy) -> None:
    group = run_groups.open_group({"unified": tree.root}, "cell")
    assert isinstance(group, run_groups.GroupV2)
    for memory in (64 * MIB, 32 * MIB):
        (procs,) = ready(group, memory, 8)
        folder = tree.root / "cell"
        assert (folder / "memory.max").read_text().startswith(str(memory))
        assert (folder / "memory.swap.max").read_text().startswith("0")
        assert (folder / "memory.oom.group").read_text().startswith("1")
        assert (folder / "pids.max").read_text().startswith("8")
        os.write(procs, b"0")
        assert (folder / "cgroup.procs").read_text() == "0"
        tree.put(folder, "memory.peak", "50000000\n")  # is gone with the group
    ready(group, 64 * MIB, 8)
    assert group.peak_bytes() == 0
    group.close()
    assert not (tree.root / "cell").exists()


def test_v2_figures_are_read_as_documented(tree: Hierarchy) -> None:
    group = run_groups.open_group({"unified": tree.root}, "cell")
    ready(group, 64 * MIB, 8)
    folder = tree.root / "cell"
    tree.put(folder, "cpu.stat", "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 0\n")
    tree.put(folder, "memory.peak", "9000000\n")
    tree.put(folder, "memory.stat", "anon 8000000\ninactive_file 300000\nactive_file 200000\n")
    tree.put(folder, "memory.events", "low 0\nhigh 0\nmax 7\noom 2\noom_kill 3\noom_group_kill 1\n")
    assert group.cpu_ns() == 1_500_000
    assert group.peak_bytes() == 8_500_000
    assert group.oom_kills() == 3
    group.close()


def test_v2_what_was_used_before_the_limits_were_set_is_forgotten(tree: Hierarchy) -> None:
    group = run_groups.open_group({"unified": tree.root}, "cell")
    group.renew()
    folder = tree.root / "cell"
    tree.put(folder, "cpu.stat", "usage_usec 700\n")
    tree.put(folder, "memory.peak", "5000000\n")
    group.prepare(64 * MIB, 8)
    tree.put(folder, "cpu.stat", "usage_usec 1700\n")
    assert (group.cpu_ns(), group.peak_bytes()) == (1_000_000, 0)

    # Before Linux 6.12 the peak cannot be reset: it is told as it is.
    tree.resets_peaks = False
    group.renew()
    tree.put(folder, "memory.peak", "5000000\n")
    group.prepare(64 * MIB, 8)
    assert group.peak_bytes() == 5_000_000
    group.close()


def test_v2_a_process_is_born_in_the_group_of_its_run(tree: Hierarchy) -> None:
    group = run_groups.open_group({"unified": tree.root}, "cell")
    folder_fd, _ = group.renew()
    assert Path(f"/proc/self/fd/{folder_fd}").readlink() == tree.root / "cell"
    group.close()


def test_a_process_can_be_born_in_a_group_of_version_2() -> None:
    reader, writer = os.pipe()
    with real_group("born") as (folder, fd), open(reader, "rb"), open(writer, "wb"):
        pid = syscalls.clone_into(0, fd)
        if pid == 0:
            os.write(writer, Path("/proc/self/cgroup").read_bytes())
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        assert f"/{folder.name}\n" in os.read(reader, 10_000).decode()


def test_v2_an_older_kernel_lacks_files_and_is_watched_instead(tree: Hierarchy) -> None:
    tree.lacking = {"memory.peak", "memory.swap.max", "memory.oom.group"}
    group = run_groups.open_group({"unified": tree.root}, "cell")
    ready(group, 64 * MIB, 8)
    for current in ("5000000\n", "9000000\n", "1000000\n"):
        tree.put(tree.root / "cell", "memory.current", current)
        group.cpu_ns()
    assert group.peak_bytes() == 9_000_000
    ready(group, 64 * MIB, 8)
    assert group.peak_bytes() == 0
    group.close()


def test_v2_groups_below_a_group_with_processes_move_them_to_a_leaf(tree: Hierarchy) -> None:
    own = tree.root / "service"
    tree.mkdir(own)
    tree.put(own, "cgroup.procs", "10\n11\n12\n")
    tree.gone = {"11"}  # ended in between
    tree.children = {"12": ["13"]}  # and one was started
    assert cgroups.enable_v2(own) == own / "assay"
    assert tree.processes(own) == []
    assert sorted(tree.processes(own / "assay-main")) == ["10", "12", "13"]
    for folder in (own, own / "assay"):
        assert (folder / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_v2_a_group_that_cannot_be_emptied_is_said_to_be_so(tree: Hierarchy) -> None:
    own = tree.root / "service"
    tree.mkdir(own)
    tree.put(own, "cgroup.procs", "10\n")
    tree.children = {str(pid): [str(pid + 1)] for pid in range(10, 1000)}
    with pytest.raises(OSError, match="cannot be emptied"):
        cgroups.enable_v2(own)


def test_v2_a_second_worker_uses_the_same_place_not_one_below(tree: Hierarchy) -> None:
    own = tree.root / "service"
    tree.mkdir(own)
    tree.write(own / "cgroup.procs", "10")
    first = cgroups.enable_v2(own)
    assert cgroups.enable_v2(own / "assay-main") == first
    assert not (own / "assay-main" / "assay").exists()


def test_v2_an_empty_group_is_not_emptied(tree: Hierarchy) -> None:
    own = tree.root / "service"
    tree.mkdir(own)
    assert cgroups.enable_v2(own) == own / "assay"
    assert not (own / "assay-main").exists()
