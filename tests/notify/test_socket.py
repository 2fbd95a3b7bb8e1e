"""`/socket` over a real uvicorn."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from shared import keys
from tests.infra.eventually import eventually
from tests.notify.following import subscribers
from tests.notify.wire import PATIENCE_S, ServerProcess, Sse
from tests.support import Story


def open_socket(server: ServerProcess, query: str = "") -> ClientConnection:
    return connect(f"ws://127.0.0.1:{server.port}/socket{query}", open_timeout=PATIENCE_S)


def say(socket: ClientConnection, **frame: str) -> None:
    socket.send(json.dumps(frame))


def hear(socket: ClientConnection) -> dict[str, Any]:
    frame = json.loads(socket.recv(timeout=PATIENCE_S))
    assert isinstance(frame, dict)
    return frame


def hear_to_the_end(socket: ClientConnection) -> list[dict[str, Any]]:
    """All frames up to the end of one subscription."""
    frames = []
    while not (frame := hear(socket)).get("end"):
        frames.append(frame)
    return frames


def test_socket_and_sse_give_the_same_events_with_the_same_ids(
    server: ServerProcess, client: redis.Redis
) -> None:
    # Given a submission that two watch from before its start
    story = Story(client)
    with open_socket(server) as socket, Sse(server.port, f"/events/{story.id}") as sse:
        say(socket, subscribe=story.id)
        assert hear(socket)["event"] == "queued"

        # When it runs
        story.tell(40)
        story.finish()

        # Then both were told the same
        over_socket = hear_to_the_end(socket)
        over_sse = list(sse.events())[1:]
    assert len(over_sse) == 42
    for frame, event in zip(over_socket, over_sse, strict=True):
        assert frame == {
            "stream": story.id,
            "id": event.id,
            "event": event.event,
            "data": event.document,
        }


def test_one_socket_follows_many_submissions(server: ServerProcess, client: redis.Redis) -> None:
    stories = [Story(client) for _ in range(5)]
    with open_socket(server) as socket:
        for story in stories:
            say(socket, subscribe=story.id)
        for story in stories:
            story.finish()
        told: dict[str, list[str]] = {story.id: [] for story in stories}
        ended: set[str] = set()
        while len(ended) < len(stories):
            frame = hear(socket)
            if frame.get("end"):
                ended.add(frame["stream"])
            else:
                told[frame["stream"]].append(frame["id"])
    for story in stories:
        assert told[story.id] == [story.cursor(seq) for seq in (1, 2, 3)]


def test_a_subscription_resumes_behind_its_cursor_and_can_be_repeated(
    server: ServerProcess, client: redis.Redis
) -> None:
    story = Story(client)
    story.tell(3)
    story.finish()
    with open_socket(server) as socket:
        say(socket, subscribe=story.id, after=story.cursor(4))
        assert [frame["id"] for frame in hear_to_the_end(socket)] == [
            story.cursor(5),
            story.cursor(6),
        ]
        say(socket, subscribe=story.id, after=story.cursor(6))
        assert hear_to_the_end(socket) == []
        say(socket, subscribe=story.id, after="0000.1")
        assert [frame["event"] for frame in hear_to_the_end(socket)] == ["reset"]


def test_after_unsubscribe_no_event_comes(server: ServerProcess, client: redis.Redis) -> None:
    story, other = Story(client), Story(client)
    with open_socket(server) as socket:
        say(socket, subscribe=story.id)
        assert hear(socket)["event"] == "queued"
        say(socket, unsubscribe=story.id)
        assert hear(socket) == {"stream": story.id, "end": True}
        eventually(lambda: subscribers(client, keys.events(story.id)) == 0)
        story.finish()
        other.cancel()
        say(socket, subscribe=other.id)
        assert {frame["stream"] for frame in hear_to_the_end(socket)} == {other.id}
        # Unsubscribing what is not subscribed, or only just, ends too.
        say(socket, unsubscribe=story.id)
        assert hear(socket) == {"stream": story.id, "end": True}


def test_subscribe_and_unsubscribe_in_one_breath_ends_once(
    server: ServerProcess, client: redis.Redis
) -> None:
    story = Story(client)
    with open_socket(server) as socket:
        for _ in range(20):
            say(socket, subscribe=story.id)
            say(socket, unsubscribe=story.id)
            frames = hear_to_the_end(socket)
            assert [frame["event"] for frame in frames] in ([], ["queued"])
        story.cancel()
        say(socket, subscribe=story.id)
        assert [frame["event"] for frame in hear_to_the_end(socket)] == ["queued", "cancelled"]


BAD_FRAMES = [
    "",
    "{",
    "[]",
    "null",
    "{}",
    '{"subscribe": 7}',
    '{"subscribe": null}',
    '{"subscribe": "a", "unsubscribe": "a"}',
    '{"subscribe": "a", "color": "red"}',
    '{"after": "a.1"}',
    "x" * 5000,
    b"\xff\xfe",
    "[" * 4000,
]


@pytest.mark.parametrize("frame", BAD_FRAMES)
def test_a_bad_frame_gets_an_error_frame_and_the_socket_lives(
    server: ServerProcess, client: redis.Redis, frame: str | bytes
) -> None:
    story = Story(client)
    with open_socket(server) as socket:
        socket.send(frame)
        answer = hear(socket)
        assert answer["error"]["status"] in (400, 413)
        assert answer["error"]["type"].startswith("urn:assay:error:")
        assert "stream" not in answer
        story.cancel()
        say(socket, subscribe=story.id)
        assert [told["event"] for told in hear_to_the_end(socket)] == ["queued", "cancelled"]


def test_what_cannot_be_subscribed_gets_an_error_frame_with_its_id(
    server: ServerProcess, client: redis.Redis
) -> None:
    story = Story(client)
    with open_socket(server) as socket:
        say(socket, subscribe="nope")
        answer = hear(socket)
        assert (answer["stream"], answer["error"]["status"]) == ("nope", 404)
        say(socket, subscribe=story.id, after="garbage")
        answer = hear(socket)
        assert answer["stream"] == story.id
        assert (answer["error"]["status"], answer["error"]["field"]) == (400, "after")
        say(socket, subscribe=story.id)
        assert hear(socket)["event"] == "queued"
        say(socket, subscribe=story.id)
        answer = hear(socket)
        assert (answer["stream"], answer["error"]["status"]) == (story.id, 409)
        story.finish()
        assert [frame["event"] for frame in hear_to_the_end(socket)] == ["preparing", "finished"]


def closing_code(socket: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            hear(socket)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


def test_the_short_form_subscribes_at_once_and_closes_at_the_end(
    server: ServerProcess, client: redis.Redis
) -> None:
    story = Story(client)
    story.tell()
    query = f"?stream={story.id}&after={story.cursor(2)}"
    with open_socket(server, query) as socket:
        assert hear(socket)["id"] == story.cursor(3)
        story.finish()
        assert [frame["event"] for frame in hear_to_the_end(socket)] == ["finished"]
        assert closing_code(socket) == 1000
    with open_socket(server, "?stream=nope") as socket:
        assert hear(socket)["error"]["status"] == 404
        assert closing_code(socket) == 4404


def test_a_socket_that_goes_away_leaves_nothing_behind(
    server: ServerProcess, client: redis.Redis
) -> None:
    story = Story(client)
    channel = keys.events(story.id)
    with open_socket(server) as socket:
        say(socket, subscribe=story.id)
        assert hear(socket)["event"] == "queued"
        eventually(lambda: subscribers(client, channel) == 1)
    eventually(lambda: subscribers(client, channel) == 0)


def test_a_shutdown_closes_sockets_as_a_restart(
    redis_url: str, client: redis.Redis, tmp_path_factory: pytest.TempPathFactory
) -> None:
    story = Story(client)
    log = tmp_path_factory.mktemp("shutdown") / "log"
    with ServerProcess(redis_url, log=log) as server:
        with open_socket(server) as idle, open_socket(server) as busy:
            say(busy, subscribe=story.id)
            assert hear(busy)["event"] == "queued"
            server.process.terminate()
            assert closing_code(busy) == 1012
            assert closing_code(idle) == 1012
        server.process.wait(PATIENCE_S)
    assert "Traceback" not in log.read_text()


def test_sockets_count_as_streams(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    log = tmp_path_factory.mktemp("cap") / "log"
    with ServerProcess(redis_url, log=log, max_streams=1) as server, open_socket(server):
        with pytest.raises(InvalidStatus) as caught, open_socket(server):
            pass
        assert caught.value.response.status_code == 503


def test_a_socket_that_is_not_read_is_cut_off(
    redis_url: str, client: redis.Redis, tmp_path_factory: pytest.TempPathFactory
) -> None:
    story = Story(client)
    log = tmp_path_factory.mktemp("stuck") / "log"
    with ServerProcess(redis_url, log=log, send_timeout_s=0.5) as server:
        # Given a client that stops reading after its first frame
        with connect(
            f"ws://127.0.0.1:{server.port}/socket", max_queue=1, compression=None
        ) as socket:
            say(socket, subscribe=story.id)
            assert hear(socket)["event"] == "queued"
            # When it is sent more than all buffers hold
            for _ in range(400):
                story.tell(text="x" * 60_000)
            # Then the server lets go of the stream
            eventually(lambda: subscribers(client, keys.events(story.id)) == 0)
            with pytest.raises(ConnectionClosed):
                hear_to_the_end(socket)
    assert "Traceback" not in log.read_text()
