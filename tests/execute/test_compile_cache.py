"""The compile cache: the compiler's own answer again, and never somebody else's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from functions.execute.compile_cache import CompileCache
from functions.execute.engine.program import Limits, Outcome, Program, Run
from functions.execute.toolchains import Toolchain
from infra.local.valkey import Valkey
from shared.languages import Language
from shared.verdicts import Verdict
from tests.execute.core import Core
from tests.execute.working import worker

_LANGUAGE = Language(
    name="made-up",
    title="Made up",
    file="main.x",
    binary="cc",
    version=[],
    compile=["{binary}", "-O2", "main.x"],
    outputs=["main"],
    run=["./main"],
    hello="",
)
_SOURCE = {"main.x": b"a source", "beside.h": b"a header"}
_ROOM = 1024 * 1024


class Compiler:
    """Makes something new of the same files each time, and counts."""

    def __init__(self, output_bytes: int = 8, outcome: Outcome = Outcome.EXITED) -> None:
        self.runs = 0
        self._output_bytes = output_bytes
        self._outcome = outcome

    def __call__(self, program: Program, limits: Limits) -> Run:
        self.runs += 1
        output = f"{program.argv} {self.runs}".encode().ljust(self._output_bytes)
        return Run(
            outcome=self._outcome,
            exit_code=0,
            signal=None,
            stdout=b"compiled",
            stderr=b"\xff warnings",
            stdout_truncated=False,
            stderr_truncated=False,
            cpu_time_ms=self.runs,
            wall_time_ms=2.0,
            wait_time_ms=0.5,
            peak_memory_bytes=4096,
            files={"main": output, "folder/ä": b""},
        )


@pytest.fixture
def toolchain(tmp_path: Path) -> Toolchain:
    """Of a binary that can be changed."""
    binary = tmp_path / "cc"
    binary.touch()
    return Toolchain(_LANGUAGE, str(binary), "1.0")


@pytest.fixture
def cache(tmp_path: Path) -> CompileCache:
    return CompileCache(tmp_path / "compiled", _ROOM)


def _entries(folder: Path) -> list[Path]:
    return sorted((folder / "compiled").iterdir())


def test_the_second_compile_of_the_same_is_the_first_one_s_answer(
    cache: CompileCache, toolchain: Toolchain, tmp_path: Path
) -> None:
    compiler = Compiler()
    first = cache.compiled("a tenant", toolchain, _SOURCE, compiler)
    again = cache.compiled("a tenant", toolchain, dict(reversed(_SOURCE.items())), compiler)
    later = CompileCache(tmp_path / "compiled", _ROOM)

    assert again == first
    assert later.compiled("a tenant", toolchain, _SOURCE, compiler) == first
    assert compiler.runs == 1


def test_what_the_compiler_refused_is_refused_again_without_it(
    cache: CompileCache, toolchain: Toolchain
) -> None:
    compiler = Compiler()

    def refuse(program: Program, limits: Limits) -> Run:
        return replace(compiler(program, limits), exit_code=1, files={})

    first = cache.compiled("a tenant", toolchain, _SOURCE, refuse)

    assert cache.compiled("a tenant", toolchain, _SOURCE, refuse) == first
    assert (first.exit_code, compiler.runs) == (1, 1)


def _other_flags(toolchain: Toolchain) -> Toolchain:
    language = {f: getattr(_LANGUAGE, f) for f in _LANGUAGE.__struct_fields__}
    return replace(toolchain, language=Language(**{**language, "compile": ["{binary}", "-O3"]}))


def _other_binary(toolchain: Toolchain) -> Toolchain:
    Path(toolchain.binary).write_text("upgraded")
    return toolchain


@pytest.mark.parametrize(
    "files",
    [
        {**_SOURCE, "main.x": b"b source"},
        {**_SOURCE, "beside.h": b""},
        {**_SOURCE, "more.h": b""},
        {"main.x": b"a sourcea header", "beside.h": b""},
        {"main.x": b"a source", "other.h": b"a header"},
    ],
)
def test_other_files_are_compiled(
    cache: CompileCache, toolchain: Toolchain, files: Mapping[str, bytes]
) -> None:
    compiler = Compiler()
    first = cache.compiled("a tenant", toolchain, _SOURCE, compiler)

    assert cache.compiled("a tenant", toolchain, files, compiler) != first
    assert compiler.runs == 2


def test_another_tenant_s_are_compiled(cache: CompileCache, toolchain: Toolchain) -> None:
    compiler = Compiler()
    first = cache.compiled("a tenant", toolchain, _SOURCE, compiler)

    assert cache.compiled("another tenant", toolchain, _SOURCE, compiler) != first
    assert compiler.runs == 2


@pytest.mark.parametrize(
    "change",
    [
        _other_flags,
        _other_binary,
        lambda toolchain: replace(toolchain, version="1.1"),
    ],
    ids=["flags", "binary", "version"],
)
def test_another_compiler_or_other_flags_compile(
    cache: CompileCache, toolchain: Toolchain, change: Callable[[Toolchain], Toolchain]
) -> None:
    compiler = Compiler()
    cache.compiled("a tenant", toolchain, _SOURCE, compiler)

    cache.compiled("a tenant", change(toolchain), _SOURCE, compiler)

    assert compiler.runs == 2


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.EXITED])
def test_a_compile_that_was_stopped_is_not_kept(
    cache: CompileCache, toolchain: Toolchain, outcome: Outcome
) -> None:
    compiler = Compiler(outcome=outcome)
    cache.compiled("a tenant", toolchain, _SOURCE, compiler)
    cache.compiled("a tenant", toolchain, _SOURCE, compiler)

    assert compiler.runs == 2


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied", "another format"])
def test_a_damaged_entry_is_no_entry(
    cache: CompileCache, toolchain: Toolchain, tmp_path: Path, damage: str
) -> None:
    compiler = Compiler()
    cache.compiled("a tenant", toolchain, _SOURCE, compiler)
    [entry] = _entries(tmp_path)
    good = entry.read_bytes()
    bad = {
        "cut": good[:-1],
        "changed": good[:-3] + b"abc",
        "emptied": b"",
        "another format": good.replace(b"compiled 1", b"compiled 0"),
    }
    entry.write_bytes(bad[damage])

    assert cache.compiled("a tenant", toolchain, _SOURCE, compiler).cpu_time_ms == 2
    assert cache.compiled("a tenant", toolchain, _SOURCE, compiler).cpu_time_ms == 2
    assert compiler.runs == 2


def test_the_least_used_go_when_there_is_no_room(toolchain: Toolchain, tmp_path: Path) -> None:
    cache = CompileCache(tmp_path / "compiled", 100_000)
    compiler = Compiler(output_bytes=10_000)
    sources = [{"main.x": f"{n}".encode()} for n in range(20)]
    for source in sources:
        cache.compiled("a tenant", toolchain, source, compiler)
        cache.compiled("a tenant", toolchain, sources[0], compiler)  # the most used
        time.sleep(0.002)  # file times tell them apart

    runs = compiler.runs
    assert runs == len(sources)
    assert sum(entry.stat().st_size for entry in _entries(tmp_path)) <= 100_000
    for source in (sources[0], sources[-1]):
        cache.compiled("a tenant", toolchain, source, compiler)
    assert compiler.runs == runs
    cache.compiled("a tenant", toolchain, sources[1], compiler)
    assert compiler.runs == runs + 1


def test_nothing_is_kept_when_there_is_to_be_no_cache(toolchain: Toolchain, tmp_path: Path) -> None:
    cache = CompileCache(tmp_path / "compiled", 0)
    compiler = Compiler()
    for _ in range(2):
        cache.compiled("a tenant", toolchain, _SOURCE, compiler)

    assert compiler.runs == 2
    assert not (tmp_path / "compiled").exists()


def test_a_disk_that_takes_nothing_costs_only_time(toolchain: Toolchain, tmp_path: Path) -> None:
    (tmp_path / "compiled").touch()  # no folder
    cache = CompileCache(tmp_path / "compiled", _ROOM)
    compiler = Compiler()
    for _ in range(2):
        cache.compiled("a tenant", toolchain, _SOURCE, compiler)

    assert compiler.runs == 2


def test_workers_may_share_the_folder(toolchain: Toolchain, tmp_path: Path) -> None:
    """Reading, writing and evicting the same few entries, each gets its own or nothing."""

    def work(_: int) -> int:
        cache = CompileCache(tmp_path / "compiled", 60_000)
        compiler = Compiler(output_bytes=10_000)
        for n in range(200):
            source = {"main.x": f"{n % 7}".encode()}
            run = cache.compiled(f"tenant {n % 7}", toolchain, source, compiler)
            assert run.files["main"].startswith(str(toolchain.compiler(source).argv).encode())
        return compiler.runs

    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(work, range(4)))

    assert sum(runs) < 4 * 200
    assert sum(entry.stat().st_size for entry in _entries(tmp_path)) <= 60_000 * 1.5


def test_a_worker_compiles_the_same_submission_once(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    program = "#include <stdio.h>\nint main(void) { puts(__TIME__); }"
    with Valkey(tmp_path_factory.mktemp("valkey")) as server:
        with worker(server.url, ASSAY_STATE=str(tmp_path), ASSAY_LANGUAGES="c") as working:
            if not working.facts["languages"]:
                pytest.skip("there is no C compiler here")
            with Core(server.url) as core:
                first = core.judged(program, "c")
                time.sleep(1.1)  # compiled now, it would print something else
                again = core.judged(program, "c")
                other = core.judged(program + "\n", "c")
                wrong = [core.judged("int main(void) { return 0 }", "c") for _ in range(2)]

    assert first.verdict is Verdict.COMPLETED
    assert again.stdout == first.stdout
    assert other.stdout != first.stdout
    assert [it.verdict for it in wrong] == [Verdict.COMPILE_ERROR] * 2
    assert wrong[0].compile_output == wrong[1].compile_output != ""
    assert len(_entries(tmp_path)) == 3


def test_slots_that_want_the_same_at_once_compile_it_once(
    cache: CompileCache, toolchain: Toolchain
) -> None:
    # Given one slot that is compiling, and others that come for the same and for something else
    compiler = Compiler()
    begun, go_on = threading.Event(), threading.Event()
    runs: list[Mapping[str, bytes]] = []

    def slow(program: Program, limits: Limits) -> Run:
        runs.append(program.files)
        begun.set()
        assert go_on.wait(30)
        return compiler(program, limits)

    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(cache.compiled, "a tenant", toolchain, _SOURCE, slow)
        assert begun.wait(30)
        others = [
            pool.submit(cache.compiled, "a tenant", toolchain, _SOURCE, slow) for _ in range(4)
        ]
        # Then something else does not wait for it
        cache.compiled("another tenant", toolchain, _SOURCE, compiler)
        go_on.set()
        found = [it.result(30) for it in (first, *others)]
    # And all have the one answer
    assert len(runs) == 1
    assert found == [found[0]] * 5
    assert cache._turns == {}


def test_a_compile_that_fails_lets_the_next_slot_try(
    cache: CompileCache, toolchain: Toolchain
) -> None:
    def broken(_program: Program, _limits: Limits) -> Run:
        raise OSError("the cell died")

    with pytest.raises(OSError, match="died"):
        cache.compiled("a tenant", toolchain, _SOURCE, broken)
    assert cache.compiled("a tenant", toolchain, _SOURCE, Compiler())
    assert cache._turns == {}
