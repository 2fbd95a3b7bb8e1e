"""Files of a dead run: whatever it left there, only regular ones come back, and bounded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.execute.engine import collect


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The work folder of a run that is over."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def box(work: Path) -> Iterator[int]:
    """The run's tmpfs."""
    fd = os.open(work.parent, os.O_RDONLY | os.O_DIRECTORY)
    yield fd
    os.close(fd)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.class", ["A$1.class", "A.class"]),
        ("**/*.class", ["A$1.class", "A.class", "a/b/C.class", "a/B.class"]),
        ("a/*.class", ["a/B.class"]),
        ("a/**/*.class", ["a/B.class", "a/b/C.class"]),
        ("A.*", ["A.class", "A.java"]),
        ("A?class", []),
        ("[A].class", []),
    ],
)
def test_a_star_stays_in_its_part_of_a_name(
    work: Path, box: int, pattern: str, names: list[str]
) -> None:
    (work / "a/b").mkdir(parents=True)
    for name in ("A.class", "A$1.class", "A.java", "a/B.class", "a/b/C.class", "Aclass", "classA"):
        (work / name).touch()

    assert collect.matching(box, [pattern]) == sorted(names)


def test_without_patterns_nothing_is_looked_for(work: Path, box: int) -> None:
    (work / "a").touch()

    assert collect.matching(box, []) == []


def test_names_that_cannot_be_told_are_left_out(work: Path, box: int) -> None:
    for name in (b"line\nbreak.o", b"\xff.o", b"escape\x1b.o", "ä €.o".encode()):
        Path(os.fsdecode(os.fsencode(work) + b"/" + name)).touch()

    assert collect.matching(box, ["*.o"]) == ["ä €.o"]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path, work: Path, box: int) -> None:
    (tmp_path / "secret.o").write_text("secret")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inner.o").write_text("secret")
    (work / "link.o").symlink_to("../secret.o")
    (work / "absolute.o").symlink_to(tmp_path / "secret.o")
    (work / "folder").symlink_to("../folder")

    found = collect.matching(box, ["**/*.o"])

    assert all(collect.regular(box, name, 1000) is None for name in found)
    assert "folder/inner.o" not in found


def test_what_is_no_regular_file_gives_nothing(work: Path, box: int) -> None:
    os.mkfifo(work / "fifo.o")
    (work / "folder.o").mkdir()

    assert [collect.regular(box, name, 1000) for name in ("fifo.o", "folder.o", "no.o")] == [
        None,
        None,
        None,
    ]


def test_a_file_that_does_not_fit_is_left_out(work: Path, box: int) -> None:
    (work / "a.o").write_bytes(b"x" * 100)

    assert collect.regular(box, "a.o", 99) is None
    assert collect.regular(box, "a.o", 100) == b"x" * 100


def test_a_folder_of_endless_depth_and_number_is_bounded(work: Path, box: int) -> None:
    deep = work
    for _ in range(20):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "deep.o").touch()
    for n in range(5_000):
        (work / f"{n}.o").touch()

    found = collect.matching(box, ["**/*.o"])

    assert len(found) == 4_096
    assert not any("deep" in name for name in found)
