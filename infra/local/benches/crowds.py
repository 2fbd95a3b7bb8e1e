"""The clients of `bench mixed`: each kind uses the service its own way, and knows what is right.

A kind is a function of a service's URL that does one round and gives the ids it is sure to
have been promised a verdict for. A verdict other than the right one raises `Wrong`.
"""

from __future__ import annotations

import http.client
import itertools
import json
import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from websockets.sync.client import connect

from infra.local.api import Api
from infra.local.benches import served
from shared import languages

_WAIT = "?wait=60"
_ENDED = ("finished", "cancelled")
#: What a program of no good ends with.
_HOSTILE: Final = {
    "while True: pass": "time-limit-exceeded",
    "kept = [b'x' * 2**20 for _ in range(4096)]": "memory-limit-exceeded",
    "while True: print('x' * 4096)": "output-limit-exceeded",
    "import os\nwhile True: os.fork()": "",  # which limit it meets first is chance
    "raise SystemExit(3)": "runtime-error",
}
_LIMITS: Final = {"cpuTimeMs": 300, "wallTimeMs": 1500, "memoryBytes": 64 << 20, "processes": 16}
_ECHO: Final = "import sys\nfor line in sys.stdin: print(line.strip()[::-1], flush=True)"
_BATCH: Final = 25


class Wrong(Exception):
    """The service said something else than is right."""


#: One round; gives the ids that were accepted in it.
Kind = Callable[[str], list[str]]


def kinds(offered: list[str]) -> dict[str, Kind]:
    """Every kind of client, for a service that offers these languages."""
    specs = itertools.cycle([spec for spec in languages.known().values() if spec.name in offered])

    def in_turn(url: str) -> list[str]:
        spec = next(specs)
        body = {"language": spec.name, "code": spec.hello, "expectedOutput": "hello"}
        return [_judged(url, body, "accepted", spec.name)]

    return {
        "every language": in_turn,
        "follows by SSE": _follows,
        "types into it": _types,
        "long-polls": _polls,
        "sends batches": _sends_batch,
        "cancels": _cancels,
        "means harm": _means_harm,
        "looks around": _looks,
    }


def _judged(url: str, body: dict[str, Any], verdict: str, what: str) -> str:
    with closing(served.Client(url)) as client:
        client.send(body, _WAIT)
        return _checked(client.answer(), verdict, what)


def _checked(result: dict[str, Any], verdict: str, what: str) -> str:
    if result["status"] not in _ENDED or (verdict and result["verdict"] != verdict):
        said = {name: result.get(name) for name in ("status", "verdict", "message", "stderr")}
        raise Wrong(f"{what}: not {verdict}: {said}")
    return str(result["id"])


def _follows(url: str) -> list[str]:
    with closing(served.Client(url)) as client:
        client.send(served.HELLO)
        accepted = str(client.answer()["id"])
        if client.follow(accepted).get("verdict") != "accepted":
            raise Wrong(f"the stream of {accepted} ended without its verdict")
        return [accepted]


def _types(url: str) -> list[str]:
    address = urlsplit(url).netloc
    with connect(f"ws://{address}/socket", open_timeout=60, close_timeout=5) as socket:
        submit = {"language": "python", "code": _ECHO, "interactive": True}
        socket.send(json.dumps({"submit": submit, "ref": "r"}))
        frames = (json.loads(socket.recv(60)) for _ in itertools.count())
        submission_id = next(str(it["stream"]) for it in frames if it.get("submitted"))
        for frame in frames:
            if frame.get("event") == "running":
                word = f"{random.getrandbits(64):016x}"
                socket.send(json.dumps({"stdin": submission_id, "data": word + "\n"}))
                socket.send(json.dumps({"eof": submission_id}))
                break
        if not any(frame.get("event") in _ENDED for frame in frames):
            raise Wrong(f"the socket of {submission_id} ended early")
    result = Api(url, is_own=True).json("GET", f"/result/{submission_id}")
    if result["stdout"] != word[::-1] + "\n":
        raise Wrong(f"{submission_id} was told {word} and said {result['stdout']!r}")
    return [_checked(result, "completed", "typed into")]


def _polls(url: str) -> list[str]:
    api = Api(url, is_own=True)
    submission_id = str(api.json("POST", "/submit", served.HELLO)["id"])
    cursor = ""
    seen: list[str] = []
    while not any(kind in _ENDED for kind in seen):
        page = _page(url, f"/events/{submission_id}?wait=30&after={cursor}")
        seen += [event["event"] for event in page["events"]]
        cursor = page["events"][-1]["id"] if page["events"] else cursor
    if seen.count("finished") != 1 or seen.count("queued") != 1:
        raise Wrong(f"{submission_id} was told something twice: {seen}")
    return [submission_id]


def _page(url: str, path: str) -> dict[str, Any]:
    with _connection(url) as connection:
        connection.request("GET", path, headers={"Accept": "application/json"})
        page: dict[str, Any] = json.loads(connection.getresponse().read())
        return page


def _sends_batch(url: str) -> list[str]:
    api = Api(url, is_own=True)
    items = [
        {"language": "python", "code": f"print({n} * 2)", "expectedOutput": str(2 * n)}
        for n in range(_BATCH)
    ]
    batch_id = api.json("POST", "/batch", {"submissions": items})["id"]
    with _connection(url) as connection:
        connection.request("GET", f"/batch/{batch_id}/results")
        rows = [json.loads(line) for line in connection.getresponse().read().splitlines()]
    if len(rows) != _BATCH:
        raise Wrong(f"batch {batch_id} has {len(rows)} results of {_BATCH}")
    return [_checked(row["result"], "accepted", "of a batch") for row in rows]


def _cancels(url: str) -> list[str]:
    api = Api(url, is_own=True)
    body = {"language": "python", "code": "while True: pass"}
    submission_id = str(api.json("POST", "/submit", body)["id"])
    api.json("DELETE", f"/submission/{submission_id}")
    result = api.json("GET", f"/result/{submission_id}{_WAIT}")
    if result["status"] != "cancelled":
        raise Wrong(f"{submission_id} was cancelled and is {result['status']}")
    return [submission_id]


def _means_harm(url: str) -> list[str]:
    code, verdict = random.choice([*_HOSTILE.items()])
    body = {"language": "python", "code": code, "limits": _LIMITS}
    return [_judged(url, body, verdict, code)]


def _looks(url: str) -> list[str]:
    for path in ("/status", "/submissions", "/languages", "/problems", "/metrics", "/"):
        with _connection(url) as connection:
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            if response.status != http.client.OK:
                raise Wrong(f"{path} is answered with {response.status}")
    return []


@contextmanager
def _connection(url: str) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=90)) as connection:
        yield connection
