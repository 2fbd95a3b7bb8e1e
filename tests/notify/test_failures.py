"""What readers see when pub/sub fails, and when Redis does."""

from __future__ import annotations

import asyncio
import json
import shutil
from contextlib import suppress
from pathlib import Path

import redis

from functions.notify.events import Event
from functions.notify.hub import Hub
from infra.local.valkey import Valkey
from shared import keys
from shared.connect import blocking_client
from tests.notify.following import (
    follow,
    hub_on,
    ids,
    kill_pubsub,
    kinds,
    run,
    subscribers,
    until,
)
from tests.support import Story


class DeafHub(Hub):
    """Loses messages while told to, as a pub/sub connection may at any time."""

    is_deaf = False
    lost = 0

    def _on_message(self, submission_id: str, payload: bytes) -> None:
        if self.is_deaf:
            self.lost += 1
        else:
            super()._on_message(submission_id, payload)


def test_a_lost_message_is_found_by_the_next_one(redis_url: str, client: redis.Redis) -> None:
    async def main() -> list[Event]:
        async with hub_on(redis_url, kind=DeafHub) as hub:
            assert isinstance(hub, DeafHub)
            seen: list[Event] = []
            reader = asyncio.create_task(follow(hub, story.id, into=seen))
            await until(lambda: subscribers(client, keys.events(story.id)) and seen)
            hub.is_deaf = True
            story.tell(100)  # more than the hub reads at once in a repair
            await until(lambda: hub.lost == 101)
            hub.is_deaf = False
            story.finish()
            return await reader

    story = Story(client)
    assert ids(run(main())) == [story.cursor(seq) for seq in range(1, 104)]


def test_a_lost_last_message_is_found_by_the_sweep(redis_url: str, client: redis.Redis) -> None:
    async def main() -> list[Event]:
        async with hub_on(redis_url, kind=DeafHub, sweep_s=0.1) as hub:
            assert isinstance(hub, DeafHub)
            hub.is_deaf = True
            reader = asyncio.create_task(follow(hub, story.id))
            await until(lambda: subscribers(client, keys.events(story.id)))
            story.finish()
            return await reader

    story = Story(client)
    assert kinds(run(main())) == ["queued", "preparing", "finished"]


def test_what_was_published_while_the_connection_was_cut_is_not_lost(
    redis_url: str, client: redis.Redis
) -> None:
    async def main() -> list[Event]:
        async with hub_on(redis_url) as hub:
            seen: list[Event] = []
            reader = asyncio.create_task(follow(hub, story.id, into=seen))
            await until(lambda: subscribers(client, keys.events(story.id)) and seen)
            for _ in range(5):
                kill_pubsub(client)
                story.tell(2)  # the hub has not run since: it is not subscribed
                await until(lambda: len(seen) == story.seq)
            kill_pubsub(client)
            story.finish()
            return await reader

    story = Story(client)
    assert ids(run(main())) == [story.cursor(seq) for seq in range(1, 14)]


class Muting:
    """Stands between a hub and Redis, and can let a pub/sub connection die without a word."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.muted: set[asyncio.StreamWriter] = set()
        self.listeners: list[asyncio.StreamWriter] = []
        self.open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        up_reader, up_writer = await asyncio.open_unix_connection(self.target)
        back = asyncio.create_task(self._pass_back(up_reader, writer))
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if b"\r\nSUBSCRIBE\r\n" in data and writer not in self.listeners:
                    self.listeners.append(writer)
                up_writer.write(data)
        up_writer.close()
        await back
        writer.close()
        for each in (up_writer, writer):
            with suppress(ConnectionError):
                await each.wait_closed()
        self.open -= 1

    async def _pass_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if writer not in self.muted:
                    writer.write(data)


def test_a_connection_that_died_without_a_word_is_replaced(
    valkey: Valkey, client: redis.Redis, tmp_path: Path
) -> None:
    async def main() -> list[Event]:
        proxy = Muting(str(valkey.socket))
        path = tmp_path / "proxy.sock"
        async with await asyncio.start_unix_server(proxy.serve, path):
            async with hub_on(f"unix://{path}", sweep_s=0.1) as hub:
                seen: list[Event] = []
                reader = asyncio.create_task(follow(hub, story.id, into=seen))
                await until(lambda: len(proxy.listeners) == 1)
                # When nothing comes through it any more, though nobody has closed it
                proxy.muted.add(proxy.listeners[0])
                story.tell()
                # Then what was told is found all the same, and another one is opened
                await until(lambda: len(seen) == 3)
                await until(lambda: len(proxy.listeners) == 2)
                story.finish()
                events = await reader
            await until(lambda: proxy.open == 0)
        return events

    client.flushall()
    story = Story(client)
    assert ids(run(main())) == [story.cursor(seq) for seq in range(1, 5)]


def test_readers_go_on_after_redis_was_killed_and_restarted(tmp_path: Path) -> None:
    async def main() -> list[Event]:
        async with hub_on(server.url) as hub:
            seen: list[Event] = []
            reader = asyncio.create_task(follow(hub, story.id, into=seen))
            await until(lambda: len(seen) == 4)
            server.kill()
            late = asyncio.create_task(follow(hub, story.id, story.cursor(2)))
            await asyncio.sleep(0.3)
            assert not reader.done()
            server.start()
            story.tell(2)
            story.finish()
            assert (await late)[-3:] == (await reader)[-3:]
            return seen

    # Given a Redis that writes what it answers to its file, when it is killed
    with Valkey(tmp_path) as server, blocking_client(server.url) as client:
        story = Story(client)
        story.tell(2)
        events = run(main())

    # Then readers, also one that came in the meantime, notice nothing but a pause
    assert ids(events) == [story.cursor(seq) for seq in range(1, 8)]


def test_readers_are_reset_when_redis_lost_its_last_second(tmp_path: Path) -> None:
    async def main() -> list[Event]:
        async with hub_on(server.url) as hub, hub_on(server.url) as other:
            seen: list[Event] = []
            reader = asyncio.create_task(follow(hub, story.id, into=seen))
            await until(lambda: len(seen) == 6)
            server.stop()
            shutil.rmtree(server.folder)
            saved.rename(server.folder)
            server.start()
            await until(lambda: len(seen) == 7)
            story.tell(3)  # its numbers have been used before
            await until(lambda: len(seen) == 10)
            # A reader that missed all this comes back, here or elsewhere, with its old id.
            returned = [
                asyncio.create_task(follow(each, story.id, story.cursor(6)))
                for each in (hub, other)
            ]
            await until(lambda: hub.open_streams == 2 and other.open_streams == 1)
            story.finish()
            for task in returned:
                assert (await task)[0].type == "reset"
            return await reader

    # Given a Redis that comes back as it was two events ago
    saved = tmp_path / "saved"
    with Valkey(tmp_path) as server, blocking_client(server.url) as client:
        story = Story(client)
        story.tell(2)
        server.stop()
        shutil.copytree(server.folder, saved)
        server.start()
        story.tell(2)
        events = run(main())
        epoch = client.hget(keys.submission(story.id), "epoch")

    # Then the reader is told where it now is, under an epoch that no old id has
    assert kinds(events)[6:] == ["reset", "output", "output", "output", "finished"]
    assert ids(events)[:6] == [story.cursor(seq) for seq in range(1, 7)]
    assert epoch is not None
    assert epoch.decode() != story.epoch
    assert ids(events)[6:] == [f"{epoch.decode()}.{seq}" for seq in range(4, 9)]


def test_readers_are_reset_when_redis_comes_back_with_another_past(tmp_path: Path) -> None:
    async def main() -> list[Event]:
        async with hub_on(server.url) as hub:
            seen: list[Event] = []
            reader = asyncio.create_task(follow(hub, story.id, into=seen))
            await until(lambda: subscribers(client, keys.events(story.id)) and len(seen) == 4)
            story.tell(2, text="first")
            await until(lambda: len(seen) == 6)
            server.stop()
            shutil.rmtree(server.folder)
            saved.rename(server.folder)
            server.start()
            # Before the hub is back, the same numbers are given to other events.
            story.tell(2, text="second")
            await until(lambda: len(seen) == 7)
            story.finish()
            return await reader

    saved = tmp_path / "saved"
    with Valkey(tmp_path) as server, blocking_client(server.url) as client:
        story = Story(client)
        story.tell(2)
        server.stop()
        shutil.copytree(server.folder, saved)
        server.start()
        events = run(main())

    assert kinds(events)[6:] == ["reset", "finished"]
    assert events[6].epoch != story.epoch
    assert events[6].seq == 6


def test_streams_end_when_redis_lost_everything(redis_url: str, client: redis.Redis) -> None:
    async def main() -> list[Event]:
        async with hub_on(redis_url) as hub:
            seen: list[Event] = []
            reader = asyncio.create_task(follow(hub, story.id, into=seen))
            await until(lambda: subscribers(client, keys.events(story.id)) and seen)
            client.flushall()
            kill_pubsub(client)
            return await reader

    # Then a reader that comes back is told by a 404
    story = Story(client)
    assert kinds(run(main())) == ["queued"]


def test_a_new_epoch_in_the_store_resets_readers_once(redis_url: str, client: redis.Redis) -> None:
    async def main() -> list[Event]:
        async with hub_on(redis_url, sweep_s=0.1) as hub:
            seen: list[Event] = []
            readers = [asyncio.create_task(follow(hub, story.id, into=into)) for into in (seen, [])]
            await until(lambda: len(seen) == 3)
            client.hset(keys.submission(story.id), "epoch", "cafe")
            await until(lambda: len(seen) == 4)
            document = json.loads(seen[-1].data)
            assert document["cursor"] == "cafe.3"
            story.finish()
            await asyncio.gather(*readers)
            return seen

    story = Story(client)
    story.tell()
    events = run(main())
    assert kinds(events)[3:] == ["reset", "finished"]
    assert ids(events)[3:] == ["cafe.3", "cafe.4"]
