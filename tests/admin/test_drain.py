"""A worker process is drained: it finishes what it holds, says so, and takes work again."""

from __future__ import annotations

from pathlib import Path

from infra.local.valkey import Valkey
from tests.execute.core import Core
from tests.execute.working import worker
from tests.in_process import open_client
from tests.infra.eventually import eventually

SLOW = "import time\nprint('begun', flush=True)\ntime.sleep(2)\n"


def test_a_drained_worker_finishes_what_it_holds_and_leaves_the_rest_in_line(
    tmp_path: Path,
) -> None:
    with Valkey(tmp_path) as server, worker(server.url), Core(server.url) as core:
        with open_client(server.url) as client:

            def state() -> str:
                [one] = client.get("/admin/overview").json()["workers"]
                return str(one["state"])

            # Given a worker that runs a submission while another one waits
            running = core.submit(SLOW)
            core.await_output(running, "begun")
            waiting = core.submit("print(1)")
            [one] = client.get("/admin/overview").json()["workers"]
            # When it is drained
            client.post(f"/admin/workers/{one['id']}/drain").raise_for_status()
            # Then it finishes the first, leaves the other, and says so
            assert core.final(running).verdict == "completed"
            eventually(lambda: state() == "drained")
            assert core.state(waiting) == "queued"
            assert client.get("/status").json()["state"] == "down"
            # and it goes on when it is told to
            client.delete(f"/admin/workers/{one['id']}/drain").raise_for_status()
            assert core.final(waiting).verdict == "completed"
            eventually(lambda: state() == "working")
