"""Functions apart, and something breaks: what still works is served, nothing is lost."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx2
import pytest

from infra.local.host import FUNCTIONS
from tests.apart.conftest import caller_of
from tests.apart.site import PATIENCE_S, Event, Site, zipped
from tests.apart.stage import ALL, Part, Stage
from tests.in_process import assert_problem
from tests.infra.eventually import eventually
from tests.shared.problems.made import ADD, MODERN

#: Runs for longer than a test takes.
HANG = "import time\nprint('begun', flush=True)\ntime.sleep(100)\n"
SHORT = "import time\nprint('begun', flush=True)\ntime.sleep(2)\nprint('done', flush=True)\n"
LONG = {"wallTimeMs": 150_000}

#: For each web function, a request that cannot be answered without Redis: who asks is looked
#: up there in any case.
ASKS = dict.fromkeys(FUNCTIONS, "/nowhere") | {
    "access": "/me",
    "submit": "/languages",
    "result": "/status",
    "problems": "/problems",
    "notify": "/webhooks",
}


@pytest.fixture
def caller(stage: Stage) -> Iterator[Site]:
    with caller_of(stage.url, stage.redis_url) as site:
        yield site


@contextlib.contextmanager
def mended(*parts: Part) -> Iterator[tuple[Part, ...]]:
    """Functions that are started again, whatever happened to them."""
    try:
        yield parts
    finally:
        for part in parts:
            part.kill()
            part.start()
        for part in parts:
            part.await_ready()


class Following:
    """A thread that reads a stream, from one connection to the next, and never twice."""

    def __init__(self, site: Site, path: str) -> None:
        self.seen: list[Event] = []
        self._site = site
        self._path = path
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self.has("finished") and not self.has("cancelled"):
            after = self.seen[-1][0] if self.seen else ""
            with contextlib.suppress(httpx2.HTTPError, AssertionError):
                self.seen.extend(self._site.events(self._path, after))

    def has(self, kind: str) -> bool:
        """Whether an event of this kind has come."""
        return any(it[1] == kind for it in self.seen)

    def complete(self) -> list[str]:
        """Their kinds, once the last one is there; no number is missing or twice."""
        self._thread.join(PATIENCE_S)
        numbers = [int(cursor.partition(".")[2]) for cursor, _, _ in self.seen]
        assert numbers == list(range(1, len(numbers) + 1))
        return [kind for _, kind, _ in self.seen]


def begun(site: Site, code: str, **more: Any) -> str:  # noqa: ANN401
    """A submission whose program has said its first word."""
    submission_id = site.submit(code, **more)
    for _, kind, _ in site.events(f"/events/{submission_id}"):
        if kind == "output":
            return submission_id
    raise AssertionError("it said nothing")


@pytest.mark.parametrize("name", ASKS)
def test_sigterm_answers_the_request_that_is_under_way(
    stage: Stage, caller: Site, name: str
) -> None:
    part, headers = stage.parts[name], {"authorization": caller.http.headers["authorization"]}
    assert stage.valkey.process is not None
    with mended(part), closing(_connection(part)) as asking:
        asking.request("GET", "/healthz")
        asking.getresponse().read()  # connected for certain
        stage.valkey.send(signal.SIGSTOP)
        try:
            asking.request("GET", ASKS[name], headers=headers)
            # The one who is asked on another connection after that has read it, too.
            with closing(_connection(part)) as probe:
                probe.request("GET", "/healthz")
                assert probe.getresponse().status == 200
            part.child.send(signal.SIGTERM)
            eventually(lambda: _refuses(part))
        finally:
            stage.valkey.send(signal.SIGCONT)
        assert asking.getresponse().status in (200, 404)
        assert part.wait() == 0


def _connection(part: Part) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", part.port, timeout=PATIENCE_S)


def _refuses(part: Part) -> bool:
    try:
        with closing(_connection(part)) as asking:
            asking.connect()
    except OSError:
        return True
    return False


def test_sigterm_of_the_streams_ends_them_with_a_farewell_and_they_go_on(
    stage: Stage, caller: Site
) -> None:
    submission_id = begun(caller, SHORT)
    following = Following(caller, f"/events/{submission_id}")
    eventually(lambda: following.has("output"))
    notify = stage.parts["notify"]

    with _stream(notify, caller, submission_id) as response:
        assert notify.terminate() == 0
        assert b"shutting down" in response.read()
    notify.restart()

    assert following.complete()[-1] == "finished"


@contextlib.contextmanager
def _stream(part: Part, site: Site, submission_id: str) -> Iterator[http.client.HTTPResponse]:
    with closing(_connection(part)) as asking:
        headers = {"authorization": site.http.headers["authorization"]}
        asking.request("GET", f"/events/{submission_id}", headers=headers)
        response = asking.getresponse()
        assert response.readline()
        yield response


def test_sigterm_of_a_worker_gives_back_what_runs_and_another_one_judges_it(
    stage: Stage, caller: Site
) -> None:
    submission_id = begun(caller, HANG, limits=LONG)
    execute = stage.parts["execute"]

    with mended(execute):
        assert execute.terminate() == 0
        assert caller.http.get(f"/result/{submission_id}").json()["status"] == "queued"
        quick = caller.submit("print('next')")  # taken, though nobody is there to judge it

    assert caller.final(quick)["stdout"] == "next\n"
    eventually(lambda: _status(caller, submission_id) == "running")
    caller.http.delete(f"/submission/{submission_id}")
    assert caller.final(submission_id)["attempts"] <= 2


def _status(site: Site, submission_id: str) -> str:
    return str(site.http.get(f"/result/{submission_id}").json()["status"])


def test_kill_9_of_each_web_function_is_told_and_the_others_go_on(
    stage: Stage, caller: Site
) -> None:
    submission_id = begun(caller, HANG, limits=LONG)
    following = Following(caller, f"/events/{submission_id}")
    eventually(lambda: following.has("output"))
    with mended(*(stage.parts[name] for name in ASKS)) as parts:
        for part in parts:
            part.kill()
        answer = caller.http.get("/status")
        assert_problem(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert stage.parts["execute"].get("/readyz")[0] == 200

    assert _status(caller, submission_id) == "running"
    caller.http.delete(f"/submission/{submission_id}")
    assert following.complete()[-1] == "cancelled"


def test_kill_9_of_a_worker_loses_nothing_and_there_is_one_verdict(
    stage: Stage, caller: Site
) -> None:
    submission_id = begun(caller, SHORT)
    following = Following(caller, f"/events/{submission_id}")

    with mended(stage.parts["execute"]) as (execute,):
        execute.kill()

    assert caller.final(submission_id)["stdout"] == "begun\ndone\n"
    assert following.complete().count("finished") == 1


def told(stage: Stage, path: str) -> dict[str, int]:
    """What each function answers itself, all asked at once."""
    with ThreadPoolExecutor(len(ALL)) as threads:
        answers = threads.map(lambda name: stage.parts[name].get(path)[0], ALL)
        return dict(zip(ALL, answers, strict=True))


def test_while_redis_is_away_what_needs_it_says_so_and_the_rest_is_served(
    stage: Stage, caller: Site
) -> None:
    submission_id = begun(caller, SHORT)
    script = caller.http.get("/").text.partition('src="')[2].partition('"')[0]
    stage.valkey.kill()
    try:
        eventually(lambda: set(told(stage, "/readyz").values()) == {503})
        assert set(told(stage, "/healthz").values()) == {200}
        for path in ("/status", f"/result/{submission_id}", f"/events/{submission_id}"):
            answer = caller.http.get(path)
            assert_problem(answer, 503, "unavailable")
            assert int(answer.headers["retry-after"]) > 0
        assert_problem(
            caller.http.post("/submit", json={"language": "python", "code": ""}), 503, "unavailable"
        )
        assert caller.http.get("/", headers={"accept": "text/html"}).status_code == 200
        assert caller.http.get(script).status_code == 200
    finally:
        stage.valkey.start()

    eventually(lambda: set(told(stage, "/readyz").values()) == {200})
    assert caller.final(submission_id)["verdict"] == "completed"
    assert all(part.child.is_running for part in stage.parts.values())


def test_while_the_store_of_files_is_away_what_needs_no_file_is_served(
    stage: Stage, caller: Site
) -> None:
    package = zipped(MODERN)
    kind = {"content-type": "application/zip"}
    installed = caller.operator.post("/problems?id=away", content=package, headers=kind)
    assert installed.status_code == 201
    stage.store.leave()
    try:
        needy = {name for name, status in told(stage, "/readyz").items() if status == 503}
        assert needy == {"problems", "archive", "execute"}
        assert set(told(stage, "/healthz").values()) == {200}

        assert caller.final(caller.submit("print(1)"))["verdict"] == "completed"
        assert "away" in json.dumps(caller.http.get("/problems").json())
        answer = caller.operator.post("/problems?id=other", content=package, headers=kind)
        assert_problem(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        waiting = caller.submit(ADD, problemId="away")  # taken; judged when files are there
    finally:
        stage.store.come_back()

    assert caller.final(waiting)["verdict"] == "accepted"
    eventually(lambda: set(told(stage, "/readyz").values()) == {200})
