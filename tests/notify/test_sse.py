"""`GET /events/{id}` over a real uvicorn."""

from __future__ import annotations

import itertools
import select
import signal
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from functions.notify.events import Event
from functions.notify.sse import render
from shared import keys
from tests.infra.eventually import eventually
from tests.notify.following import subscribers
from tests.notify.wire import PATIENCE_S, Sent, ServerProcess, Sse, raw_stream
from tests.support import Story


def cursors(events: list[Sent]) -> list[str]:
    return [event.id for event in events]


def test_the_stream_ends_after_the_verdict_and_says_how_to_be_treated(
    server: ServerProcess, client: redis.Redis
) -> None:
    # Given a reader of a queued submission
    story = Story(client)
    with Sse(server.port, f"/events/{story.id}") as sse:
        assert sse.status == 200
        assert sse.response.headers["content-type"] == "text/event-stream"
        assert sse.response.headers["cache-control"] == "no-store"
        assert sse.response.headers["x-accel-buffering"] == "no"
        blocks = sse.blocks()
        first = next(blocks)
        assert first.retry_ms is not None
        assert 2000 <= first.retry_ms <= 3000

        # When it is judged
        assert next(blocks).event == "queued"
        story.tell()
        story.finish()
        rest = [block for block in blocks if block.event]

    # Then everything came, and the response ended by itself
    assert [block.event for block in rest] == ["preparing", "output", "finished"]
    assert cursors(rest) == [story.cursor(seq) for seq in (2, 3, 4)]
    assert rest[-1].document == {"status": "finished", "verdict": "accepted"}


def test_a_quiet_stream_has_a_heartbeat(server: ServerProcess, client: redis.Redis) -> None:
    story = Story(client)
    with Sse(server.port, f"/events/{story.id}") as sse:
        beats = (block for block in sse.blocks() if block.comments)
        assert [beat.comments for beat in itertools.islice(beats, 2)] == [[""], [""]]


@pytest.mark.parametrize("way", ["header", "query", "header over query"])
def test_a_client_resumes_where_it_was(
    server: ServerProcess, client: redis.Redis, way: str
) -> None:
    story = Story(client)
    story.tell(5)
    story.finish()
    query = {"query": story.cursor(4), "header over query": story.cursor(1)}.get(way, "")
    header = "" if way == "query" else story.cursor(4)
    path = f"/events/{story.id}?after={query}"
    with Sse(server.port, path, last_event_id=header) as sse:
        assert cursors(list(sse.events())) == [story.cursor(seq) for seq in range(5, 9)]


def test_a_client_that_comes_back_after_the_end_is_told_to_stay_away(
    server: ServerProcess, client: redis.Redis
) -> None:
    story = Story(client)
    story.finish()
    with Sse(server.port, f"/events/{story.id}", last_event_id=story.cursor(3)) as sse:
        assert sse.status == 204
        assert sse.response.read() == b""


def test_a_cursor_that_cannot_be_continued_gets_a_reset(
    server: ServerProcess, client: redis.Redis
) -> None:
    story = Story(client)
    story.finish()
    with Sse(server.port, f"/events/{story.id}", last_event_id="0000.7") as sse:
        (reset,) = sse.events()
    assert (reset.event, reset.id) == ("reset", story.cursor(3))
    assert reset.document["verdict"] == "accepted"


@pytest.mark.parametrize(
    ("path", "last_event_id", "status", "field"),
    [
        ("/events/nope", "", 404, None),
        ("/events/nope", "abc.1", 404, None),
        ("/events/{id}", "garbage", 400, "Last-Event-ID"),
        ("/events/{id}?after=1", "", 400, "after"),
        ("/events/{id}?after=%00.1", "", 400, "after"),
        ("/events/", "", 404, None),
    ],
)
def test_what_cannot_be_streamed_is_a_problem_document(
    server: ServerProcess,
    client: redis.Redis,
    path: str,
    last_event_id: str,
    status: int,
    field: str | None,
) -> None:
    story = Story(client)
    with Sse(server.port, path.format(id=story.id), last_event_id=last_event_id) as sse:
        assert sse.status == status
        problem = sse.problem()
    assert problem["status"] == status
    assert problem.get("field") == field


def test_head_is_answered_without_a_stream(server: ServerProcess, client: redis.Redis) -> None:
    story = Story(client)
    with Sse(server.port, f"/events/{story.id}", method="HEAD") as sse:
        assert sse.status == 200
        assert sse.response.headers["content-type"] == "text/event-stream"
        assert sse.response.read() == b""
    with Sse(server.port, f"/events/{story.id}", method="POST") as sse:
        assert sse.status == 405


def test_a_client_that_goes_away_leaves_nothing_behind(
    server: ServerProcess, client: redis.Redis
) -> None:
    story = Story(client)
    channel = keys.events(story.id)
    with Sse(server.port, f"/events/{story.id}") as sse:
        assert next(sse.events()).event == "queued"
        eventually(lambda: subscribers(client, channel) == 1)
    eventually(lambda: subscribers(client, channel) == 0)


def test_streams_past_the_cap_are_refused_with_retry_after(
    redis_url: str, client: redis.Redis, tmp_path: Path
) -> None:
    story = Story(client)
    path = f"/events/{story.id}"
    with (
        ServerProcess(redis_url, log=tmp_path / "log", max_streams=2) as server,
        ExitStack() as open_,
    ):
        for _ in range(2):
            assert open_.enter_context(Sse(server.port, path)).status == 200
        with Sse(server.port, path) as refused:
            assert refused.status == 503
            assert int(refused.response.headers["retry-after"]) > 0
            assert refused.problem()["type"] == "urn:assay:error:overloaded"
        open_.close()

        def is_open_again() -> bool:
            with Sse(server.port, path) as sse:
                return sse.status == 200

        eventually(is_open_again)


def test_a_shutdown_says_farewell_and_does_not_wait_for_streams(
    redis_url: str, client: redis.Redis, tmp_path: Path
) -> None:
    # Given a server with open streams, one of whose clients does not read
    stories = [Story(client) for _ in range(3)]
    with ServerProcess(redis_url, log=tmp_path / "log") as server, ExitStack() as open_:
        streams = [
            open_.enter_context(Sse(server.port, f"/events/{story.id}")) for story in stories
        ]
        open_.enter_context(raw_stream(server.port, stories[0].id))
        for stream in streams:
            next(stream.events())

        # When it is told to stop
        server.process.send_signal(signal.SIGTERM)

        # Then each stream ends in order, with a time to come back, and so does the server
        for stream in streams:
            *_, last = stream.blocks()
            assert last.retry_ms is not None
            assert last.comments
        server.process.wait(PATIENCE_S)
    assert "timeout graceful shutdown exceeded" not in (tmp_path / "log").read_text()


def test_a_client_that_does_not_read_costs_no_memory_delays_nobody_and_is_cut_off(
    redis_url: str, client: redis.Redis, tmp_path: Path
) -> None:
    count, size = 1000, 60_000
    story = Story(client)
    story.claim()
    with (
        ServerProcess(redis_url, log=tmp_path / "log", send_timeout_s=2.5) as server,
        Sse(server.port, f"/events/{story.id}") as sse,
        raw_stream(server.port, story.id) as stuck,
        raw_stream(server.port, story.id) as gone,
    ):
        events = sse.events()
        assert next(events).event == "queued"
        assert gone.recv(4096)  # both are being served
        before_bytes = server.memory_bytes

        # When 60 MB are streamed, and of three clients only one reads
        def publish() -> None:
            for _ in range(count):
                story.tell(text="x" * size)
            story.finish()

        publisher = threading.Thread(target=publish)
        publisher.start()
        seen = cursors(list(events))
        publisher.join()

        # Then that one has it all, the server has stored little of it,
        assert seen == [story.cursor(seq) for seq in range(2, count + 4)]
        assert server.memory_bytes - before_bytes < count * size / 2

        # and the others are cut off: not closed in order, which would wait for them.
        poller = select.poll()
        poller.register(stuck, 0)
        assert poller.poll(PATIENCE_S * 1000), "the client is still connected"
        assert poller.poll()[0][1] & (select.POLLHUP | select.POLLERR)
        eventually(lambda: subscribers(client, keys.events(story.id)) == 0)


def test_json_with_line_ends_stays_one_event() -> None:
    event = Event("e", 1, "output", b'{\n"a":\r\n1,\r"b": 2}')
    assert render(event) == (
        b'id: e.1\nevent: output\ndata: {\ndata: "a":\ndata: 1,\ndata: "b": 2}\n\n'
    )
