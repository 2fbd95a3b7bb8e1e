"""The nursery: a Python that is already started, and forks for each Python run.

Theory of operation. A nursery is a process `python3 main.py` that never got as far as its
script: while the interpreter initialises, `site` imports the `sitecustomize` beside this
package (PYTHONPATH points to it), which calls `serve`. There it imports what programs
often import, and waits. For each run it clones an init into new namespaces, as the
keeper would; init forks; and in that process, after every privilege is gone, `serve`
*returns*. The interpreter then goes on as if nothing had happened: it computes sys.path[0],
opens /work/main.py and runs it. So `__main__`, tracebacks, frames, exit codes, threads,
atexit and finalisation are the interpreter's own and not imitated.

Finalisation would be the dear part: taking apart what all runs share copies it page by
page (4 of 6 ms for a hello). So what was there before the fork is frozen for the garbage
collector and never freed: the last atexit callback takes shared modules out of
sys.modules, where a permanent reference keeps them. `__main__` is made anew after the
freeze, so that what a program leaves in it is still collected and finalised.

What a program could find of us in its memory is this code and no more: the nursery
never sees a submission (the files are in the run's tmpfs), holds no descriptor but its
connection to the keeper, and that one is closed before `serve` returns.

Which programs may start this way is decided beforehand, in `start_mode.py`, which also
lists what cannot be equal. A nursery is replaced after a number of runs, since its hash
seed and address layout are shared by all of them.
"""

from __future__ import annotations

import _socket
import array
import atexit
import builtins
import ctypes
import gc
import importlib
import io
import json
import os
import sys
import types
from typing import Any, TextIO

from functions.execute.engine import child, syscalls
from functions.execute.engine.start_mode import PREIMPORTED

#: Where the keeper lets a nursery find this package; gone from the program's view of it.
HOME = "/opt/nursery"
CONTROL_FD = 3

_DESCRIPTORS = ("stdin_fd", "stdout_fd", "stderr_fd", "report_fd", "box_fd")
_MAX_FDS = 16

_SHARED: dict[str, types.ModuleType] = {}
_OURS: list[str] = []
_FINALISED_BY_NAME = frozenset({"sys", "builtins", "__main__"})


def serve() -> None:
    """Fork a program for each request. Returns in the programs only."""
    _warm_up()
    syscalls.drop_bounding_set()  # once for all programs; our own capabilities stay
    control = _socket.socket(fileno=CONTROL_FD)
    control.send(json.dumps(sorted(_top_level_names())).encode())
    while True:
        request, fds = _receive(control)
        if not request:
            os._exit(0)  # the keeper is gone
        run = _start_of(request, fds)
        pid = syscalls.clone(child.NEW_NAMESPACES | syscalls.CLONE_PARENT)
        if pid == 0:
            child.init(run, _become)
            return
        for fd in fds:
            os.close(fd)
        control.send(str(pid).encode())


def _warm_up() -> None:
    for name in PREIMPORTED:
        importlib.import_module(name)
    _SHARED.update((n, m) for n, m in sys.modules.items() if n not in _FINALISED_BY_NAME)
    _OURS.extend(name for name in sys.modules if name.split(".")[0] == "functions")
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(_SHARED))  # for ever: it must not be freed
    gc.collect()
    gc.freeze()  # a collection in a program must not touch, and so copy, what is shared


def _leave_shared_modules() -> None:
    """The last atexit callback: let the interpreter take apart only what is the program's."""
    for name, module in _SHARED.items():
        if sys.modules.get(name) is module:
            del sys.modules[name]


def _top_level_names() -> set[str]:
    """What a file beside a program must not be called, if the program is to be forked."""
    return {name.split(".")[0] for name in sys.modules} - {"functions", "sitecustomize"}


def _receive(control: _socket.socket) -> tuple[bytes, list[int]]:
    size = _socket.CMSG_SPACE(_MAX_FDS * 4)
    data, ancillary, _, _ = control.recvmsg(65_536, size, _socket.MSG_CMSG_CLOEXEC)
    fds = array.array("i")
    for _, _, content in ancillary:
        fds.frombytes(content)
    return data, list(fds)


def request_of(run: child.Start) -> tuple[bytes, list[int]]:
    """What the keeper sends for a run; `_start_of` is its inverse."""
    plain = {
        "argv": run.argv,
        "env": run.env,
        "rlimits": run.rlimits,
        "uid": run.uid,
        "rootless": run.rootless,
        "filter": run.filter.hex(),
        "landlock_abi": run.landlock_abi,
    }
    fds = [getattr(run, name) for name in _DESCRIPTORS]
    return json.dumps(plain).encode(), fds + run.group_fds


def _start_of(request: bytes, fds: list[int]) -> child.Start:
    plain: dict[str, Any] = json.loads(request)
    plain["filter"] = bytes.fromhex(plain["filter"])
    known: dict[str, Any] = dict(zip(_DESCRIPTORS, fds, strict=False))
    return child.Start(**plain, **known, reader_fd=-1, group_fds=fds[len(_DESCRIPTORS) :])


def _become(run: child.Start) -> None:
    """What exec would have done; then the interpreter may go on to its script."""
    child.enter(run)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)  # as after exec: its own /proc files are its own
    syscalls.close_from(3, at_exec=False)
    syscalls.load_seccomp(run.filter)
    sys.argv[1:] = run.argv[2:]
    sys.orig_argv[1:] = run.argv[1:]
    for fd, name in enumerate(("stdin", "stdout", "stderr")):
        stream = _stream(fd, getattr(sys, f"__{name}__"))
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.modules["__main__"] = _new_main()
    _forget_ourselves()
    atexit.register(_leave_shared_modules)


def _new_main() -> types.ModuleType:
    """`__main__` as add_main_module() of CPython's pylifecycle.c leaves it."""
    main = types.ModuleType("__main__")
    main.__loader__ = sys.modules["__main__"].__loader__
    main.__dict__["__annotations__"] = {}
    main.__dict__["__builtins__"] = builtins
    return main


def _stream(fd: int, like: TextIO) -> TextIO:
    """A standard stream anew, as create_stdio() of CPython's pylifecycle.c makes it.

    The nursery's own were opened on other files: whether they can seek was found out then.
    """
    mode = "r" if fd == 0 else "w"
    buffer = io.open(fd, mode + "b", -1, closefd=False)  # noqa: SIM115, UP020
    buffer.raw.name = f"<{like.name.strip('<>')}>"  # type: ignore[attr-defined]
    text = io.TextIOWrapper(
        buffer,
        encoding=like.encoding,
        errors=like.errors,
        newline="\n",
        line_buffering=fd == 2,
    )
    text.mode = mode  # type: ignore[misc]
    return text


def _forget_ourselves() -> None:
    """Take what is ours out of the program's sight."""
    sys.modules["sitecustomize"] = types.ModuleType("sitecustomize")
    for name in _OURS:
        del sys.modules[name]
    sys.path.remove(HOME)
    sys.path_importer_cache.pop(HOME, None)
    del os.environ["PYTHONPATH"]
