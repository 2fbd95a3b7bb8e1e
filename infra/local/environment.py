"""Makes `.venv` once, from the hash-locked requirements, and runs us in it.

Theory of operation. `requirements.lock` is what running needs;
`requirements-dev.lock`, a superset, is what `test`, `check` and `bench` need. What is
installed leaves a stamp in the environment: the lock file's SHA-256 and Python's
version. A start that finds its stamp does no work.

pip takes a half-unpacked package for an installed one. So `assay-installing` lies in
the environment while we work on it; found at a start, it means that the last one was
interrupted, and the environment is made anew. Stamps are renamed into place, last.
An flock on the checkout folder lets two first starts do the work once.

Only the standard library is used here: nothing else is there yet.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NoReturn

from infra.local.children import die_with_parent
from infra.local.failure import Failure
from infra.local.installing import run_pip
from infra.local.pip_errors import explain, last_line

RUN: Final = "requirements.lock"
DEV: Final = "requirements-dev.lock"
_IN_VENV = "ASSAY_IN_VENV"
_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def ensure(root: Path, *, dev: bool) -> None:
    """Return when we run in a complete environment; until then, make it and exec in it.

    Raises:
        Failure: it cannot be made; the sentence says what to do.
    """
    environment = Environment(root)
    lock = DEV if dev else RUN
    came_from_exec = os.environ.pop(_IN_VENV, "") == lock
    if environment.is_current and environment.is_complete(lock):
        return
    if not environment.is_complete(lock):
        environment.complete(lock)
    elif came_from_exec:
        raise Failure(f"{environment.folder} does not work: remove it and start again.", 2)
    environment.run_in(lock)


class Environment:
    """The `.venv` of one checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self._installing = self.folder / "assay-installing"
        self._log = self.folder / "assay-install.log"

    @property
    def is_current(self) -> bool:
        """Whether this very process runs in it."""
        with contextlib.suppress(OSError):
            return self.folder.samefile(sys.prefix)
        return False

    def is_complete(self, lock: str) -> bool:
        """Whether what `lock` names is installed, by an uninterrupted run of ours."""
        if self._installing.exists() or not self.python.exists():
            return False
        with contextlib.suppress(OSError):
            digest, version = self._stamp(lock).read_text().split()
            fits = not self.is_current or version == _VERSION
            return fits and digest == _sha256(self.root / lock)
        return False

    def complete(self, lock: str) -> None:
        """Make the environment, or bring it up to date with a lock file.

        Raises:
            Failure: with the cause as pip or the system gave it.
        """
        try:
            with _one_at_a_time(self.root):
                if not self.is_complete(lock):
                    self._install(lock)
        except KeyboardInterrupt:
            raise Failure("Interrupted; the next start begins again.", 130) from None
        except OSError as error:
            raise Failure(
                f"{self.folder} cannot be made ({error.strerror}): put the checkout where you "
                "may write.",
                2,
            ) from None

    def _install(self, lock: str) -> None:
        began = time.monotonic()
        if self._installing.exists() or not self._works():
            self._make()
        self._installing.touch()
        if lock == RUN and not self._stamp(lock).exists():
            _tell("a first start needs the network, and about a minute")
        _tell(f"installing {self._packages(lock)} packages of {lock} into .venv (once) ...")
        self._pip(lock)
        for done in (lock, RUN):  # the development lock holds the other one as well
            self._write_stamp(done)
        self._installing.unlink()
        _tell(f".venv is ready after {time.monotonic() - began:.0f} s")

    def _works(self) -> bool:
        probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
        try:
            return _run([str(self.python), "-c", probe]).returncode == 0
        except OSError:
            return False

    def _make(self) -> None:
        for module in ("venv", "ensurepip"):
            spec = importlib.util.find_spec(module)
            if spec is None or spec.origin is None:  # not there, or an empty folder of the name
                raise _without_venv(module)
        again = os.path.lexists(self.folder)
        _tell("making .venv anew: it is incomplete ..." if again else "making .venv (once) ...")
        if self.folder.is_symlink():
            self.folder.unlink()
        elif again:
            shutil.rmtree(self.folder)
        self.folder.mkdir()
        self._installing.touch()
        # Not sys.executable: that may lie in the folder just removed.
        base = getattr(sys, "_base_executable", None) or sys.executable
        made = _run([base, "-m", "venv", str(self.folder)])
        if made.returncode and "ensurepip" in made.stdout:
            raise _without_venv("ensurepip")
        if made.returncode:
            raise Failure(f".venv cannot be made: {last_line(made.stdout)}", 2)

    def _pip(self, lock: str) -> None:
        pip = [str(self.python), "-m", "pip", "install", "--no-input", "--retries=2"]
        pip += ["--progress-bar=off", "--no-color"]
        safely = ["--require-hashes", "--no-deps", "--only-binary=:all:"]
        code, said = run_pip(
            [*pip, *safely, "-r", lock],
            packages=self._packages(lock),
            tell=_tell,
            cwd=self.root,
            env=_pip_env(),
        )
        self._log.write_text(said)
        if code:
            raise Failure(f"The packages of {lock} cannot be installed: {explain(said)}.", 2)

    def _packages(self, lock: str) -> int:
        return (self.root / lock).read_text().count("==")

    def _stamp(self, lock: str) -> Path:
        return self.folder / f"assay-{lock}.stamp"

    def _write_stamp(self, lock: str) -> None:
        fresh = self._stamp(lock).with_suffix(".new")
        fresh.write_text(f"{_sha256(self.root / lock)} {_VERSION}\n")
        fresh.replace(self._stamp(lock))

    def run_in(self, lock: str) -> NoReturn:
        """Become the environment's Python, with the same command line."""
        os.environ[_IN_VENV] = lock
        sys.stdout.flush()
        script = str(self.root / "local_runner.py")
        os.execv(self.python, [str(self.python), script, *sys.argv[1:]])


def _without_venv(module: str) -> Failure:
    return Failure(
        f"This Python has no working {module!r} module: install it (on Debian and Ubuntu: "
        f"apt install python{_VERSION}-venv) and start again.",
        2,
    )


def _pip_env() -> dict[str, str]:
    # These three would send the packages somewhere else than into the environment.
    elsewhere = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PYTHONHOME", "PYTHONPATH")
    env = {name: value for name, value in os.environ.items() if name not in elsewhere}
    return {**env, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_USER": "0"}


def _run(
    command: Sequence[str], *, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        preexec_fn=die_with_parent(signal.SIGKILL),
    )


@contextlib.contextmanager
def _one_at_a_time(root: Path) -> Iterator[None]:
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _tell("another start is making .venv; waiting for it ...")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _tell(text: str) -> None:
    print(f"Assay: {text}", file=sys.stderr, flush=True)
