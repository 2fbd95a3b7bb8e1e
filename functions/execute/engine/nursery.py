"""The nursery: a Python that is already started, and forks for each Python run.

Theory of operation. A nursery is a process `python3 main.py` that never gets as far as its
script: while the interpreter initialises, `site` imports the `sitecustomize` beside this
package (PYTHONPATH points to it), which imports what programs often import and puts
`_at_the_script` in the place of a path hook. The interpreter asks its path hooks about
main.py as the last thing before it opens it; so there the nursery waits, and forks for
each run (stem.py). In that process, after every privilege is gone, the hook *returns*.
The interpreter then goes on as if
nothing had happened: it computes sys.path[0], opens /work/main.py and runs it. So
`__main__`, tracebacks, frames, exit codes, threads, atexit and finalisation are the
interpreter's own and not imitated.

Finalisation would be the dear part: taking apart what all runs share copies it page by
page. So what was there before the fork is frozen for the garbage collector and never
freed: the last atexit callback takes shared modules out of sys.modules, where a permanent
reference keeps them. `__main__` is made anew after the freeze, so that what a program
leaves in it is still collected and finalised.

What a program could find of us in its memory is this code and no more. The nursery never
sees a submission: a run's request (its arguments are a tenant's) is received by the run's
own process, and its files are in the run's tmpfs. The nursery holds no descriptors but its
socket, which programs close at once. It blocks SIGINT, for which it has Python's handler.

Which programs may start this way is decided beforehand, in `start_mode.py`, which also
lists what cannot be equal. A nursery is replaced after a number of runs, since its hash
seed and address layout are shared by all of them. Whatever a nursery loads is copied,
page by page, for each run that touches it: this module imports little.
"""

from __future__ import annotations

import _socket
import atexit
import ctypes
import gc
import io
import json
import os
import signal
import sys
import threading
import types
from typing import Any, NoReturn, TextIO

from functions.execute.engine import child, stem, syscalls

#: Where the keeper lets a nursery find this package; gone from the program's view of it.
HOME = "/opt/nursery"
#: The keeper asks for programs here.
CONTROL_FD = 3

_SHARED: dict[str, types.ModuleType] = {}
_FINALISED_BY_NAME = frozenset({"sys", "builtins", "__main__"})
_plain_hook: Any = None


def settle(shared: set[str], plain_paths: set[str]) -> None:
    """Leave in the interpreter only what a program may find there, and wait at the script.

    Args:
        shared: names of the modules that programs find imported.
        plain_paths: what a Python that is no nursery has in sys.path_importer_cache.
    """
    global _plain_hook
    for name in list(sys.modules):
        if name not in shared or name.split(".")[0] == "functions":
            del sys.modules[name]
    sys.path.remove(HOME)
    for path in list(sys.path_importer_cache):
        if path not in sys.path and (path not in plain_paths or path.startswith(HOME)):
            del sys.path_importer_cache[path]
    del os.environ["PYTHONPATH"]
    _plain_hook, sys.path_hooks[0] = sys.path_hooks[0], _at_the_script


def _at_the_script(path: str) -> NoReturn:
    """In the place of zipimport's hook. Returns in the programs only: main.py is no zip file."""
    sys.path_hooks[0] = _plain_hook
    del sys.modules["sitecustomize"]
    _freeze()
    syscalls.drop_bounding_set()  # once for all programs; our own capabilities stay
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    _serve()
    raise ImportError(path)


def _freeze() -> None:
    """Whatever is here now stays as it is, in every program: nothing looks at it, or frees it."""
    _SHARED.update((n, m) for n, m in sys.modules.items() if n not in _FINALISED_BY_NAME)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(_SHARED))  # for ever
    gc.collect()
    gc.disable()
    gc.freeze()


def _serve() -> None:
    """Fork programs for the keeper; returns in them."""
    control = _socket.socket(fileno=CONTROL_FD)
    control.send(json.dumps(sorted({name.split(".")[0] for name in sys.modules})).encode())
    stem.serve(control, _Programs())


class _Programs:
    """How a nursery's programs differ from those of a stem."""

    def __init__(self) -> None:
        self._record = syscalls.ThreadRecord()
        self.tid_address = self._record.tid_address

    def make(self, fds: list[int]) -> int:
        """Never asked for."""
        raise OSError("programs of a nursery are forked")

    def born(self) -> None:
        """What fork(3) and os.fork() do in a child, and clone(2) does not."""
        self._record.renew()
        ctypes.pythonapi.PyOS_AfterFork_Child()

    def become(self, start: child.Start, filter_: bytes) -> None:
        """Go on in this interpreter, or do without it."""
        if start.forked:
            _go_on(start, filter_)
        else:
            child.exec_filtered(start, filter_)


def _go_on(run: child.Start, filter_: bytes) -> None:
    """What exec would have done; then the interpreter may go on to its script."""
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)  # as after exec: its own /proc files are its own
    syscalls.close_from(3, at_exec=False)
    syscalls.load_seccomp(filter_)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    sys.argv[1:] = run.argv[2:]
    sys.orig_argv[1:] = run.argv[1:]
    for fd, name in enumerate(("stdin", "stdout", "stderr")):
        stream = _stream(fd, getattr(sys, f"__{name}__"))
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    atexit.register(_leave_shared_modules)
    threading.main_thread()._set_native_id()  # type: ignore[attr-defined]  # of this process now
    ctypes.set_errno(0)
    gc.freeze()  # what this took is not the program's garbage
    gc.enable()
    sys.modules["__main__"] = _new_main(sys.modules["__main__"])


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


def _new_main(old: types.ModuleType) -> types.ModuleType:
    """`__main__` as add_main_module() of CPython's pylifecycle.c leaves it."""
    main = types.ModuleType("__main__")
    names: dict[str, Any] = main.__dict__
    names.update(old.__dict__)
    if "__annotations__" in names:
        names["__annotations__"] = {}
    return main


def _leave_shared_modules() -> None:
    """The last atexit callback: let the interpreter take apart only what is the program's."""
    for name, module in _SHARED.items():
        if sys.modules.get(name) is module:
            del sys.modules[name]
