"""Valkey is away for longer than anybody waits: callers are told so, and all is well after."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path

from infra.local.valkey import Valkey
from shared import keys
from tests.execute.core import Core
from tests.execute.working import residents
from tests.failures.witnesses import Client, Refused, Witness
from tests.infra.eventually import eventually
from tests.infra.running import running
from tests.infra.test_keyring import get

PATIENCE_S = 120.0
SLOW = "import time\nprint('begun', flush=True)\ntime.sleep(2)\nprint('done')\n"


async def refused_twice(client: Client) -> None:
    """Until two submits have been refused, one after the other, whatever each waits for."""
    before = len(client.refusals)
    while len(client.refusals) < before + 2:
        with suppress(Refused, OSError, EOFError):
            body = json.dumps({"language": "python", "code": "print()"}).encode()
            _, writer = await client.request("POST", "/submit", body)
            writer.transport.abort()
            raise AssertionError("taken, though there is no store")


def test_while_it_is_away_callers_are_told_and_afterwards_nothing_is_missing(
    tmp_path: Path,
) -> None:
    store = tmp_path / "store"
    store.mkdir(mode=0o700)
    serve = [sys.executable, "local_runner.py"]
    with Valkey(store) as server:
        how = {"REDIS_URL": server.url, "ASSAY_SLOTS": "1", "ASSAY_LANGUAGES": "python"}
        with running(serve, tmp_path / "state", tmp_path / "output", **how) as runner:
            url = runner.ready()["url"]
            client = Client(int(url.rpartition(":")[2]), "")
            pids = residents(runner.process_ids())

            def begun(submission_id: str) -> None:
                with Core(server.url) as core:
                    core.await_output(submission_id, "begun")

            async def suffer() -> Witness:
                # Given one that runs and one that waits, which somebody watches
                running_id = await client.submit(json.dumps(slow).encode(), "one")
                waiting_id = await client.submit(json.dumps(quick).encode(), "two")
                witness = Witness(client, waiting_id)
                watching = asyncio.create_task(witness.watch(longest_s=30.0))
                await asyncio.to_thread(begun, running_id)
                # When the store is killed, and stays away until calls have been refused
                assert server.process is not None
                server.process.kill()
                server.process.wait()
                await refused_twice(client)
                server.start()  # in the main thread, to which its life is tied
                # Then what was accepted is judged, and the watcher has missed nothing
                await asyncio.wait_for(watching, PATIENCE_S)
                assert witness.kinds[-1] == "finished"
                return witness

            slow = {"language": "python", "code": SLOW}
            quick = {"language": "python", "code": "print('next')"}
            witness = asyncio.run(suffer())
            assert witness.violations == []
            assert witness.resets == 0
            assert set(client.refusals) <= {503}
            with Core(server.url) as core:
                assert core.final(witness.stream).stdout == "next\n"
                eventually(lambda: core.redis.zcard(keys.LEASES) == 0)
            assert eventually(lambda: get(url, "/readyz")[0] == 200)
            assert pids <= runner.process_ids(), "nothing had to be started anew"
