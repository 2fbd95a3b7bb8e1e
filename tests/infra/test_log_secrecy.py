"""Nothing that callers send or programs write is in any log line of the real service.

Whatever can carry something private carries a marker of its own: code, stdin, output, keys,
tickets, tokens, query strings, paths. Much of it goes wrong on purpose, at the level `debug`, and
then every byte that the service has logged is searched.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import redis
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from shared import keys
from tests.infra.eventually import eventually
from tests.infra.running import Running, running
from tests.infra.serving import SERVE, child_pid

#: Wrong in one of its three ways each: a word that occurs nowhere else.
MARKS = {
    name: f"mark{name}zq7"
    for name in (
        *("code", "stdin", "output", "expected", "typed", "stored", "spec", "field", "body"),
        *("key", "cookie", "ticket", "login", "scraper", "query", "path", "header", "hook"),
        *("frame", "package", "file", "arg", "crash", "js", "language", "problem"),
        *("password", "guess", "invite", "changed"),
    )
}


def secrets_of(one: Running) -> list[str]:
    """Secrets that the service itself has made, each used, well or badly."""
    invite = json.loads(ask(one, "POST", "/invites", {})[1])["url"].partition("token=")[2]
    password = MARKS["password"]
    joining = {"token": invite, "name": "ada", "password": password}
    ask(one, "POST", "/accounts", {**joining, "token": MARKS["invite"]})
    status, _, cookie = _answered(one, "POST", "/accounts", joining)
    assert status in (200, 201), status
    session = re.findall(r"assay_session=([^;]+)", cookie)[0]
    ask(one, "POST", "/accounts", joining)
    ask(one, "POST", "/session", {"name": "ada", "password": MARKS["guess"]})
    ask(one, "POST", "/session", {"name": "ada", "password": password})
    change = {"password": MARKS["changed"], "current": password}
    ask(one, "PUT", "/me/password", change, cookie=f"assay_session={session}")
    ask(one, "GET", "/me", cookie=f"assay_session={session}")
    ticket = json.loads(ask(one, "POST", "/ticket", {})[1])["ticket"]
    for _ in range(2):  # the second time it opens nothing
        ask(one, "GET", f"/events/me?ticket={ticket}&wait=0", accept="application/json")
    webhooks = json.loads(ask(one, "GET", "/webhooks")[1])["secret"]
    login = re.findall(r"/login\?token=(\S+)", one.output)[0]
    ask(one, "GET", f"/login?token={login}")
    return [invite, session, ticket, webhooks]


def ask(
    one: Running, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, bytes]:
    """A request, as it is; its answer, whatever it is."""
    return _answered(one, method, path, body, **headers)[:2]


def _answered(
    one: Running, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, bytes, str]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with contextlib.closing(
        http.client.HTTPConnection(urlsplit(one.ready()["url"]).netloc, timeout=60)
    ) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, content, {"content-type": "application/json", **named})
        response = connection.getresponse()
        return response.status, response.read(), response.headers.get("set-cookie", "")


def submitted(one: Running, code: str, **fields: Any) -> str:  # noqa: ANN401
    body = {"code": code, "language": "python", **fields}
    status, answer = ask(one, "POST", "/submit", body, x_request_id=f"{MARKS['header']} {{}}")
    assert status == 202, answer
    return str(json.loads(answer)["id"])


def judge_programs(one: Running) -> None:
    """Right, wrong, crashing, refused by a compiler; with everything that one may send."""
    code, out = MARKS["code"], MARKS["output"]
    everything = {
        "stdin": MARKS["stdin"],
        "args": [MARKS["arg"]],
        "files": [{"name": "data.txt", "content": MARKS["file"]}],
        "expectedOutput": MARKS["expected"],
        "callbackUrl": f"http://127.0.0.1:9/{MARKS['hook']}?token={MARKS['hook']}",
    }
    ids = [
        submitted(one, f"print({out!r}, input())  # {code}", **everything),
        submitted(one, f"raise ValueError({MARKS['crash']!r})  # {code}"),
        submitted(one, f"import os; os.write(2, b{out!r}); os.abort()"),
        submitted(one, f"{code} {code} ("),
        submitted(one, f"let {MARKS['js']} = ;", language="javascript"),
        submitted(one, f"print({out!r})", problemId=MARKS["problem"]),
    ]
    for submission_id in ids:
        ask(one, "GET", f"/result/{submission_id}?wait=60&x={MARKS['query']}")


def send_what_is_refused(one: Running) -> None:
    """Errors of callers, each with a marker where it is wrong."""
    ask(one, "POST", "/submit", f'{{"code": "{MARKS["body"]}'.encode())
    ask(one, "POST", "/submit", {"code": "", "language": "python", MARKS["field"]: 1})
    ask(one, "POST", "/submit", {"code": MARKS["code"], "language": MARKS["language"]})
    ask(one, "POST", "/batch", f"{MARKS['body']}\n".encode(), content_type="application/x-ndjson")
    ask(one, "POST", "/problems", MARKS["package"].encode(), content_type="application/zip")
    ask(one, "GET", f"/{MARKS['path']}?{MARKS['query']}")
    ask(one, "GET", f"/result/{MARKS['path']}?wait={MARKS['query']}")
    ask(one, "GET", "/me", authorization=f"Bearer {MARKS['key']}")
    ask(one, "GET", "/metrics", authorization=f"Bearer {MARKS['key']}")
    assert ask(one, "GET", "/metrics", authorization=f"Bearer {MARKS['scraper']}")[0] == 200
    ask(one, "GET", "/me", cookie=f"assay_session={MARKS['cookie']}")
    ask(one, "GET", f"/login?token={MARKS['login']}")
    ask(one, "GET", f"/events/{MARKS['path']}?ticket={MARKS['ticket']}")


def talk(one: Running) -> None:
    """Sockets: refused, spoken to in nonsense, and used for a program that is typed to."""
    url = one.ready()["url"].replace("http", "ws") + "/socket"
    with contextlib.suppress(WebSocketException):
        connect(f"{url}?ticket={MARKS['ticket']}").close()
    with connect(f"{url}?x={MARKS['query']}") as socket:
        socket.send(f"{MARKS['frame']} {{")
        socket.send(json.dumps({"subscribe": MARKS["frame"]}))
        code = f"print(input())  # {MARKS['code']}"
        body = {"code": code, "language": "python", "interactive": True}
        socket.send(json.dumps({"submit": body, "ref": MARKS["frame"]}))
        socket.send(json.dumps({MARKS["frame"]: {}}))
        answer: dict[str, Any] = {}
        while not answer.get("submitted"):
            answer = json.loads(socket.recv(timeout=60))
        submission_id = answer["stream"]
        typed = {"stdin": submission_id, "data": MARKS["typed"] + "\n"}
        socket.send(json.dumps(typed))
    ask(one, "GET", f"/result/{submission_id}?wait=10")


def break_what_is_stored(one: Running) -> None:
    """Faults of ours: what lies in Redis cannot be read, at the host and at the worker."""
    with redis.Redis.from_url(one.ready()["redisUrl"]) as client:
        broken = submitted(one, "print(1)")
        ask(one, "GET", f"/result/{broken}?wait=60")
        client.hset(keys.submission(broken), "result", f'{{"stdout": "{MARKS["stored"]}"')
        assert ask(one, "GET", f"/result/{broken}?{MARKS['query']}")[0] == 500
        client.set(keys.submission("f" * 32), MARKS["stored"])
        assert ask(one, "GET", f"/result/{'f' * 32}")[0] == 500
        later = submitted(one, "print(1)", runAt=_in_a_day())
        client.hset(keys.submission(later), "spec", f'{{"code": "{MARKS["spec"]}"')
        client.zadd(keys.DELAYED, {later: 1})
        client.hset(keys.submission(later), "runAtMs", 1)
        eventually(lambda: client.hget(keys.submission(later), "attempts") != b"0", 60)


def _in_a_day() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


def lose_the_worker(one: Running) -> None:
    """kill -9 while it holds a marker, and another one takes it over."""
    code = f"import time; print({MARKS['output']!r}, flush=True); time.sleep(3)  # {MARKS['code']}"
    held = submitted(one, code)
    seen = eventually(lambda: ask(one, "GET", f"/events/{held}?wait=5", accept="application/json"))
    assert seen[0] == 200
    os.kill(child_pid(one, "functions.execute"), signal.SIGKILL)
    eventually(lambda: b'"finished"' in ask(one, "GET", f"/result/{held}?wait=30")[1], 120)


@pytest.fixture
def one(state: Path, output: Path) -> Iterator[Running]:
    with running(
        SERVE,
        state,
        output,
        ASSAY_LOG_LEVEL="debug",
        ASSAY_LOG_FORMAT="json",
        ASSAY_METRICS_TOKEN=MARKS["scraper"],
        ASSAY_WEBHOOKS_TO="anywhere",
        ASSAY_SLOTS="2",
    ) as one:
        yield one


def forms(mark: str) -> Iterator[str]:
    """A marker as it might be written down."""
    yield mark
    yield quote(mark)
    for pad in range(3):  # wherever it begins in base64, its middle is this
        yield base64.b64encode(b"x" * pad + mark.encode()).decode()[4:-4]


def test_no_log_line_has_what_callers_send_or_programs_write(one: Running) -> None:
    judge_programs(one)
    send_what_is_refused(one)
    talk(one)
    break_what_is_stored(one)
    secrets = secrets_of(one)
    lose_the_worker(one)
    text = one.output
    found = {name: it for name, mark in MARKS.items() for it in forms(mark) if it in text}
    assert found == {}
    assert [secret for secret in secrets if secret in text] == []
    # and what was logged is what an operator needs, in one shape
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert all({"at", "level", "logger", "event", "function"} <= set(line) for line in lines)
    assert {line["function"] for line in lines} == {"host", "execute"}
    assert {"assay.access", "uvicorn.error", "assay.web"} <= {line["logger"] for line in lines}
    assert any(line.get("error") == "DecodeError" and line["trace"] for line in lines)
    request = next(line for line in lines if line.get("route") == "/result/{id}")
    assert (request["method"], request["tenant"]) == ("GET", "local")
    assert re.fullmatch(r"[0-9a-f]{16}", request["requestId"])
    assert any(line.get("submissionId") and line.get("tenant") for line in lines)
    assert all(line["worker"] for line in lines if line["logger"] == "functions.execute.leases")
    assert "Traceback" not in text
    assert "without completing handshake" not in text
