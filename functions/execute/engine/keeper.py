"""The keeper: the one process of a cell that holds privileges.

Theory of operation. A worker starts one keeper per slot, by exec, from its main thread.
The keeper makes the cell (namespaces, root, control group), then serves one run at a
time over its control connection. It is single-threaded. It dies with the worker: by
parent-death signal and by the end of the control connection, whichever comes first;
whatever it started dies with it. It has moved into the cell's root itself, so a path
from a request can never name a file of the host.

Stdlib only, started with -I -S: nothing of the environment or of the site is loaded.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from functions.execute.engine import (
    cgroups,
    child,
    collect,
    contained,
    probe,
    root,
    seccomp,
    syscalls,
    wire,
)
from functions.execute.engine.box import BOX_VIEWS
from functions.execute.engine.nurse import Nurse
from functions.execute.engine.supervise import Supervision


class Keeper:
    """A cell, from the inside."""

    def __init__(self, control: socket.socket, config: dict[str, Any]) -> None:
        self.control = control
        self.uid: int = config["uid"]
        self.rootless = os.geteuid() != 0
        self.landlock_abi: int = config["landlock_abi"]
        group = os.getegid() if self.rootless else self.uid
        self._home = contained.Home(group) if config["level"] == "container" else None
        self.filter = seccomp.program(
            sockets=not self._home,
            processes=not self._home,
            unseen_memory=bool(config["folders"]),
        )
        self.readable: list[str] = config["mounts"] + root.SYSTEM if self._home else []
        if self._home:
            syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
        self.start_mode = "exec"
        self._nurse: Nurse | None = None
        self.group: cgroups.RunGroup | None = None
        if config["folders"]:
            folders = {kind: Path(path) for kind, path in config["folders"].items()}
            self.group = cgroups.open_group(folders, config["group"])
        self.proc_fd = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._box_fd = -1
        os.umask(0)  # the modes we ask for are the modes we mean
        if not self._home:
            self._enter_namespaces()
            root.enter(config["mounts"], config["hides"], self.uid, keep_proc=self.rootless)
        if config["nursery"] and not self._home:
            self._nurse = Nurse(**config["nursery"])
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)

    def _enter_namespaces(self) -> None:
        user, group = os.geteuid(), os.getegid()
        syscalls.unshare(probe.namespace_flags())
        if self.rootless:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {user} 1")
            Path("/proc/self/gid_map").write_text(f"0 {group} 1")
        socket.sethostname("assay")

    # -- serving ----------------------------------------------------------------------

    def serve(self) -> None:
        """One request after the other, until the worker is gone."""
        gc.disable()  # short-lived garbage only; a collection would un-share forked pages
        gc.freeze()
        while True:
            kind, _, fds = wire.receive(self.control)
            if not kind:
                return
            if kind == wire.REQUEST:
                self._run(json.loads(wire.read_file(fds.pop())), fds)
            # Anything else came too late for a run that had ended by itself.

    def _run(self, request: dict[str, Any], fds: list[int]) -> None:
        content = wire.read_file(fds[1])
        files: dict[str, bytes] = {}
        offset = 0
        for name, size in request["files"]:
            files[name] = content[offset : offset + size]
            offset += size
        self._box_fd = self._new_box(request["limits"], files)
        try:
            Supervision(self, request, fds[0], files, *fds[2:]).run(self._box_fd)
        finally:
            os.close(self._box_fd)
            if self._home:
                self._home.clear()
        if self._nurse:
            self._nurse.replace_if_old()

    def close(self) -> None:
        """Leave nothing behind."""
        if self._nurse:
            self._nurse.close()
        if self.group:
            self.group.close()
        if self._home:
            self._home.close()

    # -- what supervision needs of the cell -------------------------------------------

    def start(self, run: child.Start, files: Mapping[str, bytes], stack_bytes: int) -> int:
        """Start a run, by fork where that is equal; gives the pid of its init."""
        self.start_mode = "exec"
        if self._home:
            return contained.start(run)
        if self._nurse and self._nurse.takes(run, files, stack_bytes):
            try:
                pid = self._nurse.start(run)
            except OSError:
                return child.start(run)  # the nursery is being replaced
            self.start_mode = "fork"
            return pid
        return child.start(run)

    def reap(self) -> None:
        """At level `container` a program can outlive its init by a moment: wait for its end."""
        if self._home:
            contained.wait_for_orphans()

    def give(self, fd: int) -> None:
        """Make the run's user the owner of a pipe. Rootless, it is already."""
        if not self.rootless:
            os.fchown(fd, self.uid, self.uid)

    def env(self, env: dict[str, str]) -> dict[str, str]:
        """The environment of a run, with this level's places."""
        return self._home.env(env) if self._home else env

    def prepare_group(self, memory_bytes: int, processes: int) -> list[int]:
        """The control-group files the program has to enter; none without control groups."""
        return self.group.prepare(memory_bytes, processes) if self.group else []

    def rlimits(self, limits: dict[str, int]) -> list[tuple[int, int]]:
        """Resource limits: a second line behind supervision, setrlimit(2)."""
        values = [
            # 1 and not 0: a host whose cores go to a program would start it in spite of 0.
            (resource.RLIMIT_CORE, 1),
            (resource.RLIMIT_CPU, limits["cpu_time_ms"] // 1000 + 2),
            (resource.RLIMIT_FSIZE, limits["file_bytes"]),
            (resource.RLIMIT_NOFILE, limits["open_files"]),
            (resource.RLIMIT_STACK, limits["stack_bytes"]),
            (resource.RLIMIT_MEMLOCK, 0),
            (resource.RLIMIT_MSGQUEUE, 0),
            (resource.RLIMIT_NICE, 0),
            (resource.RLIMIT_RTPRIO, 0),
        ]
        if self.group is None:  # counted per user and user namespace: mostly a run's own
            others = contained.tasks_of_user() if self._home and self.rootless else 0
            values.append((resource.RLIMIT_NPROC, limits["processes"] + others))
        return [(kind, _within_ours(kind, value)) for kind, value in values]

    def send_files(self, request: dict[str, Any]) -> None:
        """Bring back files of the run, when all its processes are dead."""
        names = [*request["collect"], *collect.matching(self._box_fd, request["collect_matching"])]
        found: list[tuple[str, int]] = []
        content = bytearray()
        for name in dict.fromkeys(names):
            data = collect.regular(self._box_fd, name, request["collect_bytes"] - len(content))
            if data is not None:
                found.append((name, len(data)))
                content += data
        if found:
            fds = [wire.memory_file(json.dumps(found).encode()), wire.memory_file(bytes(content))]
            wire.send(self.control, wire.FILES, b"", fds)
            for fd in fds:
                os.close(fd)

    # -- the run's tmpfs --------------------------------------------------------------

    def _new_box(self, limits: dict[str, int], files: Mapping[str, bytes]) -> int:
        """A fresh tmpfs with the program's files in it; nobody else has it yet."""
        size, inodes = str(limits["disk_bytes"]), str(limits["disk_inodes"])
        box = (
            self._home.new_box()
            if self._home
            else syscalls.new_tmpfs({"size": size, "nr_inodes": inodes, "mode": "755"})
        )
        for name in BOX_VIEWS:
            os.mkdir(name, 0o700 if name == "work" else 0o1777, dir_fd=box)
        work = os.open("work", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=box)
        for name, data in files.items():
            if name.endswith("/"):
                self._place_folder(work, name.rstrip("/"))
            else:
                self._place(work, name, data)
        self._own(work)
        os.close(work)
        return box

    def _place_folder(self, work: int, name: str) -> None:
        parts = name.split("/")
        if not {"", ".", ".."}.isdisjoint(parts):  # checked long before; never followed here
            raise ValueError(f"{name!r} is no name of a file in the work folder")
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, dir_fd=work)
            if not self.rootless:
                os.chown(folder, self.uid, self.uid, dir_fd=work, follow_symlinks=False)

    def _place(self, work: int, name: str, content: bytes) -> None:
        folder, _, last = name.rpartition("/")
        if last in ("", ".", ".."):
            raise ValueError(f"{name!r} is no name of a file in the work folder")
        if folder:
            self._place_folder(work, folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(name, flags, 0o755, dir_fd=work)
        view = memoryview(content)
        while view:
            view = view[os.write(file, view) :]
        self._own(file)
        os.close(file)

    def _own(self, fd: int) -> None:
        if not self.rootless:
            os.fchown(fd, self.uid, self.uid)


def _within_ours(kind: int, value: int) -> int:
    """What may be set: a limit that we were started with is not to be raised."""
    hard = resource.getrlimit(kind)[1]
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


def main(control_fd: int) -> None:
    """The process's life; `control_fd` is its connection to the worker."""
    # `nohup` or a shell's background ignores some signals; Python itself ignores two.
    for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}:
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the worker's business
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    syscalls.set_name(b"assay-keeper")
    control = socket.socket(fileno=control_fd)
    kind, body, _ = wire.receive(control)
    if not kind:
        return
    keeper = None
    try:
        keeper = Keeper(control, json.loads(body))
        wire.send(control, wire.READY)
        keeper.serve()
    except Exception as error:
        with contextlib.suppress(OSError):
            wire.send(control, wire.BROKEN, f"{type(error).__name__}: {error}".encode())
    finally:
        if keeper:
            keeper.close()
    sys.exit(0)
