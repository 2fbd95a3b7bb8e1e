"""Ends of submissions on a bus of the operator's: each one, at least once, and no more of them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import boto3
import pytest
import redis

from functions.admin.letters import Letters
from functions.notify.deliveries import MOST_ATTEMPTS, Deliveries
from shared import keys
from shared.connect import async_client
from shared.settings import Settings, SettingsError
from shared.store import Store
from shared.verdicts import Verdict
from shared.webhooks import Webhooks
from tests.aws.conftest import ACCOUNT, REGION
from tests.in_process import hand_worker
from tests.shared import submissions as subs

pytestmark = pytest.mark.usefixtures("aws")

NOWHERE = f"sns:arn:aws:sns:{REGION}:{ACCOUNT}:nowhere"


@asynccontextmanager
async def sender(url: str, place: str) -> AsyncIterator[Deliveries]:
    settings = Settings(redis_url=url, events=place)
    async with async_client(url) as opened:
        deliveries = Deliveries(Store(opened, settings), pause=lambda _: -1000)
        await deliveries.tell_where()
        yield deliveries


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def send(url: str, place: str, rounds: int = 1) -> None:
    """What a process with this setting does in so many looks."""

    async def main() -> None:
        async with sender(url, place) as deliveries:
            for _ in range(rounds):
                await deliveries.send_due()

    run(main())


def listening_queue() -> tuple[Any, str, str]:
    """A queue that hears what is told: its client, URL and ARN."""
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return sqs, url, arn["QueueArn"]


def a_topic(name: str = "ends") -> tuple[str, Any]:
    """A topic, and what gives the messages that its subscriber has heard."""
    sns = boto3.client("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    sqs, url, arn = listening_queue()
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return topic, lambda: _heard(sqs, url)


def _heard(sqs: Any, url: str) -> list[dict[str, Any]]:  # noqa: ANN401
    found: list[dict[str, Any]] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(it["Body"]) for it in messages]
        for it in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=it["ReceiptHandle"])
    return found


def in_line(client: redis.Redis) -> list[str]:
    """What is to be told."""
    names: Any = client.zrange(keys.DELIVERIES, 0, -1)
    return [name.decode() for name in names]


def judged(url: str, verdict: Verdict, **result: Any) -> str:  # noqa: ANN401
    """A submission with a secret in code and result, judged by hand."""
    with hand_worker(url) as hand:
        submission_id, answer = subs.submit(hand.redis, body=subs.spec("SECRET"), problem="sum")
        assert answer == "queued"
        hand.finish(hand.claim(), verdict, **result)
    return submission_id


def test_a_topic_is_told_what_problem_done_says_and_never_code_or_output(
    redis_url: str, client: redis.Redis
) -> None:
    topic, heard = a_topic()
    listener: Any = client.pubsub()  # type: ignore[no-untyped-call]
    listener.subscribe(keys.PROBLEM_DONE)
    assert next(listener.listen())["type"] == "subscribe"
    send(redis_url, f"sns:{topic}")
    submission_id = judged(redis_url, Verdict.WRONG_ANSWER, stdout="SECRET", message="SECRET")
    send(redis_url, f"sns:{topic}")

    [told] = heard()
    announced = next(listener.listen())["data"]
    listener.close()
    assert told["Message"].encode() == announced
    assert json.loads(told["Message"]) == {
        "submissionId": submission_id,
        "problemId": "sum",
        "status": "finished",
        "verdict": "wrong-answer",
        "language": "python",
        "tenant": "local",
        "attempts": 1,
    }
    attributes = {name: it["Value"] for name, it in told["MessageAttributes"].items()}
    assert attributes.pop("eventId").startswith(f"event_{submission_id}-")
    assert attributes == {
        "status": "finished",
        "verdict": "wrong-answer",
        "language": "python",
        "tenant": "local",
    }
    assert "SECRET" not in json.dumps(told)
    assert not client.exists(keys.DELIVERIES), "it is told, and done with"


def test_every_end_is_told_to_the_bus_also_of_what_was_cancelled_or_is_one_of_a_batch(
    redis_url: str, client: redis.Redis
) -> None:
    events = boto3.client("events")
    events.create_event_bus(Name="assay")
    sqs, url, arn = listening_queue()
    pattern = {"source": ["assay"], "detail-type": ["submission.ended"]}
    events.put_rule(Name="all", EventBusName="assay", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="all", EventBusName="assay", Targets=[{"Id": "1", "Arn": arn}])
    send(redis_url, "eventbridge:assay")

    cancelled, _ = subs.submit(client)
    subs.cancel(client, cancelled)
    finished = judged(redis_url, Verdict.ACCEPTED)
    send(redis_url, "eventbridge:assay")

    details = {it["detail"]["submissionId"]: it["detail"] for it in _heard(sqs, url)}
    assert set(details) == {cancelled, finished}
    assert details[cancelled]["status"] == "cancelled"
    assert details[cancelled]["verdict"] is None
    assert details[finished]["verdict"] == "accepted"
    assert details[finished]["eventId"].startswith(f"event_{finished}-")


def test_what_a_topic_does_not_take_comes_again_until_it_does(
    redis_url: str, client: redis.Redis
) -> None:
    place = f"sns:arn:aws:sns:{REGION}:{ACCOUNT}:ends"
    send(redis_url, place)
    judged(redis_url, Verdict.ACCEPTED)
    send(redis_url, place, rounds=3)
    [name] = in_line(client)
    assert client.hget(keys.delivery(name), "attempts") == b"3"

    _, heard = a_topic()
    send(redis_url, place)
    assert len(heard()) == 1
    assert not client.exists(keys.DELIVERIES)


def test_what_is_given_up_is_the_operators_dead_letter_and_can_be_sent_again(
    redis_url: str, client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    send(redis_url, NOWHERE)
    submission_id, _ = subs.submit(client, tenant="acme")
    subs.cancel(client, submission_id)
    send(redis_url, NOWHERE, rounds=MOST_ATTEMPTS)
    assert not client.exists(keys.DELIVERIES)
    assert "never-in-a-log" not in caplog.text

    async def main() -> None:
        async with async_client(redis_url) as opened:
            assert await Webhooks(opened).failed("acme") == [], "the bus is not the tenant's"
            [letter] = await Letters(opened).newest()
            assert (letter.tenant, letter.url) == ("local", NOWHERE)
            assert letter.attempts == MOST_ATTEMPTS
            assert letter.error == "AWS refused it: NotFound"
            await Letters(opened).replay(letter.id)
            assert await Letters(opened).newest() == []

    run(main())
    topic, heard = a_topic("nowhere")
    send(redis_url, f"sns:{topic}")
    [told] = heard()
    assert json.loads(told["Message"])["submissionId"] == submission_id


def test_a_sender_that_died_leaves_its_event_to_another(
    redis_url: str, client: redis.Redis
) -> None:
    topic, heard = a_topic()
    send(redis_url, f"sns:{topic}")
    judged(redis_url, Verdict.ACCEPTED)

    async def dies() -> None:
        async with sender(redis_url, f"sns:{topic}") as deliveries:

            async def killed(*_: object) -> None:
                raise KeyboardInterrupt

            deliveries._forget = killed  # type: ignore[assignment,method-assign]
            await deliveries.send_due()

    with pytest.raises(KeyboardInterrupt):
        run(dies())
    [name] = in_line(client)
    client.zadd(keys.DELIVERIES, {name: 0})  # its lease is over
    send(redis_url, f"sns:{topic}")
    told = heard()
    assert len(told) == 2, "at least once: told by both"
    assert len({it["MessageAttributes"]["eventId"]["Value"] for it in told}) == 1


def test_a_fifo_topic_has_what_it_needs_to_drop_the_second(redis_url: str) -> None:
    sns = boto3.client("sns")
    topic = sns.create_topic(Name="ends.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    sqs = boto3.client("sqs")
    attributes = {"FifoQueue": "true"}
    url = sqs.create_queue(QueueName="heard.fifo", Attributes=attributes)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:heard.fifo"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    send(redis_url, f"sns:{topic}")
    judged(redis_url, Verdict.ACCEPTED)
    send(redis_url, f"sns:{topic}")
    assert len(_heard(sqs, url)) == 1


def test_without_the_setting_nothing_is_kept_for_a_bus_any_more(
    redis_url: str, client: redis.Redis
) -> None:
    send(redis_url, NOWHERE)
    assert client.exists(keys.OUTLET)
    send(redis_url, "")
    judged(redis_url, Verdict.ACCEPTED)
    assert not client.exists(keys.OUTLET, keys.DELIVERIES)


@pytest.mark.parametrize(
    "place",
    [
        "sns",
        "sns:ends",
        f"sns:arn:aws:sqs:{REGION}:{ACCOUNT}:ends",
        f"sns:arn:aws:sns:{REGION}:{ACCOUNT}:a/b",
        "eventbridge:",
        "eventbridge:a b",
        "https://example.org",
        f"SNS:arn:aws:sns:{REGION}:{ACCOUNT}:ends",
    ],
)
def test_a_place_that_is_none_stops_the_start(redis_url: str, place: str) -> None:
    with pytest.raises(SettingsError, match="events: "):
        send(redis_url, place)


def test_a_bus_by_name_needs_a_region(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(SettingsError, match="region"):
        send(redis_url, "eventbridge:assay")
