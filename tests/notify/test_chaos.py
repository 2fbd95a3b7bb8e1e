"""Many readers that drop and resume, while the pub/sub connections are cut: nothing is lost.

The same chaos around the usual way, "read the stream, then subscribe", does lose events;
that control shows that the chaos is worth its name.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, closing, suppress

from redis.exceptions import RedisError

from functions.notify.events import Cursor, parse_bell, parse_entry
from functions.notify.hub import Hub
from shared import keys
from shared.connect import async_client, blocking_client
from shared.identity import LOCAL_TENANT
from tests.notify.following import hub_on, kill_pubsub, run
from tests.support import Story

STREAMS = 10
READERS_OF_EACH = 4
#: The chaos lasts until it has been bad enough, however slow the machine is.
EVENTS = 800
KILLS = 10
KILL_EVERY_S = 0.25

#: Opens a stream behind a sequence number, and drops it after so many seconds.
Open = Callable[[Story, int, float], AsyncGenerator[int, None]]


def naive(url: str) -> Open:
    """What most would write: the stored events, then the live ones."""

    async def read(story: Story, after: int, life_s: float) -> AsyncGenerator[int, None]:
        end = time.monotonic() + life_s
        async with async_client(url) as client, client.pubsub() as pubsub:
            stored = await client.xrange(keys.events(story.id), min=f"({after}-0")
            for entry in stored or []:
                yield parse_entry(entry).seq
            await pubsub.subscribe(keys.events(story.id))
            while time.monotonic() < end:
                message = await pubsub.get_message(timeout=0.05)
                if message is not None and message["type"] == "message":
                    yield parse_bell(message["data"]).seq

    return read


def through(hubs: list[Hub]) -> Open:
    """Over any of several hubs, as behind a load balancer; dropped at any await."""

    async def read(story: Story, after: int, life_s: float) -> AsyncGenerator[int, None]:
        end = asyncio.get_running_loop().time() + life_s
        hub = random.choice(hubs)
        async with asyncio.timeout_at(end):
            reader = await hub.follow(story.id, Cursor(story.epoch, after), tenant=LOCAL_TENANT)
        with closing(reader):
            while not reader.has_ended:
                async with asyncio.timeout_at(end):
                    events = await reader.read(1.0)
                for event in events:
                    assert event.type != "reset"
                    yield event.seq

    return read


class Witness:
    """A reader that drops and resumes, and notes every number it was given."""

    def __init__(self, open_stream: Open, story: Story) -> None:
        self.seen: list[int] = []
        self.resumes = 0
        self._open = open_stream
        self._story = story

    async def watch(self, top: Callable[[], int]) -> None:
        """Until all there is has been seen."""
        while not self.seen or self.seen[-1] != top():
            last = self.seen[-1] if self.seen else 0
            with suppress(TimeoutError, RedisError, OSError):
                async with aclosing(
                    self._open(self._story, last, random.uniform(0.02, 0.6))
                ) as stream:
                    async for seq in stream:
                        self.seen.append(seq)
            self.resumes += 1

    def violations(self, top: int) -> int:
        """Gaps, duplicates and wrong order, and what is missing at the end."""
        steps = zip([0, *self.seen], self.seen, strict=False)
        wrong = sum(following != before + 1 for before, following in steps)
        return wrong + (not self.seen or self.seen[-1] != top)


class Chaos:
    """Publishes to all streams and cuts connections, from a thread of its own."""

    def __init__(self, url: str) -> None:
        self.kills = 0
        self._client = blocking_client(url)
        self.stories = []
        for _ in range(STREAMS):
            self.stories.append(Story(self._client))
            self.stories[-1].claim()
        self.is_over = False
        self._thread = threading.Thread(target=self._rage)

    def __enter__(self) -> Chaos:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over = True
        self._thread.join()
        self._client.close()

    def _rage(self) -> None:
        told, kill_at = 0, time.monotonic()
        while not self.is_over and (told < EVENTS or self.kills < KILLS):
            count = random.choice([1, 1, 1, 3])
            random.choice(self.stories).tell(count)
            told += count
            if time.monotonic() > kill_at:
                kill_pubsub(self._client)
                self.kills += 1
                kill_at = time.monotonic() + KILL_EVERY_S
            time.sleep(0.002)
        for story in self.stories:
            story.finish()
        self.is_over = True


async def suffer(url: str, open_stream: Open) -> tuple[int, int]:
    """Violations and resumes of all witnesses."""
    with Chaos(url) as chaos:
        witnesses = [
            (Witness(open_stream, story), story)
            for story in chaos.stories
            for _ in range(READERS_OF_EACH)
        ]

        def top_of(story: Story) -> Callable[[], int]:
            return lambda: story.seq if chaos.is_over else -1

        await asyncio.gather(*(witness.watch(top_of(story)) for witness, story in witnesses))
        violations = sum(witness.violations(story.seq) for witness, story in witnesses)
    return violations, sum(witness.resumes for witness, _ in witnesses)


def test_no_gap_and_no_duplicate_in_chaos(redis_url: str) -> None:
    async def main() -> tuple[int, int]:
        async with hub_on(redis_url) as one, hub_on(redis_url) as two:
            outcome = await suffer(redis_url, through([one, two]))
            assert one.open_streams == two.open_streams == 0
            return outcome

    violations, resumes = run(main())
    assert violations == 0
    assert resumes > 2 * STREAMS * READERS_OF_EACH


def test_the_naive_way_loses_events_in_the_same_chaos(redis_url: str) -> None:
    # Chance decides how much it loses; on a slow machine one round may be too kind.
    assert any(run(suffer(redis_url, naive(redis_url)))[0] for _ in range(8))
