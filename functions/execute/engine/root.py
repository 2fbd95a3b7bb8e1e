"""The root a cell's programs see: toolchains read-only, and nothing of the host besides.

Built once per cell, in the keeper's own mount namespace: a small tmpfs with read-only
binds of the system's libraries and of each language's toolchain, a handful of device
nodes, and an /etc of our own making. The keeper then moves in (pivot_root) and lets
go of the host's tree: after that, neither it nor anything it starts can name a host
file. /work, /tmp and /dev/shm are empty mount points; each run brings its own tmpfs.
"""

from __future__ import annotations

import os
from pathlib import Path

from functions.execute.engine import leftovers, syscalls
from functions.execute.engine.box import BOX

_LIBRARIES = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime")
#: What every program may read of the host: libraries, tools, and how to find them.
SYSTEM = [p for p in (*_LIBRARIES, *(f"/etc/{n}" for n in _ETC)) if Path(p).exists()]
_DEVICES = ("null", "zero", "full", "random", "urandom")
_LINKS = {
    "dev/fd": "/proc/self/fd",
    "dev/stdin": "/proc/self/fd/0",
    "dev/stdout": "/proc/self/fd/1",
    "dev/stderr": "/proc/self/fd/2",
}
_FILES = {
    "etc/passwd": "root:x:0:0:root:/:/bin/false\nrunner:x:{uid}:{uid}:runner:/work:/bin/sh\n",
    "etc/group": "root:x:0:\nrunner:x:{uid}:\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


_RESERVED = ("/work", "/tmp", "/box", "/dev", "/proc", "/var/tmp")
#: Ours as a whole; parts of them that a toolchain needs are shown where they are.
_OURS = ("/etc", "/var", *(f"/{name}" for name in _FILES))


def shown_at(path: str) -> str:
    """Where a host path appears in a cell: where it is, unless a run's own places hide it."""
    hidden = any(path == place or path.startswith(place + "/") for place in _RESERVED)
    return f"/opt/host{path}" if hidden or path in _OURS else path


def enter(mounts: list[str], hides: list[str], uid: int, *, keep_proc: bool) -> None:
    """Build the root and make it this process's own.

    Args:
        mounts: files and folders of the host to show, read-only, see `shown_at`.
        hides: folders of the host that appear empty.
        uid: the user that programs run as, for /etc/passwd.
        keep_proc: leave the host's /proc at /proc. Without privileges, a new proc can
            be mounted only where one is visible; each run covers it with its own.
    """
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    base = leftovers.new_folder()
    parent_fd = os.open(base.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    syscalls.mount("assay", str(base), "tmpfs", data="size=1m,nr_inodes=2048,mode=755")
    for path in SYSTEM:
        _show(path, base / path.lstrip("/"))
    for path in mounts:
        _show(path, base / shown_at(path).lstrip("/"))
    for path in hides:
        target = base / shown_at(path).lstrip("/")
        if target.is_dir():
            syscalls.mount("none", str(target), "tmpfs", syscalls.MS_RDONLY, "size=4k,mode=755")
    _furnish(base, uid)
    _show_engine(base)
    if keep_proc:
        syscalls.mount("/proc", str(base / "proc"), flags=syscalls.MS_BIND | syscalls.MS_REC)
    syscalls.set_read_only(str(base), recursive=False)
    os.chdir(base)
    syscalls.pivot_root(".", ".")
    syscalls.umount(".", syscalls.MNT_DETACH)
    os.chdir("/")
    os.rmdir(base.name, dir_fd=parent_fd)
    os.close(parent_fd)


def _show(path: str, target: Path) -> None:
    """Let `path` be seen at `target`: a link as the same link, the rest read-only."""
    source = Path(path)
    if target.exists() or target.is_symlink():
        return
    if source.is_symlink():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(os.readlink(source))
        return
    if source.is_dir():
        target.mkdir(parents=True)
    elif source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    else:
        return
    syscalls.mount(path, str(target), flags=syscalls.MS_BIND | syscalls.MS_REC)
    syscalls.set_read_only(str(target), recursive=True)


def _show_engine(base: Path) -> None:
    """This package, for a nursery to import: where its sitecustomize is found as such."""
    home = base / "opt/nursery"
    package = home / "functions/execute/engine"
    _show(str(Path(__file__).parent), package)
    (home / "sitecustomize.py").symlink_to("functions/execute/engine/sitecustomize.py")


def _furnish(base: Path, uid: int) -> None:
    for name in ("proc", "dev/shm", "tmp", "work", BOX.lstrip("/"), "etc", "var/tmp"):
        (base / name).mkdir(parents=True, exist_ok=True)
    for name, text in _FILES.items():
        (base / name).write_text(text.format(uid=uid))
    for name, link in _LINKS.items():
        (base / name).symlink_to(link)
    for name in _DEVICES:
        target = base / "dev" / name
        target.touch()
        syscalls.mount(f"/dev/{name}", str(target), flags=syscalls.MS_BIND)
