"""The bare command: what a run is compared with.

    python -m infra.local.benches.bare

Started with the same binary, flags, environment and files as in a cell, from an empty
folder, with /dev/null as stdin and stdout, by posix_spawn(3) and nothing around it. What
the cell hides from programs (the interpreter's site-packages) is hidden here, too, in a
mount namespace of this helper's own; otherwise `site` would have more to read outside.
CPU time is the child's alone, as wait4(2) tells: the loop that measures is not charged.

One JSON request per line on stdin, one JSON answer per line on stdout.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from functions.execute.engine import syscalls
from infra.local.state import ROOT

#: Wall and CPU time of one run, in ms.
Sample = tuple[float, float]


class Bare:
    """A helper process that runs one bare command, over and over."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        files: Mapping[str, bytes],
        hides: Iterable[str] = (),
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="assay-bench-")
        for name, content in files.items():
            path = Path(self._folder.name, name)
            path.write_bytes(content)
            path.chmod(0o755)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.benches.bare"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        request = {"argv": list(argv), "env": dict(env), "hides": list(hides)}
        self._say({**request, "folder": self._folder.name})
        #: Whether what cells hide is hidden here as well.
        self.hidden: bool = self._hear()["hidden"]

    def runs(self, count: int) -> list[Sample]:
        """So many runs, one after the other."""
        self._say({"count": count})
        return [(wall, cpu) for wall, cpu in self._hear()["samples"]]

    def begin_runs_for(self, seconds: float) -> None:
        """Run for some seconds, while something else is done; `rate` tells how it went."""
        self._say({"seconds": seconds})

    def rate(self) -> float:
        """Runs per second of what was begun."""
        return float(self._hear()["rate"])

    def _say(self, request: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()  # its stdin ends, and so does it
        self._folder.cleanup()


def _hide(folders: Iterable[str]) -> bool:
    try:
        user = os.getuid()
        alone = syscalls.CLONE_NEWNS | (syscalls.CLONE_NEWUSER if user else 0)
        syscalls.unshare(alone)
        if user:
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
        for folder in folders:
            if Path(folder).is_dir():
                syscalls.mount("none", folder, "tmpfs", syscalls.MS_RDONLY, "size=4k,mode=755")
    except OSError:
        return False
    return True


def _run(argv: list[str], env: dict[str, str], null_fd: int) -> Sample:
    began_ns = time.perf_counter_ns()
    actions = [(os.POSIX_SPAWN_DUP2, null_fd, fd) for fd in (0, 1)]
    pid = os.posix_spawn(argv[0], argv, env, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    wall_ms = (time.perf_counter_ns() - began_ns) / 1e6
    if status != 0:
        raise SystemExit(f"{argv} ended with status {status}")
    return wall_ms, (usage.ru_utime + usage.ru_stime) * 1000


def _serve() -> None:
    setup = json.loads(sys.stdin.readline())
    argv, env = setup["argv"], setup["env"]
    hidden = _hide(setup["hides"])
    os.chdir(setup["folder"])
    null_fd = os.open("/dev/null", os.O_RDWR)
    print(json.dumps({"hidden": hidden}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        samples: list[Sample] = []
        began = time.perf_counter()
        while _goes_on(request, len(samples), time.perf_counter() - began):
            samples.append(_run(argv, env, null_fd))
        rate = len(samples) / (time.perf_counter() - began)
        print(json.dumps({"samples": samples, "rate": rate}), flush=True)


def _goes_on(request: Mapping[str, Any], done: int, elapsed_s: float) -> bool:
    if "count" in request:
        return bool(done < request["count"])
    return bool(elapsed_s < request["seconds"])


if __name__ == "__main__":
    _serve()
