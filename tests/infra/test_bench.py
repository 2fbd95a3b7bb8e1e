"""Each part of the bench works here and gives the columns it documents; none is judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.local import bench
from infra.local.arguments import BENCHES, LONG_BENCHES
from infra.local.benches import cpu
from infra.local.benches.bare import Bare
from infra.local.benches.figures import Part, quantile
from infra.local.state import ROOT

TEXTS = {"what", "until", "program", "startMode", "limit"}


def documented() -> dict[str, list[str]]:
    """The columns of each part, from the table in the module's docstring."""
    columns: dict[str, list[str]] = {}
    part = ""
    for line in (bench.__doc__ or "").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and not cells[0].startswith(("part", "--")):
            part = cells[0] or part
            words = cells[2].replace(",", " ").split()
            columns.setdefault(part, []).extend(words)
    return columns


def measured(part: str, folder: Path) -> dict[str, Any]:
    """What the command writes for one part, with tiny counts."""
    file = folder / "figures.json"
    done = subprocess.run(
        [sys.executable, "-m", "infra.local.bench", part, "--samples", "2", "--json", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(file.read_text())
    assert list(document["parts"]) == [part]
    assert document["machine"]["cores"] == len(os.sched_getaffinity(0))
    assert document["parts"][part]["title"] in done.stdout
    assert document["parts"][part]["notes"]
    return document


def test_every_part_is_documented() -> None:
    assert list(documented()) == list(bench.PARTS) == list(BENCHES)
    assert set(BENCHES) > LONG_BENCHES


@pytest.mark.parametrize("part", list(bench.PARTS))
def test_a_part_gives_the_columns_it_documents(part: str, tmp_path: Path) -> None:
    rows = measured(part, tmp_path)["parts"][part]["rows"]

    assert rows
    for row in rows:
        assert list(row) == documented()[part]
        for name, value in row.items():
            if name in TEXTS:
                assert value
            else:
                assert value is None or value >= 0
        assert any(row[name] for name in row if name not in TEXTS)
    if part == "engine":
        programs = {(row["program"], row["startMode"]) for row in rows}
        assert {("true", "exec"), ("python hello", "exec")} <= programs
        assert all(row["cpuMs"] > 0 and row["bareCpuMs"] > 0 for row in rows)
    if part == "throughput":
        for row in rows:
            parts = sum(row[n] for n in row if n.endswith("Ms") and n != "cpuMs")
            assert row["cpuMs"] == pytest.approx(parts, abs=0.01)


def test_an_unknown_part_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["speed"])

    assert "'speed' is not one of latency, pickup" in capsys.readouterr().err


def test_the_cpu_time_of_a_tree_has_its_living_and_its_dead() -> None:
    burn = "import time\nwhile time.process_time() < 0.2: pass\n"
    code = (
        "import subprocess, sys, time\n"
        f"burn = {burn!r}\n"
        "subprocess.run([sys.executable, '-S', '-c', burn])\n"  # dead and reaped
        "rest = 'print(flush=True)\\ntime.sleep(60)'\n"
        "argv = [sys.executable, '-S', '-c', burn + rest]\n"
        "alive = subprocess.Popen(argv, stdout=subprocess.PIPE)\n"
        "alive.stdout.readline()\n"  # it has burnt its part
        f"{burn}"
        "print('done', flush=True)\n"
        "sys.stdin.read()\n"
        "alive.kill()\n"
        "alive.wait()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-S", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        own, below = cpu.own_ms(process.pid), cpu.below_ms(process.pid)
        process.communicate()

    assert 200 <= own < 1000
    assert 350 <= below < 2000  # the dead one's 200, told in ticks, and the living one's
    assert cpu.own_ms(process.pid) == 0


def test_the_bare_command_finds_its_files_and_not_what_is_hidden(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "file").touch()
    here = os.getcwd()
    script = f'test -f beside && test ! -e {hidden}/file && test -z "$HOME$MINE"'

    with Bare(["/bin/sh", "-c", script], {}, {"beside": b""}, [str(hidden)]) as bare:
        if not bare.hidden:
            pytest.skip("this machine gives no mount namespace")
        samples = bare.runs(3)
        bare.begin_runs_for(0.05)
        assert bare.rate() > 0

    assert len(samples) == 3
    assert all(wall_ms > 0 and cpu_ms > 0 for wall_ms, cpu_ms in samples)
    assert (hidden / "file").exists()
    assert os.getcwd() == here


def test_quantiles_are_values_that_were_measured() -> None:
    assert quantile([5, 1, 3], 0.5) == 3
    assert quantile(range(1, 101), 0.95) == 96
    assert quantile([7], 0.95) == 7


def test_a_table_is_aligned_and_shows_what_is_not_there() -> None:
    part = Part("Title", [], [{"what": "a", "ms": 1.0}, {"what": "longer", "ms": None}])

    assert part.table() == "Title\n  what      ms\n  a       1.00\n  longer     -"
