from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from infra.local.api import Api, parse_events
from infra.local.client import Screen, guess_language, local_url
from infra.local.failure import Failure
from infra.local.state import StateFolder
from shared.settings import Settings


def output(text: str, stream: str = "stdout") -> dict[str, Any]:
    return {"stream": stream, "text": text, "encoding": "utf-8"}


def result(**fields: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"status": "finished", "verdict": "completed", **fields}


@pytest.mark.parametrize(
    ("verdict", "code"),
    [("accepted", 0), ("completed", 0), ("wrong-answer", 1), ("judge-error", 1)],
)
def test_the_exit_code_tells_the_verdict(
    verdict: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Screen(live=False).conclude(result(verdict=verdict)) == code
    assert verdict in capsys.readouterr().err


def test_a_cancelled_submission_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    code = Screen(live=False).conclude({"status": "cancelled", "verdict": None})

    assert code == 1
    assert "cancelled" in capsys.readouterr().err


def test_live_output_is_shown_as_it_comes_and_once(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    screen = Screen(live=True)
    screen.show("output", output("one\n"))
    assert capfdbinary.readouterr().out == b"one\n"

    # The live part is bounded: the rest comes with the result.
    screen.conclude(result(stdout="one\ntwo\n"))
    assert capfdbinary.readouterr().out == b"two\n"


def test_a_run_that_starts_again_is_shown_from_its_beginning(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    screen = Screen(live=True)
    screen.show("output", output("one\ntw"))
    screen.show("queued", {"reason": "worker-lost"})
    capfdbinary.readouterr()

    screen.conclude(result(stdout="one\ntwo\n"))

    assert capfdbinary.readouterr().out == b"one\ntwo\n"


def test_a_pipe_gets_the_output_once_byte_for_byte(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    raw = b"\x00\xff\n"
    screen = Screen(live=False)
    screen.show("output", output("half"))

    screen.conclude(
        result(stdout=base64.b64encode(raw).decode(), stdoutEncoding="base64", stderr="warning")
    )

    shown = capfdbinary.readouterr()
    assert shown.out == raw
    assert b"warning" in shown.err


def test_what_the_compiler_says_does_not_hide_what_the_program_says(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    Screen(live=False).conclude(result(compileOutput="note\n", stderr="note\nand more\n"))

    assert capfdbinary.readouterr().err.count(b"note\n") == 2


@pytest.mark.parametrize(
    ("file", "language"), [("a.py", "python"), ("b/c.js", "javascript"), ("d.mjs", "javascript")]
)
def test_the_language_is_guessed_from_the_name(file: str, language: str) -> None:
    assert guess_language(file) == language


@pytest.mark.parametrize("file", ["-", "Makefile", "a.unknown"])
def test_a_language_that_cannot_be_guessed_is_asked_for(file: str) -> None:
    with pytest.raises(Failure, match="name it with --language") as caught:
        guess_language(file)
    assert caught.value.code == 2


def test_events_are_read_with_their_ids_and_comments_are_skipped() -> None:
    lines = [
        b": hello\n",
        b"retry: 2000\n",
        b"\n",
        b"id: e.1\n",
        b"event: queued\n",
        b"data: {}\n",
        b"\n",
        b": heartbeat\n",
        b"\n",
        b"id: e.2\r\n",
        b"event: output\r\n",
        b'data: {"text":\r\n',
        b'data: "a"}\r\n',
        b"\r\n",
        b"id: e.3\n",
        b"data: {}\n",  # cut off before its empty line: not an event yet
    ]

    assert list(parse_events(lines)) == [
        ("e.1", "queued", {}),
        ("e.2", "output", {"text": "a"}),
    ]


@pytest.mark.parametrize("url", ["ftp://host", "http://", "://"])
def test_a_url_that_is_none_is_told(url: str) -> None:
    with pytest.raises(Failure, match="is not an http URL"):
        Api(url)


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(Failure, match=r"cannot be reached \(Connection refused\)") as caught:
        Api("127.0.0.1:1").json("GET", "/healthz")
    assert caught.value.code == 2


def test_a_port_that_is_named_is_asked_rather_than_the_runner_of_the_state_folder(
    tmp_path: Path,
) -> None:
    # Given a runner that has announced itself in the state folder
    with StateFolder(tmp_path) as folder:
        folder.announce(url="http://127.0.0.1:4001")
        # When nobody says otherwise, then that one is asked
        assert local_url(Settings(state=str(tmp_path))) == "http://127.0.0.1:4001"
        # And when another port is named, then that other one
        named = Settings(state=str(tmp_path), port=4002)
        assert local_url(named) == "http://127.0.0.1:4002"
