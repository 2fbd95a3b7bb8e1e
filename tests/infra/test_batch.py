"""`batch FILE`: each result once, whatever is cut; what is left can be gone on with."""

from __future__ import annotations

import io
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import api
from infra.local.batch.results import sink
from infra.local.batch.table import Tally
from infra.local.failure import Failure
from infra.local.state import ROOT
from tests.infra.batches import BATCH, OTHER, Service, batch, line_of, lines_of
from tests.infra.eventually import eventually
from tests.infra.running import Running, running
from tests.infra.serving import SERVE
from tests.infra.serving import command as command_of


def test_each_result_is_written_once_whatever_is_lost_or_cut(
    service: Service, programs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.ndjson"
    # Given an answer that is lost, a service that is busy, and streams that are cut: between
    # two lines, in the middle of one, before the first
    service.troubles["send"] = ["lose", "busy"]
    service.troubles["summary"] = ["busy", "lose"]
    whole = len(json.dumps(line_of(1))) + 1
    service.troubles["results"] = [f"cut:{whole}", f"cut:{whole + 20}", "cut:0"]

    code = batch(programs, "--out", out, "--language", "python", "--url", service.url)

    assert code == 1, "some are wrong"
    assert [it["position"] for it in lines_of(out)] == [1, 2, 3, 4, 5, 6]
    assert {it["batchId"] for it in lines_of(out)} == {BATCH}
    assert len(set(service.keys)) == 1, "what is sent again is taken once"
    assert len(set(service.bodies)) == 1
    sent = [json.loads(line) for line in service.bodies[0].splitlines()]
    assert sent == [{"language": "python", "code": f"print({n})"} for n in range(6)]
    shown = capsys.readouterr()
    assert [line.split()[:3] for line in shown.out.splitlines()[1:]] == [
        ["accepted", "3", "50.0"],
        ["wrong-answer", "3", "50.0"],
    ]


def test_what_was_left_goes_on_behind_the_last_wholeline_of(
    service: Service, tmp_path: Path
) -> None:
    out = tmp_path / "out.ndjson"
    held = [json.dumps({"batchId": BATCH, **line_of(position)}) for position in (1, 2, 3)]
    out.write_text("\n".join(held) + '\n{"batchId": "' + BATCH[:5])

    assert batch(BATCH, "--out", out, "--url", service.url) == 1

    assert service.asked_after == [3]
    assert [it["position"] for it in lines_of(out)] == [1, 2, 3, 4, 5, 6]
    assert batch(BATCH, "--out", out, "--url", service.url) == 1, "there is nothing left to do"
    assert len(lines_of(out)) == 6


@pytest.mark.parametrize(
    ("content", "file", "sentence"),
    [
        (
            json.dumps({"batchId": BATCH, **line_of(1)}),
            "new",
            f"go on with their batch by .*{BATCH}",
        ),
        (json.dumps({"batchId": OTHER, **line_of(1)}), BATCH, "the results of another batch"),
        ("dear diary", "new", "holds something else than results"),
        ("[1]", BATCH, "holds something else than results"),
        ("{}", BATCH, "holds something else than results"),
    ],
)
def test_a_file_that_holds_something_else_is_left_alone(
    service: Service, programs: Path, tmp_path: Path, content: str, file: str, sentence: str
) -> None:
    out = tmp_path / "out.ndjson"
    out.write_text(content + "\n")
    with pytest.raises(Failure, match=sentence) as refused:
        batch(programs if file == "new" else file, "--out", out, "--url", service.url)
    assert refused.value.code == 2
    assert out.read_text() == content + "\n"
    assert service.bodies == []


def test_two_starts_never_write_the_same_file(tmp_path: Path) -> None:
    out = tmp_path / "out.ndjson"
    with sink(str(out), BATCH) as first:
        with pytest.raises(Failure, match="is being written by another"), sink(str(out), BATCH):
            pass
        first.write({"batchId": BATCH, **line_of(1)})
    with sink(str(out), BATCH) as second:
        assert second.after == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, r"cannot be read \(No such file"),
        (b"", "has no programs"),
        (b"\n  \n", "has no programs"),
        (b'[{"code": ""}]', "one JSON array.*jq -c"),
        (b"{}\n" * 10_001, "10001 programs, and a batch takes 10000: split it"),
    ],
)
def test_a_file_without_programs_is_refused_before_anything_is_sent(
    service: Service, tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    file = tmp_path / "programs.ndjson"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Failure, match=sentence) as refused:
        batch(file, "--url", service.url)
    assert refused.value.code == 2
    assert service.bodies == []


def test_who_is_refused_is_told_by_its_line_and_is_in_the_file(
    service: Service, programs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = {"type": "urn:assay:error:invalid-field", "detail": "code is missing", "field": "code"}
    service.rejected = [{"index": 2, "clientId": "c", **error}]
    out = tmp_path / "out.ndjson"
    assert batch(programs, "--out", out, "--url", service.url) == 1
    first = lines_of(out)[0]
    assert (first["index"], first["clientId"], first["error"]) == (2, "c", error)
    shown = capsys.readouterr()
    assert "line 5 is refused: code is missing" in shown.err
    assert "refused" in shown.out


def test_a_service_that_stays_away_is_told_with_how_to_go_on(
    service: Service, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "_RESUMES", 2)
    service.troubles["results"] = ["cut:0"] * 3
    service.troubles["summary"] = ["busy"] * 3
    with pytest.raises(Failure, match=f"too busy.*Go on by `local_runner.py batch {BATCH}") as away:
        batch(programs, "--url", service.url)
    assert away.value.code == 2


def test_results_on_stdout_are_results_only(
    service: Service, programs: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert batch(programs, "--out", "-", "--url", service.url) == 1
    shown = capsysbinary.readouterr()
    assert [json.loads(line)["position"] for line in shown.out.splitlines()] == list(range(1, 7))
    assert b"wrong-answer" in shown.err


def test_a_table_has_what_each_verdict_took_and_knows_what_is_not_kept() -> None:
    tally = Tally()
    words = [
        tally.add(line_of(1)),
        tally.add({"result": None}),
        tally.add({"error": {"type": "x"}}),
    ]
    assert words == ["accepted", "not kept", "refused"]
    table = list(tally.table(io.StringIO()))
    assert "5.0, 5.0" in next(line for line in table if line.startswith("accepted"))
    assert not tally.is_good
    assert Tally().is_good


@pytest.fixture
def one(state: Path, output: Path) -> Iterator[Running]:
    with running(SERVE, state, output, ASSAY_SLOTS="1") as one:
        yield one


def started(one: Running, *args: object, name: str = "batch") -> subprocess.Popen[str]:
    return subprocess.Popen(
        command_of(one, name, *map(str, args)), cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def interrupted(one: Running, *args: object) -> str:
    """What a batch says that is interrupted once it is under way."""
    process = started(one, *args)
    out = Path(str(args[2]))
    eventually(lambda: out.exists() and out.stat().st_size > 0, 60)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    return said


def test_ctrl_c_leaves_a_batch_that_is_gone_on_with_or_cancels_it(
    one: Running, tmp_path: Path
) -> None:
    one.ready()
    # Given a batch whose last program takes longer than its interruption
    file, out = tmp_path / "programs.ndjson", tmp_path / "out.ndjson"
    item = {"language": "python", "tests": [{"stdin": "1 2", "expectedOutput": "3"}]}
    right = item | {"code": "print(sum(map(int, input().split())))"}
    slow: dict[str, object] = {"language": "python", "code": "import time; time.sleep(6)"}
    file.write_text("".join(json.dumps(it) + "\n" for it in [right, right, right, slow]))

    # When it is left, it is gone on with by its id, and every result is there once
    said = interrupted(one, file, "--out", out)
    assert "the service goes on with it" in said
    words = said.rpartition("Go on by `local_runner.py ")[2].partition("`")[0].split()
    process = started(one, *words[1:])
    table, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert sorted(it["index"] for it in lines_of(out)) == [0, 1, 2, 3]
    assert "accepted" in table
    assert "completed" in table

    # A single submission is cancelled by its Ctrl-C, too: whoever ends it means the program
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(60)\n")
    single = started(one, tmp_path / "slow.py", name="submit")
    assert single.stderr is not None
    assert any("running" in line for line in single.stderr)
    single.send_signal(signal.SIGINT)
    _, said = single.communicate(timeout=60)
    assert single.returncode == 130, said
    assert "is cancelled" in said

    # When it is cancelled, nothing of it goes on
    other = tmp_path / "other.ndjson"
    slow |= {"code": "import time; time.sleep(60)", "limits": {"wallTimeMs": 90_000}}
    file.write_text("".join(json.dumps(it) + "\n" for it in [right, slow]))
    said = interrupted(one, file, "--out", other, "--on-interrupt", "cancel")
    assert "is cancelled" in said
    process = started(one, lines_of(other)[0]["batchId"], "--out", other)
    table, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "cancelled" in table
