"""The ring of one stream."""

from __future__ import annotations

import asyncio

from functions.notify.channel import BATCH_EVENTS, RING_BYTES, RING_EVENTS, Channel
from functions.notify.events import Bell
from functions.notify.streams import of_submission


def bell(seq: int, size: int = 2) -> Bell:
    return Bell(seq, "output", b"x" * size)


def numbers(channel: Channel, after: int) -> list[int] | None:
    events = channel.after(after)
    return None if events is None else [event.seq for event in events]


def test_only_the_event_that_follows_is_taken() -> None:
    channel = Channel(of_submission("id"), "e", 3)
    assert channel.offer(bell(4))
    assert channel.offer(bell(4)), "a known one is dropped"
    assert channel.offer(bell(1))
    assert not channel.offer(bell(6)), "one is missing"
    assert channel.last == 4
    assert channel.offer(bell(5))
    assert channel.offer(bell(6))
    assert numbers(channel, 3) == [4, 5, 6]
    assert numbers(channel, 5) == [6]
    assert numbers(channel, 6) == []
    assert numbers(channel, 9) == []
    assert numbers(channel, 2) is None, "not here, but in Redis"


def test_a_reader_takes_a_bounded_batch() -> None:
    channel = Channel(of_submission("id"), "e", 0)
    for seq in range(1, 101):
        assert channel.offer(bell(seq))
    assert numbers(channel, 10) == list(range(11, 11 + BATCH_EVENTS))


def test_the_ring_is_bounded_in_number_and_in_bytes() -> None:
    many, large = Channel(of_submission("id"), "e", 0), Channel(of_submission("id"), "e", 0)
    for seq in range(1, 1001):
        many.offer(bell(seq))
        large.offer(bell(seq, size=RING_BYTES // 4))
    assert numbers(many, 1000 - RING_EVENTS) is not None
    assert numbers(many, 999 - RING_EVENTS) is None
    assert numbers(large, 996) == [997, 998, 999, 1000]
    assert numbers(large, 995) is None


def test_one_event_larger_than_the_ring_is_kept() -> None:
    channel = Channel(of_submission("id"), "e", 0)
    channel.offer(bell(1, size=RING_BYTES * 2))
    assert numbers(channel, 0) == [1]
    channel.offer(bell(2))
    assert numbers(channel, 1) == [2]


def test_a_skip_and_a_restart_leave_nothing_behind() -> None:
    channel = Channel(of_submission("id"), "e", 0)
    channel.offer(bell(1))
    channel.skip_to(1)
    assert numbers(channel, 0) == [1], "nothing to skip"
    channel.skip_to(7)
    assert numbers(channel, 0) is None
    assert channel.tail is None
    channel.restart("f", 2)
    assert (channel.epoch, channel.last) == ("f", 2)
    assert numbers(channel, 2) == []


def test_every_change_wakes_every_waiter_once() -> None:
    async def main() -> None:
        channel = Channel(of_submission("id"), "e", 0)
        loop = asyncio.get_running_loop()
        for change in (
            lambda: channel.offer(bell(channel.last + 1)),
            lambda: channel.skip_to(10),
            lambda: channel.restart("f", 1),
            channel.disappear,
        ):
            waiters = [loop.create_future() for _ in range(3)]
            for waiter in waiters:
                channel.add_waiter(waiter)
            waiters[1].cancel()
            channel.remove_waiter(waiters[2])
            change()
            assert [waiter.done() for waiter in waiters] == [True, True, False]

    asyncio.run(main())
