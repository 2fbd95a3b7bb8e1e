"""Control groups: finding and claiming a place in the hierarchy for the groups of our runs.

Names tell whose a group is (`<pid>-<start time>`), so that the next start removes what a
killed worker left and never what belongs to a living neighbour.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

PARENT = "assay"
_LEAF = f"{PARENT}-main"
_MOVES = 10


def start_time(pid: int) -> str:
    """When a process started, in clock ticks since boot; with the pid it is unique: proc(5).

    Empty when it has ended: a zombie has, though its parent may be slow to look.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def owner_tag(pid: int) -> str:
    """The part of a group's name that tells whose it is."""
    namespace = os.readlink(f"/proc/{pid}/ns/pid").strip("pid:[]")
    return f"{namespace}-{pid}-{start_time(pid)}"


def is_of_the_dead(tag: str) -> bool:
    """Whether the owner of a tag has ended; what another pid namespace made may be in use."""
    namespace, _, rest = tag.partition("-")
    pid, _, started = rest.partition("-")
    here = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    return namespace == here and pid.isdigit() and start_time(int(pid)) != started


def _mounts(text: str) -> list[tuple[str, str, Path, set[str]]]:
    """(file system, root, mount point, super options) of each line of mountinfo."""
    found = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        found.append((kind[0], fields[3], Path(fields[4]), set(kind[2].split(","))))
    return found


def places(proc: Path = Path("/proc/self")) -> dict[str, Path]:
    """The folder of this process's own group, by controller; v2's is under "unified"."""
    mounts = _mounts((proc / "mountinfo").read_text())
    own: dict[str, Path] = {}
    for line in (proc / "cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for kind, root, point, options in mounts:
            wanted = controllers.split(",")
            if kind == ("cgroup" if controllers else "cgroup2") and (
                not controllers or set(wanted) <= options
            ):
                inside = "" if path == root else os.path.relpath(path, root)
                names = wanted if controllers else ["unified"]
                own.update(dict.fromkeys(names, point / inside))
                break
    return own


def version(own: dict[str, Path]) -> int:
    """2 where the unified hierarchy has the memory controller, else 1 or 0."""
    with contextlib.suppress(KeyError, OSError):
        if "memory" in (own["unified"] / "cgroup.controllers").read_text().split():
            return 2
    return 1 if {"memory", "cpuacct", "pids"} <= own.keys() else 0


def enable_v2(own: Path) -> Path:
    """Make `assay` below our own group with the controllers on.

    A group with processes cannot hand controllers down (cgroup-v2.rst, "No internal
    process constraint"), so whatever is in ours moves to a leaf first.
    """
    wanted = "+memory +pids"  # cpu.stat is there without its controller
    if own.name == _LEAF:  # a worker before us has moved us here
        own = own.parent
    parent = own / PARENT
    for _ in range(_MOVES):  # while they are moved, they may start others
        try:
            (own / "cgroup.subtree_control").write_text(wanted)
            break
        except OSError:
            _move_to_leaf(own)
    else:
        raise OSError(f"{own} cannot be emptied")
    parent.mkdir(exist_ok=True)
    (parent / "cgroup.subtree_control").write_text(wanted)
    return parent


def _move_to_leaf(own: Path) -> None:
    leaf = own / _LEAF
    leaf.mkdir(exist_ok=True)
    for pid in (own / "cgroup.procs").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            (leaf / "cgroup.procs").write_text(pid)


def parents() -> dict[str, Path]:
    """The folders that cells' groups are made in, created.

    Returns:
        One per v1 controller, or {"unified": ...}; empty without usable groups.
    """
    own = places()
    try:
        if version(own) == 2:
            return {"unified": enable_v2(own["unified"])}
        if version(own) == 1:
            made = {kind: own[kind] / PARENT for kind in ("memory", "cpuacct", "pids")}
            for folder in made.values():
                folder.mkdir(exist_ok=True)
                probe = folder / f"probe-{os.getpid()}"
                probe.mkdir()
                probe.rmdir()
            return made
    except OSError:
        pass
    return {}


def leave(folders: dict[str, Path]) -> None:
    """Remove the common parents, unless a neighbour has its groups there."""
    for parent in folders.values():
        with contextlib.suppress(OSError):
            parent.rmdir()


def reclaim(folders: dict[str, Path]) -> int:
    """Remove the groups of workers that are dead; gives how many."""
    removed = 0
    for parent in folders.values():
        parent.mkdir(exist_ok=True)
        for group in (g for g in parent.iterdir() if g.is_dir()):
            if is_of_the_dead(group.name.partition(".")[0]):
                _kill_all(group)
                with contextlib.suppress(OSError):
                    group.rmdir()
                    removed += 1
    return removed


def _kill_all(group: Path) -> None:
    for _ in range(50):
        pids = (group / "cgroup.procs").read_text().split()
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        time.sleep(0.01)
