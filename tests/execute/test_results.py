"""What a result and the events on the way to it say, exactly."""

from __future__ import annotations

import base64
import hashlib
import time

import msgspec
import pytest

from shared.models import Result, encode
from tests.execute.core import Core

SHOW = """
import os, sys
print(sys.argv, sys.stdin.read(), sorted(os.listdir()))
print(open("data/in.bin", "rb").read(), open("plain.txt").read())
"""


def test_a_result_has_every_field_and_its_figures_agree(core: Core) -> None:
    before_ms = time.time() * 1000
    submission_id = core.submit("print('hi')", problem="two-sum")

    told = msgspec.json.decode(encode(core.final(submission_id)))

    assert set(told) == {field.encode_name for field in msgspec.structs.fields(Result)}
    assert (told["id"], told["problemId"]) == (submission_id, "two-sum")
    assert (told["language"], told["status"]) == ("python", "finished")
    assert 0 < told["cpuTimeMs"] <= told["wallTimeMs"] * 2
    assert 0 <= told["waitTimeMs"] <= told["wallTimeMs"]
    assert 500_000 < told["peakMemoryBytes"] < 64 << 20
    assert before_ms - 1 <= told["createdMs"] <= told["startedMs"] <= told["finishedMs"]
    assert told["cursor"].endswith(f".{len(core.events(submission_id))}")
    assert told["startMode"] in ("exec", "fork")


def test_the_events_tell_the_story_in_order(core: Core) -> None:
    code = (
        "import sys, time\n"
        "print('one', flush=True); time.sleep(0.3)\n"
        "print('two', file=sys.stderr, flush=True); time.sleep(0.3)\n"
        "print('three')\n"
    )
    submission_id = core.submit(code, expected="one three")
    result = core.final(submission_id)

    events = core.events(submission_id)

    assert [kind for kind, _ in events] == [
        *("queued", "preparing", "running", "output", "output", "output", "test", "finished")
    ]
    assert [(data["stream"], data["text"]) for kind, data in events if kind == "output"] == [
        *(("stdout", "one\n"), ("stderr", "two\n"), ("stdout", "three\n"))
    ]
    assert events[1][1] == {"attempt": 1}
    test, finished = events[-2][1], events[-1][1]
    assert (test["index"], test["verdict"], finished["verdict"]) == (1, "accepted", "accepted")
    for data in (test, finished):
        assert data["cpuTimeMs"] == result.cpu_time_ms
        assert data["exitCode"] == 0
    assert "stdout" not in finished  # it may be large: it is in the result


def test_output_is_told_while_the_program_runs(core: Core) -> None:
    submission_id = core.submit("print('now', flush=True)\nimport time\ntime.sleep(60)")

    core.await_output(submission_id, "now")

    assert core.state(submission_id) == "running"
    core.cancel(submission_id)


def test_the_end_is_announced_on_the_public_channel(core: Core) -> None:
    submission_id = core.submit("print(1)", problem="p7", expected="1")
    core.final(submission_id)

    assert core.announced(submission_id) == [
        {
            "problemId": "p7",
            "submissionId": submission_id,
            "status": "finished",
            "verdict": "accepted",
            "language": "python",
            "tenant": "local",
            "attempts": 1,
        }
    ]


def test_live_output_ends_at_its_bound_and_the_result_has_it_all(core: Core) -> None:
    submission_id = core.submit("print('x' * 300_000)")

    result = core.final(submission_id)

    pieces = [data for kind, data in core.events(submission_id) if kind == "output"]
    assert sum(len(piece["text"]) for piece in pieces) == 64 * 1024
    assert pieces[-1]["truncated"] is True
    assert result.stdout == "x" * 300_000 + "\n"
    assert result.truncated is False


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_output_that_is_no_utf8_comes_as_base64(core: Core, language: str) -> None:
    code = {
        "python": "import os; os.write(1, b'a\\xff\\x00b'); os.write(2, 'é'.encode())",
        "javascript": "const fs = require('fs'); fs.writeSync(1, Buffer.from([97, 255, 0, 98]));"
        "fs.writeSync(2, 'é')",
    }[language]
    submission_id = core.submit(code, language)

    result = core.final(submission_id)

    assert result.stdout_encoding == "base64"
    assert base64.b64decode(result.stdout or "") == b"a\xff\x00b"
    assert (result.stderr_encoding, result.stderr) == ("utf-8", "é")
    live = [data for kind, data in core.events(submission_id) if kind == "output"]
    assert {(d["stream"], d["encoding"]) for d in live} == {
        *(("stdout", "base64"), ("stderr", "utf-8"))
    }
    binary = [base64.b64decode(d["text"]) for d in live if d["stream"] == "stdout"]
    assert b"".join(binary) == b"a\xff\x00b"


def test_a_character_is_never_cut_in_two_by_the_output_limit(core: Core) -> None:
    result = core.judged("print('é' * 50)", limits={"outputBytes": 11})

    assert (result.stdout, result.stdout_encoding) == ("é" * 5, "utf-8")
    assert result.truncated is True


def test_arguments_stdin_and_files_reach_the_program(core: Core) -> None:
    result = core.judged(
        SHOW,
        stdin="line\nzwei ß",
        args=["--flag", "two words", "ünï", ""],
        files={"data/in.bin": b"\x00\xff", "plain.txt": b"hello"},
    )

    assert result.stdout == (
        "['main.py', '--flag', 'two words', 'ünï', ''] line\nzwei ß "
        "['data', 'main.py', 'plain.txt']\nb'\\x00\\xff' hello\n"
    )
    assert result.verdict == "completed"


def test_stdin_of_several_megabytes_arrives_whole(core: Core) -> None:
    text = "0123456789abcde\n" * 262_144  # 4 MiB

    result = core.judged(
        "import sys, hashlib; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())",
        stdin=text,
    )

    assert result.stdout == hashlib.sha256(text.encode()).hexdigest() + "\n"


def test_a_program_that_reads_nothing_sees_the_end_of_stdin(core: Core) -> None:
    assert core.judged("import sys; print(repr(sys.stdin.read()))").stdout == "''\n"
