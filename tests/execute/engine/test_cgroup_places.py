"""Where this process's own group is, from what /proc says of it: proc(5), cgroups(7)."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.execute.engine import cgroups

V1 = """\
22 1 0:20 / /sys rw - sysfs sysfs rw
30 22 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755
31 30 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
32 30 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
33 30 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
34 30 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
35 30 0:31 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
"""
V1_GROUPS = """\
5:pids:/user.slice
4:cpu,cpuacct:/
3:memory:/user.slice/session-1
1:name=systemd:/user.slice/session-1
0::/user.slice/session-1
"""
V2 = "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#: A container without a cgroup namespace sees its own part of the tree as the mount's root.
CONTAINER = "30 22 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n"
CONTAINER_V1 = """\
33 30 0:29 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
34 30 0:30 /docker/abc /sys/fs/cgroup/cpuacct ro - cgroup cgroup rw,cpuacct
35 30 0:31 /docker/abc /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids
"""

ROOT = Path("/sys/fs/cgroup")


@pytest.mark.parametrize(
    ("mounts", "groups", "expected"),
    [
        pytest.param(
            V1,
            V1_GROUPS,
            {
                "pids": ROOT / "pids/user.slice",
                "cpu": ROOT / "cpu,cpuacct",
                "cpuacct": ROOT / "cpu,cpuacct",
                "memory": ROOT / "memory/user.slice/session-1",
                "name=systemd": ROOT / "systemd/user.slice/session-1",
                "unified": ROOT / "unified/user.slice/session-1",
            },
            id="both versions",
        ),
        pytest.param(
            V2,
            "0::/system.slice/assay.service\n",
            {"unified": ROOT / "system.slice/assay.service"},
            id="version 2",
        ),
        pytest.param(V2, "0::/\n", {"unified": ROOT}, id="a cgroup namespace, or the top"),
        pytest.param(CONTAINER, "0::/docker/abc\n", {"unified": ROOT}, id="a container"),
        pytest.param(
            CONTAINER,
            "0::/docker/abc/inner\n",
            {"unified": ROOT / "inner"},
            id="a group in a container",
        ),
        pytest.param(
            CONTAINER_V1,
            "3:memory:/docker/abc\n2:cpuacct:/docker/abc\n1:pids:/docker/abc\n",
            {"memory": ROOT / "memory", "cpuacct": ROOT / "cpuacct", "pids": ROOT / "pids"},
            id="a container on version 1",
        ),
        pytest.param("22 1 0:20 / /sys rw - sysfs sysfs rw\n", "0::/\n", {}, id="nothing mounted"),
    ],
)
def test_the_own_group_is_found(
    tmp_path: Path, mounts: str, groups: str, expected: dict[str, Path]
) -> None:
    (tmp_path / "mountinfo").write_text(mounts)
    (tmp_path / "cgroup").write_text(groups)
    assert cgroups.places(tmp_path) == expected


def test_the_version_is_the_one_that_has_the_memory_controller(tmp_path: Path) -> None:
    old = {kind: tmp_path for kind in ("memory", "cpuacct", "pids")}
    assert cgroups.version({}) == 0
    assert cgroups.version(old) == 1
    assert cgroups.version({"memory": tmp_path}) == 0

    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io pids\n")
    assert cgroups.version({"unified": tmp_path}) == 0
    assert cgroups.version(old | {"unified": tmp_path}) == 1

    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    assert cgroups.version(old | {"unified": tmp_path}) == 2
