from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from infra.local import environment, suite
from infra.local.arguments import parser, read
from infra.local.cli import main, settings_of
from infra.local.failure import Failure
from infra.local.state import ROOT, state_folder
from infra.local.usage import Parser
from shared.settings import Settings, SettingsError, env_names, parse, probably_meant
from tests.conftest import ALONE, LONGEST

TOGETHER = [*("-m", "not alone", "-n", "3"), *("--dist", "loadfile", "--no-loadscope-reorder")]


def local_runner(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "local_runner.py", *args],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_every_setting_has_a_flag_with_its_help_default_and_variables() -> None:
    text = " ".join(parser().format_help().split())

    for spec in fields(Settings):
        assert f"--{spec.name.replace('_', '-')} " in text
        assert spec.metadata["help"] in text
        assert f"environment {' or '.join(env_names(spec))}" in text
        if spec.default != "":
            assert f"default {spec.default}, " in text


def test_a_flag_is_stronger_than_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_PORT", "4000")
    monkeypatch.setenv("ASSAY_SLOTS", "3")

    settings = settings_of(parser().parse_args(["--port", "5000"]))

    assert (settings.port, settings.slots) == (5000, 3)


@pytest.mark.parametrize("args", [["--port", "5000", "doctor"], ["doctor", "--port", "5000"]])
def test_a_flag_counts_before_and_after_the_command(args: list[str]) -> None:
    parsed = parser().parse_args(args)

    assert parsed.command == "doctor"
    assert settings_of(parsed).port == 5000


def test_without_a_command_it_serves() -> None:
    assert parser().parse_args([]).command == "serve"


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_SLOTS", "many")

    with pytest.raises(
        Failure, match="ASSAY_SLOTS must be a whole number from 0 to 1024, not 'many'"
    ) as caught:
        settings_of(parser().parse_args([]))
    assert caught.value.code == 2


def test_a_variable_that_is_nearly_a_setting_is_told_and_others_are_not() -> None:
    told = probably_meant(
        {
            "ASSAY_SLOT": "3",
            "ASSAY_WEBHOOK_TO": "anywhere",
            "ASSAY_SLOTS": "3",
            "ASSAY_KEY": "secret",
            "ASSAY_IN_VENV": "x",
            "ASSAY_SERVICE_HOST": "10.0.0.1",  # as Kubernetes sets them
            "SLOTS": "1",
        }
    )
    assert told == [
        "ASSAY_SLOT is no setting; did you mean ASSAY_SLOTS?",
        "ASSAY_WEBHOOK_TO is no setting; did you mean ASSAY_WEBHOOKS_TO?",
    ]


@pytest.mark.parametrize("spec", fields(Settings), ids=lambda spec: spec.name)
def test_a_setting_that_cannot_be_honoured_says_what_is_allowed(spec: Any) -> None:  # noqa: ANN401
    [name, *_] = env_names(spec)
    for bad in ("", "ä", "-1", "1.5", "9" * 30, "0x10"):
        try:
            parse(spec, bad, source=name)
        except SettingsError as error:
            allowed = spec.metadata["choices"] or [str(spec.metadata["minimum"])]
            assert str(error).startswith(f"{name} must be ")
            assert all(word in str(error) for word in allowed)
            assert repr(bad) in str(error)
        else:
            assert spec.type in (str, "str") and not spec.metadata["choices"]


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--port", "80000"], "--port must be a whole number from 0 to 65535, not '80000'"),
        (["--isolation", "some"], "--isolation must be one of best, full, container, not 'some'"),
        (["nonsense"], "invalid choice: 'nonsense'"),
        (["--port", "1", "test"], "Settings do not apply to test: put it first."),
        (["submit"], "The following arguments are required: FILE"),
        (["submit"], "local_runner.py submit --help says more."),
        (["wacth"], "Did you mean watch?"),
        (["submit", "a.py", "--jsno"], "Did you mean --json?"),
        (["problem", "import", "--foo", "x"], "Usage: local_runner.py problem import DIR|ZIP..."),
        (["key", "revoke"], "The following arguments are required: ID"),
    ],
)
def test_wrong_usage_is_told_and_ends_with_2(args: list[str], sentence: str) -> None:
    done = local_runner(*args)

    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def _parsers(top: Parser) -> Iterator[Parser]:
    """A command, and all below it."""
    yield top
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield from _parsers(one)


EVERY = list(_parsers(parser()))


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.prog)
def test_each_command_says_what_it_does_takes_and_answers(one: Parser) -> None:
    text = one.format_help()
    assert text.startswith(f"usage: {one.prog}")
    assert len(text.splitlines()[0]) < 100, "a usage is one line, whatever the settings"
    assert (one.description or "").strip(" .")
    for words in (
        "examples:",
        "exit codes:",
        "  0    done",
        "  1    ",
        "  2    it could not be asked",
        "130",
    ):
        assert words in text
    for action in one._actions:
        if isinstance(action, argparse._SubParsersAction):
            assert all(it.help for it in action._choices_actions)
            continue
        assert action.help, f"{one.prog} does not say what {action.dest} is"
    unsaid = argparse.SUPPRESS
    hidden = [it for it in one._actions if it.help == unsaid]
    assert {it.dest for it in hidden} <= {spec.name for spec in fields(Settings)}


def test_the_readme_has_every_command() -> None:
    readme = (ROOT / "README.md").read_text()
    for one in EVERY[1:]:
        assert f"`{one.prog.split()[0]} {one.prog.split()[1]}" in readme or one.prog in (
            "local_runner.py restore",
            "local_runner.py check",
        ), one.prog


def test_an_example_of_the_help_is_a_command_that_is_taken() -> None:
    for one in EVERY:
        for line in (one.epilog or "").partition("exit codes:")[0].splitlines():
            words = re.split(r" [|<#]", line)[0].split()
            if words[:1] == ["local_runner.py"] and words[1:2] != ["test"]:  # pytest's
                assert vars(read(words[1:]))["command"], line


@pytest.mark.parametrize("asked", [["bench", "-h"], ["bench", "page", "--help"], ["test", "-h"],
                                   ["check", "--help"]])  # fmt: skip
def test_help_of_a_tool_is_told_before_anything_is_installed_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: list[str]
) -> None:
    monkeypatch.setattr(environment, "ensure", lambda *_, **__: pytest.fail("it installs"))
    with pytest.raises(SystemExit) as ended:
        main(asked)
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: local_runner.py {asked[0]}")


def test_a_backup_is_called_in_its_help_as_in_the_documentation() -> None:
    for name in ("backup", "restore"):
        [one] = [it for it in EVERY if it.prog == f"local_runner.py {name}"]
        assert f"local_runner.py {name} monday.zip" in one.format_help()
        assert f"local_runner.py {name} monday.zip" in (ROOT / "docs/storage.md").read_text()


def test_test_passes_its_arguments_to_pytest() -> None:
    done = local_runner("test", "--version")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("pytest ")


def test_the_default_state_folder_lies_in_the_checkout_and_a_given_one_where_we_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert state_folder(Settings()) == ROOT / ".state"
    assert state_folder(Settings(state="mine")) == tmp_path / "mine"


@pytest.mark.parametrize(
    ("argv", "parts"),
    [
        ([], [TOGETHER, ["-m", "alone"]]),
        (
            ["-q", "--durations=5"],
            [
                [*TOGETHER, "-q", "--durations=5"],
                ["-m", "alone", "-q", "--durations=5"],
            ],
        ),
        (["tests/shared", "-q"], [["tests/shared", "-q"]]),
        (["tests/test_docs.py::test_x"], [["tests/test_docs.py::test_x"]]),
        (["-k", "lua"], [["-k", "lua"]]),
    ],
)
def test_the_whole_suite_is_run_in_two_parts_and_what_is_named_in_one(
    monkeypatch: pytest.MonkeyPatch, argv: list[str], parts: list[list[str]]
) -> None:
    ran: list[list[str]] = []

    def run_pytest(argv: list[str]) -> int:
        ran.append(argv)
        return 0

    monkeypatch.setattr(suite, "run_pytest", run_pytest)

    assert suite.run(argv) == 0
    assert ran == parts


@pytest.mark.parametrize("name", [*ALONE, *LONGEST])
def test_what_the_suite_has_an_order_for_is_there(name: str) -> None:
    assert (ROOT / "tests" / name).exists()


def test_a_failure_in_the_first_part_is_the_suites_and_ctrl_c_ends_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    codes = iter([1, 0, 2])
    monkeypatch.setattr(suite, "run_pytest", lambda _argv: next(codes))

    assert suite.run([]) == 1
    assert suite.run([]) == 2, "there is no fourth call"
