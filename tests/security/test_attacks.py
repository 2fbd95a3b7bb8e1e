"""Every row of the attack table, as root and as an ordinary user, at every level.

`attacks/` holds the rows: a promise, a program that tries to break it, and the exact
answer. After each one an honest run on the same cell and a look at the host prove that
nothing was touched (proofs.py). Hostile programs run inside the engine's cells only.
"""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests.security import attacks, legs
from tests.security.legs import LEGS, Answers, Leg, Missing
from tests.security.scenarios import SCENARIOS

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="the table speaks in system calls of x86_64"
)

_ROWS = [
    pytest.param(leg, promise, id=f"{leg}-{promise}".replace(" ", "-"))
    for leg in LEGS
    for promise in leg.promises()
]


def _do_without(error: Missing) -> NoReturn:
    """At home that is a pity; in CI nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(str(error))
    pytest.skip(str(error))


def _selected(request: pytest.FixtureRequest) -> dict[Leg, list[str]]:
    """The rows that this session runs, by leg."""
    found: dict[Leg, list[str]] = {}
    for item in request.session.items:
        callspec = getattr(item, "callspec", None)
        if callspec and isinstance(leg := callspec.params.get("leg"), Leg):
            found.setdefault(leg, []).append(str(callspec.params.get("promise", "")))
    return found


@pytest.fixture(scope="module")
def answers(request: pytest.FixtureRequest) -> Iterator[dict[Leg, Answers | Missing]]:
    """All legs that have a selected test, running."""
    started: dict[Leg, Answers | Missing] = {}
    with tempfile.TemporaryDirectory(prefix="security-attacks-") as binaries:
        os.chmod(binaries, 0o755)  # other users run them, too
        selected = _selected(request)
        possible = {
            leg: [p for p in promises if p and (legs.has_compiler() or not legs.needs_compiler(p))]
            for leg, promises in selected.items()
        }
        if legs.has_compiler():
            everything = {promise for promises in possible.values() for promise in promises}
            legs.compile_attacks(everything, Path(binaries))
        for leg, promises in possible.items():
            try:
                started[leg] = Answers(leg, promises, Path(binaries))
            except Missing as error:
                started[leg] = error
        yield started
        for answer in started.values():
            if isinstance(answer, Answers):
                answer.close()


@pytest.mark.parametrize(("leg", "promise"), _ROWS)
def test_the_attack_is_answered_and_nobody_else_notices(
    leg: Leg, promise: str, answers: dict[Leg, Answers | Missing]
) -> None:
    running = answers[leg]
    if isinstance(running, Missing):
        _do_without(running)
    if legs.needs_compiler(promise) and not legs.has_compiler():
        _do_without(Missing("gcc is needed"))
    try:
        answer = running.of(promise)
    except Missing as error:
        _do_without(error)
    if answer.get("skipped"):
        pytest.skip(answer["skipped"])
    assert not answer["problems"], "\n".join(answer["problems"])


@pytest.mark.parametrize("promise", [p for p in attacks.TABLE if attacks.TABLE[p].is_forked()])
def test_the_row_is_run_in_both_start_modes(
    promise: str, answers: dict[Leg, Answers | Missing]
) -> None:
    for leg, mode in ((LEGS[0], "fork"), (LEGS[-1], "exec")):
        running = answers.get(leg)
        if not isinstance(running, Answers) or promise not in running.asked:
            pytest.skip("not all legs were selected")
        if running.facts["level"] not in ("full", "namespaces"):
            pytest.skip("nothing is forked at this level")
        assert running.of(promise).get("startMode") == mode


@pytest.mark.parametrize("leg", LEGS, ids=str)
def test_a_leg_runs_at_the_level_it_says(leg: Leg, answers: dict[Leg, Answers | Missing]) -> None:
    running = answers[leg]
    if isinstance(running, Missing):
        _do_without(running)
    facts = running.facts
    if facts["level"] == "none":
        _do_without(Missing(facts["problem"]))
    levels = {"container": {"container"}, "no-cgroups": {"namespaces", "container"}}
    assert facts["level"] in levels.get(leg.isolation, {"full", "namespaces", "container"})
    assert facts["user"] == leg.user


def test_no_two_rows_promise_the_same() -> None:
    rows = [attack.promise for theme in attacks.THEMES for attack in theme.ATTACKS]
    assert sorted(attacks.TABLE) == sorted(rows)
    assert not attacks.TABLE.keys() & SCENARIOS.keys()
