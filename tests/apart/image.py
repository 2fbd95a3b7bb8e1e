"""Images really built and really run, by root and without a registry: buildah and runc.

The base that the Dockerfile names is not fetched: a Debian of the same release made by
debootstrap takes its name, with this machine's way to packages (apt, pip, certificates). The
Dockerfile itself is used as it is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.local.state import ROOT

TOOLS = ("buildah", "runc", "debootstrap")
#: What Podman and its relatives allow by default; Docker refuses `NAMESPACES` as well.
PROFILE = Path("/usr/share/containers/seccomp.json")
NAMESPACES = {"clone", "clone3", "mount", "pivot_root", "setns", "umount", "umount2", "unshare"}
#: CLONE_NEW*: a clone with any of these makes a namespace.
_NEW = 0x7E02_0000
_BASE = "localhost/debian:bookworm-slim"
_FROM_SCRATCH = "FROM scratch\nADD base.tar /\n"


class Builder:
    """Images in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._buildah = [
            *("buildah", "--storage-driver", "vfs"),
            *("--root", str(folder / "store"), "--runroot", str(folder / "run")),
        ]

    def make_base(self) -> None:
        """Give the base's name to a Debian made here."""
        root = self._folder / "base"
        _run("debootstrap", "--variant=minbase", "bookworm", str(root))
        for name in ("apt/apt.conf.d", "apt/sources.list", "apt/sources.list.d", "pip.conf"):
            _copy(Path("/etc") / name, root / "etc" / name)
        _copy(Path.home() / ".config/pip/pip.conf", root / "etc/pip.conf")
        certificates = "usr/local/share/ca-certificates"
        _copy(Path("/") / certificates, root / certificates)
        _run("tar", "-C", str(root), "-cf", str(self._folder / "base.tar"), ".")
        (self._folder / "Base").write_text(_FROM_SCRATCH)
        self._build("-t", _BASE, "-f", str(self._folder / "Base"), str(self._folder))

    def build(self, target: str) -> Path:
        """An image of the Dockerfile; its root file system."""
        folder = ROOT / "infra" / "containers"
        self._build(
            *("--network", "host", "--pull-never", "--format", "docker", "--target", target),
            *("--ignorefile", str(folder / "Dockerfile.dockerignore"), "-t", f"assay/{target}"),
            *("-f", str(folder / "Dockerfile"), str(ROOT)),
        )
        name = _run(*self._buildah, "from", "--pull-never", f"localhost/assay/{target}")
        return Path(_run(*self._buildah, "mount", name))

    def configuration(self, target: str) -> dict[str, Any]:
        """What the image says of itself: user, command, health check."""
        found = json.loads(_run(*self._buildah, "inspect", f"localhost/assay/{target}"))
        return dict(found["Docker"]["config"])

    def close(self) -> None:
        """Remove everything."""
        subprocess.run([*self._buildah, "rm", "--all"], capture_output=True, check=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _build(self, *arguments: str) -> None:
        _run(*self._buildah, "build", "--isolation", "chroot", *arguments)


class Container:
    """A container of runc, on the network of this machine."""

    def __init__(self, folder: Path, rootfs: Path, argv: Sequence[str]) -> None:
        self._runc = ["runc", "--root", str(folder / "runc")]
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
        spec["root"] = {"path": str(self._rootfs), "readonly": True}
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
        command = [*self._runc, "exec", self._name, *argv]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def stop(self) -> int:
        """SIGTERM, as an engine does it; the exit code."""
        _run(*self._runc, "kill", self._name, "TERM")
        assert self.process is not None
        return self.process.wait(60)

    def close(self) -> None:
        """It is gone in any case."""
        command = [*self._runc, "delete", "--force", self._name]
        subprocess.run(command, capture_output=True, check=False)


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


def _run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(argv)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout.strip()
