"""Messages of a queue become submissions: once, with their errors, and none is lost."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import redis

from functions.submit.intake import Message
from functions.submit.sqs import Consumer, connect, consuming, from_received, intake_of
from infra.aws.handlers import Container, Handler, queue
from shared import keys
from shared.services import Services
from shared.settings import Settings, SettingsError
from tests.aws.conftest import ACCOUNT, REGION
from tests.in_process import open_client

pytestmark = pytest.mark.usefixtures("aws")

GOOD = {"code": "print(1)", "language": "python"}


@pytest.fixture
def dead() -> str:
    """The URL of a queue for dead letters."""
    return str(boto3.client("sqs").create_queue(QueueName="dead")["QueueUrl"])


class Lambda:
    """What SQS and Lambda do with a handler, in short."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._count = 0

    def record(self, body: Any, message_id: str = "", **attributes: str) -> dict[str, Any]:  # noqa: ANN401
        self._count += 1
        return {
            "messageId": message_id or f"00000000-0000-0000-0000-{self._count:012}",
            "receiptHandle": "r",
            "body": body if isinstance(body, str) else json.dumps(body),
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {
                name.replace("_", "-"): {"stringValue": value, "dataType": "String"}
                for name, value in attributes.items()
            },
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:submissions",
            "awsRegion": REGION,
        }

    def __call__(self, *records: dict[str, Any]) -> list[str]:
        """The ids that are to come again."""
        answer = self._handler({"Records": list(records)}, None)
        assert set(answer) == {"batchItemFailures"}
        return [it["itemIdentifier"] for it in answer["batchItemFailures"]]


@pytest.fixture
def settings(redis_url: str, dead: str) -> Settings:
    return Settings(redis_url=redis_url, queue_tenants="acme,other", queue_dead_letters=dead)


@pytest.fixture
def function(settings: Settings) -> Iterator[Lambda]:
    container = Container(settings)
    yield Lambda(queue(container))
    container.close()


def waiting(client: redis.Redis) -> list[dict[str, str]]:
    """What is in line, oldest first."""
    ids: Any = client.zrange(keys.READY, 0, -1)
    rows: Any = [client.hgetall(keys.submission(it.decode())) for it in ids]
    return [{name.decode(): value.decode() for name, value in row.items()} for row in rows]


def laid_down(url: str) -> list[dict[str, Any]]:
    """The dead letters: body and attributes."""
    answer = boto3.client("sqs").receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return [
        {"body": it["Body"]}
        | {name: value["StringValue"] for name, value in it.get("MessageAttributes", {}).items()}
        for it in answer.get("Messages", [])
    ]


def test_good_ones_are_taken_and_bad_ones_laid_down_with_their_reason(
    function: Lambda, client: redis.Redis, dead: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad = {
        "not json": ("invalid-request", "{SECRET"),
        "no code": ("invalid-field", {"language": "python"}),
        "a stranger": ("invalid-field", GOOD | {"language": "klingon"}),
        "a wrong limit": ("invalid-field", GOOD | {"limits": {"cpuTimeMs": -1}}),
        "SECRET field": ("invalid-field", GOOD | {"SECRET": 1}),
        "a nul": ("invalid-field", GOOD | {"code": "SECRET\0"}),
    }
    records = [function.record(body, name, Trace="t1") for name, (_, body) in bad.items()]
    good = [function.record(GOOD | {"problemId": f"p{number}"}) for number in range(3)]
    mixed = [it for pair in zip(records[:3], good, strict=True) for it in pair] + records[3:]

    assert function(*mixed) == []
    assert sorted(row["problem"] for row in waiting(client)) == ["p0", "p1", "p2"]
    assert {row["tenant"] for row in waiting(client)} == {"acme"}
    found = {it["MessageId"]: it for it in laid_down(dead)}
    assert {name: it["Reason"] for name, it in found.items()} == {
        name: slug for name, (slug, _) in bad.items()
    }
    assert found["not json"]["body"] == "{SECRET"
    assert found["a stranger"]["Trace"] == "t1"
    assert "klingon" in found["a stranger"]["Detail"]
    lines = [it.__dict__["assay_fields"] for it in caplog.records if "assay_fields" in it.__dict__]
    told = {it["messageId"]: it for it in lines if "field" in it}
    assert {name: it["reason"] for name, it in told.items()} == {
        name: slug for name, (slug, _) in bad.items()
    }
    assert told["a wrong limit"]["field"] == "limits.cpuTimeMs"
    assert told["SECRET field"]["field"] == ""
    for line in lines:
        assert "SECRET" not in json.dumps({**line, "messageId": ""})


def test_a_message_that_is_delivered_twice_is_one_submission(
    function: Lambda, client: redis.Redis
) -> None:
    record = function.record(GOOD)
    assert function(record, record) == []
    assert function(record) == []
    assert function(function.record(GOOD)) == []
    assert len(waiting(client)) == 2, "the same body in another message is another submission"


def test_a_key_means_what_it_means_over_http(
    function: Lambda, client: redis.Redis, redis_url: str, dead: str
) -> None:
    body = json.dumps(GOOD)
    headers = {"idempotency-key": "k", "content-type": "application/json"}
    client.hset(keys.tenant("local"), "weight", 1)
    one, two = (function.record(body, Idempotency_Key="k") for _ in range(2))
    assert function(one, two) == []
    assert len(waiting(client)) == 1
    assert function(function.record(GOOD | {"code": "2"}, Idempotency_Key="k")) == []
    assert [it["Reason"] for it in laid_down(dead)] == ["conflict"]
    assert function(function.record(body, Idempotency_Key="k e y")) == []
    assert [it["Reason"] for it in laid_down(dead)] == ["invalid-field"]

    container = Container(Settings(redis_url=redis_url, queue_tenants="local"))
    with open_client(redis_url) as http:
        known = http.post("/submit", content=body, headers=headers).json()["id"]
        local = Lambda(queue(container))
        assert local(local.record(body, Idempotency_Key="k")) == []
    container.close()
    assert [row["tenant"] for row in waiting(client)] == ["acme", "local"]
    assert client.exists(keys.submission(known))


def test_a_message_speaks_only_for_tenants_that_the_queue_is_for(
    function: Lambda, client: redis.Redis, dead: str, redis_url: str
) -> None:
    assert function(function.record(GOOD, Tenant="other")) == []
    assert [row["tenant"] for row in waiting(client)] == ["other"]
    assert function(function.record(GOOD, Tenant="local"), function.record(GOOD, Tenant="*")) == []
    assert [it["Reason"] for it in laid_down(dead)] == ["forbidden"] * 2

    container = Container(Settings(redis_url=redis_url, queue_tenants="*", queue_dead_letters=dead))
    anybody = Lambda(queue(container))
    assert anybody(anybody.record(GOOD, Tenant="whoever")) == []
    names = ["a:b", "a b", "x" * 129]
    assert anybody(*(anybody.record(GOOD, Tenant=name) for name in names)) == []
    assert anybody(anybody.record(GOOD)) == []
    container.close()
    assert [row["tenant"] for row in waiting(client)] == ["other", "whoever"]
    assert [it["Reason"] for it in laid_down(dead)] == ["forbidden"] * 4


def test_what_has_no_room_now_comes_again_and_is_taken_then(
    function: Lambda, client: redis.Redis, dead: str
) -> None:
    client.hset(keys.tenant("acme"), "most_waiting", 1)
    first, second = function.record(GOOD), function.record(GOOD)
    [left] = function(first, second)
    assert left in (first["messageId"], second["messageId"])
    assert laid_down(dead) == [], "it is not bad, there is only no room"
    client.hset(keys.tenant("acme"), "most_waiting", 2)
    assert function(first, second) == []
    assert len(waiting(client)) == 2


def test_a_store_that_is_away_loses_nothing(dead: str, redis_url: str) -> None:
    async def main() -> None:
        away = Services(
            Settings(redis_url="redis://127.0.0.1:1", queue_tenants="acme", queue_dead_letters=dead)
        )
        messages = [Message(str(number), json.dumps(GOOD), {}) for number in range(3)]
        assert await intake_of(away).take_all(messages) == ["0", "1", "2"]
        await away.__aexit__(None, None, None)

    asyncio.run(main())
    assert laid_down(dead) == []


def test_what_cannot_be_laid_down_is_left_to_the_queue(
    redis_url: str, client: redis.Redis, settings: Settings
) -> None:
    for dead_letters in ("", settings.queue_dead_letters + "-gone"):
        container = Container(
            Settings(redis_url=redis_url, queue_tenants="acme", queue_dead_letters=dead_letters)
        )
        function = Lambda(queue(container))
        assert function(function.record("{", "bad"), function.record(GOOD, dead_letters)) == ["bad"]
        container.close()
    assert len(waiting(client)) == 2


def test_without_a_tenant_and_without_a_url_nothing_starts(redis_url: str) -> None:
    async def refused(**fields: str) -> None:
        services = Services(Settings(redis_url=redis_url, **fields))  # type: ignore[arg-type]
        try:
            with pytest.raises(SettingsError):
                consuming(services)
        finally:
            await services.__aexit__(None, None, None)

    asyncio.run(refused(queue="https://queue"))
    asyncio.run(refused(queue="submissions", queue_tenants="acme"))
    asyncio.run(refused(queue="https://q", queue_tenants="acme", queue_dead_letters="dead"))


def test_a_process_without_lambda_takes_what_lies_in_the_queue(
    redis_url: str, client: redis.Redis, dead: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sqs = boto3.client("sqs")
    attributes = {"VisibilityTimeout": "0"}
    url = sqs.create_queue(QueueName="submissions", Attributes=attributes)["QueueUrl"]
    client.hset(keys.tenant("acme"), "most_waiting", 3)
    for number in range(4):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(GOOD | {"problemId": f"p{number}"}))
    text = {"DataType": "String", "StringValue": "t1"}
    sqs.send_message(QueueUrl=url, MessageBody="{", MessageAttributes={"Trace": text})

    async def main() -> None:
        settings = Settings(
            redis_url=redis_url, queue=url, queue_tenants="acme", queue_dead_letters=dead
        )
        services = Services(settings)
        consumer = Consumer(connect(url), url, intake_of(services), poll_s=0)
        assert await consumer.take_some() == 4, "three are taken, one is laid down"
        assert await consumer.take_some() == 0, "there is no room for the last one"
        client.hset(keys.tenant("acme"), "most_waiting", 0)
        assert await consumer.take_some() == 1
        assert await consumer.take_some() == 0
        await services.__aexit__(None, None, None)

    asyncio.run(main())
    assert sorted(row["problem"] for row in waiting(client)) == ["p0", "p1", "p2", "p3"]
    [letter] = laid_down(dead)
    assert (letter["body"], letter["Reason"], letter["Trace"]) == ("{", "invalid-request", "t1")
    assert sqs.receive_message(QueueUrl=url).get("Messages") is None
    assert "never-in-a-log" not in caplog.text


def test_attributes_that_are_no_text_say_nothing() -> None:
    received = {
        "MessageId": "1",
        "Body": "",
        "MessageAttributes": {
            "Tenant": {"DataType": "Binary", "BinaryValue": b"acme"},
            "Other": {"DataType": "String", "StringValue": "text"},
        },
    }
    assert from_received(received).attributes == {"Other": "text"}
