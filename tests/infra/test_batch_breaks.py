"""What breaks around a batch: Ctrl-C while it is sent, silence, a reader that left, odd lines."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import api
from infra.local.api import Api
from infra.local.failure import Failure
from infra.local.signals import SAME_S
from infra.local.state import ROOT
from tests.infra.batches import BATCH, Service, batch, line_of, lines_of
from tests.infra.eventually import eventually
from tests.infra.serving import SERVE

Popen = subprocess.Popen[str]

GO_ON = f"Go on by `local_runner.py batch {BATCH}"
REFUSED = {
    "index": 2,
    "clientId": None,
    "type": "urn:assay:error:invalid-field",
    "detail": "code is missing",
    "field": "code",
}


def started(service: Service, *args: object, stdout: int = subprocess.PIPE) -> Popen:
    command = [*SERVE, "batch", *map(str, args), "--url", service.url]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=stdout, stderr=subprocess.PIPE)


def told(process: Popen, words: str) -> None:
    """Wait until it has said something."""
    assert process.stderr is not None
    assert any(words in line for line in process.stderr), process.wait()


@pytest.mark.parametrize("wish", ["leave", "cancel", "cancel in vain"])
def test_ctrl_c_while_it_is_sent_waits_for_the_id_and_then_does_as_asked(
    service: Service, programs: Path, tmp_path: Path, wish: str
) -> None:
    service.troubles["send"] = ["wait"]
    service.troubles["delete"] = ["busy"] if wish == "cancel in vain" else []
    service.rejected = [REFUSED]
    out = tmp_path / "out.ndjson"
    process = started(service, programs, "--out", out, "--on-interrupt", wish.split()[0])
    eventually(lambda: service.bodies, 60)

    process.send_signal(signal.SIGINT)
    told(process, "Ctrl-C again ends at once")
    service.gate.set()
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130, said
    assert len(service.bodies) == 1
    assert [it["error"]["detail"] for it in lines_of(out)] == ["code is missing"]
    if wish == "leave":
        assert f"{GO_ON} --out {out}" in said
        assert service.deleted == []
        return
    assert service.deleted == [f"/batch/{BATCH}"]
    if wish == "cancel":
        assert f"batch {BATCH} is cancelled" in said
    else:
        assert "is not cancelled. Refused: too busy." in said
        assert GO_ON in said


def test_a_second_ctrl_c_ends_at_once_and_says_what_is_not_known(
    service: Service, programs: Path
) -> None:
    service.troubles["send"] = ["wait"]
    process = started(service, programs)
    eventually(lambda: service.bodies, 60)
    process.send_signal(signal.SIGINT)
    told(process, "Ctrl-C again ends at once")
    since_s = time.monotonic()
    eventually(lambda: time.monotonic() - since_s > SAME_S)  # else it counts as the first

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert "if the service took the batch, it goes on with it" in said
    assert process.returncode == 130
    assert "Traceback" not in said


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream is silent after a moment; other answers may take their time."""
    lines = Api._lines
    patience_s = api._SILENCE_S

    def soon(self: Api, path: str) -> Iterator[dict[str, object]]:
        monkeypatch.setattr(api, "_SILENCE_S", 0.2)
        try:
            yield from lines(self, path)
        finally:
            monkeypatch.setattr(api, "_SILENCE_S", patience_s)

    monkeypatch.setattr(Api, "_lines", soon)
    monkeypatch.setattr(api, "_RESUMES", 1)


@pytest.mark.usefixtures("impatient")
def test_a_service_that_answers_may_be_silent_for_as_long_as_its_programs_take(
    service: Service, programs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.ndjson"
    first = len(json.dumps(line_of(1))) + 1
    service.troubles["results"] = ["silent:0", f"silent:{first}", *["silent:0"] * 3]

    assert batch(programs, "--out", out, "--url", service.url) == 1

    assert [it["position"] for it in lines_of(out)] == [1, 2, 3, 4, 5, 6]
    assert service.asked_after[:4] == [0, 0, 1, 1]
    assert "trying again" not in capsys.readouterr().err


@pytest.mark.usefixtures("impatient")
def test_a_service_that_is_silent_altogether_is_given_up(service: Service, programs: Path) -> None:
    service.troubles["results"] = ["silent:0"] * 9
    service.troubles["summary"] = ["busy"] * 9
    with pytest.raises(Failure, match=f"too busy.*{GO_ON}"):
        batch(programs, "--url", service.url)


def test_a_reader_that_is_gone_is_told_how_to_go_on(service: Service, programs: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = started(service, programs, "--out", "-", stdout=writing)
    os.close(writing)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 2, said
    assert f"stdout cannot be written (Broken pipe). {GO_ON} --out -" in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said


@pytest.mark.parametrize("rejected", [[], [REFUSED]])
def test_a_full_disk_is_told_with_how_to_go_on(
    service: Service, programs: Path, rejected: list[dict[str, object]]
) -> None:
    service.rejected = rejected
    full = f"/dev/full cannot be written .No space left on device.. {GO_ON} --out /dev/full"
    with pytest.raises(Failure, match=full) as failed:
        batch(programs, "--out", "/dev/full", "--url", service.url)
    assert failed.value.code == 2


def test_a_line_that_cannot_be_completed_is_sent_as_it_is_and_a_bom_is_not(
    service: Service, tmp_path: Path
) -> None:
    file = tmp_path / "programs.ndjson"
    nested, cut = b'{"code": ' + b"[" * 200_000, b'{"code":'
    file.write_bytes(b"\n".join([b'\xef\xbb\xbf{"code": "1"}', nested, cut, b'{"code": "2"}']))

    batch(file, "--language", "python", "--url", service.url)

    sent = service.bodies[0].splitlines()
    assert [json.loads(sent[0]), json.loads(sent[3])] == [
        {"language": "python", "code": "1"},
        {"language": "python", "code": "2"},
    ]
    assert sent[1:3] == [nested, cut]


def test_a_bom_is_taken_off_where_nothing_is_completed_and_alone_is_no_program(
    service: Service, tmp_path: Path
) -> None:
    file = tmp_path / "programs.ndjson"
    file.write_bytes(b'\xef\xbb\xbf{"code": "1"}\n')
    batch(file, "--url", service.url)
    assert service.bodies == [b'{"code": "1"}\n']

    file.write_bytes(b"\xef\xbb\xbf\n")
    with pytest.raises(Failure, match="has no programs"):
        batch(file, "--url", service.url)


@pytest.mark.parametrize(("refused", "but"), [(0, ""), (1, ", but for the 1 that was refused")])
def test_results_that_are_nowhere_are_told_with_what_brings_them(
    service: Service, programs: Path, capsys: pytest.CaptureFixture[str], refused: int, but: str
) -> None:
    service.rejected = [REFUSED] * refused
    batch(programs, "--url", service.url)
    assert f"`batch {BATCH} --out FILE` does it{but}\n" in capsys.readouterr().err
