"""Programs made ready to run: compiled or built once, then started any number of times.

A program is one file, or a folder of them with an entry point, or a folder with the scripts
`build` and `run` of a problem package. Everything happens in a cell, and what a compiler
or a script made is kept in the compile cache.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from functions.execute.compile_cache import CompileCache
from functions.execute.engine.cell import Cell
from functions.execute.engine.program import Limits, Outcome, Program, Run
from functions.execute.judging.stopped import unless_stopped
from functions.execute.text import encode_output
from functions.execute.toolchains import COMPILE_LIMITS, Toolchain, engine_limits

_COMPILE_OUTPUT_BYTES = 64 * 1024

#: Puts a program together for limits and arguments.
Start = Callable[[Limits, Collection[str]], Program]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A program as somebody wrote it."""

    files: Mapping[str, bytes]
    #: The file it starts with; empty: the one that its language says.
    entry: str = ""
    #: What the compiler is to be given; empty: the entry alone.
    sources: tuple[str, ...] = ()
    has_build: bool = False
    has_run: bool = False


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A program that can be started."""

    files: Mapping[str, bytes]
    start: Start
    toolchain: Toolchain | None = None
    #: What the compiler said.
    output: str = ""

    def understood(self, run: Run) -> Run:
        """The run, in the words of its language."""
        return self.toolchain.understood(run) if self.toolchain else run


class NotBuilt(Exception):
    """The compiler, or a build script, refused it."""

    def __init__(self, run: Run, output: str) -> None:
        super().__init__(output or f"{run.outcome}, exit code {run.exit_code}")
        self.run = run
        self.output = output


def by_toolchain(
    source: Source, toolchain: Toolchain, tenant: str, cell: Cell, cache: CompileCache
) -> Ready:
    """Make a program of one language ready.

    Raises:
        NotBuilt: the compiler refused it.
        GivenUp: it was stopped from outside.
    """
    files, sources, main_class = _arranged(source, toolchain)
    start = partial(_by_toolchain, toolchain, main_class)
    if not toolchain.language.compile:
        return Ready(files=files, start=partial(start, files), toolchain=toolchain)
    run = cache.compiled(tenant, toolchain, files, partial(_run, cell), sources)
    output = compiler_text(run)
    if not toolchain.made(run):
        raise NotBuilt(run, output)
    # What the compiler was given is there at run time, too, but for the program's own text.
    kept = {name: data for name, data in files.items() if name not in sources}
    kept.pop(toolchain.language.file, None)
    made = {**kept, **run.files}
    return Ready(files=made, start=partial(start, made), toolchain=toolchain, output=output)


def _by_toolchain(
    toolchain: Toolchain,
    main_class: str,
    files: Mapping[str, bytes],
    limits: Limits,
    args: Collection[str],
) -> Program:
    return toolchain.program(files, limits, args, main_class)


def _arranged(
    source: Source, toolchain: Toolchain
) -> tuple[Mapping[str, bytes], tuple[str, ...], str]:
    """The files as the language wants them, what its compiler is given, and what it starts."""
    wanted, entry = toolchain.language.file, source.entry
    if not entry or entry == wanted:
        others = tuple(name for name in source.sources if name != wanted)
        return source.files, (wanted, *others) if others else (), ""
    if toolchain.main_class:
        return source.files, source.sources or (entry,), entry.partition(".")[0]
    if wanted in source.files:  # something else has that name: the entry keeps its own
        return source.files, source.sources or (entry,), ""
    files = {wanted if name == entry else name: data for name, data in source.files.items()}
    others = tuple(name for name in source.sources if name != entry)
    return files, (wanted, *others) if others else (), ""


def by_scripts(source: Source, cell: Cell, cache: CompileCache) -> Ready:
    """Make a program with the scripts `build` and `run` ready.

    Raises:
        NotBuilt: the script failed, or left no `run`.
        GivenUp: it was stopped from outside.
    """
    files = dict(source.files)
    output = ""
    if source.has_build:
        run = _built(source, cell, cache)
        output = compiler_text(run)
        made = run.outcome is Outcome.EXITED and run.exit_code == 0
        if not made or "run" not in {**files, **run.files}:
            raise NotBuilt(run, output)
        files |= run.files

    def start(limits: Limits, args: Collection[str]) -> Program:
        return Program(argv=("./run", *args), files=files)

    return Ready(files=files, start=start, output=output)


def _built(source: Source, cell: Cell, cache: CompileCache) -> Run:
    limits = engine_limits(COMPILE_LIMITS)
    program = Program(
        argv=("./build",),
        files=source.files,
        collect=("run",),
        collect_matching=("*", "**/*"),
    )
    digest = hashlib.sha256(b"assay build script 1\n")
    for name, content in sorted(source.files.items()):
        digest.update(repr((name, len(content))).encode())
        digest.update(content)
    known = cache.get(digest.hexdigest())
    if known is not None:
        return known
    fresh = _run(cell, program, limits)
    cache.put(digest.hexdigest(), fresh)
    return fresh


def _run(cell: Cell, program: Program, limits: Limits) -> Run:
    return unless_stopped(cell.run(program, limits))


def compiler_text(run: Run) -> str:
    """What a compiler said, cut to what a person reads."""
    return encode_output((run.stderr + run.stdout)[:_COMPILE_OUTPUT_BYTES], cut=True)[0]
