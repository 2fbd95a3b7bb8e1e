"""Everything is killed, again and again, under load: each 202 gets one verdict, no stream lies.

A whole runner serves three tenants. Its Redis lies behind a proxy that eats replies. While
clients submit and watch, host, worker, keepers and Valkey are killed with SIGKILL, pub/sub
connections are cut, and replies get lost. The usual way to read streams fails in the
same kind of chaos: `test_the_naive_way_loses_events_in_the_same_chaos` in tests/notify.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import redis

from infra.local.valkey import Valkey
from shared import keys
from shared.connect import async_client
from shared.credentials import Credentials
from shared.identity import Role
from tests.execute.core import Core, load_of
from tests.failures.eater import Eater
from tests.failures.witnesses import Client, Witness
from tests.infra.eventually import eventually
from tests.infra.running import Running, running
from tests.infra.serving import child_pid

TENANTS = ("ada", "bob", "eve")
CHAOS_S = 18.0
#: Of each tenant at a time.
UNFINISHED = 3
#: Whatever the machine does meanwhile.
PATIENCE_S = 180.0
CODE = """
import time
for n in range(3):
    print({number}, n, flush=True)
    time.sleep(0.06)
"""


class Crowd:
    """The clients, on an event loop in a thread of its own, and the proxy with them."""

    def __init__(self, eater: Eater) -> None:
        self.eater = eater
        self.loop = asyncio.new_event_loop()
        self.accepted: dict[str, str] = {}
        self.witnesses: list[Witness] = []
        self.clients: list[Client] = []
        self.is_over = False
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401
        """Done on the loop; its value."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def close(self) -> None:
        self.run(self.eater.stop())
        self.run(_cancel_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def live(self, clients: list[Client]) -> None:
        """Submit and watch until `is_over`, and until all that was accepted has ended."""
        self.clients = clients
        mine = [Witness(client, "me") for client in clients]
        self.witnesses += mine
        watching = [asyncio.create_task(it.watch(longest_s=2.0)) for it in mine]
        crowd = [
            self._submit(c, f"{n}-{i}") for n, c in enumerate(clients) for i in range(UNFINISHED)
        ]
        await asyncio.gather(*crowd)
        for witness in mine:
            witness.is_over = True
        await asyncio.gather(*watching)

    async def _submit(self, client: Client, name: str) -> None:
        count = 0
        while not self.is_over:
            count += 1
            once = f"{name}-{count}"
            body = {"language": "python", "code": CODE.format(number=count)}
            submission_id = await client.submit(json.dumps(body).encode(), once)
            self.accepted[submission_id] = once
            pair = [Witness(client, submission_id) for _ in range(2)]
            self.witnesses += pair
            await asyncio.gather(*(it.watch(longest_s=0.8) for it in pair))


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def make_keys(url: str) -> list[str]:
    """A key for each tenant."""
    roles = frozenset({Role.SUBMIT, Role.READ})
    async with async_client(url) as client:
        issued = [await Credentials(client).create_key(tenant, roles) for tenant in TENANTS]
    return [each.secret for each in issued]


class Chaos:
    """Breaks one thing after the other, from the main thread."""

    def __init__(self, server: Valkey, runner: Running, eater: Eater) -> None:
        self.done: dict[str, int] = {}
        self._server = server
        self._runner = runner
        self._eater = eater

    def rage(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        often: list[Callable[[], None]] = [self._cut, self._eat, self._eat]
        once: list[Callable[[], None]] = [self._keeper, self._worker, self._host, self._valkey] * 2
        random.shuffle(once)
        while time.monotonic() < end or once:
            deed = once.pop() if once and random.random() < 0.35 else random.choice(often)
            with contextlib.suppress(AssertionError, OSError, redis.RedisError):
                deed()  # what is to be killed may be dead already
                name = deed.__name__.strip("_")
                self.done[name] = self.done.get(name, 0) + 1
            time.sleep(random.uniform(0.1, 0.9))

    def _worker(self) -> None:
        os.kill(child_pid(self._runner, "functions.execute"), signal.SIGKILL)

    def _keeper(self) -> None:
        pid = child_pid(self._runner, "functions.execute")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        assert children
        os.kill(int(random.choice(children)), signal.SIGKILL)

    def _host(self) -> None:
        os.kill(child_pid(self._runner, "infra.local.host"), signal.SIGKILL)

    def _valkey(self) -> None:
        assert self._server.process is not None
        self._server.process.kill()
        self._server.process.wait()
        time.sleep(random.uniform(0, 1.5))
        self._server.start()

    def _cut(self) -> None:
        with redis.Redis.from_url(self._server.url) as client:
            client.client_kill_filter(_type="pubsub")

    def _eat(self) -> None:
        self._eater.eat_one()


@contextlib.contextmanager
def eating(server: Valkey, path: Path) -> Iterator[Crowd]:
    crowd = Crowd(Eater(server.socket, path))
    try:
        crowd.run(crowd.eater.start())
        yield crowd
    finally:
        crowd.close()


def test_every_accepted_submission_gets_one_verdict_and_no_stream_lies(tmp_path: Path) -> None:
    path, store = tmp_path / "eater.sock", tmp_path / "store"
    store.mkdir(mode=0o700)
    serve = [sys.executable, "local_runner.py"]
    how = {"REDIS_URL": f"unix://{path}", "ASSAY_SLOTS": "2", "ASSAY_LANGUAGES": "python"}
    with (
        Valkey(store) as server,
        eating(server, path) as crowd,
        running(serve, tmp_path / "state", tmp_path / "output", **how) as runner,
    ):
        # Given clients of three tenants, when everything is killed under them
        secrets = asyncio.run(make_keys(server.url))
        port = int(runner.ready()["url"].rpartition(":")[2])
        living = asyncio.run_coroutine_threadsafe(
            crowd.live([Client(port, secret) for secret in secrets]), crowd.loop
        )
        chaos = Chaos(server, runner, crowd.eater)
        chaos.rage(CHAOS_S)
        crowd.is_over = True
        living.result(PATIENCE_S)

        resumes = sum(witness.resumes for witness in crowd.witnesses)
        print(
            f"{len(crowd.accepted)} submissions, {resumes} resumes, {chaos.done}"
        )  # with pytest -s

        # Then each that was accepted has ended once, and nothing else was made of it
        assert {"keeper", "worker", "host", "valkey", "cut", "eat"} == set(chaos.done)
        assert crowd.eater.eaten > 0
        assert len(crowd.accepted) > 3 * len(TENANTS)
        assert len(set(crowd.accepted.values())) == len(crowd.accepted)
        with Core(server.url) as core:
            verdicts = [_ended_once(core, it) for it in crowd.accepted]
            judged = verdicts.count("completed")
            assert judged + verdicts.count("judge-error") == len(verdicts)
            # Only a keeper that died twice under the same one is our error.
            assert verdicts.count("judge-error") <= chaos.done["keeper"]
            eventually(lambda: core.redis.zcard(keys.LEASES) == 0)
            load = load_of(core.redis)
            assert load["finished"] == load["submitted"] == len(crowd.accepted)
            assert load["bytes"] == 0
            assert core.redis.zcard(keys.READY) == 0

        # and every client saw every event, once, in order, across all its resumes
        assert [it for witness in crowd.witnesses for it in witness.violations] == []
        for witness in crowd.witnesses:
            assert witness.resets <= (witness.stream == "me"), "kill -9 loses no event"
            assert sum(kind == "finished" for kind in witness.kinds) == 1 or witness.stream == "me"
        assert resumes > len(crowd.witnesses)
        # and nobody was answered but by success, or asked to come again
        assert {code for it in crowd.clients for code in it.refusals} <= {204, 404, 503}
    # and nothing failed in a way that nobody had thought of: in our own files, that is.
    ours = r'File ".*/(?:notify|submit|result|access|shared|infra)/.*'
    assert re.findall(ours, runner.output) == []


def _ended_once(core: Core, submission_id: str) -> str:
    kinds = core.kinds(submission_id)
    assert [kind for kind in kinds if kind in ("finished", "cancelled")] == kinds[-1:]
    return core.field(submission_id, "verdict")
