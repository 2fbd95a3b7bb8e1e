"""Holding on to claims: one thread per worker renews them and looks after the dead.

Every second: renew what is held (a claim that turns out lost has its run killed at
once), then reap once: take back what other workers let go of, and ring for idle slots.
If this thread stops, so does the worker's hold on everything, which is as it should be.
With each renewal goes what the worker has counted, and back comes whether it shall drain:
then it announces no slots, so that nobody rings for them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import redis

from shared import logs
from shared.claims import RENEW_INTERVAL_S, Claim, Claims
from shared.counts import Counting
from shared.workers import WorkerState

_log = logs.get_logger(__name__)


@dataclass
class Held:
    """A claim under work, and how to stop the work."""

    claim: Claim
    stop: Callable[[], None]
    #: Set when it was stopped in order to be given back.
    give_back: bool = False


class Leases:
    """What this worker holds."""

    def __init__(
        self,
        claims: Claims,
        slots: int,
        facts: Callable[[], Mapping[str, object]],
        counting: Counting | None = None,
        on_draining: Callable[[bool], None] = lambda draining: None,
    ) -> None:
        """
        Args:
            facts: what the worker announces of itself.
            counting: what it has counted.
            on_draining: told after each renewal whether it shall take nothing more.
        """
        self._claims = claims
        self._slots = slots
        self._facts = facts
        self._counting = counting or Counting()
        self._on_draining = on_draining
        self._held: dict[str, Held] = {}
        self._lock = threading.Lock()
        self._empty = threading.Condition(self._lock)
        self._closed = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._renew_for_ever, name="leases", daemon=True)

    def start(self) -> None:
        """Announce the worker and start renewing."""
        self._beat([])
        self._thread.start()

    def hold(self, claim: Claim, stop: Callable[[], None]) -> Held | None:
        """Keep a claim alive from now on; None when it is too late to begin.

        Args:
            stop: ends the work on it. It is called while this very claim is held, never
                after `drop`: by then the same cell may be at work for somebody else.
        """
        with self._lock:
            if self._closed:
                return None
            held = self._held[claim.submission_id] = Held(claim, stop)
            return held

    def hold_no_more(self) -> None:
        """From now on nothing new is held, so that what is held only gets less."""
        with self._lock:
            self._closed = True

    def drop(self, held: Held) -> None:
        """Its work is over, one way or the other."""
        with self._lock:
            self._held.pop(held.claim.submission_id, None)
            self._empty.notify_all()

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until nothing is held; False when time ran out."""
        with self._lock:
            return self._empty.wait_for(lambda: not self._held, timeout_s)

    def give_back_all(self) -> None:
        """Stop all work; each holder gives its submission back."""
        with self._lock:
            for held in self._held.values():
                held.give_back = True
                held.stop()

    def call_off(self, submission_id: str) -> None:
        """It was cancelled: stop the work on it now, not at the next renewal."""
        with self._lock:
            if held := self._held.get(submission_id):
                held.stop()

    def stop(self) -> None:
        """End the renewing and leave the list of workers."""
        self._stopping.set()
        self._thread.join(10)
        try:
            self._beat([])  # for what was counted last
            self._claims.retire()
        except redis.RedisError as error:
            _log.warning("the worker could not sign off", error=error)

    def _renew_for_ever(self) -> None:
        while not self._stopping.wait(RENEW_INTERVAL_S):
            try:
                self._renew()
                self._claims.reap()
            except redis.RedisError as error:
                _log.warning("leases were not renewed", error=error)
            except Exception:
                _log.exception("leases were not renewed")

    def _renew(self) -> None:
        with self._lock:
            asked = list(self._held.values())
        lost = set(self._beat([held.claim for held in asked]))
        self._on_draining(self._claims.draining)
        with self._lock:
            for held in asked:
                submission_id = held.claim.submission_id
                # One that is finished is not ours any more either, and was dropped meanwhile.
                if submission_id in lost and self._held.get(submission_id) is held:
                    _log.info("the claim is lost, its run is stopped", submissionId=submission_id)
                    held.stop()

    def _beat(self, claims: list[Claim]) -> list[str]:
        """One heartbeat; gives what is lost."""
        state = self._state(len(claims))
        slots = self._slots if state is WorkerState.WORKING else 0
        report = self._counting.report()
        facts = {**self._facts(), "state": state, "busy": len(claims)}
        lost = self._claims.renew(slots, facts, claims, report)
        self._counting.heard(report)
        return lost

    def _state(self, held: int) -> WorkerState:
        if self._closed:
            return WorkerState.STOPPING
        if self._claims.draining:
            return WorkerState.DRAINING if held else WorkerState.DRAINED
        return WorkerState.WORKING
