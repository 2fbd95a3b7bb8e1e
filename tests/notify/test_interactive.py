"""Submitting over `/socket`, and talking to what runs."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from websockets.sync.client import ClientConnection

from shared import keys
from shared.models import encode
from tests.execute.working import worker
from tests.infra.eventually import eventually
from tests.notify.test_socket import hear, hear_to_the_end, open_socket
from tests.notify.wire import ServerProcess
from tests.shared import submissions as subs

ECHO = "import sys\nfor line in sys.stdin: print('>', line, end='', flush=True)\n"


def say(socket: ClientConnection, **frame: Any) -> None:  # noqa: ANN401 - JSON
    socket.send(encode(frame).decode())


def submit(socket: ClientConnection, code: str = ECHO, **fields: Any) -> str:  # noqa: ANN401
    """The id of a new submission; its first event has come."""
    say(socket, submit={"code": code, "language": "python", **fields}, ref="r1")
    taken = hear(socket)
    assert taken == {"stream": taken["stream"], "submitted": True, "ref": "r1"}
    assert hear(socket)["event"] == "queued"
    return str(taken["stream"])


def sent(client: redis.Redis, submission_id: str) -> list[bytes]:
    found: Any = client.lrange(keys.input(submission_id), 0, -1)
    return list(found)


def test_a_program_is_talked_to_over_the_socket(
    server: ServerProcess, redis_url: str, client: redis.Redis
) -> None:
    with worker(redis_url), open_socket(server) as socket:
        submission_id = submit(socket, interactive=True)
        output = ""
        for number, line in enumerate(["one", "two"]):
            say(socket, stdin=submission_id, data=line + "\n")
            while f"> {line}\n" not in output:
                frame = hear(socket)
                assert frame["stream"] == submission_id
                output += frame["data"].get("text", "") if frame["event"] == "output" else ""
            assert output.count(">") == number + 1
        say(socket, eof=submission_id)
        last = hear_to_the_end(socket)[-1]
    assert (last["event"], last["data"]["verdict"]) == ("finished", "completed")


def test_what_is_sent_is_kept_in_order_for_the_worker(
    server: ServerProcess, client: redis.Redis
) -> None:
    with open_socket(server) as socket:
        submission_id = submit(socket, interactive=True)
        say(socket, stdin=submission_id, data="ä\n")
        say(socket, stdin=submission_id, data="AAEC", encoding="base64")
        say(socket, signal=submission_id, name="SIGINT")
        say(socket, eof=submission_id)
        eventually(lambda: len(sent(client, submission_id)) == 4)
        assert sent(client, submission_id) == [
            b"i\xc3\xa4\n", b"i\x00\x01\x02", b"sSIGINT", b"z",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("frame", "status", "field"),
    [
        ({"submit": {"code": "", "language": "klingon"}}, 400, "language"),
        ({"submit": {"code": "", "language": "python", "colour": 1}}, 400, "colour"),
        ({"submit": 5}, 400, None),
        ({"stdin": "0" * 32, "data": "x"}, 404, None),
        ({"stdin": "me", "data": "x"}, 404, None),
        ({"eof": "0" * 32}, 404, None),
        ({"stdin": "own", "data": "??", "encoding": "base64"}, 400, "data"),
        ({"stdin": "own", "data": "x", "encoding": "rot13"}, 400, "encoding"),
        ({"signal": "own", "name": "SIGKILL"}, 400, "name"),
        ({"signal": "own"}, 400, "name"),
        ({"stdin": "plain", "data": "x"}, 409, None),
        ({"submit": {"code": "", "language": "python"}, "eof": "own"}, 400, None),
        ({"data": "x"}, 400, None),
    ],
)
def test_what_cannot_be_done_is_answered_and_the_socket_goes_on(
    server: ServerProcess,
    client: redis.Redis,
    frame: dict[str, Any],
    status: int,
    field: str | None,
) -> None:
    ids = {"plain": subs.submitted(client)}
    with open_socket(server) as socket:
        ids["own"] = submit(socket, interactive=True)
        say(socket, **{verb: ids.get(str(value), value) for verb, value in frame.items()}, ref="r2")
        answer = hear(socket)
        assert (answer["error"]["status"], answer["error"].get("field")) == (status, field)
        assert answer.get("ref") == "r2" or status == 400
        say(socket, stdin=ids["own"], data="x")
        eventually(lambda: sent(client, ids["own"]) == [b"ix"])


def test_an_interactive_run_ends_with_its_client_and_another_does_not(
    server: ServerProcess, client: redis.Redis
) -> None:
    with open_socket(server) as socket:
        interactive, plain = submit(socket, interactive=True), submit(socket)
    eventually(lambda: subs.state(client, interactive) == "cancelled")
    assert subs.state(client, plain) == "queued"


def test_an_interactive_run_outlives_a_server_that_leaves(
    redis_url: str, client: redis.Redis, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = tmp_path_factory.mktemp("leaving") / "log"
    with ServerProcess(redis_url, log=log) as leaving, open_socket(leaving) as socket:
        submission_id = submit(socket, interactive=True)
        leaving.stop()
    with ServerProcess(redis_url, log=log) as other, open_socket(other) as socket:
        say(socket, stdin=submission_id, data="still here")
        eventually(lambda: sent(client, submission_id) == [b"istill here"])
    assert subs.state(client, submission_id) == "queued"
