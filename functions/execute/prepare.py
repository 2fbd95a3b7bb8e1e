"""What is made once for many compiles: precompiled headers, archives of a compiler's classes.

Theory of operation. A language file may name a command that makes such files. One thread
runs these commands one after the other, at a low priority, outside of cells: nothing
of a submission is in it, only the toolchain and its language file. Each works in a fresh
folder that is renamed into place when it is complete:

    <state>/prepared/<language>-<digest of its file and its toolchain>/

Cells show `prepared/` read-only, as it is at any time, and compile commands name the
folder in any case: compilers do without what is not there. So a worker starts without
waiting, and a folder may be removed at any time. Several workers may share it; who comes
second throws his own away. What a killed worker left unfinished goes after an hour.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import msgspec

from functions.execute.toolchains import Toolchain
from shared import logs

_log = logs.get_logger(__name__)
_UNFINISHED = ".new-"
_STALE_S = 3600
#: At a low priority, a busy machine may take long.
_TIMEOUT_S = 1800
#: A tenth of the share of anything else that wants the core, setpriority(2): not nothing.
_LOW_PRIORITY = 10
_SAID_BYTES = 300


class Preparations:
    """The folder `prepared` of a state folder, and the thread that fills it."""

    def __init__(self, folder: Path, priority: int = _LOW_PRIORITY) -> None:
        """
        Args:
            folder: made for the first toolchain that needs it; without it everything
                works, at a higher cost.
            priority: the nice value of what makes it.
        """
        self._folder = folder.absolute()
        self._priority = priority
        self._stopped = False
        self._running: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    @property
    def mounts(self) -> list[str]:
        """What cells have to show, once all toolchains are placed."""
        return [str(self._folder)] if self._folder.is_dir() else []

    def placed(self, toolchain: Toolchain) -> Toolchain:
        """The toolchain, told where what is prepared for it is, or will be."""
        if not toolchain.language.prepare:
            return toolchain
        try:
            self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.mkdir(exist_ok=True)
            self._folder.chmod(0o755)  # programs read it, whatever our umask is
        except OSError as error:
            _log.warning("nothing can be prepared for compilers", error=error)
        language = msgspec.json.encode(toolchain.language)
        digest = hashlib.sha256(language + toolchain.identity.encode()).hexdigest()[:16]
        name = f"{toolchain.language.name}-{digest}"
        return replace(toolchain, prepared=str(self._folder / name))

    def begin(self, toolchains: Iterable[Toolchain]) -> None:
        """Make what is missing for these, in a thread."""
        missing = [it for it in toolchains if it.prepared and not Path(it.prepared).exists()]
        if missing and self.mounts:
            self._thread = threading.Thread(
                target=self._make_all, args=(missing,), name="prepare", daemon=True
            )
            self._thread.start()

    def wait(self) -> None:
        """Until everything that could be made is."""
        if self._thread:
            self._thread.join()

    def stop(self) -> None:
        """Make nothing more; what is being made is thrown away."""
        self._stopped = True
        running = self._running
        if running and running.poll() is None:
            _kill(running)
        self.wait()

    def _make_all(self, toolchains: list[Toolchain]) -> None:
        self._remove_stale()
        for toolchain in toolchains:
            if self._stopped:
                return
            try:
                self._make(toolchain)
            except OSError as error:
                _log.warning(
                    "nothing is prepared", language=toolchain.language.name, error=str(error)
                )

    def _make(self, toolchain: Toolchain) -> None:
        fresh = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._folder))
        try:
            if self._run(toolchain, fresh):
                fresh.chmod(0o755)
                with contextlib.suppress(OSError):  # another worker was faster
                    fresh.rename(toolchain.prepared)
                self._remove_former(toolchain)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _run(self, toolchain: Toolchain, folder: Path) -> bool:
        language = toolchain.language
        env = {name: toolchain.on_host([value])[0] for name, value in language.env.items()}
        with tempfile.TemporaryFile() as said:
            self._running = subprocess.Popen(
                toolchain.on_host(language.prepare),
                cwd=folder,
                env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), **env},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
                umask=0o022,
            )
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._running.pid, self._priority)
            if self._stopped:  # before there was something to kill
                _kill(self._running)
            try:
                code = self._running.wait(_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                _kill(self._running)
                code = self._running.wait()
            if code != 0 and not self._stopped:
                text = os.pread(said.fileno(), _SAID_BYTES, 0).decode(errors="replace")
                _log.warning("nothing is prepared", language=language.name, output=text)
        return code == 0

    def _remove_former(self, toolchain: Toolchain) -> None:
        """What was prepared for a language file or a toolchain that is no more."""
        for path in self._folder.glob(f"{toolchain.language.name}-{'[0-9a-f]' * 16}"):
            if str(path) != toolchain.prepared:
                shutil.rmtree(path, ignore_errors=True)

    def _remove_stale(self) -> None:
        for path in self._folder.glob(f"{_UNFINISHED}*"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _STALE_S:
                    shutil.rmtree(path, ignore_errors=True)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
