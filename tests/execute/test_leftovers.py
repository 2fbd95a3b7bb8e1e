from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from functions.execute.engine import cgroups, leftovers


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where folders of cells are made in this test."""
    monkeypatch.setattr(leftovers, "_PLACE", tmp_path)
    return tmp_path


def dead_tag() -> str:
    """The tag of a process that has ended."""
    with subprocess.Popen(["sleep", "600"]) as process:
        tag = cgroups.owner_tag(process.pid)
        process.kill()
    return tag


def test_a_folder_of_a_living_process_is_left_alone(places: Path) -> None:
    folder = leftovers.new_folder()

    assert leftovers.reclaim() == 0
    assert folder.is_dir()
    assert folder.parent == places


def test_a_folder_of_a_dead_process_is_removed_with_everything_in_it(places: Path) -> None:
    precious = places / "precious"
    precious.mkdir()
    (precious / "file").touch()
    folder = places / f"assay-cell-{dead_tag()}-x1y2_z3"
    inner = folder / "box" / "work"
    inner.mkdir(parents=True)
    (inner / "link").symlink_to(precious)
    (inner / "file").touch()
    os.mkfifo(inner / "fifo")
    (inner / "closed" / "inside").mkdir(parents=True)
    (inner / "closed").chmod(0)

    assert leftovers.reclaim() == 1

    assert os.listdir(places) == ["precious"]
    assert (precious / "file").exists()


def test_a_link_with_the_name_of_a_dead_cell_is_not_followed(places: Path) -> None:
    precious = places / "precious"
    precious.mkdir()
    (precious / "file").touch()
    (places / f"assay-cell-{dead_tag()}-abc").symlink_to(precious)

    assert leftovers.reclaim() == 0
    assert (precious / "file").exists()


@pytest.mark.parametrize("name", ["assay-cell-abc", "assay-cell-1-2-3-x", "assay-cell-", "other"])
def test_what_is_not_surely_of_the_dead_is_left_alone(places: Path, name: str) -> None:
    (places / name).mkdir()

    assert leftovers.reclaim() == 0
    assert (places / name).is_dir()


def test_folders_nested_deeper_than_python_can_recurse_are_removed(places: Path) -> None:
    folder = places / f"assay-cell-{dead_tag()}-abc"
    folder.mkdir()
    fd = os.open(folder, os.O_RDONLY)
    for _ in range(sys.getrecursionlimit() * 2):
        os.mkdir("d", dir_fd=fd)
        deeper = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = deeper
    os.close(fd)

    assert leftovers.reclaim() == 1
    assert not folder.exists()


def test_a_worker_that_starts_in_its_predecessors_leaf_group_uses_the_same_place(
    tmp_path: Path,
) -> None:
    own = tmp_path / "service"
    own.mkdir()
    first = cgroups.enable_v2(own)
    leaf = own / "assay-main"
    leaf.mkdir()

    assert cgroups.enable_v2(leaf) == first == own / "assay"
