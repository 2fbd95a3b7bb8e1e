"""What a reader of one stream is promised, on a real Valkey."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing

import pytest
import redis

from functions.notify.events import Event, parse_cursor
from functions.notify.hub import Hub
from functions.notify.streams import View
from shared import keys
from shared.errors import InvalidField, NotFound, Overloaded, Unavailable
from shared.identity import LOCAL_TENANT
from tests.notify.following import follow, hub_on, ids, kinds, run, subscribers, until
from tests.support import Story


def test_a_reader_sees_every_event_in_order_and_then_the_stream_ends(
    redis_url: str, client: redis.Redis
) -> None:
    async def main() -> list[Event]:
        async with hub_on(redis_url) as hub:
            reader = asyncio.create_task(follow(hub, story.id, into=seen))
            await until(lambda: seen)
            story.tell(3)
            await until(lambda: len(seen) == 5)  # heard live, not only at the end
            story.finish()
            return await reader

    # Given a submission in the queue, when it runs while somebody reads
    seen: list[Event] = []
    story = Story(client)
    events = run(main())

    # Then the reader has seen it all
    assert kinds(events) == ["queued", "preparing", "output", "output", "output", "finished"]
    assert ids(events) == [story.cursor(seq) for seq in range(1, 7)]
    assert json.loads(events[-1].data) == {"status": "finished", "verdict": "accepted"}


def test_cancelled_ends_a_stream_too(redis_url: str, client: redis.Redis) -> None:
    async def main() -> list[Event]:
        async with hub_on(redis_url) as hub:
            return await follow(hub, story.id)

    story = Story(client)
    story.cancel()
    assert kinds(run(main())) == ["queued", "cancelled"]


@pytest.mark.parametrize("is_finished", [True, False])
@pytest.mark.parametrize("seen", [0, 1, 3, 99])
def test_a_reader_resumes_behind_its_cursor(
    redis_url: str, client: redis.Redis, seen: int, is_finished: bool
) -> None:
    async def main() -> list[Event]:
        async with hub_on(redis_url) as hub:
            reading = asyncio.create_task(follow(hub, story.id, story.cursor(seen)))
            await asyncio.sleep(0.02)
            if not is_finished:
                story.finish()
            return await reading

    # Given a stream of 101 events, when a reader comes back that has seen some
    story = Story(client)
    story.tell(98)
    if is_finished:
        story.finish()
    events = run(main())

    # Then it gets exactly the rest
    assert ids(events) == [story.cursor(seq) for seq in range(seen + 1, 102)]


def test_a_stream_longer_than_the_ring_is_read_whole(redis_url: str, client: redis.Redis) -> None:
    async def main() -> tuple[list[Event], list[Event]]:
        async with hub_on(redis_url) as hub:
            first: list[Event] = []
            early = asyncio.create_task(follow(hub, story.id, into=first))
            await until(lambda: first)
            for _ in range(10):
                story.tell(100, text="x" * 2000)  # 2 MB, past the ring in bytes and in number
                await asyncio.sleep(0)
            late = asyncio.create_task(follow(hub, story.id))
            await asyncio.sleep(0.01)
            story.finish()
            return await early, await late

    story = Story(client)
    early, late = run(main())
    assert ids(early) == [story.cursor(seq) for seq in range(1, 1004)]
    assert early == late


def reset_cursors() -> list[object]:
    return [
        pytest.param("{epoch}.999", id="ahead of the stream"),
        pytest.param("deadbeef.3", id="of another epoch"),
        pytest.param("{foreign}.2", id="of another submission"),
        pytest.param("{epoch}.1", id="before what is still stored"),
        pytest.param(None, id="none, and the beginning is no longer stored"),
    ]


@pytest.mark.parametrize("after", reset_cursors())
def test_a_reader_whose_place_is_gone_gets_one_reset_with_a_snapshot(
    redis_url: str, client: redis.Redis, after: str | None
) -> None:
    async def main() -> list[Event]:
        async with hub_on(redis_url) as hub:
            events: list[Event] = []
            cursor = after and after.format(epoch=story.epoch, foreign=foreign.epoch)
            reading = asyncio.create_task(follow(hub, story.id, cursor, into=events))
            await until(lambda: events)
            story.finish()
            return await reading

    # Given a running submission at event 6, of whose stream the first 3 were trimmed
    story = Story(client)
    story.tell(4)
    foreign = Story(client)
    client.xtrim(keys.events(story.id), minid="4-0", approximate=False)

    # When a reader comes with a cursor that cannot be continued
    reset, finished = run(main())

    # Then it gets the state of now, from where the stream goes on
    assert reset.type == "reset"
    assert reset.id == story.cursor(6)
    document = json.loads(reset.data)
    assert document["id"] == story.id
    assert document["status"] == "running"
    assert document["cursor"] == reset.id
    assert (finished.id, finished.type) == (story.cursor(7), "finished")


def test_a_reset_to_a_finished_submission_is_the_last_event(
    redis_url: str, client: redis.Redis
) -> None:
    async def main() -> list[Event]:
        async with hub_on(redis_url) as hub:
            return await follow(hub, story.id, "deadbeef.3")

    story = Story(client)
    story.finish()
    (reset,) = run(main())
    assert json.loads(reset.data)["verdict"] == "accepted"
    assert json.loads(reset.data)["stdout"] == "hello\n"
    assert reset.id == story.cursor(3)


def test_a_reader_past_the_end_is_told_so(redis_url: str, client: redis.Redis) -> None:
    async def main() -> tuple[bool, list[Event]]:
        async with hub_on(redis_url) as hub:
            cursor = parse_cursor(story.cursor(3), field="after")
            with closing(await hub.follow(story.id, cursor, tenant=LOCAL_TENANT)) as reader:
                return reader.is_past_end, await reader.read(1.0)

    story = Story(client)
    story.finish()
    assert run(main()) == (True, [])


@pytest.mark.parametrize(
    "text",
    ["7", "abc", "abc.", ".7", "abc.-1", "abc.1.2", "abc.01", "abc.1 ", "ab c.1", "abc.²",
     "abc.9999999999999999", "é.1", "x" * 33 + ".1", "$", "0-0", "abc.1\n"],
)  # fmt: skip
def test_garbage_for_a_cursor_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidField) as caught:
        parse_cursor(text, field="Last-Event-ID")
    assert caught.value.field == "Last-Event-ID"


@pytest.mark.parametrize("submission_id", ["nope", "two-sum", "", "a b", "*"])
def test_an_unknown_submission_is_not_found(
    redis_url: str, client: redis.Redis, submission_id: str
) -> None:
    async def main() -> None:
        async with hub_on(redis_url) as hub:
            try:
                await follow(hub, submission_id)
            finally:
                assert hub.open_streams == 0

    # `two-sum` has a newest submission, yet it names a problem and not a stream.
    Story(client, problem="two-sum")
    with pytest.raises(NotFound):
        run(main())


def test_somebody_elses_stream_is_not_found(redis_url: str, client: redis.Redis) -> None:
    async def main() -> None:
        async with hub_on(redis_url) as hub:
            await follow(hub, story.id, tenant="mallory")

    story = Story(client)
    with pytest.raises(NotFound):
        run(main())


class TellingHub(Hub):
    """Something happens at the worst moment: after the snapshot, before the channel exists."""

    story: Story

    async def view(self, name: str, tenant: str) -> View:
        view = await super().view(name, tenant)
        self.story.tell(2)
        return view


def test_an_event_between_snapshot_and_subscription_is_not_lost(
    redis_url: str, client: redis.Redis
) -> None:
    async def main() -> list[Event]:
        async with hub_on(redis_url, kind=TellingHub) as hub:
            assert isinstance(hub, TellingHub)
            hub.story = story
            seen: list[Event] = []
            first = asyncio.create_task(follow(hub, story.id, into=seen))
            # Without a sweep, and with nothing more to come: only the acknowledged
            # subscription can be the reason to look.
            await until(lambda: len(seen) == 4)
            # The second reader finds a channel that is subscribed already.
            again: list[Event] = []
            second = asyncio.create_task(follow(hub, story.id, into=again))
            await until(lambda: len(seen) == len(again) == 6)
            story.finish()
            assert await first == await second
            return seen

    story = Story(client)
    assert ids(run(main())) == [story.cursor(seq) for seq in range(1, 8)]


def test_one_connection_listens_whatever_the_number_of_readers(
    redis_url: str, client: redis.Redis
) -> None:
    async def main() -> tuple[int, int]:
        async with hub_on(redis_url) as hub:
            before = connected()
            readers = [
                asyncio.create_task(follow(hub, story.id)) for story in stories for _ in range(4)
            ]
            await until(lambda: all(subscribers(client, name) == 1 for name in channels))
            await until(lambda: hub.open_streams == len(readers))
            opened = connected() - before
            for story in stories:
                story.cancel()
            lengths = {len(await reader) for reader in readers}
            assert lengths == {2}
            await until(lambda: not any(subscribers(client, name) for name in channels))
            return opened, hub.open_streams

    def connected() -> int:
        return int(client.info("clients")["connected_clients"])

    # Given 100 streams with 4 readers each
    stories = [Story(client) for _ in range(100)]
    channels = [keys.events(story.id) for story in stories]
    opened, left_open = run(main())

    # Then one connection listens, one repairs, four ask; at the end, nothing is left
    assert opened <= 1 + 4 + 1
    assert left_open == 0


def test_the_subscription_ends_when_the_last_reader_leaves(
    redis_url: str, client: redis.Redis
) -> None:
    async def main() -> None:
        async with hub_on(redis_url) as hub:
            first = asyncio.create_task(follow(hub, story.id))
            second = asyncio.create_task(follow(hub, story.id))
            await until(lambda: hub.open_streams == 2)
            await until(lambda: subscribers(client, channel) == 1)
            first.cancel()
            await until(lambda: hub.open_streams == 1)
            await asyncio.sleep(0.05)
            assert subscribers(client, channel) == 1
            second.cancel()
            await until(lambda: subscribers(client, channel) == 0)
            # And the next one subscribes anew.
            third = asyncio.create_task(follow(hub, story.id))
            await until(lambda: subscribers(client, channel) == 1)
            story.finish()
            assert len(await third) == 3

    story = Story(client)
    channel = keys.events(story.id)
    run(main())


def test_more_streams_than_allowed_are_refused_until_one_ends(
    redis_url: str, client: redis.Redis
) -> None:
    async def main() -> None:
        async with hub_on(redis_url, max_streams=2) as hub:
            readers = [asyncio.create_task(follow(hub, story.id)) for _ in range(2)]
            await until(lambda: hub.open_streams == 2)
            with pytest.raises(Overloaded) as caught:
                await follow(hub, story.id)
            assert caught.value.retry_after_s > 0
            story.finish()
            await asyncio.gather(*readers)
            assert len(await follow(hub, story.id)) == 3

    story = Story(client)
    run(main())


def test_a_closing_hub_ends_every_stream_and_takes_no_new_one(
    redis_url: str, client: redis.Redis
) -> None:
    async def main() -> list[Event]:
        async with hub_on(redis_url) as hub:
            seen: list[Event] = []
            reader = asyncio.create_task(follow(hub, story.id, into=seen))
            await until(lambda: seen)
            hub.close()
            await reader
            with pytest.raises(Unavailable):
                await follow(hub, story.id)
            return seen

    story = Story(client)
    assert kinds(run(main())) == ["queued"]


def test_a_message_that_is_not_ours_is_ignored(redis_url: str, client: redis.Redis) -> None:
    async def main() -> list[Event]:
        async with hub_on(redis_url) as hub:
            reader = asyncio.create_task(follow(hub, story.id))
            await until(lambda: subscribers(client, channel) == 1)
            for payload in ("", "x", "1", "x:y:z", "1:queued:{}", b"2:\xff:{}"):
                client.publish(channel, payload)
            story.finish()
            return await reader

    story = Story(client)
    channel = keys.events(story.id)
    assert kinds(run(main())) == ["queued", "preparing", "finished"]


def test_what_was_shared_is_told_to_nobody_once_that_is_taken_back(
    redis_url: str, client: redis.Redis
) -> None:
    async def main() -> None:
        async with hub_on(redis_url) as hub:
            store = hub._store
            await store.share(story.id, shared=True, tenant=LOCAL_TENANT)
            guest = await hub.follow(story.id, None, tenant="somebody")
            owner = await hub.follow(story.id, None, tenant=LOCAL_TENANT)
            with closing(guest), closing(owner):
                assert kinds(await guest.read(5.0)) == ["queued"]
                assert kinds(await owner.read(5.0)) == ["queued"]
                await store.share(story.id, shared=False, tenant=LOCAL_TENANT)
                story.tell(2)
                seen: list[Event] = []
                while len(seen) < 3:
                    seen += await owner.read(5.0)
                assert await guest.read(5.0) == []
                assert guest.has_ended

    story = Story(client)
    run(main())
