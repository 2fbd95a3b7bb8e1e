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
import errno
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
    child,
    collect,
    contained,
    probe,
    root,
    run_groups,
    seccomp,
    stem,
    syscalls,
    wire,
)
from functions.execute.engine.box import BOX_VIEWS
from functions.execute.engine.exec_start import ExecStart
from functions.execute.engine.filling import fill
from functions.execute.engine.idle_init import Inits
from functions.execute.engine.nurse import Forker, Nursery, Refused, Stem
from functions.execute.engine.nursery_group import NurseryGroup
from functions.execute.engine.stage import Stage, StageError
from functions.execute.engine.supervise import Supervision

#: What a kernel says that will never do it; anything else may pass.
_FOR_GOOD = (errno.ENOSYS, errno.EPERM, errno.EINVAL)
_DEFAULT_DISK = {"size": str(128 << 20), "nr_inodes": "8192"}


class Keeper:
    """A cell, from the inside."""

    def __init__(self, control: socket.socket, config: dict[str, Any]) -> None:
        self.control = control
        self.uid: int = config["uid"]
        self.rootless = os.geteuid() != 0
        group = os.getegid() if self.rootless else self.uid
        self._home = contained.Home(group) if config["level"] == "container" else None
        filter_ = seccomp.program(
            sockets=not self._home,
            processes=not self._home,
            unseen_memory=bool(config["folders"]),
        )
        self._place = child.Place(
            uid=self.uid,
            rootless=self.rootless,
            filter=filter_,
            landlock_abi=config["landlock_abi"],
        )
        self._place_told = stem.place_of(self._place)
        self._readable: list[str] = config["mounts"] + root.SYSTEM if self._home else []
        self._hard_limits = _hard_limits()
        self.group: run_groups.RunGroup | None = None
        self._nursery_group: NurseryGroup | None = None
        if config["folders"]:
            folders = {kind: Path(path) for kind, path in config["folders"].items()}
            self.group = run_groups.open_group(folders, config["group"])
            if config["nursery"]:
                self._nursery_group = NurseryGroup(folders, config["group"])
        self.proc_fd = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        os.umask(0)  # the modes we ask for are the modes we mean
        self._nursery: Nursery | None = None
        self._stem: Stem | None = None
        self._ahead: Stage | None = None
        self._disk = _DEFAULT_DISK
        if not self._home:
            self._enter_namespaces()
            root.enter(config["mounts"], config["hides"], self.uid, keep_proc=self.rootless)
            self._inits = Inits(reaping=self.group is None, rootless=self.rootless)
        self._exec_start: ExecStart | None = None
        if not self._home and not self.rootless:
            kinds = config["folders"].keys()
            with contextlib.suppress(OSError):  # then they are forked
                self._exec_start = ExecStart(
                    self._place,
                    group_files=len(kinds - {"unified"}),
                    group_folder="unified" in kinds,
                )
        gc.freeze()  # what is forked from here shares it
        if not self._home:
            self._stem = Stem(self._exec_start)
        if config["nursery"] and not self._home:
            self._nursery = Nursery(self._nursery_group, **config["nursery"])
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
            kind, body, fds = wire.receive(self.control)
            if not kind:
                return
            if kind == wire.REQUEST:
                self._run(*wire.request(body, fds), fds)
            # Anything else came too late for a run that had ended by itself.

    def _run(self, head: bytes, content: bytes, fds: list[int]) -> None:
        request: dict[str, Any] = json.loads(head)
        files: dict[str, bytes] = {}
        offset = 0
        for name, size in request["files"]:
            files[name] = content[offset : offset + size]
            offset += size
        forked = self._forks(request, files)
        fits = self._exec_start is not None and self._exec_start.fits(
            request["argv"], request["env"]
        )
        stage = self._stage_for(request["limits"], forked=forked, fits=fits)
        try:
            fill(stage.box_fd, files, -1 if self.rootless else self.uid)
            started = self._is_nurserys(stage, forked)
            Supervision(self, request, fds[0], stage, *fds[1:], forked=started).run()
        finally:
            os.close(stage.box_fd)
            if self._home:
                self._home.clear()
        self._look_ahead(forked=forked)

    def close(self) -> None:
        """Leave nothing behind."""
        if self._ahead:
            self._ahead.discard(self.forgets)
        for forker in (self._stem, self._nursery):
            if forker:
                forker.close()
        for group in (self.group, self._nursery_group):
            if group:
                group.close()
        if self._home:
            self._home.close()

    # -- the place of a run -----------------------------------------------------------

    def _forks(self, request: dict[str, Any], files: Mapping[str, bytes]) -> bool:
        """Whether this program may start by fork."""
        return (
            self._nursery is not None
            and self._nursery.has_stack(request["limits"]["stack_bytes"])
            and self._nursery.takes(request["argv"], request["env"], files)
        )

    def _is_nurserys(self, stage: Stage, forked: bool) -> bool:
        return forked and stage.forker is self._nursery

    def _stage_for(self, limits: dict[str, int], *, forked: bool, fits: bool) -> Stage:
        """A place that is ready for a program with these limits."""
        stage, self._ahead = self._ahead, None
        if stage and self._is_unfit(stage, forked, fits):
            stage.discard(self.forgets)
            stage = None
        for is_last in (False, False, True):
            if is_last:  # twice is no accident: something here is not as the rows want it
                self._exec_start = None
            stage = stage or self._new_stage(forked=forked, fits=fits)
            try:
                self._fit(stage, limits)
                return stage
            except (OSError, StageError):
                stage.discard(self.forgets)
                stage = None
                if is_last:
                    raise
        raise AssertionError  # never reached

    def _is_unfit(self, stage: Stage, forked: bool, fits: bool) -> bool:
        if stage.exec_start is None:
            return forked and stage.forker is not self._nursery
        return forked or not fits

    def _new_stage(self, *, forked: bool, fits: bool) -> Stage:
        """A place for any program; what it needs of time need not be waited for."""
        if self._home:
            return Stage(-1, self._new_box())
        assert self._stem
        if forked and self._nursery:
            with contextlib.suppress(OSError):  # the nursery is being replaced
                return self._forked_from(self._nursery)
        if fits and self._exec_start:
            try:
                return self._forked_from(self._stem, self._exec_start)
            except Refused as error:
                if error.errno in _FOR_GOOD:
                    self._exec_start = None
            except OSError:
                pass
        with contextlib.suppress(OSError):  # and so is the stem
            return self._forked_from(self._stem)
        return self._forked_from(self._stem)

    def _forked_from(self, forker: Forker, exec_start: ExecStart | None = None) -> Stage:
        stage = Stage(self._inits.start(), self._new_box())
        try:
            group = self.group.renew() if self.group else (-1, [])
            if exec_start and isinstance(forker, Stem):
                stage.make(forker, exec_start, *group)
            else:
                stage.fork(forker, self._place_told, *group)
        except OSError:
            stage.discard(self.forgets)
            raise
        return stage

    def _fit(self, stage: Stage, limits: dict[str, int]) -> None:
        """Set what depends on the limits of a run, when its process has settled."""
        disk = {"size": str(limits["disk_bytes"]), "nr_inodes": str(limits["disk_inodes"])}
        if not self._home:
            stage.wait_settled()
            if disk != self._disk:
                self._disk = disk  # and the next ones are made so
                syscalls.resize_tmpfs(stage.box_fd, disk)
        if self.group:
            self.group.prepare(limits["memory_bytes"], limits["processes"])

    def _look_ahead(self, *, forked: bool) -> None:
        """Make the next run's place, of the kind that was just used."""
        if self._home:
            return
        if self._nursery:
            self._nursery.replace_if_old()
            if forked and not self._nursery.is_ready(0):
                return
        self._ahead = self._new_stage(forked=forked, fits=True)

    # -- what supervision needs of the cell -------------------------------------------

    def begin(self, stage: Stage, start: child.Start) -> None:
        """Start the program in its place."""
        if not self._home:
            stage.begin(start)
            return
        place = contained.Place(
            **vars(self._place),
            box_fd=stage.box_fd,
            report_fd=stage.writer_fd,
            readable=self._readable,
        )
        stage.took(contained.start(start, place))

    def forkers(self) -> list[int]:
        """The processes that programs are forked from."""
        return [forker.pid for forker in (self._stem, self._nursery) if forker]

    def forgets(self, pid: int) -> bool:
        """Whether a process that was waited for was one of them; it is replaced when needed."""
        forkers = (self._stem, self._nursery)
        return any(forker is not None and forker.forgets(pid) for forker in forkers)

    def give(self, fd: int) -> None:
        """Make the run's user the owner of a pipe or a file. Rootless, it is already."""
        if not self.rootless:
            os.fchown(fd, self.uid, self.uid)

    def env(self, env: dict[str, str]) -> dict[str, str]:
        """The environment of a run, with this level's places."""
        return self._home.env(env) if self._home else env

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
        return [(kind, min(value, self._hard_limits.get(kind, value))) for kind, value in values]

    def send_files(self, box_fd: int, request: dict[str, Any]) -> None:
        """Bring back files of the run, when all its processes are dead."""
        names = [*request["collect"], *collect.matching(box_fd, request["collect_matching"])]
        found: list[tuple[str, int]] = []
        content = bytearray()
        for name in dict.fromkeys(names):
            data = collect.regular(box_fd, name, request["collect_bytes"] - len(content))
            if data is not None:
                found.append((name, len(data)))
                content += data
        if found:
            fds = [wire.memory_file(json.dumps(found).encode()), wire.memory_file(bytes(content))]
            wire.send(self.control, wire.FILES, b"", fds)
            for fd in fds:
                os.close(fd)

    # -- the run's tmpfs --------------------------------------------------------------

    def _new_box(self) -> int:
        """A fresh tmpfs; nobody else has it yet."""
        box = (
            self._home.new_box()
            if self._home
            else syscalls.new_tmpfs({**self._disk, "mode": "755"})
        )
        for name in BOX_VIEWS:
            os.mkdir(name, 0o700 if name == "work" else 0o1777, dir_fd=box)
        if not self.rootless:
            os.chown("work", self.uid, self.uid, dir_fd=box, follow_symlinks=False)
        return box


def _hard_limits() -> dict[int, int]:
    """What we were started with, and nothing that we start may have more of."""
    kinds = {getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}
    found = {kind: resource.getrlimit(kind)[1] for kind in kinds}
    return {kind: hard for kind, hard in found.items() if hard != resource.RLIM_INFINITY}


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
