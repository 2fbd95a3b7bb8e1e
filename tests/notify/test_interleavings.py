"""Whatever happens in whatever order, a reader has seen a contiguous piece of its stream."""

from __future__ import annotations

import asyncio

import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.notify.events import Event
from infra.local.valkey import Valkey
from shared.connect import blocking_client
from tests.notify.following import follow, hub_on, kill_pubsub, run
from tests.notify.test_failures import DeafHub
from tests.support import Story

#: What may happen: its name, and a number that says how many or which.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["publish", "attach", "attach", "resume", "detach", "deafen", "hear", "cut", "pause"]
        ),
        st.integers(0, 5),
    ),
    max_size=25,
)


class World:
    """Readers of one stream on two hubs, and what was given to each."""

    def __init__(self, hubs: list[DeafHub], client: redis.Redis) -> None:
        self.hubs = hubs
        self.client = client
        self.story = Story(client)
        self.story.claim()
        self.logs: list[tuple[int, list[Event]]] = []
        self.tasks: list[asyncio.Task[list[Event]]] = []

    def publish(self, number: int) -> None:
        self.story.tell(1 + number * number)

    def attach(self, number: int) -> None:
        self._open(number, after=0)

    def resume(self, number: int) -> None:
        if self.logs:
            first, seen = self.logs[number % len(self.logs)]
            self._open(number + 1, after=seen[-1].seq if seen else first)

    def detach(self, number: int) -> None:
        if self.tasks:
            self.tasks[number % len(self.tasks)].cancel()

    def deafen(self, number: int) -> None:
        self.hubs[number % 2].is_deaf = True

    def hear(self, number: int) -> None:
        self.hubs[number % 2].is_deaf = False

    def cut(self, _number: int) -> None:
        kill_pubsub(self.client)

    def pause(self, _number: int) -> None:
        pass

    def _open(self, number: int, *, after: int) -> None:
        seen: list[Event] = []
        self.logs.append((after, seen))
        hub, cursor = self.hubs[number % 2], self.story.cursor(after)
        self.tasks.append(
            asyncio.create_task(follow(hub, self.story.id, cursor if after else None, into=seen))
        )


async def live(url: str, steps: list[tuple[str, int]]) -> None:
    with blocking_client(url) as client:
        async with (
            hub_on(url, kind=DeafHub, sweep_s=0.05) as one,
            hub_on(url, kind=DeafHub, sweep_s=0.05) as two,
        ):
            assert isinstance(one, DeafHub)
            assert isinstance(two, DeafHub)
            world = World([one, two], client)
            for name, number in steps:
                getattr(world, name)(number)
                for _ in range(number):  # so far the others come until the next step
                    await asyncio.sleep(0)
                if name == "pause":
                    await asyncio.sleep(0.002 * number)
            world.story.finish()
            detached = [task.cancelling() > 0 for task in world.tasks]
            await asyncio.gather(*world.tasks, return_exceptions=True)

    top = world.story.seq
    for (after, seen), was_detached in zip(world.logs, detached, strict=True):
        numbers = [event.seq for event in seen]
        assert numbers == list(range(after + 1, after + 1 + len(numbers)))
        assert {event.epoch for event in seen} <= {world.story.epoch}
        assert was_detached or after + len(numbers) == top


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_any_interleaving_gives_a_contiguous_piece_up_to_the_end(
    valkey: Valkey, steps: list[tuple[str, int]]
) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()  # the next claim must be the story's own
    run(live(valkey.url, steps))
