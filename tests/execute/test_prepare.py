"""What is prepared for compilers: found by programs, complete or not there, never needed."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from functions.execute.prepare import Preparations
from functions.execute.toolchains import Toolchain
from shared import languages
from shared.languages import Language
from tests.execute.workshop import Job, Workshop, programs
from tests.infra.eventually import eventually
from tests.infra.running import alive

#: C++17 is prepared as C++20 is, and both take seconds.
_PREPARES = sorted({name for name, it in languages.known().items() if it.prepare} - {"cpp17"})


def _language(*prepare: str) -> Language:
    return Language(
        name="made-up",
        title="Made up",
        file="main.x",
        binary="/bin/sh",
        version=["{binary}", "-c", "echo 1.0"],
        prepare=["{binary}", "-c", *prepare] if prepare else [],
        run=["{binary}", "-c", "cat {prepared}/made || echo nothing"],
        env={"WORD": "prepared"},
        hello="hello",
    )


def _toolchain(*prepare: str) -> Toolchain:
    return Toolchain(_language(*prepare), "/bin/sh", "1.0")


@pytest.mark.parametrize("language", _PREPARES)
def test_prepared_or_not_a_compiler_makes_programs_that_do_the_same(
    tmp_path: Path, language: str
) -> None:
    job = Job(language=language, code=programs(language)["acts"], stdin=b"text\n")
    with Workshop(languages.FOLDER, tmp_path, only=[language]) as workshop:
        if language not in workshop.trials.working:
            pytest.skip(workshop.trials.problems.get(language, "it is not installed"))
        bare = workshop.answer(workshop.begin(job))
        workshop.preparations.begin(workshop.trials.working.values())
        workshop.preparations.wait()
        assert Path(workshop.trials.working[language].prepared).is_dir()
        workshop.compiled.clear()
        prepared = workshop.answer(workshop.begin(job))
    shutil.rmtree(tmp_path / "prepared")  # it is large

    assert bare.compiled and bare.run and prepared.compiled and prepared.run
    assert prepared.compiled.stdout + prepared.compiled.stderr == b""
    assert prepared.compiled.files.keys() == bare.compiled.files.keys()
    assert prepared.run.stdout == bare.run.stdout == "grüße, 世界 😀\n".encode()


def test_programs_see_what_was_prepared_after_their_cell_was_made(tmp_path: Path) -> None:
    folder = tmp_path / "languages"
    folder.mkdir()
    (folder / "made-up.toml").write_text(
        """
        name = "made-up"
        title = "Made up"
        file = "main.x"
        binary = "sh"
        version = ["{binary}", "-c", "echo 1.0"]
        prepare = ["{binary}", "-c", "echo $WORD > made"]
        run = ["{binary}", "main.x", "{prepared}/made"]
        hello = "echo hello"
        [env]
        WORD = "prepared"
        """
    )
    with Workshop(folder, tmp_path / "state") as workshop:
        workshop.preparations.begin(workshop.trials.working.values())
        workshop.preparations.wait()
        runs = [
            workshop.answer(
                workshop.begin(Job(language="made-up", code="cat $1; echo no > $1"))
            ).run
            for _ in range(2)
        ]

    for run in runs:
        assert run is not None
        assert run.stdout == b"prepared\n"
        assert b"Read-only file system" in run.stderr


def test_what_fails_is_not_there(tmp_path: Path) -> None:
    preparations = Preparations(tmp_path / "prepared")
    failing = preparations.placed(_toolchain("touch half; exit 1"))

    preparations.begin([failing])
    preparations.wait()

    assert list((tmp_path / "prepared").iterdir()) == []


def test_it_is_made_once_and_anew_for_another_toolchain(tmp_path: Path) -> None:
    preparations = Preparations(tmp_path / "prepared")
    count = f"echo x >> {tmp_path}/count; touch made"
    first = preparations.placed(_toolchain(count))
    for _ in range(2):
        preparations.begin([first])
        preparations.wait()
    assert (tmp_path / "count").read_text() == "x\n"

    other = preparations.placed(replace(first, version="1.1"))
    preparations.begin([other])
    preparations.wait()

    assert (tmp_path / "count").read_text() == "x\nx\n"
    assert [str(path) for path in (tmp_path / "prepared").iterdir()] == [other.prepared]


def test_two_workers_leave_one_of_it(tmp_path: Path) -> None:
    both = [Preparations(tmp_path / "prepared") for _ in range(2)]
    for preparations in both:
        preparations.begin([preparations.placed(_toolchain("touch made; sleep 0.2"))])
    for preparations in both:
        preparations.wait()

    [left] = (tmp_path / "prepared").iterdir()
    assert [path.name for path in left.iterdir()] == ["made"]


def test_a_worker_that_stops_does_not_wait_for_it(tmp_path: Path) -> None:
    preparations = Preparations(tmp_path / "prepared")
    endless = preparations.placed(_toolchain("sleep 600 & echo $! > ../pid; wait"))
    preparations.begin([endless])
    pid = tmp_path / "prepared" / "pid"
    eventually(lambda: pid.exists() and pid.read_text())

    preparations.stop()

    eventually(lambda: not alive({int(pid.read_text())}))
    pid.unlink()
    assert list((tmp_path / "prepared").iterdir()) == []


def test_what_a_killed_worker_left_unfinished_is_removed_after_a_while(tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    old, young = folder / ".new-old", folder / ".new-young"
    for path in (old, young):
        path.mkdir(parents=True)
        (path / "half").touch()
    os.utime(old, (time.time() - 7200,) * 2)
    preparations = Preparations(folder)

    preparations.begin([preparations.placed(_toolchain("touch made"))])
    preparations.wait()

    assert not old.exists()
    assert young.exists()


def test_without_a_folder_nothing_is_prepared_and_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    preparations = Preparations(tmp_path / "file" / "prepared")

    preparations.begin([preparations.placed(_toolchain("touch made"))])
    preparations.wait()

    assert preparations.mounts == []
