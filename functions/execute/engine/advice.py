"""What is missing for the level `full`, and how to get it, in sentences for `doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from functions.execute.engine.contained import LEAST_LANDLOCK_ABI
from functions.execute.engine.probe import Facts

#: Switches that forbid user namespaces to ordinary users: (file, value that forbids, remedy).
_SWITCHES = (
    (
        "sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor restricts user namespaces here (Ubuntu 23.10 and later do): "
        "`sysctl kernel.apparmor_restrict_unprivileged_userns=0`, or start as root.",
    ),
    (
        "sys/kernel/unprivileged_userns_clone",
        "0",
        "User namespaces are switched off for users: "
        "`sysctl kernel.unprivileged_userns_clone=1`, or start as root.",
    ),
    (
        "sys/user/max_user_namespaces",
        "0",
        "The number of user namespaces is limited to 0: "
        "`sysctl user.max_user_namespaces=10000`, or start as root.",
    ),
)


def towards_full(facts: Facts, proc: Path = Path("/proc"), root: Path = Path("/")) -> Iterator[str]:
    """One sentence for each thing that stands between this machine and `full`."""
    if facts.namespaces != "yes":
        yield from _about_namespaces(facts, proc, root)
    if facts.cgroups == "none":
        yield from _about_cgroups(facts)
    if facts.landlock_abi == 0:
        yield (
            "Landlock is not active, a second fence is missing: a kernel from 5.13 on, "
            "started with `landlock` in its `lsm=` list, has it."
        )
    elif facts.namespaces != "yes" and facts.landlock_abi < LEAST_LANDLOCK_ABI:
        yield (
            f"Landlock has ABI {facts.landlock_abi}; level container needs "
            f"{LEAST_LANDLOCK_ABI}, which Linux 6.12 brings."
        )


def _about_namespaces(facts: Facts, proc: Path, root: Path) -> Iterator[str]:
    found = False
    for name, forbids, remedy in _SWITCHES:
        switch = proc / name
        if facts.user != "root" and switch.exists() and switch.read_text().strip() == forbids:
            found = True
            yield remedy
    if any((root / mark).exists() for mark in (".dockerenv", "run/.containerenv")):
        yield (
            "This is a container whose runtime forbids namespaces: give it CAP_SYS_ADMIN and a "
            "seccomp and AppArmor profile that allow them, or be content with level container."
        )
    elif not found:
        yield f"Namespaces cannot be made: {facts.namespaces}."


def _about_cgroups(facts: Facts) -> Iterator[str]:
    if facts.user == "root":
        yield (
            "Control groups cannot be made: /sys/fs/cgroup has to be writable, with the "
            "controllers memory and pids (and cpuacct for version 1)."
        )
    else:
        yield (
            "Without control groups, memory and CPU time are supervised rather than enforced: "
            "start as root, or with a delegated group: "
            "`systemd-run --user --scope -p Delegate=yes python3 local_runner.py`."
        )
