"""The worker: Dramatiq threads that are woken, claim what is next, and judge it.

Start: engine and cells (main thread), languages tried, leases, then Dramatiq. Stop: no
new claims, what runs gets its grace, the rest is given back, then everything ends.
"""

from __future__ import annotations

import os
import platform
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import dramatiq
import redis
from dramatiq import Worker as DramatiqWorker

from functions.execute import discovery, toolchains
from functions.execute.compile_cache import CompileCache
from functions.execute.control import Control
from functions.execute.engine import root
from functions.execute.engine.cell import Cell
from functions.execute.engine.engine import Engine
from functions.execute.engine.program import EngineError
from functions.execute.judge import judge
from functions.execute.judging.stopped import GivenUp
from functions.execute.leases import Leases
from functions.execute.prepare import Preparations
from functions.execute.report import Report
from functions.execute.steps import Steps
from functions.execute.trials import Memory, Trials
from shared import languages, logs
from shared.blobs import NOWHERE, BlobCache, open_blobs
from shared.claims import Claim, Claims, GiveBack
from shared.connect import blocking_client
from shared.counts import Counting
from shared.errors import Unavailable
from shared.problems.store import InstalledPackages
from shared.queue import WakeBroker
from shared.schema import check_schema
from shared.scripts import EXECUTE_QUEUE
from shared.settings import Settings
from shared.version import VERSION

_log = logs.get_logger(__name__)
#: A start waits so long for languages to be tried out; the rest is offered as it is found.
_TRIALS_PATIENCE_S = 30.0
#: Beside the slots: main, leases, health, control and its sessions' input. Each thread keeps a
#: connection.
_OTHER_THREADS = 16


def _wanted(settings: Settings) -> list[str]:
    """The languages to offer, by name.

    Raises:
        ValueError: one of the settings' names is unknown.
    """
    found = {name: languages.find(name) for name in settings.language_names}
    unknown = [name for name, language in found.items() if language is None]
    if unknown:
        raise ValueError(f"languages: {', '.join(unknown)} is not known")
    return [language.name for language in found.values() if language]


def _assert_unseen(state: Path) -> None:
    """See that no program can read the state folder.

    Raises:
        ValueError: it lies in a folder of the system that all programs are shown.
    """
    if holder := toolchains.holding(state, root.SYSTEM):
        raise ValueError(f"the state folder {state} lies in {holder}, which programs may read")


class Worker:
    """One worker process. Made, started and stopped in the main thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._draining = False
        state = Path(settings.state)
        memory = Memory(state / "toolchains.json")
        self._preparations = Preparations(state / "prepared")
        found = [
            self._preparations.placed(toolchain)
            for toolchain in discovery.discover(only=_wanted(settings), version_of=memory.version)
        ]
        mounts, hides = toolchains.mounts(found, private=(Path.home(), state))
        _assert_unseen(state)
        self._slots = settings.slot_count
        self.engine = Engine(
            self._slots,
            isolation=settings.isolation,
            mounts=[*mounts, *self._preparations.mounts],
            hides=hides,
            forks=toolchains.fork_start(found),
        )
        self._trials = Trials(self.engine, found, memory)
        self._trials.wait(_TRIALS_PATIENCE_S)
        self._counting = Counting()
        self.engine.on_rebuilt = partial(self._counting.add, "rebuilt")
        self._compile_cache = CompileCache(
            state / "compiled", settings.compile_cache_bytes, self._counting
        )
        self._blobs = open_blobs(settings.blobs, settings.state, settings.blobs_endpoint)
        copies = BlobCache(self._blobs, state / f"copies-{os.getpid()}", settings.blob_cache_bytes)
        self._packages = InstalledPackages(copies)
        self._claims = Claims(
            blocking_client(settings.redis_url, connections=self._slots + _OTHER_THREADS),
            f"{platform.node()}-{os.getpid()}-{uuid.uuid4().hex[:8]}",
            settings.result_ttl_s,
        )
        self._leases = Leases(
            self._claims, self._slots, self.facts, self._counting, self._let_drain
        )
        self._control = Control(settings.redis_url, self._claims, self._leases)
        self._broker = WakeBroker(settings.redis_url)
        declare = dramatiq.actor(
            actor_name="execute", queue_name=EXECUTE_QUEUE, broker=self._broker
        )
        declare(self.execute)
        self._dramatiq = DramatiqWorker(self._broker, worker_threads=self._slots)
        # Its default is twice the threads: a wake-up would wait behind a long run here
        # while another worker idles.
        self._dramatiq.queue_prefetch = self._slots

    def facts(self) -> dict[str, Any]:
        """What this worker announces: isolation and languages."""
        working = sorted(self._trials.working.values(), key=lambda it: it.language.name)
        return {
            "slots": self._slots,
            "version": VERSION,
            "isolation": {**self.engine.facts.document(), "level": self.engine.level},
            "languages": [t.facts(self.engine.start_mode(t.binary)) for t in working],
        }

    def check_ready(self) -> None:
        """See whether what is claimed now would be run here.

        Raises:
            Unavailable: it would not; says why.
            redis.RedisError: the store cannot be reached.
        """
        if self._draining:
            raise Unavailable("the worker is stopping")
        if not self._trials.working:
            raise Unavailable("no language works here (yet)", retry_after_s=2)
        check_schema(self._claims.client)
        self._blobs.has(NOWHERE)

    def start(self) -> None:
        """Begin to take work.

        Raises:
            Unavailable: the store was written by another version.
        """
        logs.name_process(worker=self._claims.worker_id)
        check_schema(self._claims.client)
        self._leases.start()
        self._control.start()
        self._dramatiq.start()
        self._preparations.begin(list(self._trials.working.values()))

    def stop(self) -> None:
        """Finish or give back what runs, then end everything."""
        self._draining = True
        self._leases.hold_no_more()
        self._trials.stop()
        self._preparations.stop()
        if not self._leases.wait_until_idle(self._settings.grace_s):
            self._leases.give_back_all()
            self._leases.wait_until_idle(10)
        self._dramatiq.stop(timeout=5_000)
        self._control.stop()
        self._leases.stop()
        self._broker.close()
        self.engine.close()

    def _let_drain(self, draining: bool) -> None:
        """An operator wants it to take nothing more, or to go on. What it holds goes on."""
        for consumer in self._dramatiq.consumers.values():
            if consumer.paused is not draining:  # so that it eats no rings meant for others
                (consumer.pause if draining else consumer.resume)()
                _log.warning("the worker drains" if draining else "the worker takes work again")

    def execute(self) -> None:
        """The actor. Its message is only a wake-up: what runs is decided by the claim.

        A slot that is awake goes on until nothing is claimable. Through Dramatiq each
        submission would cost a fetch, an ack and three changes of thread as well.
        """
        while self._work_on_next():
            pass

    def _work_on_next(self) -> bool:
        """Judge what is next in line; False when there is nothing to do here."""
        with self.engine.cell() as cell:
            if self._draining or self._claims.draining:
                return False
            try:
                claim = self._claims.claim()
            except redis.RedisError as error:
                _log.warning("nothing could be claimed", error=error)
                return False
            if claim is not None:
                self._work(claim, cell)
            return claim is not None

    def _work(self, claim: Claim, cell: Cell) -> None:
        steps = Steps(self._counting, claim)
        with logs.bound(submissionId=claim.submission_id, tenant=claim.tenant), steps.judging():
            self._judge(claim, cell, steps)

    def _judge(self, claim: Claim, cell: Cell, steps: Steps) -> None:
        held = self._leases.hold(claim, cell.kill)
        if held is None:
            self._release(claim, GiveBack.STOPPING)
            return
        try:
            report = Report(self._claims, claim)
            session = self._control.session(claim) if claim.spec.interactive else None
            toolchains, cache = self._trials.working, self._compile_cache
            judge(claim, cell, toolchains, report, cache, self._packages, steps, session)
        except GivenUp:
            if held.give_back:  # else it is cancelled, or somebody else's by now
                self._release(claim, GiveBack.STOPPING)
        except EngineError:
            self._release(claim, GiveBack.ENGINE_FAILED)
        finally:
            self._leases.drop(held)

    def _release(self, claim: Claim, reason: GiveBack) -> None:
        try:
            self._claims.release(claim, reason)
        except redis.RedisError as error:  # its lease runs out instead
            _log.warning("it could not be given back", error=error)
