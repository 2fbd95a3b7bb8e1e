"""How long a body may take: only our waiting counts, and a slow line is no attack."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from shared.asgi import Message, Receive, Scope, Send
from shared.errors import TooSlow
from shared.patience import Pace, Patience

SCOPE: Scope = {"type": "http"}


def read_through(
    pace: Pace, pieces: Iterable[tuple[float, bytes]], *, busy_s: float = 0.0
) -> bytes:
    """What an app reads of a body whose pieces come after these pauses; it works in between."""
    source = iter(pieces)
    read = b""

    async def receive() -> Message:
        pause_s, piece = next(source, (0.0, None))
        await asyncio.sleep(pause_s)
        if piece is None:
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": piece, "more_body": True}

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        nonlocal read
        more = True
        while more:
            message = await receive()
            read += message["body"]
            more = message["more_body"]
            await asyncio.sleep(busy_s)

    async def send(_message: Message) -> None:
        raise AssertionError("nothing is to be sent")

    asyncio.run(Patience(app, pace)(SCOPE, receive, send))
    return read


def test_a_body_that_comes_is_passed_on() -> None:
    assert read_through(Pace(), [(0.0, b"a"), (0.0, b"b")]) == b"ab"


def test_silence_is_too_slow() -> None:
    with pytest.raises(TooSlow):
        read_through(Pace(quiet_s=0.05), [(60.0, b"a")])


def test_a_drip_is_too_slow_however_regular_it_is() -> None:
    with pytest.raises(TooSlow):
        read_through(Pace(quiet_s=0.3, bytes_per_s=1000.0), [(0.01, b"a")] * 10_000)


def test_a_slow_line_that_goes_on_may_take_its_time() -> None:
    pieces = [(0.01, b"a" * 1000)] * 30
    pace = Pace(quiet_s=60.0, bytes_per_s=1.0)
    assert len(read_through(pace, pieces)) == 30_000


def test_the_time_of_the_app_is_not_the_clients() -> None:
    pace = Pace(quiet_s=1.0, bytes_per_s=1e9)
    assert read_through(pace, [(0.0, b"a")] * 5, busy_s=0.3) == b"a" * 5


def test_waiting_for_the_client_to_leave_may_take_for_ever() -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        await receive()
        await receive()

    async def leaving() -> Message:
        await asyncio.sleep(0.2)
        return {"type": "http.disconnect"}

    async def both() -> None:
        calls = iter([receive, leaving])

        async def next_one() -> Message:
            return await next(calls)()

        async def send(_message: Message) -> None: ...

        await Patience(app, Pace(quiet_s=0.05))(SCOPE, next_one, send)

    asyncio.run(both())
