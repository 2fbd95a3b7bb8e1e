"""The transitions of `shared/verdicts.py` are exactly those that the scripts make."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from shared import keys, scripts
from shared.claims import Claim, Claims
from shared.verdicts import TERMINAL, TRANSITIONS, BatchState, EventType, State, Verdict
from tests.shared import submissions as subs

FINISHED = (EventType.FINISHED, b'{"status":"finished","verdict":"completed"}')


def _bring(client: redis.Redis, state: State) -> Claim:
    """A submission in a state, and the claim that has been on it (stale where none holds)."""
    claims = subs.claims(client)
    submission_id = subs.submitted(client)
    claim = claims.claim()
    assert claim is not None
    if state is State.QUEUED:
        assert claims.release(claim)
    elif state is State.RUNNING:
        assert claims.progress(claim, [(EventType.RUNNING, b"{}")], State.RUNNING)
    elif state is State.FINISHED:
        assert claims.finish(claim, Verdict.COMPLETED, b"{}", [FINISHED])
    elif state is State.CANCELLED:
        assert subs.cancel(client, submission_id) == "cancelled"
    assert subs.state(client, submission_id) == state
    return claim


def _lose(client: redis.Redis, claims: Claims) -> None:
    subs.expire_leases(client)
    claims.reap()


def _time_out(client: redis.Redis, claims: Claims, claim: Claim) -> None:
    client.zadd(keys.DEADLINES, {claim.submission_id: 0})
    claims.reap()


#: Everything that anybody can do to a submission.
ACTIONS: dict[str, Callable[[redis.Redis, Claims, Claim], object]] = {
    "claim": lambda _client, claims, _claim: claims.claim(),
    "progress": lambda _client, claims, claim: claims.progress(claim, [], State.RUNNING),
    "finish": lambda _client, claims, claim: claims.finish(
        claim, Verdict.COMPLETED, b"{}", [FINISHED]
    ),
    "release": lambda _client, claims, claim: claims.release(claim),
    "renew": lambda _client, claims, claim: claims.renew(1, {}, [claim]),
    "lose": lambda client, claims, _claim: _lose(client, claims),
    "time out": lambda client, claims, claim: _time_out(client, claims, claim),
    "cancel": lambda client, _claims, claim: subs.cancel(client, claim.submission_id),
    "submit": lambda client, _claims, claim: subs.submit(client, submission_id=claim.submission_id),
    "rejudge": lambda client, _claims, claim: subs.rejudge(client, claim.submission_id),
    "input": lambda client, _claims, claim: scripts.call(
        client, "input", claim.submission_id, "local", "nonce", 100, 100, "ihello"
    ),
    "due_deliveries": lambda client, _claims, _claim: scripts.call(
        client, "due_deliveries", 10, 1000, 8
    ),
    "enter": lambda client, _claims, _claim: scripts.call(
        client, "enter", keys.API_KEYS, "nokey", "digest", keys.rate("nokey")
    ),
    "letter": lambda client, _claims, _claim: scripts.call(
        client, "letter", keys.failed_deliveries("local"), "{}", keys.FAILING, "local", "", ""
    ),
    "give_up": lambda client, _claims, claim: scripts.call(
        *(client, "give_up", f"submission:{claim.submission_id}"),
        *(keys.failed_deliveries("local"), "{}", 10, keys.FAILING, "local", 1),
    ),
    "rename": lambda client, _claims, claim: scripts.call(
        client, "rename", keys.submission(claim.submission_id), "e1", "e2"
    ),
}


#: They make the same transitions, of many at once: tests/shared/test_batches.py.
BATCH_SCRIPTS = {"batch_open", "batch_add", "batch_seal", "batch_cancel"}
#: They change no submission's state: tests/access, tests/shared/test_position.py.
ACCOUNT_SCRIPTS = {
    *("join", "leave", "attempt", "change_account", "adopt", "stands_for", "share", "position"),
}
#: They change what is installed, and what is solved by that: tests/shared/test_standings.py,
#: or note how far it is with judging it again: tests/archive/test_rejudging.py.
PROBLEM_SCRIPTS = {"list_problem", "restand", "rejudging"}
#: They only touch what has ended, or end it by `cancel` first: tests/archive.
ARCHIVE_SCRIPTS = {
    *("to_archive", "archived", "bring_back", "forget"),
    *("batches_to_archive", "batch_archived", "batch_changed", "forget_batch"),
}


def test_there_is_an_action_for_every_script() -> None:
    files = {path.stem for path in Path(scripts.__file__).parent.glob("lua/[!_]*.lua")}
    here = (set(ACTIONS) - {"lose", "time out"}) | BATCH_SCRIPTS | {"reap"}
    assert files == here | ACCOUNT_SCRIPTS | ARCHIVE_SCRIPTS | PROBLEM_SCRIPTS


@pytest.mark.parametrize("state", list(State))
def test_every_legal_transition_happens_and_no_other(client: redis.Redis, state: State) -> None:
    reached = set()
    for action in ACTIONS.values():
        client.flushall()
        claim = _bring(client, state)
        action(client, subs.claims(client), claim)
        reached.add(State(subs.state(client, claim.submission_id)))
    assert reached - {state} == TRANSITIONS[state]


@pytest.mark.parametrize("state", sorted(TERMINAL))
@pytest.mark.parametrize("action", ACTIONS)
def test_what_has_ended_is_never_written_again(
    client: redis.Redis, state: State, action: str
) -> None:
    if action == "rejudge" and state is State.FINISHED:
        return  # the one way back, and the verdict is kept: see test_rejudge.py
    claim = _bring(client, state)
    before = _told(client, claim)
    ACTIONS[action](client, subs.claims(client), claim)
    assert _told(client, claim) == before


def _told(
    client: redis.Redis, claim: Claim
) -> tuple[dict[str, str], list[tuple[int, str, object]]]:
    """All that readers see; a stream may be renamed even after its end."""
    fields = subs.fields(client, claim.submission_id)
    del fields["epoch"]
    return fields, subs.events(client, claim.submission_id)


@pytest.mark.parametrize("state", list(State))
def test_a_verdict_exists_exactly_when_the_state_is_finished(
    client: redis.Redis, state: State
) -> None:
    claim = _bring(client, state)
    stored = subs.fields(client, claim.submission_id)
    assert bool(stored.get("verdict")) == (state is State.FINISHED)


def test_the_table_covers_every_state_and_ends_in_the_terminal_ones() -> None:
    assert set(TRANSITIONS) == set(State)
    ended = {state for state, after in TRANSITIONS.items() if after <= {State.QUEUED}}
    assert ended == TERMINAL


def test_lua_spells_only_words_of_the_table() -> None:
    known = {*State, *Verdict, *EventType, *BatchState}
    pattern = re.compile(r"(?:emit\(id, |'state', |state == |verdict = |status = )'([a-z-]+)'")
    for path in Path(scripts.__file__).parent.glob("lua/*.lua"):
        written = re.sub(r"'HMGET'[^)]*\)", "", path.read_text())  # names only, no values
        assert set(pattern.findall(written)) <= known, path.name
