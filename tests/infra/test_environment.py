"""Real environments, with a real pip, from a package index that is one folder."""

from __future__ import annotations

import ast
import base64
import hashlib
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.local.environment import Environment
from infra.local.installing import Progress
from infra.local.pip_errors import explain
from infra.local.state import ROOT
from infra.local.terminal import Ticker
from tests.infra.eventually import eventually

#: A stand-in for local_runner.py: gets its environment, and says where it runs.
SCRIPT = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from infra.local import environment
from infra.local.failure import Failure
for name in sys.argv[2:]:
    sys.modules[name] = None  # as if this Python came without it
try:
    environment.ensure(Path(__file__).parent, dev=sys.argv[1] == "dev")
except Failure as failure:
    sys.stderr.write(str(failure))
    sys.exit(failure.code)
import example
print(sys.prefix, example.VERSION)
"""


class Checkout:
    """A folder with a runner and lock files, and a package index beside it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "checkout"
        self.root.mkdir()
        self.index = folder / "index"
        self.index.mkdir()
        (self.root / "local_runner.py").write_text(SCRIPT)
        self.lock("1.0")

    def lock(self, version: str) -> None:
        """Publish a version of the package and name it in both lock files."""
        wheel = self._publish(version)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        for name in ("requirements.lock", "requirements-dev.lock"):
            text = f"# {name}\nexample=={version} \\\n    --hash=sha256:{digest}\n"
            (self.root / name).write_text(text)

    def _publish(self, version: str) -> Path:
        wheel = self.index / f"example-{version}-py3-none-any.whl"
        info = f"example-{version}.dist-info"
        files = {
            "example.py": f"VERSION = {version!r}\n",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: example\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        rows = [f"{name},{_digest(text)},{len(text)}\n" for name, text in files.items()]
        files[f"{info}/RECORD"] = "".join([*rows, f"{info}/RECORD,,\n"])
        with zipfile.ZipFile(wheel, "w") as archive:
            for name, text in files.items():
                archive.writestr(zipfile.ZipInfo(name), text)  # the same bytes each time
        return wheel

    def command(self, *args: str) -> list[str]:
        """Its start by the system's Python."""
        base = getattr(sys, "_base_executable", sys.executable)
        return [base, str(self.root / "local_runner.py"), *(args or ("run",))]

    @property
    def environ(self) -> dict[str, str]:
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
        return {**plain, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.index)}

    def start(self, *args: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Start it and wait for its end."""
        return subprocess.run(
            self.command(*args),
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            timeout=300,
        )

    @property
    def expected(self) -> str:
        return f"{self.root / '.venv'} "


def _digest(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
    return "sha256=" + digest.decode().rstrip("=")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """One without an environment."""
    return Checkout(tmp_path)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """One that was started once."""
    checkout = Checkout(tmp_path_factory.mktemp("template"))
    checkout.start()
    return checkout


@pytest.fixture
def installed(checkout: Checkout, template: Checkout) -> Checkout:
    """A copy of it: environments are moved by moving them, and making one takes seconds."""
    shutil.copytree(template.root / ".venv", checkout.root / ".venv", symlinks=True)
    assert checkout.start().stderr == ""
    return checkout


def test_the_first_start_makes_the_environment_and_the_second_does_no_work(
    checkout: Checkout,
) -> None:
    first = checkout.start()
    assert first.stdout == checkout.expected + "1.0\n", first.stderr
    assert "making .venv" in first.stderr
    assert "installing 1 packages of requirements.lock" in first.stderr

    (checkout.root / ".venv" / "bin" / "pip").unlink()
    second = checkout.start(PIP_FIND_LINKS="/nonexistent")

    assert second.stdout == first.stdout
    assert second.stderr == ""


def test_a_changed_lock_file_is_installed_and_the_development_one_holds_both(
    installed: Checkout,
) -> None:
    installed.lock("1.1")

    developed = installed.start("dev")
    assert developed.stdout == installed.expected + "1.1\n", developed.stderr
    assert "making" not in developed.stderr

    assert installed.start().stderr == ""


def test_an_interrupted_installation_is_repaired_by_the_next_start(installed: Checkout) -> None:
    # pip was killed: the package has its metadata, so pip takes it for whole.
    site = next((installed.root / ".venv" / "lib").glob("*/site-packages"))
    (site / "example.py").unlink()
    (installed.root / ".venv" / "assay-installing").touch()

    repaired = installed.start()

    assert repaired.stdout == installed.expected + "1.0\n", repaired.stderr
    assert "making .venv anew" in repaired.stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_start_that_is_ended_in_the_middle_is_repaired_by_the_next_one(
    checkout: Checkout, number: signal.Signals
) -> None:
    with subprocess.Popen(
        checkout.command(),
        env=checkout.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as first:
        eventually(lambda: (checkout.root / ".venv" / "pyvenv.cfg").exists())
        first.send_signal(number)
        assert first.stderr is not None
        said = first.stderr.read()
    assert first.returncode != 0
    assert "Traceback" not in said

    second = checkout.start()

    assert second.stdout == checkout.expected + "1.0\n", second.stderr


def test_an_environment_whose_python_is_gone_is_made_anew(installed: Checkout) -> None:
    python = installed.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nonexistent/python3")

    again = installed.start()

    assert again.stdout == installed.expected + "1.0\n", again.stderr
    assert "making .venv anew" in again.stderr


def test_an_environment_stamped_by_another_python_is_not_trusted(installed: Checkout) -> None:
    # The system's Python moved on from 3.9: the stamp was written by that one.
    stamp = installed.root / ".venv" / "assay-requirements.lock.stamp"
    stamp.write_text(stamp.read_text().split()[0] + " 3.9\n")

    again = installed.start()

    assert again.stdout == installed.expected + "1.0\n"
    assert "installing" in again.stderr


def test_two_first_starts_at_once_do_the_work_once(checkout: Checkout) -> None:
    both = [
        subprocess.Popen(
            checkout.command(),
            env=checkout.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]

    said = [one.communicate(timeout=300) for one in both]

    assert [out for out, _ in said] == [checkout.expected + "1.0\n"] * 2
    assert sum(err.count("making .venv") - err.count("is making") for _, err in said) == 1


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_venv_is_told_what_to_install(checkout: Checkout, module: str) -> None:
    start = checkout.start("run", module)

    assert start.returncode == 2
    assert f"This Python has no working '{module}' module" in start.stderr
    assert f"apt install python3.{sys.version_info.minor}-venv" in start.stderr


def test_failed_installations_say_what_to_do(installed: Checkout) -> None:
    installed.lock("1.1")
    lock = installed.root / "requirements.lock"
    good = lock.read_text()

    lock.write_text(good.replace("sha256:", "sha256:" + "0" * 64)[: -64 - 1] + "\n")
    tampered = installed.start()
    assert tampered.returncode == 2
    assert "a package is not the one that the lock file names" in tampered.stderr

    lock.write_text(good)
    away = {"PIP_NO_INDEX": "", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": "http://127.0.0.1:1/simple"}
    offline = installed.start(**away)
    assert offline.returncode == 2
    assert "no package index could be reached: connect this machine" in offline.stderr

    missing = installed.start(PIP_FIND_LINKS="")
    assert missing.returncode == 2
    assert "has no build for this Python and system" in missing.stderr

    assert installed.start().stdout == installed.expected + "1.1\n"


def test_a_place_where_nothing_can_be_made_is_told(checkout: Checkout) -> None:
    (checkout.root / ".venv").touch()

    start = checkout.start()

    assert start.returncode == 2
    assert "cannot be made (Not a directory)" in start.stderr
    assert "Traceback" not in start.stderr


def test_an_environment_is_complete_only_with_its_stamp(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text("")

    assert not Environment(tmp_path).is_complete("requirements.lock")


def test_a_cause_that_is_not_known_is_given_in_the_words_of_pip() -> None:
    assert explain("one\nERROR: the roof is on fire.\n\n") == "pip says: ERROR: the roof is on fire"


def test_the_runner_itself_can_be_read_by_old_pythons() -> None:
    """Only what those can parse may stand in the file that tells them so."""
    source = (ROOT / "local_runner.py").read_text()

    tree = ast.parse(source, feature_version=(3, 4))
    too_new = (ast.JoinedStr, ast.AnnAssign, ast.FunctionDef, ast.ClassDef)
    assert not [node for node in ast.walk(tree) if isinstance(node, too_new)]
    assert "from __future__" not in source
    assert len(source.splitlines()) <= 150


PIP_SAYS = """Collecting one==1.0 (from -r requirements.lock (line 1))
  Downloading one-1.0-py3-none-any.whl.metadata (1 kB)
Downloading http://index/one-1.0-cp311-manylinux.whl (61.1 MB)
Collecting two==2.0 (from -r requirements.lock (line 2))
WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError'
WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError'
Collecting three==1 (from -r requirements.lock (line 3))
Collecting four==1 (from -r requirements.lock (line 4))
Installing collected packages: one, two, three, four
Successfully installed
"""


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_first_start_tells_how_far_it_is(is_terminal: bool) -> None:
    told: list[str] = []
    sink = _Terminal() if is_terminal else io.StringIO()
    progress = Progress(4, told.append, Ticker(sink))
    for line in PIP_SAYS.splitlines():
        progress.heard(line.strip())
    again = "the package index does not answer; trying again ..."
    shown = sink.getvalue()
    if is_terminal:
        assert "fetching 1 of 4: one, 61.1 MB ..." in shown
        assert "fetching 4 of 4: four ..." in shown
        assert "unpacking 4 packages ..." in shown
        assert told == [again]
    else:
        assert shown == ""
        plain = [re.sub(r" \(\d+ s\)", "", line) for line in told]
        fetched = [f"fetched {n} of 4" for n in (1, 2, 3, 4)]
        assert plain == [*fetched[:2], again, *fetched[2:], "unpacking them"]
