"""Images really built and really run, by root and without a registry: buildah and runc.

The base that the Dockerfile names is not fetched: a Debian of the same release made by
debootstrap takes its name, with this machine's way to packages (apt's proxy, pip's
configuration, certificates). The Dockerfile itself is used as it is.

Theory of operation. A failure is one of two kinds. What comes before the Dockerfile needs the
machine (mounts, namespaces) and a mirror: whatever goes wrong there is not ours, and is told as
`CannotBuild`. Building the Dockerfile needs the mirrors as well: only what apt and pip say of
a network makes a failure theirs (`far_away`); every other one is the Dockerfile's, and fails.

All of it happens in a mount namespace of its own: other tests compare what the machine has
mounted, and whatever becomes of us, nothing stays mounted.

Where the kernel can, layers are overlays: a copy of the whole system for each stage
(`vfs`) took three quarters of the time. An overlay of buildah syncs nothing, and so does dpkg, as
in the image that is stood in for.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.local.children import die_with_parent
from infra.local.state import ROOT
from tests.infra.eventually import eventually

TOOLS = ("buildah", "runc", "debootstrap")
#: What Podman and its relatives allow by default; Docker refuses `NAMESPACES` as well.
PROFILE = Path("/usr/share/containers/seccomp.json")
NAMESPACES = {"clone", "clone3", "mount", "pivot_root", "setns", "umount", "umount2", "unshare"}
#: CLONE_NEW*: a clone with any of these makes a namespace.
_NEW = 0x7E02_0000
_BASE = "localhost/debian:bookworm-slim"
#: Longer than this, only a mirror can take that hardly answers.
_PATIENCE_S = 900.0
#: What apt, pip and wget say when a network or a mirror fails them, and nobody else says.
_FAR_AWAY = re.compile(
    r"Failed to fetch|Temporary failure (?:in name resolution|resolving)|Could not resolve"
    r"|(?:Could not|Unable to) connect|Connection (?:failed|timed out|refused|reset by peer)"
    r"|Hash Sum mismatch|ReadTimeoutError|ConnectTimeoutError|NewConnectionError"
    r"|NameResolutionError|IncompleteRead|Max retries exceeded|HTTP error (?:404|429|5\d\d)"
)
#: The last line of what had to be stopped while it waited for a mirror.
_WAITING = re.compile(r"^(?:Get:|Ign:|Hit:|Collecting |\s*Downloading )")


class CannotBuild(Exception):
    """This machine or its network cannot; the Dockerfile is not to blame."""


class Builder:
    """Images in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mounts = _mount_namespace()
        #: What a command begins with that sees the images' root file systems.
        self.within = ["nsenter", "--mount", "--target", str(self._mounts.pid)]
        places = ("--root", str(folder / "store"), "--runroot", str(folder / "run"))
        self._buildah = [*self.within, "buildah", "--storage-driver", "overlay", *places]
        if _ended([*self._buildah, "info"]).returncode:  # an overlay on an overlay, for example
            shutil.rmtree(folder / "store", ignore_errors=True)
            self._buildah = [*self.within, "buildah", "--storage-driver", "vfs", *places]

    def make_base(self) -> None:
        """Give the base's name to a Debian made here, in the container that becomes it.

        Raises:
            CannotBuild: no mirror answers, or the machine does not let us.
        """
        try:
            name = _run(*self._buildah, "from", "scratch")
            root = _run(*self._buildah, "mount", name)
            _run(*self.within, "debootstrap", "--variant=minbase", "bookworm", root)
            _lead_out(self.seen(root))
            _run(*self._buildah, "commit", "--disable-compression", "--rm", name, _BASE)
        except AssertionError as error:
            raise CannotBuild(str(error)) from None

    def build(self, target: str) -> str:
        """An image of the Dockerfile; where its root file system is, `within`.

        Raises:
            CannotBuild: a mirror did not give what it was asked for.
        """
        folder = ROOT / "infra" / "containers"
        try:
            _run(
                *(*self._buildah, "build", "--isolation", "chroot", "--network", "host"),
                *("--pull-never", "--format", "docker", "--target", target),
                *("--ignorefile", str(folder / "Dockerfile.dockerignore")),
                *("-t", f"assay/{target}", "-f", str(folder / "Dockerfile"), str(ROOT)),
            )
        except AssertionError as error:
            if far_away(str(error)):
                raise CannotBuild(str(error)) from None
            raise
        name = _run(*self._buildah, "from", "--pull-never", f"localhost/assay/{target}")
        return _run(*self._buildah, "mount", name)

    def seen(self, path: str) -> Path:
        """The same place, from here."""
        return Path(f"/proc/{self._mounts.pid}/root{path}")

    def configuration(self, target: str) -> dict[str, Any]:
        """What the image says of itself: user, command, health check."""
        found = json.loads(_run(*self._buildah, "inspect", f"localhost/assay/{target}"))
        return dict(found["Docker"]["config"])

    def close(self) -> None:
        """Remove everything."""
        self._mounts.kill()
        self._mounts.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def far_away(said: str) -> bool:
    """Whether a build that failed says that a network or a mirror is why."""
    last = said.rstrip().rpartition("\n")[2]
    return bool(_FAR_AWAY.search(said) or _WAITING.match(last))


def _mount_namespace() -> subprocess.Popen[bytes]:
    """What holds one, for as long as it and we live."""
    holder = subprocess.Popen(
        ["unshare", "--mount", "sleep", "infinity"], preexec_fn=die_with_parent(signal.SIGKILL)
    )
    ours, theirs = Path("/proc/self/ns/mnt"), Path(f"/proc/{holder.pid}/ns/mnt")

    def is_in_it() -> bool:
        with contextlib.suppress(OSError):  # it has ended
            return theirs.readlink() != ours.readlink()
        return False

    eventually(lambda: holder.poll() is not None or is_in_it())
    return holder


def _lead_out(root: Path) -> None:
    """Give a base this machine's way to packages, and no packages it has had."""
    proxies = _ended(["apt-config", "dump", "Acquire::http", "Acquire::https"]).stdout
    (root / "etc/apt/apt.conf.d/90machine").write_text(proxies)
    speedup = root / "etc/dpkg/dpkg.cfg.d/docker-apt-speedup"
    speedup.parent.mkdir(parents=True, exist_ok=True)
    speedup.write_text("force-unsafe-io\n")
    for pip in (Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf"):
        _copy(pip, root / "etc/pip.conf")
    certificates = "usr/local/share/ca-certificates"
    _copy(Path("/") / certificates, root / certificates)
    for package in (root / "var/cache/apt/archives").glob("*.deb"):
        package.unlink()


class Container:
    """A container of runc, on the network of this machine."""

    def __init__(
        self, folder: Path, within: Sequence[str], rootfs: str, argv: Sequence[str]
    ) -> None:
        self._runc = [*within, "runc", "--root", str(folder / "runc")]
        self._bundle = folder / "bundle"
        self._bundle.mkdir()
        self._rootfs, self._argv = rootfs, argv
        self._name = f"assay-test-{os.getpid()}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, env: Mapping[str, str], user: int = 10001) -> None:
        """As compose.yaml starts it: no capability, nothing to write to, the default profile."""
        _run("runc", "spec", "-b", str(self._bundle))
        path = self._bundle / "config.json"
        spec = json.loads(path.read_text())
        spec["root"] = {"path": self._rootfs, "readonly": True}
        process = spec["process"]
        process.pop("rlimits", None)
        process |= {
            "terminal": False,
            "user": {"uid": user, "gid": user},
            "args": list(self._argv),
            "env": [f"{name}={value}" for name, value in env.items()],
            "cwd": "/opt/assay",
            "noNewPrivileges": True,
            "capabilities": {},
        }
        kinds = spec["linux"]["namespaces"]
        spec["linux"]["namespaces"] = [it for it in kinds if it["type"] != "network"]
        spec["linux"]["seccomp"] = profile()
        tmp = {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}
        spec["mounts"].append(tmp | {"options": ["nosuid", "nodev", "mode=1777"]})
        path.write_text(json.dumps(spec))
        self.process = subprocess.Popen([*self._runc, "run", "-b", str(self._bundle), self._name])

    def inside(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """A command in the running container."""
        return _ended([*self._runc, "exec", self._name, *argv])

    def stop(self) -> int:
        """SIGTERM, as an engine does it; the exit code."""
        _run(*self._runc, "kill", self._name, "TERM")
        assert self.process is not None
        return self.process.wait(60)

    def close(self) -> None:
        """It is gone in any case."""
        _ended([*self._runc, "delete", "--force", self._name])


def profile() -> dict[str, Any]:
    """The default seccomp profile, without namespaces, as a runtime takes it."""
    known = json.loads(PROFILE.read_text())["syscalls"]
    rules = [
        {key: rule[key] for key in ("names", "action", "args") if rule.get(key)}
        for rule in known
        if rule["action"] == "SCMP_ACT_ALLOW"
        and not rule.get("includes", {}).get("caps")
        and "amd64" in rule.get("includes", {}).get("arches", ["amd64"])
    ]
    allowed = [
        {**rule, "names": names}
        for rule in rules
        if (names := [name for name in rule["names"] if name not in NAMESPACES])
    ]
    plain_clone = {"index": 0, "value": _NEW, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [
            *allowed,
            {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [plain_clone]},
            {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
        ],
    }


@contextmanager
def builder(folder: Path) -> Iterator[Builder]:
    """One that leaves nothing behind."""
    one = Builder(folder)
    try:
        yield one
    finally:
        one.close()


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _ended(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def _run(*argv: str) -> str:
    """What it prints; a failure has the ends of both of its outputs, the usual one last."""
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            err += f"stopped after {_PATIENCE_S:.0f} s\n"
    said = f"{err[-4000:]}{out[-4000:]}"
    assert process.returncode == 0, f"{' '.join(argv)}: {process.returncode}\n{said}"
    return out.strip()
