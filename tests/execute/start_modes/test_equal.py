"""Fork start is equal to `python3 main.py`: every row of the table, run both ways."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.execute.start_modes.made import programs
from tests.execute.start_modes.table import Row
from tests.execute.start_modes.themes import ROWS
from tests.execute.start_modes.twins import Answer, Twins

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="two engines at once need root")


def test_the_table_is_one_of_different_promises() -> None:
    assert len(ROWS) > 300
    assert len({row.promise for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row.promise for row in ROWS])
def test_forked_equals_execed(twins: Twins, row: Row) -> None:
    forked, execed = twins.both(row)

    # It is about what it says ...
    assert (forked.start_mode, execed.start_mode) == (row.start, "exec")
    if row.exit_code is None:
        assert execed.outcome.is_limit
        assert forked.outcome is execed.outcome
        return
    ended_with = -execed.signal if execed.signal else execed.exit_code
    assert ended_with == row.exit_code, execed.stderr
    assert row.out in execed.stdout.decode(errors="replace"), execed.stderr
    assert row.err in execed.stderr.decode(errors="replace")
    assert execed.stdout or execed.stderr or row.silent

    # ... and the same both ways.
    assert Answer.of(forked) == Answer.of(execed)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
    database=None,
)
@given(program=programs(), stdin=st.text(max_size=40))
def test_forked_equals_execed_for_programs_nobody_thought_of(
    twins: Twins, program: str, stdin: str
) -> None:
    row = Row("", program, stdin=stdin.encode(errors="surrogatepass"))

    forked, execed = twins.both(row)

    assert forked.start_mode == "fork"
    assert Answer.of(forked) == Answer.of(execed)
