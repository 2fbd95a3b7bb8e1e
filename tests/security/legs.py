"""Who runs the table: for each user and isolation one process, see runner.py.

All legs run at the same time, each row after row; a test waits for its answer. As another
user than ours a leg runs in a copy of what it needs, because that user may read neither
the checkout nor the interpreter of its virtual environment.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.security import attacks
from tests.security.scenarios import SCENARIOS
from tests.security.table import HEADER, Attack

CHECKOUT = Path(__file__).resolve().parents[2]
#: Users that own nothing here and have no home: one for each leg, since processes are
#: counted by user where there are no control groups.
NOBODY = {"best": 61_900, "container": 61_901}
_NEEDED = (
    "functions/__init__.py",
    "functions/execute/__init__.py",
    "functions/execute/engine",
    "shared/languages/python.toml",
    "tests/__init__.py",
    "tests/security",
)
_ANSWER_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Leg:
    """One way to run the table."""

    user: str  # root or ordinary
    isolation: str
    #: Modules of `attacks`; all of them, and the scenarios, where it is left out.
    themes: Sequence[str] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{self.user}-{self.isolation}"

    def promises(self) -> list[str]:
        """The rows it runs."""
        if self.isolation == "best-exec":
            return [promise for promise, row in attacks.TABLE.items() if row.is_forked()]
        if not self.themes:
            return [*attacks.TABLE, *SCENARIOS]
        themes = [getattr(attacks, theme) for theme in self.themes]
        return [attack.promise for theme in themes for attack in theme.ATTACKS]


LEGS = (
    Leg("root", "best"),
    Leg("ordinary", "best"),
    Leg("root", "container"),
    Leg("ordinary", "container"),
    # What differs from the legs above: who supervises, and how Python is started.
    Leg("root", "no-cgroups", ("times", "memory", "shared_memory", "processes", "neighbours")),
    Leg("root", "best-exec"),
)


class Missing(Exception):
    """Something a leg needs is not on this machine."""


class Answers:
    """The answers of one leg, as they come."""

    def __init__(self, leg: Leg, promises: Collection[str], binaries: Path) -> None:
        self.asked = frozenset(promises)
        self._answers: dict[str, dict[str, Any]] = {}
        self._said = threading.Condition()
        with contextlib.ExitStack() as undo:
            self._folder = Path(tempfile.mkdtemp(prefix="security-leg-"))
            undo.callback(self._remove_folder)
            self._folder.chmod(0o755)
            self._process = self._start(leg, binaries)
            undo.pop_all()
        assert self._process.stdin
        self._process.stdin.write("".join(f"{promise}\n" for promise in promises))
        self._process.stdin.close()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _start(self, leg: Leg, binaries: Path) -> subprocess.Popen[str]:
        command, options = _as_user(leg, self._folder)
        temporary = self._folder / "temporary"  # what a leg that is killed leaves goes with it
        temporary.mkdir()
        temporary.chmod(0o777)
        environment = {
            "ASSAY_ATTACKS": str(binaries),
            "SECRET_TOKEN": "hunter2",  # what no program may find
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TMPDIR": str(temporary),
        }
        if command:  # sudo lets no environment through
            command += ["env", *(f"{name}={value}" for name, value in environment.items())]
        interpreter = [sys.executable] if not options else [_readable_python(options)]
        return subprocess.Popen(
            [*command, *interpreter, "-B", "-m", "tests.security.runner", leg.isolation],
            cwd=CHECKOUT if not options else self._folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
            **options,
        )

    @property
    def facts(self) -> dict[str, Any]:
        """What the engine of this leg is."""
        return self._wait_for("")

    def of(self, promise: str) -> dict[str, Any]:
        """The answer of one row.

        Raises:
            Missing: there is no such engine here.
        """
        if self.facts["level"] == "none":
            raise Missing(str(self.facts["problem"]))
        return self._wait_for(promise)

    def close(self) -> None:
        """End the leg, whatever it is at."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        self._remove_folder()

    def _remove_folder(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as lines:
            for line in lines:
                answer = json.loads(line)
                with self._said:
                    self._answers[answer.get("promise", "")] = answer
                    self._said.notify_all()
        with self._said:
            self._said.notify_all()

    def _wait_for(self, key: str) -> dict[str, Any]:
        with self._said:
            there = self._said.wait_for(
                lambda: key in self._answers or not self._reader.is_alive(), _ANSWER_TIMEOUT_S
            )
            assert there, "no answer in time"
            assert key in self._answers, "the leg ended without an answer"
            return self._answers[key]


def _as_user(leg: Leg, folder: Path) -> tuple[list[str], dict[str, Any]]:
    """What to put before a command, and options of Popen, to be a leg's user."""
    is_root = os.geteuid() == 0
    if (leg.user == "root") == is_root:
        return [], {}
    if leg.user == "root":
        if not os.environ.get("CI") or not shutil.which("sudo"):
            raise Missing("root is needed")  # asked for in CI only: at home it would surprise
        return ["sudo", "-n"], {}
    _stage(folder)
    user = NOBODY[leg.isolation]
    return [], {"user": user, "group": user, "extra_groups": []}


def _stage(folder: Path) -> None:
    for name in _NEEDED:
        source, target = CHECKOUT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


def _readable_python(options: dict[str, Any]) -> str:
    """An interpreter that another user may run, new enough."""
    question = "import sys; sys.exit(sys.version_info < (3, 11))"
    for path in (os.path.realpath(sys.executable), "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            asked = subprocess.run([path, "-c", question], check=False, **options)
        except OSError:
            continue
        if asked.returncode == 0:
            return path
    raise Missing("no Python >= 3.11 that an ordinary user may run")


def compile_attacks(promises: Iterable[str], folder: Path) -> None:
    """Compile the rows in C, each to a file of its promise's name; nothing without gcc."""
    rows = [attacks.TABLE[promise] for promise in promises if promise in attacks.TABLE]

    def build(row: Attack) -> None:
        target = str(folder / row.promise)
        command = ["gcc", "-w", "-pthread", "-x", "c", "-", "-o", target, *row.cflags]
        subprocess.run(command, input=(HEADER + row.code).encode(), check=True, timeout=60)

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(build, row) for row in rows if row.language == "c"]
    for job in jobs:
        job.result()


def has_compiler() -> bool:
    """Whether C attacks can be compiled here."""
    return bool(shutil.which("gcc"))


def needs_compiler(promise: str) -> bool:
    """Whether a row is a C program."""
    return promise in attacks.TABLE and attacks.TABLE[promise].language in ("c", "compiler")
