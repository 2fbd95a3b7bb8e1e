"""What this machine gives: facts, found by trying, not by guessing from versions.

`facts()` is what `doctor` and `/status` show. The level follows from them:

- full: namespaces and control groups
- namespaces: namespaces; memory and CPU are supervised, not enforced by the kernel
- container: neither; Landlock and seccomp alone, see engine/contained.py
- none: not enough; the worker refuses to start
"""

from __future__ import annotations

import os
import select
from dataclasses import dataclass

from functions.execute.engine import cgroups, syscalls
from functions.execute.engine.contained import LEAST_LANDLOCK_ABI


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was found."""

    user: str
    architecture: str
    namespaces: str  # "yes", or why not
    cgroups: str  # "v1", "v2" or "none"
    landlock_abi: int
    seccomp: str

    @property
    def level(self) -> str:
        """The best level these facts allow: full, namespaces, container or none."""
        if self.seccomp != "yes":
            return "none"
        if self.namespaces == "yes":
            return "full" if self.cgroups != "none" else "namespaces"
        return "container" if self.allows_container else "none"

    @property
    def allows_container(self) -> bool:
        """Whether Landlock and seccomp suffice for the level `container`."""
        return self.seccomp == "yes" and self.landlock_abi >= LEAST_LANDLOCK_ABI

    def document(self) -> dict[str, object]:
        """For people and for /status."""
        return {
            "level": self.level,
            "user": self.user,
            "architecture": self.architecture,
            "namespaces": self.namespaces == "yes",
            "cgroups": self.cgroups,
            "landlockAbi": self.landlock_abi,
            "seccomp": self.seccomp == "yes",
        }


def namespace_flags() -> int:
    """What a keeper unshares; without root it needs a user namespace to be allowed."""
    flags = syscalls.CLONE_NEWNS | syscalls.CLONE_NEWNET | syscalls.CLONE_NEWIPC
    flags |= syscalls.CLONE_NEWUTS
    return flags if os.geteuid() == 0 else flags | syscalls.CLONE_NEWUSER


def _try_in_child(what: object) -> str:
    """Run a callable in a forked child; "yes", or the error's text."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            what()  # type: ignore[operator]
            os.write(writer, b"yes")
        except BaseException as error:
            os.write(writer, str(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    select.select([reader], [], [], 10)
    answer = os.read(reader, 1000).decode() or "no answer"
    os.close(reader)
    os.waitpid(pid, 0)
    return answer


def _namespaces() -> None:
    syscalls.unshare(namespace_flags())
    pid = syscalls.clone(syscalls.CLONE_NEWPID | syscalls.CLONE_NEWNS)
    if pid == 0:
        try:  # refused to users where /proc is partly covered, as in many containers
            syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
            syscalls.mount("proc", "/proc", "proc")
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(pid, 0)[1] != 0:
        raise OSError("a new /proc cannot be mounted")
    os.close(syscalls.new_tmpfs({"size": "4k"}))


def _seccomp() -> None:
    from functions.execute.engine import seccomp

    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    syscalls.load_seccomp(seccomp.program())
    os.getpid()


def facts() -> Facts:
    """Try everything once. Call it before threads are started: it forks."""
    folders = cgroups.parents()
    return Facts(
        user="root" if os.geteuid() == 0 else "ordinary",
        architecture=syscalls.ARCH,
        namespaces=_try_in_child(_namespaces),
        cgroups="v2" if "unified" in folders else "v1" if folders else "none",
        landlock_abi=syscalls.landlock_abi(),
        seccomp=_try_in_child(_seccomp),
    )
