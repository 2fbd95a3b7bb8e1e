"""One shape for every log line, and no words in it that may be somebody's."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from infra.local.state import ROOT
from shared import logs
from shared.errors import Internal, InvalidField, Unavailable
from shared.failure import Failure
from shared.logs import LineFormatter, told
from shared.version import VERSION

SECRET = "print('my code')"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[dict[str, Any]]]:
    """What is logged, as JSON lines."""
    caplog.set_level(logging.DEBUG)
    written: list[dict[str, Any]] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = LineFormatter(console=False).format(record)
            assert "\n" not in text
            written.append(json.loads(text))

    handler = Handler()
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


def test_a_line_of_ours_has_its_fields_and_what_is_bound(lines: list[dict[str, Any]]) -> None:
    log = logs.get_logger("shared.test")
    with logs.bound(submissionId="s1", tenant="acme"):
        log.warning("it waits", error=redis.ConnectionError("nobody answers"), attempt=2)
    log.warning("it goes on")
    first, second = lines
    assert first.pop("at").endswith("Z")
    assert first == {
        "level": "warning",
        "logger": "shared.test",
        "event": "it waits",
        "submissionId": "s1",
        "tenant": "acme",
        "error": "ConnectionError: nobody answers",
        "attempt": 2,
    }
    assert "submissionId" not in second


def test_a_line_of_a_library_has_the_same_shape_and_its_first_row_only(
    lines: list[dict[str, Any]],
) -> None:
    with logs.bound(requestId="r1"):
        logging.getLogger("uvicorn.error").info(
            '%s - "WebSocket %s" [accepted]', "127.0.0.1:5", "/socket?ticket=secret&x=1"
        )
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: secret")
    logging.getLogger("some").error("x" * 5000)
    first, second, third = lines
    assert first["event"] == '127.0.0.1:5 - "WebSocket /socket" [accepted]'
    assert (first["logger"], first["requestId"]) == ("uvicorn.error", "r1")
    assert second["event"] == "Task exception was never retrieved"
    assert len(third["event"]) == 300


def test_an_exception_is_told_by_its_type_and_its_places_and_so_are_its_causes(
    lines: list[dict[str, Any]],
) -> None:
    def inner() -> None:
        raise KeyError(SECRET)

    try:
        try:
            inner()
        except KeyError as error:
            raise ValueError(SECRET) from error
    except ValueError:
        logs.get_logger("shared.test").exception("it failed")
    [line] = lines
    assert line["error"] == "ValueError"
    assert SECRET not in json.dumps(line)
    assert "because of KeyError" in line["trace"]
    assert "inner" in line["trace"][-1]
    assert line["trace"][-1].startswith("tests/shared/test_logs.py:")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError(SECRET), "ValueError"),
        (UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, SECRET), "UnicodeDecodeError"),
        (InvalidField(SECRET, field="code"), "InvalidField"),
        (FileNotFoundError(2, "No such file", SECRET), "FileNotFoundError: No such file"),
        (OSError(SECRET), "OSError"),
        (redis.TimeoutError("too late\nsecond row"), "TimeoutError: too late"),
        (Unavailable("the store has schema 1"), "Unavailable: the store has schema 1"),
        (Failure("it cannot start"), "Failure: it cannot start"),
        (Internal(), "Internal"),
    ],
)
def test_only_words_of_ours_or_of_the_system_are_told(error: Exception, words: str) -> None:
    assert told(error).startswith(words)
    assert SECRET not in told(error)


@pytest.mark.parametrize("value", ["a\nb", "\x1b[2J", "half \ud800", float("nan"), b"\xff", None])
def test_whatever_the_value_it_is_one_row_of_json_or_of_text(
    lines: list[dict[str, Any]], caplog: pytest.LogCaptureFixture, value: object
) -> None:
    logs.get_logger("shared.test").warning("odd", value=value)
    assert len(lines) == 1
    [record] = caplog.records
    text = LineFormatter(console=True).format(record)
    assert "\n" not in text
    assert "\x1b" not in text


def test_a_process_says_who_it_is_and_how_it_ends() -> None:
    code = (
        "import threading, logging\n"
        "from shared import logs\n"
        "from shared.settings import Settings\n"
        "logs.configure(Settings.from_env(), 'submit')\n"
        "logs.name_process(worker='w1')\n"
        "logging.getLogger('websockets').debug('frames')\n"
        "logging.getLogger('shared.x').debug('ours')\n"
        f"thread = threading.Thread(target=lambda: {{}}[{SECRET!r}])\n"
        "thread.start(); thread.join()\n"
        f"raise SystemError({SECRET!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"ASSAY_LOG_LEVEL": "debug", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    ours, thread, last = [json.loads(line) for line in done.stderr.splitlines()]
    assert (ours["function"], ours["worker"], ours["event"]) == ("submit", "w1", "ours")
    assert (thread["event"], thread["error"]) == ("a thread ends", "KeyError")
    assert (last["level"], last["error"]) == ("critical", "SystemError")
    assert SECRET not in done.stderr


def test_without_a_configuration_severe_lines_are_said_as_text() -> None:
    code = (
        "from shared import logs\n"
        "logs.get_logger('shared.x').info('not this')\n"
        "logs.get_logger('shared.x').warning('it waits', reason='e')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr.endswith(" warning shared.x: it waits  reason=e\n")
    assert len(done.stderr.splitlines()) == 1


def test_nobody_else_says_how_lines_look() -> None:
    places = [
        path for name in ("functions", "shared", "infra") for path in (ROOT / name).rglob("*.py")
    ]
    setters = [
        str(path.relative_to(ROOT))
        for path in places
        if re.search(r"logging\.(basicConfig|config)\b|setFormatter\(", path.read_text())
    ]
    assert setters == ["shared/logs.py"]


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
