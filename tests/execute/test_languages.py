"""Every language that is here does what every language has to do.

At home a language that is not installed is skipped. In CI those that must be there fail.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from functions.execute.engine.program import Outcome, Run
from shared import languages
from tests.execute.workshop import PROGRAMS, Answer, Job, Workshop, programs

MUST = {
    "bash",
    "c",
    "cpp17",
    "cpp20",
    "csharp",
    "go",
    "java",
    "javascript",
    "lua",
    "perl",
    "php",
    "python",
    "ruby",
    "rust",
    "sql",
    "typescript",
}
_LINES = "the first line\näöü € 漢字 😀\nthe last line\n"
_BESIDE = {"data.txt": b"kept beside\n"}
_FLOOD_BYTES = 64 * 1024
_SPIN_MS = 500

Ask = Callable[[str, str], Answer]
Answers = dict[tuple[str, str], Future[Answer]]

CASES = ("echo", "broken", "exit", "spin", "memory", "flood", "text", "beside")


def _job(language: str, case: str) -> Job:
    table = programs(language)
    limits = {
        "spin": {"cpuTimeMs": table.get("cpu_time_ms", _SPIN_MS)},
        "memory": {"memoryBytes": 128 * 1024 * 1024},
        "flood": {"outputBytes": _FLOOD_BYTES},
    }
    if case == "echo":
        code, stdin = languages.known()[language].starter, _LINES
    else:
        code, stdin = table.get(case) or table["acts"], f"{case}\n"
    return Job(
        language=language,
        code=code,
        stdin=stdin.encode(),
        files=_BESIDE,
        limits=limits.get(case, {}),
    )


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    with Workshop(languages.FOLDER, tmp_path_factory.mktemp("languages")) as opened:
        yield opened


@pytest.fixture(scope="module")
def answers(request: pytest.FixtureRequest, workshop: Workshop) -> Answers:
    """Everything the chosen tests will ask, begun at once: two hands work meanwhile."""
    begun: Answers = {}
    for item in request.session.items:
        chosen = getattr(item, "callspec", None)
        if item.path != Path(__file__) or chosen is None or "case" not in chosen.params:
            continue
        language, case = chosen.params["language"], chosen.params["case"]
        if language in workshop.trials.working:
            begun[language, case] = workshop.begin(_job(language, case))
    return begun


def _require(workshop: Workshop, language: str) -> None:
    """Skip, or fail, unless the language works here: its hello program was run."""
    problem = workshop.trials.problems.get(language, "it is not installed")
    if language in workshop.trials.working:
        return
    if os.environ.get("CI") and language in MUST:
        pytest.fail(f"{language} must be tested in CI: {problem}")
    installed = any(it.language.name == language for it in workshop.found)
    if installed and workshop.engine.level != "container":
        pytest.fail(f"{language} is installed but does not work: {problem}")
    pytest.skip(problem)


@pytest.mark.parametrize("language", sorted(languages.known()))
def test_a_language_that_is_installed_says_hello_and_is_offered(
    workshop: Workshop, language: str
) -> None:
    _require(workshop, language)

    assert workshop.trials.working[language].version[0].isdigit()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("language", sorted(languages.known()))
def test_every_language_does_what_it_has_to(
    workshop: Workshop, answers: Answers, language: str, case: str
) -> None:
    _require(workshop, language)

    answer = workshop.answer(answers[language, case])

    if case == "broken":
        _assert_refused(answer)
    else:
        assert answer.run is not None, answer.compiled
        _EXPECTED[case](answer.run)


def _assert_refused(answer: Answer) -> None:
    """By its compiler, or at once by its interpreter; it is told why, and it did nothing."""
    last = answer.run or answer.compiled
    assert last is not None
    assert (last.outcome, last.exit_code == 0) == (Outcome.EXITED, False), last
    if answer.compiled is not None:
        assert answer.run is None
        assert answer.compiled.stdout + answer.compiled.stderr
    else:
        assert (last.stdout, last.stderr != b"") == (b"", True), last


def _assert_printed(text: str) -> Callable[[Run], None]:
    def check(run: Run) -> None:
        assert (run.stdout.decode(), run.exit_code) == (text, 0), run
        assert run.outcome is Outcome.EXITED
        assert run.stderr == b""

    return check


def _assert_exit_code(run: Run) -> None:
    assert (run.outcome, run.exit_code, run.stdout) == (Outcome.EXITED, 7, b""), run


def _assert_stopped(outcome: Outcome) -> Callable[[Run], None]:
    def check(run: Run) -> None:
        assert (run.outcome, run.stdout) == (outcome, b""), run

    return check


def _assert_cut(run: Run) -> None:
    line = b"all work and no play\n"
    assert (run.outcome, run.stdout_truncated) == (Outcome.OUTPUT_LIMIT, True), run
    assert run.stdout == (line * _FLOOD_BYTES)[:_FLOOD_BYTES]


_EXPECTED = {
    "echo": _assert_printed(_LINES),
    "exit": _assert_exit_code,
    "spin": _assert_stopped(Outcome.CPU_TIME_LIMIT),
    "memory": _assert_stopped(Outcome.MEMORY_LIMIT),
    "flood": _assert_cut,
    "text": _assert_printed("grüße, 世界 😀\n"),
    "beside": _assert_printed("kept beside\n"),
}


def test_every_language_file_has_test_programs_a_starter_and_names_of_its_own() -> None:
    known = languages.known()
    tables = {path.stem for path in PROGRAMS.glob("*.toml")}
    names = [name.lower() for it in known.values() for name in (it.name, *it.aliases)]
    suffixes = [suffix for it in known.values() for suffix in it.suffixes]

    assert tables == set(known)
    assert set(known) >= MUST
    assert all(it.starter.strip() for it in known.values())
    assert len(names) == len(set(names))
    assert len(suffixes) == len(set(suffixes))
