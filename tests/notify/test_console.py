"""The line for a finished submission."""

from __future__ import annotations

import json

import pytest
import redis

from functions.notify.console import format_line
from shared import keys
from tests.support import Story


def test_what_is_announced_becomes_a_line(redis_url: str, client: redis.Redis) -> None:
    with client.pubsub() as pubsub:  # type: ignore[no-untyped-call]
        pubsub.subscribe(keys.PROBLEM_DONE)
        judged, cancelled = Story(client, problem="two-sum"), Story(client)
        judged.finish("wrong-answer")
        cancelled.cancel()
        messages: list[bytes] = []
        while len(messages) < 2:
            message = pubsub.get_message(ignore_subscribe_messages=True, timeout=30)
            if message is not None:
                messages.append(message["data"])
    lines = [format_line(message) for message in messages]
    assert lines[0].split() == ["wrong-answer", "python", judged.id, "two-sum"]
    assert lines[1].split() == ["cancelled", "python", cancelled.id]


def test_a_further_attempt_is_mentioned() -> None:
    message = {"submissionId": "a1", "status": "finished", "verdict": "accepted", "attempts": 3}
    assert format_line(json.dumps(message)).endswith("a1  (attempt 3)")


@pytest.mark.parametrize(
    "message",
    [
        "hello",
        b"\xff\xfe",
        "{}",
        json.dumps({"submissionId": 7, "status": "finished"}),
        json.dumps({"submissionId": "a", "status": "finished", "problemId": "\x1b[2Jgone\r\n"}),
        "\x1b]0;owned\x07",
    ],
)
def test_no_message_commands_the_terminal_or_breaks_the_line(message: str | bytes) -> None:
    line = format_line(message)
    assert line
    assert line.isprintable()
