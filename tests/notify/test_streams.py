"""Following a batch, and all of one's own; and the streams by long-poll."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from contextlib import closing
from typing import Any

import pytest
import redis

from functions.notify.events import Event, parse_cursor
from functions.notify.hub import Hub
from shared import keys
from shared.errors import NotFound, Overloaded, TooMany
from tests.infra.eventually import eventually
from tests.notify.following import follow, hub_on, ids, kinds, run, subscribers, until
from tests.notify.wire import PATIENCE_S, ServerProcess, Sse
from tests.shared import submissions as subs
from tests.support import Story

MINE = keys.events(keys.tenant_events("local"))


def batch_of(client: redis.Redis, *stories: Story, tenant: str = "local") -> str:
    """A batch of submissions that are waiting."""
    batch = subs.batch_opened(client, "b1", tenant)
    meta: dict[Any, Any] = {"epoch": "b0b0", "state": "running", "total": len(stories)}
    client.hset(keys.batch(batch), mapping=meta)
    for index, story in enumerate(stories):
        origin: dict[Any, Any] = {"batch": batch, "index": index, "clientId": ""}
        client.hset(keys.submission(story.id), mapping=origin)
        client.sadd(keys.batch_left(batch), story.id)
    return batch


def fields_of_mine(client: redis.Redis) -> dict[str, str]:
    stored: Any = client.hgetall(keys.tenant_stream("local"))
    return {name.decode(): value.decode() for name, value in stored.items()}


async def watch_mine(hub: Hub, into: list[Event], after: str | None = None) -> None:
    with closing(
        await hub.follow("me", parse_cursor(after, field="after"), tenant="local")
    ) as reader:
        while not (reader.has_ended or reader.is_closing):
            into += await reader.read(5.0)


def test_my_stream_begins_with_what_is_there_and_goes_on_with_every_change(
    redis_url: str, client: redis.Redis
) -> None:
    async def main() -> tuple[list[Event], list[Event]]:
        async with hub_on(redis_url) as hub:
            live: list[Event] = []
            watching = asyncio.create_task(watch_mine(hub, live))
            await until(lambda: live and subscribers(client, MINE))
            new = Story(client)
            old.cancel()
            new.tell(20)
            new.finish()
            await until(lambda: kinds(live).count("finished") == 1)
            # A reader that comes back from the middle sees the rest, and the stream stays open.
            again: list[Event] = []
            resumed = asyncio.create_task(watch_mine(hub, again, live[2].id))
            await until(lambda: len(again) == len(live) - 3)
            for task in (watching, resumed):
                task.cancel()
            await asyncio.gather(watching, resumed, return_exceptions=True)
            assert hub.open_streams == 0
            return live, again

    # Given a submission from before and somebody else's, when I watch while another runs
    old = Story(client, problem="sum")
    Story(client, tenant="other").cancel()
    live, again = run(main())

    # Then I was shown the one, and told of both, without their output
    assert kinds(live)[0] == "reset"
    shown = json.loads(live[0].data)["submissions"]
    assert [(it["submissionId"], it["status"], it["problemId"]) for it in shown] == [
        (old.id, "queued", "sum")
    ]
    assert sorted(kinds(live)[1:]) == ["cancelled", "finished", "preparing", "queued"]
    numbers = [event.seq for event in live]
    assert numbers == list(range(numbers[0], numbers[0] + len(live)))
    assert ids(again) == ids(live)[3:]


def test_a_batch_ends_with_its_own_end_and_not_with_an_items(
    redis_url: str, client: redis.Redis
) -> None:
    async def main() -> list[Event]:
        async with hub_on(redis_url) as hub:
            seen: list[Event] = []
            reading = asyncio.create_task(follow(hub, batch, into=seen))
            await until(lambda: subscribers(client, keys.events(batch)))
            for story in stories:
                story.finish()
            return await reading

    stories = [Story(client), Story(client)]
    batch = batch_of(client, *stories)
    told_before = client.xlen(MINE)
    events = run(main())

    assert kinds(events) == ["item", "item", "finished"]
    assert [json.loads(it.data)["submissionId"] for it in events[:2]] == [it.id for it in stories]
    told: Any = client.xrange(MINE)
    assert {entry[b"t"] for _, entry in told[told_before:]} == {b"batch"}, "but not its items"


@pytest.mark.parametrize("after", ["b0b0.9", "feed.1"])
def test_a_batch_that_cannot_be_resumed_is_shown_as_it_is(
    redis_url: str, client: redis.Redis, after: str
) -> None:
    async def main() -> list[Event]:
        async with hub_on(redis_url) as hub:
            return await follow(hub, batch, after)

    story = Story(client)
    batch = batch_of(client, story)
    story.finish()
    [event] = run(main())
    assert (event.type, event.id) == ("reset", "b0b0.2")
    told = json.loads(event.data)
    assert (told["id"], told["status"], told["total"]) == ("b1", "finished", 1)


def test_a_foreign_batch_is_not_found(redis_url: str, client: redis.Redis) -> None:
    async def main() -> None:
        async with hub_on(redis_url) as hub:
            with pytest.raises(NotFound):
                await follow(hub, batch)
            assert hub.open_streams == 0

    batch = batch_of(client, Story(client), tenant="other")
    run(main())


def test_a_stream_that_was_trimmed_meanwhile_is_reset_and_keeps_its_epoch(
    redis_url: str, client: redis.Redis
) -> None:
    async def main() -> list[Event]:
        async with hub_on(redis_url) as hub:
            seen: list[Event] = []
            watching = asyncio.create_task(watch_mine(hub, seen, f"{epoch}.1"))
            await until(lambda: seen)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            return seen

    Story(client)
    epoch = fields_of_mine(client)["epoch"]
    for _ in range(5):
        Story(client)
    client.xtrim(MINE, maxlen=2, approximate=False)
    [event] = run(main())
    assert (event.type, event.id) == ("reset", f"{epoch}.6")
    assert len(json.loads(event.data)["submissions"]) == 2


def test_seats_are_counted_for_each_tenant_and_in_all(redis_url: str, client: redis.Redis) -> None:
    async def main() -> None:
        async with hub_on(redis_url, max_streams=4, tenant_max_streams=2) as hub:
            readers = [await hub.follow("me", None, tenant="a") for _ in range(2)]
            with pytest.raises(TooMany):
                await hub.follow("me", None, tenant="a")
            readers += [await hub.follow("me", None, tenant="b")]
            with pytest.raises(TooMany):
                await hub.follow("me", None, tenant="b", most_streams=1)
            readers += [await hub.follow("me", None, tenant="c")]
            with pytest.raises(Overloaded):
                await hub.follow("me", None, tenant="d")
            readers[0].close()
            readers[0] = await hub.follow("me", None, tenant="d")
            for reader in readers:
                reader.close()
            assert hub.open_streams == 0

    run(main())


# By long-poll


def poll(server: ServerProcess, name: str, query: str = "") -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
    with closing(connection):
        connection.request("GET", f"/events/{name}?{query}", headers={"accept": "application/json"})
        response = connection.getresponse()
        assert response.headers["content-type"] in ("application/json", "application/problem+json")
        return response.status, json.load(response)


def test_polling_gives_the_events_of_the_stream_with_their_ids(
    server: ServerProcess, client: redis.Redis
) -> None:
    story = Story(client)
    story.tell(600)
    story.finish()
    with Sse(server.port, f"/events/{story.id}") as sse:
        streamed = [(it.id, it.event, it.document) for it in sse.events()]

    polled, cursor, calls = [], "", 0
    while True:
        status, page = poll(server, story.id, f"after={cursor}")
        assert status == 200
        polled += [(it["id"], it["event"], it["data"]) for it in page["events"]]
        cursor, calls = page["cursor"], calls + 1
        if page["end"]:
            break

    assert polled == streamed
    assert calls > 2, "pages are bounded"
    assert poll(server, story.id, f"after={cursor}") == (
        200, {"events": [], "cursor": cursor, "end": True},
    )  # fmt: skip


def test_a_poll_waits_for_the_next_event_and_no_longer_than_it_is_told(
    server: ServerProcess, client: redis.Redis
) -> None:
    story = Story(client)
    first = poll(server, story.id)[1]["cursor"]
    assert poll(server, story.id, f"after={first}&wait=0.05") == (
        200, {"events": [], "cursor": first, "end": False},
    )  # fmt: skip

    answers: list[Any] = []
    waiting = threading.Thread(
        target=lambda: answers.append(poll(server, story.id, f"after={first}&wait=60")[1])
    )
    waiting.start()
    eventually(lambda: subscribers(client, keys.events(story.id)) == 1)
    story.cancel()
    waiting.join()
    assert [it["event"] for it in answers[0]["events"]] == ["cancelled"]
    assert answers[0]["end"]
    eventually(lambda: subscribers(client, keys.events(story.id)) == 0)


@pytest.mark.parametrize(
    ("query", "field"), [("after=x", "after"), ("wait=-1", "wait"), ("wait=61", "wait")]
)
def test_a_poll_that_asks_nonsense_is_told_so(
    server: ServerProcess, client: redis.Redis, query: str, field: str
) -> None:
    status, problem = poll(server, Story(client).id, query)
    assert (status, problem["field"]) == (400, field)
