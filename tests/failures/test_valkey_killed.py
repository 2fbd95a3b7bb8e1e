"""kill -9 of Valkey while submissions come in: what was answered with 202 is judged."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import redis

from shared import keys
from tests.execute.core import Core, load_of
from tests.execute.working import residents
from tests.infra.eventually import eventually
from tests.infra.running import Running, running

CLIENTS = 3
SUBMISSIONS = 60
#: Killed when so many have been answered.
KILLS = (12, 35)
CODE = "import time\nprint({number}, flush=True)\ntime.sleep(0.15)"


class Clients:
    """Some clients that submit until enough was answered with 202."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc
        self._lock = threading.Lock()
        self._numbers: Iterator[int] = iter(range(SUBMISSIONS))
        self.accepted: dict[int, str] = {}
        self.refused: list[int] = []
        self._threads = [threading.Thread(target=self._submit) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive()

    def _submit(self) -> None:
        while True:
            with self._lock:
                number = next(self._numbers, None)
            if number is None:
                return
            while not self._post(number):
                threading.Event().wait(0.05)

    def _post(self, number: int) -> bool:
        body = {"language": "python", "code": CODE.format(number=number)}
        connection = http.client.HTTPConnection(self._address, timeout=60)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/submit", json.dumps(body), headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status == 202:
            self.accepted[number] = answer["id"]
            return True
        self.refused.append(response.status)
        return False


def kill_valkey(redis_url: str) -> int:
    """kill -9; the process id it had."""
    with redis.Redis.from_url(redis_url) as client:
        pid = int(client.info("server")["process_id"])
    os.kill(pid, signal.SIGKILL)
    return pid


def await_valkey(redis_url: str, not_pid: int) -> None:
    """Until another one answers."""

    def is_back() -> bool:
        try:
            with redis.Redis.from_url(redis_url) as client:
                return int(client.info("server")["process_id"]) != not_pid
        except redis.RedisError:
            return False

    eventually(is_back)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("runner")
    serve = [sys.executable, "local_runner.py"]
    how = {"ASSAY_LANGUAGES": "python"}
    with running(serve, folder / "state", folder / "output", **how) as started:
        yield started


def test_nothing_that_was_answered_is_lost_and_each_gets_one_verdict(runner: Running) -> None:
    facts = runner.ready()
    clients = Clients(facts["url"])
    for enough in KILLS:
        eventually(lambda enough=enough: len(clients.accepted) >= enough, 60)  # type: ignore[misc]
        await_valkey(facts["redisUrl"], kill_valkey(facts["redisUrl"]))
    clients.join()

    assert len(clients.accepted) == len(set(clients.accepted.values())) == SUBMISSIONS
    assert set(clients.refused) <= {503}
    with Core(facts["redisUrl"]) as core:
        for number, submission_id in clients.accepted.items():
            result = core.final(submission_id)
            assert (result.verdict, result.stdout) == ("completed", f"{number}\n")
            kinds = core.kinds(submission_id)
            assert [kind for kind in kinds if kind == "finished"] == kinds[-1:]
        load = load_of(core.redis)
        assert load["finished"] == load["submitted"] >= SUBMISSIONS
        assert load["bytes"] == 0
        assert core.redis.zcard(keys.READY) == core.redis.zcard(keys.LEASES) == 0


def test_a_run_goes_on_through_it_and_its_verdict_is_written_after(runner: Running) -> None:
    facts = runner.ready()
    with Core(facts["redisUrl"]) as core:
        code = "print('begun', flush=True)\nimport time\ntime.sleep(1.5)\nprint('done')"
        submission_id = core.submit(code)
        core.await_output(submission_id, "begun")

        await_valkey(facts["redisUrl"], kill_valkey(facts["redisUrl"]))

        result = core.final(submission_id)
        assert (result.verdict, result.attempts) == ("completed", 1)
        assert result.stdout == "begun\ndone\n"
        assert core.kinds(submission_id).count("finished") == 1


def test_the_service_is_itself_again_afterwards(runner: Running) -> None:
    facts = runner.ready()
    pids = residents(runner.process_ids())
    with Core(facts["redisUrl"]) as core:
        pid = kill_valkey(facts["redisUrl"])
        await_valkey(facts["redisUrl"], pid)

        assert [core.judged(f"print({n})").stdout for n in range(8)] == [f"{n}\n" for n in range(8)]

        # Only the server is another one: worker, cells and host have lived through it.
        assert pids - runner.process_ids() == {pid}
        assert len(core.redis.hgetall(keys.WORKERS)) == 1
