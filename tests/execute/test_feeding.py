"""Standard input that comes in pieces while a program runs, and its end."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator

import pytest

from functions.execute.engine.cell import Cell, interpreter
from functions.execute.engine.engine import Engine
from functions.execute.engine.program import Limits, Outcome, Program, Run

LIMITS = Limits(wall_time_ms=60_000, output_bytes=8 << 20)
PIECES = [b"one\n", b"two\n", b"three\n"]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine(1, mounts=[sys.base_prefix])
    try:
        yield made
    finally:
        made.close()


def talk(engine: Engine, script: str, answer: Callable[[Cell, bytes], None], **given: bytes) -> Run:
    """Run a script whose every output is answered on its input."""
    program = Program(argv=("/bin/sh", "-c", script), **given)  # type: ignore[arg-type]
    with engine.cell() as cell:
        return cell.run(
            program, LIMITS, on_output=lambda _, data: answer(cell, data), interactive=True
        )


def test_each_line_is_fed_after_the_answer_to_the_one_before(engine: Engine) -> None:
    waiting = [*PIECES]

    def answer(cell: Cell, _: bytes) -> None:
        cell.feed(waiting.pop(0) if waiting else b"")

    run = talk(engine, "echo ready; while read x; do echo got $x; done; echo end; exit 4", answer)

    assert run.stdout == b"ready\ngot one\ngot two\ngot three\nend\n"
    assert (run.outcome, run.exit_code) == (Outcome.EXITED, 4)


def test_what_was_given_at_first_comes_before_what_is_fed(engine: Engine) -> None:
    def answer(cell: Cell, data: bytes) -> None:
        if data == b"first\n":
            cell.feed(b"second\n")
            cell.feed(b"")

    run = talk(engine, "cat", answer, stdin=b"first\n")

    assert run.stdout == b"first\nsecond\n"


def test_an_end_that_comes_at_once_is_an_empty_input(engine: Engine) -> None:
    with engine.cell() as cell:
        run = cell.run(
            Program(argv=("/bin/sh", "-c", "echo begun; cat; echo end")),
            LIMITS,
            on_output=lambda *_: cell.feed(b""),
            interactive=True,
        )

    assert (run.stdout, run.exit_code) == (b"begun\nend\n", 0)


def test_megabytes_are_fed_past_a_pipe_that_is_full(engine: Engine) -> None:
    content = bytes(range(256)) * (4 << 12)

    def answer(cell: Cell, data: bytes) -> None:
        if data == b"ready\n":
            cell.feed(content)
            cell.feed(b"")

    run = talk(engine, "echo ready; sleep 0.1; sha256sum; wc -c", answer)

    assert run.stdout == f"ready\n{hashlib.sha256(content).hexdigest()}  -\n0\n".encode()


def test_without_an_end_a_program_that_reads_on_is_at_its_wall_limit(engine: Engine) -> None:
    program = Program(argv=("/bin/cat",), stdin=b"all there is")
    with engine.cell() as cell:
        run = cell.run(program, Limits(wall_time_ms=200), interactive=True)

    assert (run.outcome, run.stdout) == (Outcome.WALL_TIME_LIMIT, b"all there is")


def test_what_is_fed_too_late_reaches_nobody(engine: Engine) -> None:
    with engine.cell() as cell:
        cell.run(Program(argv=("/bin/true",)), LIMITS, interactive=True)
        cell.feed(b"for nobody\n")
        cell.feed(b"")
        later = cell.run(Program(argv=("/bin/cat",), stdin=b"own\n"), LIMITS)
        cell.feed(b"for nobody\n")
        last = cell.run(
            Program(argv=("/bin/sh", "-c", "echo x; cat")),
            LIMITS,
            on_output=lambda *_: cell.feed(b""),
            interactive=True,
        )

    assert (later.stdout, last.stdout) == (b"own\n", b"x\n")


def test_python_sees_each_piece_as_it_comes(engine: Engine) -> None:
    code = b"import sys\nprint('go', flush=True)\nfor x in sys.stdin: print(len(x), flush=True)\n"
    answers = {
        b"go\n": ["ä\n".encode()[:1], "ä\n".encode()[1:]],
        b"2\n": [b"no end", b""],
    }

    def answer(cell: Cell, data: bytes) -> None:
        for piece in answers.pop(data, []):
            cell.feed(piece)

    binary = engine.shown_at(interpreter())
    program = Program(argv=(binary, "main.py"), files={"main.py": code})
    with engine.cell() as cell:
        run = cell.run(
            program, LIMITS, on_output=lambda _, data: answer(cell, data), interactive=True
        )

    assert run.stdout == b"go\n2\n6\n"
