"""The whole of it, as somebody meets it who types `python3 local_runner.py`."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.state import ROOT
from tests.infra.eventually import eventually
from tests.infra.running import Running, running
from tests.infra.serving import (
    SERVE,
    command,
    request,
    run,
    submit,
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One runner for the tests that do it no harm."""
    folder = tmp_path_factory.mktemp("served")
    with running(SERVE, folder / "state", folder / "output") as one:
        one.ready()
        yield one


def test_it_comes_up_and_says_where_and_what(served: Running) -> None:
    eventually(lambda: "Ctrl-C" in served.output)

    assert f"Assay serves on {served.ready()['url']}" in served.output
    assert "Python 3." in served.output
    assert "JavaScript " in served.output
    assert request(served, "/healthz") == (200, {"status": "ok"})
    assert request(served, "/readyz") == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("hello.py", "import sys\nprint(sys.stdin.read().upper())\n"),
        ("hello.js", "console.log(require('fs').readFileSync(0, 'utf8').toUpperCase())\n"),
    ],
)
def test_submit_prints_output_and_verdict_in_both_languages(
    served: Running, tmp_path: Path, name: str, code: str
) -> None:
    (tmp_path / name).write_text(code)
    (tmp_path / "input").write_text("hello")

    done = run(served, "submit", str(tmp_path / name), "--stdin", str(tmp_path / "input"))

    assert done.returncode == 0, done.stderr
    assert done.stdout == "HELLO\n"
    assert "completed  exit code 0" in done.stderr
    for word in ("queued", "preparing", "running"):
        assert f"Assay: {word}\n" in done.stderr


def test_submit_ends_with_1_for_another_verdict(served: Running, tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text("print('partial')\nraise SystemExit(7)\n")

    done = run(served, "submit", str(tmp_path / "fails.py"))

    assert done.returncode == 1
    assert done.stdout == "partial\n"
    assert "runtime-error  exit code 7" in done.stderr


def test_submit_ends_with_2_and_the_reason_when_it_is_refused(
    served: Running, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text("print()")

    done = run(served, "submit", str(tmp_path / "a.py"), "--language", "klingon")

    assert done.returncode == 2
    assert "Refused: the language 'klingon' is not known; here: " in done.stderr


def test_watch_prints_a_line_for_each_finished_submission(served: Running) -> None:
    with subprocess.Popen(
        command(served, "watch"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as watcher:
        assert watcher.stdout is not None
        assert watcher.stderr is not None
        assert "listening on problem_done" in watcher.stderr.readline()

        submission_id = submit(served, "print(1)", problemId="two-sum")
        line = watcher.stdout.readline()
        watcher.send_signal(signal.SIGINT)

    assert watcher.returncode == 0
    assert line.split()[1:] == ["completed", "python", submission_id, "two-sum"]


def test_watch_without_a_runner_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [*SERVE, "watch", "--state", str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 2
    assert f"No Assay runs on {tmp_path}" in done.stderr


def test_doctor_says_what_this_machine_gives(tmp_path: Path) -> None:
    done = subprocess.run(
        [*SERVE, "doctor", "--state", str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("isolation", "namespaces", "cgroups", "landlock", "seccomp", "embedded Valkey"):
        assert word in done.stdout
    assert "Assay can serve here." in done.stdout


@pytest.mark.parametrize(
    "headers",
    [{"Host": "rebound.example"}, {"Origin": "https://elsewhere.example"}],
)
def test_pages_of_other_sites_are_refused(served: Running, headers: dict[str, str]) -> None:
    status, problem = request(served, "/status", **headers)

    assert status == 403
    assert problem["type"] == "urn:assay:error:forbidden"


def test_a_path_that_is_not_there_is_answered_in_the_one_shape(served: Running) -> None:
    status, problem = request(served, "/nowhere")

    assert (status, problem["type"]) == (404, "urn:assay:error:not-found")


def test_a_second_one_on_the_same_state_is_refused(served: Running, tmp_path: Path) -> None:
    with running(SERVE, served.state, tmp_path / "second") as second:
        assert second.wait() == 1
        assert f"in use by a running Assay (process {served.process.pid})" in second.output
    assert request(served, "/healthz")[0] == 200


def test_a_busy_port_is_refused(served: Running, state: Path, output: Path) -> None:
    port = served.ready()["url"].rpartition(":")[2]

    with running([*SERVE, "--port", port], state, output) as second:
        assert second.wait() == 1
        assert f"Port {port} on 127.0.0.1 cannot be used (Address already in use)" in second.output


def test_an_isolation_that_this_machine_lacks_is_refused_in_one_sentence(
    state: Path, output: Path
) -> None:
    hidden = 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"'
    without_groups = ["unshare", "-m", "sh", "-c", hidden, "sh"] if os.geteuid() == 0 else []

    with running([*without_groups, *SERVE, "--isolation", "full"], state, output) as one:
        code = one.wait()

    assert code == 1
    assert "isolation" in one.output
    assert "Traceback" not in one.output
