"""Language files and toolchains: one file adds a language; what worked is remembered."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from functions.execute import discovery, toolchains
from functions.execute.engine import probe
from functions.execute.engine.program import Outcome
from functions.execute.toolchains import engine_limits
from functions.execute.trials import Memory
from functions.execute.worker import _assert_unseen
from infra.local.state import ROOT
from shared import languages
from shared.logs import LineFormatter
from tests.execute.workshop import Job, Workshop

_CAT = """
name = "kitten"
title = "Kitten"
file = "main.cat"
binary = "{folder}/kitten"
version = ["{{binary}}", "--version"]
run = ["{{binary}}", "main.cat", "-"]
mounts = ["{{folder}}"]
hello = "hello"
"""
#: Says its version, and how often it was asked. Needs a file beside it to work.
_CAT_SCRIPT = """#!/bin/sh
folder=$(dirname "$0")
if [ "$1" = --version ]; then
    echo asked >> "$folder/asked"
    echo "kitten version 1.2.3 (made up)"
    exit
fi
. "$folder/library" && exec cat "$@"
"""


@pytest.fixture
def kitten(tmp_path: Path) -> Path:
    """The folder of a toolchain nobody has heard of, with its language file."""
    folder = tmp_path / "kitten"
    folder.mkdir()
    (folder / "kitten").write_text(_CAT_SCRIPT)
    (folder / "kitten").chmod(0o755)
    (folder / "library").touch()
    (folder / "kitten.toml").write_text(_CAT.format(folder=folder))
    for parent in (folder, tmp_path):
        parent.chmod(0o755)
    return folder


def test_a_language_is_added_by_one_file(kitten: Path, tmp_path: Path) -> None:
    with Workshop(kitten, tmp_path) as workshop:
        assert workshop.trials.working["kitten"].version == "1.2.3"

        begun = workshop.begin(Job(language="kitten", code="meow, ", stdin=b"purr"))
        run = workshop.answer(begun).run

    assert run is not None
    assert (run.outcome, run.stdout, run.stderr) == (Outcome.EXITED, b"meow, purr", b"")


def test_the_next_start_asks_and_tries_nothing_again(kitten: Path, tmp_path: Path) -> None:
    with Workshop(kitten, tmp_path) as workshop:
        assert "kitten" in workshop.trials.working
    # Given a toolchain that would fail if it were tried
    (kitten / "library").unlink()

    with Workshop(kitten, tmp_path) as workshop:
        assert workshop.trials.working["kitten"].version == "1.2.3"
    assert (kitten / "asked").read_text() == "asked\n"

    # When it is another one, it is tried
    os.utime(kitten / "kitten", (1, 1))
    with Workshop(kitten, tmp_path) as workshop:
        assert workshop.trials.working == {}
        assert "library" in workshop.trials.problems["kitten"]
    # And what failed is tried again: what it lacked may have come
    (kitten / "library").touch()
    with Workshop(kitten, tmp_path) as workshop:
        assert "kitten" in workshop.trials.working


def test_another_language_file_is_tried_again(kitten: Path, tmp_path: Path) -> None:
    with Workshop(kitten, tmp_path):
        pass
    text = (kitten / "kitten.toml").read_text()
    (kitten / "kitten.toml").write_text(text.replace('"hello"', '"something else"'))

    with Workshop(kitten, tmp_path) as workshop:
        assert workshop.trials.working == {}


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"a": 1}', b"\xff"])
def test_a_damaged_memory_is_no_reason_to_fail(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "memory.json"
    path.write_bytes(content)
    memory = Memory(path)

    memory.add("a key", "a value")

    assert '"a key"' in path.read_text()


def test_what_two_workers_find_out_is_kept_by_both(tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    one, other = Memory(path), Memory(path)
    one.add("one", "1")
    other.add("other", "2")

    assert '"one"' in path.read_text()
    assert '"other"' in path.read_text()


def test_a_memory_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    Memory(tmp_path / "file" / "memory.json").add("key", "value")

    assert (tmp_path / "file").read_bytes() == b""


def test_only_the_languages_asked_for_are_looked_for() -> None:
    found = discovery.discover(only=["python", "bash"])

    assert {it.language.name for it in found} == {"python", "bash"}


def test_the_outputs_of_a_compiler_may_be_patterns(kitten: Path, tmp_path: Path) -> None:
    """Regular files only: neither folders nor links that match come back."""
    script = "cp main.cat y.part; mkdir -p a/b d.part; cp main.cat a/b/x.part; ln -s y.part z.part"
    with (kitten / "kitten.toml").open("a") as file:
        file.write(f'compile = ["/bin/sh", "-c", "{script}"]\n')
        file.write('outputs = ["**/*.part"]\n')
    text = (kitten / "kitten.toml").read_text()
    (kitten / "kitten.toml").write_text(text.replace('"main.cat", "-"', '"a/b/x.part", "y.part"'))

    with Workshop(kitten, tmp_path) as workshop:
        # The hello program is said twice by what this has become.
        assert workshop.trials.working == {}
        toolchain = workshop.found[0]
        run = workshop.engine.run(
            toolchain.compiler({"main.cat": b"meow"}), toolchain.compile_limits
        )

    assert run.files == {"a/b/x.part": b"meow", "y.part": b"meow"}


def test_a_program_that_cannot_be_executed_is_the_submission_s_failure(
    kitten: Path, tmp_path: Path
) -> None:
    """A compiler may be talked into making something else: a library, or nothing at all."""
    text = (kitten / "kitten.toml").read_text()
    text = text.replace('run = ["{binary}", "main.cat", "-"]', 'run = ["./main.cat"]')
    (kitten / "kitten.toml").write_text(text)

    with Workshop(kitten, tmp_path) as workshop:
        toolchain, limits = workshop.found[0], engine_limits({})
        program = toolchain.program({"main.cat": b"\x7fELF, or so it says"}, limits)
        run = workshop.engine.run(program, limits)
        missing = workshop.engine.run(toolchain.program({}, limits), limits)

    assert (run.exit_code, run.stderr) == (126, b"./main.cat: Exec format error\n")
    assert (missing.exit_code, missing.stderr) == (126, b"./main.cat: No such file or directory\n")


def test_where_programs_may_not_fork_languages_that_have_to_are_not_offered(
    tmp_path: Path,
) -> None:
    if not probe.facts().allows_container:
        pytest.skip("this machine does not allow the level")
    folder = tmp_path / "languages"
    folder.mkdir()
    for name in ("bash", "c", "javascript"):
        text = (languages.FOLDER / f"{name}.toml").read_text()
        (folder / f"{name}.toml").write_text(text)

    with Workshop(folder, tmp_path, isolation="container") as workshop:
        assert {"bash", "javascript"} <= set(workshop.trials.working)
        assert "c" not in workshop.trials.working


def test_typescript_without_its_compiler_is_not_offered_and_the_log_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.execute.toolchains.esbuild", lambda: "")
    with Workshop(ROOT / "shared" / "languages", tmp_path, only={"typescript"}) as workshop:
        assert workshop.trials.working == {}
        assert "esbuild is not installed" in workshop.trials.problems["typescript"]


def test_a_worker_told_to_offer_what_is_no_language_does_not_start() -> None:
    worker = subprocess.run(
        [sys.executable, "-m", "functions.execute"],
        cwd=ROOT,
        env={**os.environ, "REDIS_URL": "redis://x", "ASSAY_LANGUAGES": "python, cobol"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert worker.returncode == 1
    assert "languages: cobol is not known" in worker.stderr


def test_a_toolchain_in_a_home_folder_does_not_show_the_home_folder(
    kitten: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a toolchain in a folder of its own, and one in ~/bin, whose prefix is all of home
    found = discovery.discover(languages.load(kitten))
    (home := tmp_path / "home" / "bin").mkdir(parents=True)
    language = msgspec.structs.replace(found[0].language, mounts=[str(home.parent)])
    stray = replace(found[0], language=language)

    # When it is asked what programs are to be shown
    shown, _ = toolchains.mounts([*found, stray], private=(home.parent, home.parent / ".state"))

    # Then that is the toolchain alone, and the other one is told of
    assert shown == [str(kitten)]
    [warning] = [it for it in caplog.records if "programs are not shown" in it.getMessage()]
    assert f"folder={home.parent}  " in LineFormatter(console=True).format(warning)


def test_a_state_folder_that_programs_could_read_is_no_place_to_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lies in /usr, which programs may read"):
        _assert_unseen(Path("/usr/local/assay/.state"))
    _assert_unseen(tmp_path)
