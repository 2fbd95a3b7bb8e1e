"""The service from end to end, the same in each of its shapes: one machine, functions apart."""

from __future__ import annotations

import http.server
import json
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from shared.webhooks import signature
from tests.apart.site import PATIENCE_S, Event, Site, received, zipped
from tests.apart.stage import login_token
from tests.in_process import assert_problem
from tests.shared.problems.made import ADD, MODERN

#: Says something, and goes on only when it is answered.
TALK = "print('ready', flush=True)\nprint(input()[::-1], flush=True)\n"
#: Says something, and then nothing for longer than a test takes.
HANG = "import time\nprint('begun', flush=True)\ntime.sleep(120)\n"
LONG = {"wallTimeMs": 150_000}


def test_a_submission_is_judged_and_read_by_its_id_and_by_its_problem(site: Site) -> None:
    problem = f"sum-{uuid.uuid4().hex}"
    body = {"language": "python", "code": ADD, "stdin": "1 2", "expectedOutput": "3"}

    taken = site.http.post("/submit", params={"wait": 60}, json=body | {"problemId": problem})

    assert (taken.status_code, taken.json()["verdict"]) == (200, "accepted")
    by_problem = site.http.get(f"/result/{problem}").json()
    assert by_problem == site.http.get(taken.json()["links"]["result"]).json() == taken.json()


def test_events_come_while_it_runs_and_resume_behind_the_last_one_seen(site: Site) -> None:
    submission_id = site.submit(HANG, limits=LONG)

    first = until(site.events(f"/events/{submission_id}"), "output")
    assert first[-1][2]["text"] == "begun\n"
    assert site.http.get(f"/result/{submission_id}").json()["status"] == "running"

    assert site.http.delete(f"/submission/{submission_id}").json()["status"] == "cancelled"
    rest = list(site.events(f"/events/{submission_id}", after=first[-1][0]))
    assert [kind for _, kind, _ in rest] == ["cancelled"]
    numbers = [int(cursor.partition(".")[2]) for cursor, _, _ in first + rest]
    assert numbers == list(range(1, len(numbers) + 1))
    past = site.http.get(f"/events/{submission_id}", headers={"last-event-id": rest[-1][0]})
    assert past.status_code == 204


def until(events: Iterator[Event], kind: str) -> list[Event]:
    """The events up to the first of a kind."""
    seen = []
    for event in events:
        seen.append(event)
        if event[1] == kind:
            return seen
    raise AssertionError(f"no {kind} among {seen}")


def test_a_program_is_talked_to_over_a_socket_that_also_submits(site: Site) -> None:
    with site.socket() as socket:
        asked = {"code": TALK, "language": "python", "interactive": True}
        socket.send(json.dumps({"submit": asked, "ref": "a"}))
        seen: list[dict[str, Any]] = []
        while not any(said(it) == "ready\n" for it in seen):
            seen.append(received(socket))
        submission_id = next(it["stream"] for it in seen if "stream" in it)
        socket.send(json.dumps({"stdin": submission_id, "data": "olleh\n"}))
        while not seen[-1].get("end"):
            seen.append(received(socket))

    assert "".join(filter(None, map(said, seen))) == "ready\nhello\n"
    assert site.final(submission_id)["verdict"] == "completed"


def said(message: dict[str, Any]) -> str:
    return str(message.get("data", {}).get("text", "")) if message.get("event") == "output" else ""


def test_a_browsers_socket_is_opened_by_a_ticket_and_only_once(site: Site) -> None:
    ticket = site.http.post("/ticket").json()["ticket"]
    query = f"?ticket={ticket}"

    with site.socket(query, additional_headers={}) as socket:
        socket.send(json.dumps({"subscribe": "0" * 32}))
        assert received(socket)["error"]["status"] == 404
    with pytest.raises(Exception, match="401"), site.socket(query, additional_headers={}):
        pass


def test_a_batch_is_taken_at_once_and_its_results_come_as_they_end(site: Site) -> None:
    lines = [{"language": "python", "code": f"print({n})", "clientId": str(n)} for n in range(5)]
    body = "\n".join(map(json.dumps, lines))

    taken = site.http.post("/batch", content=body, headers={"content-type": "application/x-ndjson"})

    assert taken.status_code == 202, taken.text
    with site.http.stream("GET", taken.json()["links"]["results"]) as response:
        results = [json.loads(line) for line in response.iter_lines() if line]
    outputs = {it["clientId"]: it["result"]["stdout"] for it in results if "result" in it}
    assert outputs == {str(n): f"{n}\n" for n in range(5)}
    summary = site.http.get(taken.headers["location"]).json()
    assert (summary["total"], summary["finished"]) == (5, 5)


def test_a_problem_is_installed_shown_and_judges_by_its_package(site: Site) -> None:
    installed = site.operator.post(
        "/problems", content=zipped(MODERN), headers={"content-type": "application/zip"}
    )
    assert installed.status_code in (200, 201), installed.text

    page = site.http.get("/problems/adding").json()
    assert "Add two numbers" in page["statement"]
    assert "adding" in [it["id"] for it in site.http.get("/problems").json()["problems"]]
    verdicts = [
        site.final(site.submit(code, problemId="adding"))["verdict"]
        for code in (ADD, ADD.replace("+", "-"))
    ]
    assert verdicts == ["accepted", "wrong-answer"]
    assert site.operator.delete("/problems/adding").status_code == 200
    assert_problem(site.http.get("/problems/adding"), 404, "not-found")


def test_a_request_that_is_sent_again_is_taken_once(site: Site) -> None:
    headers = {"idempotency-key": uuid.uuid4().hex}
    body = {"language": "python", "code": "print(1)"}

    first, second = (site.http.post("/submit", json=body, headers=headers) for _ in range(2))

    assert first.json()["id"] == second.json()["id"]


def test_a_webhook_tells_of_the_end(site: Site) -> None:
    heard: list[tuple[bytes, dict[str, str]]] = []
    rung = threading.Event()

    class Ear(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.append((body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(204)
            self.end_headers()
            rung.set()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Ear) as ear:
        threading.Thread(target=ear.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{ear.server_port}/"
        submission_id = site.submit("print(1)", callbackUrl=url)
        assert rung.wait(PATIENCE_S)
        ear.shutdown()
    secret = site.http.get("/webhooks").json()["secret"]
    told, headers = heard[0]
    sent = signature(secret, headers["webhook-id"], int(headers["webhook-timestamp"]), told)
    assert headers["webhook-signature"] == sent
    assert submission_id in told.decode()


def test_the_page_and_its_files_are_served(site: Site) -> None:
    page = site.http.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    script = page.text.partition('src="')[2].partition('"')[0]
    assert site.http.get(script).headers["content-type"].startswith("text/javascript")


def test_a_browser_is_signed_in_once_by_a_token(site: Site) -> None:
    with httpx2.Client(base_url=site.url, timeout=PATIENCE_S) as browser:
        assert_problem(browser.get("/me"), 401, "unauthorized")
        token = login_token(site.redis_url)
        assert browser.get("/login", params={"token": token}).status_code == 303
        assert browser.get("/me").json()["tenant"] == "local"
        assert browser.post("/logout").status_code == 204
        assert_problem(browser.get("/me"), 401, "unauthorized")
        assert_problem(browser.get("/login", params={"token": token}), 401, "unauthorized")


def test_what_belongs_to_somebody_else_is_not_there(site: Site) -> None:
    for path in (f"/result/{'0' * 32}", f"/events/{'0' * 32}", "/nowhere", f"/batch/{'0' * 32}"):
        assert_problem(site.http.get(path), 404, "not-found")


def test_a_method_that_a_path_does_not_take_is_told_which_it_does(site: Site) -> None:
    answer = site.http.put("/submit", json={})
    assert_problem(answer, 405, "method-not-allowed")
    assert "POST" in answer.headers["allow"]


def test_it_says_what_it_is_and_how_it_is(site: Site) -> None:
    status = site.http.get("/status").json()
    assert status["slots"] >= 1
    names = [it["name"] for it in site.http.get("/languages").json()["languages"]]
    assert "python" in names
    assert site.http.get("/openapi.json").json()["openapi"].startswith("3.1")
    for path in ("/healthz", "/readyz"):
        assert site.http.get(path).json() == {"status": "ok"}
