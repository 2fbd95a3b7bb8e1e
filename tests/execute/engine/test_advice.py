"""`doctor` says what is missing for `full`, and how to get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.execute.engine import advice
from functions.execute.engine.probe import Facts

GOOD = {
    "user": "root",
    "architecture": "x86_64",
    "namespaces": "yes",
    "cgroups": "v2",
    "landlock_abi": 7,
    "seccomp": "yes",
}


def facts(**changed: object) -> Facts:
    return Facts(**{**GOOD, **changed})  # type: ignore[arg-type]


def test_a_machine_that_gives_everything_gets_no_advice(tmp_path: Path) -> None:
    assert list(advice.towards_full(facts(), tmp_path, tmp_path)) == []


@pytest.mark.parametrize(
    ("switch", "value", "word"),
    [
        ("sys/kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor"),
        ("sys/kernel/unprivileged_userns_clone", "0", "switched off"),
        ("sys/user/max_user_namespaces", "0", "limited to 0"),
    ],
)
def test_the_switch_that_forbids_namespaces_is_named(
    tmp_path: Path, switch: str, value: str, word: str
) -> None:
    # Given a distribution that forbids user namespaces to ordinary users
    (tmp_path / switch).parent.mkdir(parents=True)
    (tmp_path / switch).write_text(value + "\n")
    # When advice is asked
    found = facts(user="ordinary", namespaces="unshare: Operation not permitted")
    said = list(advice.towards_full(found, tmp_path, tmp_path))
    # Then it names the switch and the command, and nothing else
    assert len(said) == 1
    assert word in said[0]
    assert "sysctl" in said[0]


def test_a_container_is_told_what_its_runtime_has_to_allow(tmp_path: Path) -> None:
    (tmp_path / ".dockerenv").touch()
    said = list(advice.towards_full(facts(namespaces="EPERM"), tmp_path, tmp_path))
    assert len(said) == 1
    assert "CAP_SYS_ADMIN" in said[0]


def test_an_unknown_reason_is_told_as_the_kernel_gave_it(tmp_path: Path) -> None:
    said = list(advice.towards_full(facts(namespaces="unshare: EINVAL"), tmp_path, tmp_path))
    assert said == ["Namespaces cannot be made: unshare: EINVAL."]


@pytest.mark.parametrize(("user", "word"), [("root", "writable"), ("ordinary", "systemd-run")])
def test_missing_control_groups_have_a_remedy_for_each_user(
    tmp_path: Path, user: str, word: str
) -> None:
    said = list(advice.towards_full(facts(user=user, cgroups="none"), tmp_path, tmp_path))
    assert len(said) == 1
    assert word in said[0]


def test_an_old_landlock_is_only_a_matter_where_namespaces_are_missing(tmp_path: Path) -> None:
    assert list(advice.towards_full(facts(landlock_abi=3), tmp_path, tmp_path)) == []
    said = list(advice.towards_full(facts(landlock_abi=3, namespaces="no"), tmp_path, tmp_path))
    assert any("6.12" in sentence for sentence in said)
    assert any("5.13" in s for s in advice.towards_full(facts(landlock_abi=0), tmp_path, tmp_path))
