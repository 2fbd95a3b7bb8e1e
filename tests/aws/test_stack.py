"""The stack, made in moto: its functions are run, on its queues, its bus and its bucket."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest
import redis
from moto import mock_aws

from functions.notify.deliveries import Deliveries
from infra.local.valkey import Valkey
from shared.connect import async_client
from shared.credentials import Credentials
from shared.errors import InvalidField, InvalidPackage, TooLarge
from shared.identity import Role
from shared.settings import Settings
from shared.store import Store
from shared.verdicts import Verdict
from tests.aws.conftest import ACCOUNT, REGION, aws_environment
from tests.aws.stack import NAME, NOT_IN_MOTO, Stack, resources
from tests.in_process import HandWorker, hand_worker


@pytest.fixture(scope="module")
def stack(valkey: Valkey) -> Iterator[Stack]:
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
    with aws_environment(), mock_aws():
        made = Stack(valkey.url)
        # Moto would run the image itself, in Docker.
        lambdas = boto3.client("lambda")
        mappings = lambdas.list_event_source_mappings()["EventSourceMappings"]
        assert [it["FunctionResponseTypes"] for it in mappings] == [["ReportBatchItemFailures"]]
        for mapping in mappings:
            lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        yield made
        made.close()


@pytest.fixture(scope="module")
def key(stack: Stack, valkey: Valkey) -> str:
    """An API key of an operator."""

    async def issue() -> str:
        async with async_client(valkey.url) as client:
            return (await Credentials(client).create_key("local", frozenset(Role))).secret

    return f"Bearer {asyncio.run(issue())}"


@pytest.fixture
def hand(valkey: Valkey) -> Iterator[HandWorker]:
    with hand_worker(valkey.url) as worker:
        worker.announce("python")
        yield worker


def submit(stack: Stack, key: str, code: str = "print(1)") -> str:
    body = json.dumps({"code": code, "language": "python"}).encode()
    status, headers, answer = stack.request(
        "POST", "/submit", body, content_type="application/json", authorization=key
    )
    assert status == 202, answer
    found = str(json.loads(answer)["id"])
    assert headers["location"] == f"/result/{found}"
    return found


def package(name: str, title: str = "Echo") -> bytes:
    """A small problem package, as a zip."""
    files = {
        "problem.yaml": f"name: {title}\nproblem_format_version: 2023-07-draft\n"
        "uuid: 5ca6ba5b-36d5-4eff-8aa7-d967cbc4375e\nlicense: unknown\n",
        "statement/problem.en.md": "Say it again.\n",
        "data/sample/1.in": "a\n",
        "data/sample/1.ans": "a\n",
        "data/secret/1.in": "b\n",
        "data/secret/1.ans": "b\n",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in files.items():
            archive.writestr(f"{name}/{path}", text)
    return packed.getvalue()


def get(stack: Stack, path: str, key: str) -> Any:  # noqa: ANN401
    status, _, answer = stack.request("GET", path, authorization=key)
    assert status == 200, answer
    return json.loads(answer)


def test_everything_is_made_but_what_moto_cannot_make(stack: Stack) -> None:
    assert stack.status == "CREATE_COMPLETE"
    expected = {
        name for name, it in stack.template["Resources"].items() if it["Type"] not in NOT_IN_MOTO
    }
    assert set(stack.made()) == expected
    kinds = {it["Type"] for it in stack.template["Resources"].values()}
    assert kinds >= NOT_IN_MOTO, "the list of exceptions is no longer than it must be"


def test_the_buckets_are_private_and_encrypted(stack: Stack) -> None:
    for name, bucket in resources(stack.template, "AWS::S3::Bucket").items():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4
        assert "AccessControl" not in bucket
        found = boto3.client("s3").get_bucket_encryption(Bucket=stack.made()[name])
        [rule] = found["ServerSideEncryptionConfiguration"]["Rules"]
        assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    for kind in ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"):
        for it in resources(stack.template, kind).values():
            [statement] = it["PolicyDocument"]["Statement"]
            assert statement["Effect"] == "Deny"
            assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_queues_are_encrypted_and_accidents_are_laid_down_late(stack: Stack) -> None:
    sqs, made = boto3.client("sqs"), stack.made()
    for name in ("Submissions", "DeadLetters"):
        found = sqs.get_queue_attributes(QueueUrl=made[name], AttributeNames=["All"])["Attributes"]
        assert found["SqsManagedSseEnabled"] == "true"
    found = sqs.get_queue_attributes(QueueUrl=made["Submissions"], AttributeNames=["All"])
    redrive = json.loads(found["Attributes"]["RedrivePolicy"])
    assert redrive["maxReceiveCount"] == 100
    timeout_s = boto3.client("lambda").get_function_configuration(
        FunctionName=made["IntakeFunction"]
    )["Timeout"]
    assert int(found["Attributes"]["VisibilityTimeout"]) >= 6 * timeout_s


def test_a_submission_goes_in_by_one_function_and_is_read_by_another(
    stack: Stack, key: str, hand: HandWorker
) -> None:
    submission_id = submit(stack, key)
    assert get(stack, f"/result/{submission_id}", key)["status"] == "queued"
    hand.finish(hand.claim(), Verdict.COMPLETED, stdout="1\n")
    found = get(stack, f"/result/{submission_id}?wait=5", key)
    assert (found["verdict"], found["stdout"]) == ("completed", "1\n")


def test_nobody_is_local_there_whatever_he_says(stack: Stack) -> None:
    told: list[dict[str, str]] = [{}, {"host": "localhost"}, {"host": "127.0.0.1:3000"}]
    for headers in (*told, {"cookie": "a=b; c=d"}):
        status, sent, answer = stack.request("GET", "/problems", b"", **headers)
        assert status == 401, headers
        assert sent["content-type"] == "application/problem+json"
        assert json.loads(answer)["type"] == "urn:assay:error:unauthorized"


def test_errors_are_the_apps_own(stack: Stack, key: str) -> None:
    json_type = {"content_type": "application/json", "authorization": key}
    for method, path, body, wanted in (
        ("POST", "/submit", b"{", 400),
        ("POST", "/submit", b'{"language": "python"}', 400),
        ("PUT", "/submit", b"", 405),
        ("DELETE", "/batch/none", b"", 404),
        ("GET", "/batch/none", b"", 404),
        ("GET", "/nowhere", b"", 404),
        ("GET", "/result/none", b"", 404),
    ):
        status, sent, answer = stack.request(method, path, body, **json_type)
        assert (status, sent["content-type"]) == (wanted, "application/problem+json"), path
        assert json.loads(answer)["status"] == wanted


def test_health_is_told_without_a_key(stack: Stack) -> None:
    assert stack.request("GET", "/healthz")[0] == 200
    assert stack.request("GET", "/readyz")[0] == 200


def test_a_problem_is_put_into_the_bucket_and_read_from_there(stack: Stack, key: str) -> None:
    status, _, answer = stack.request(
        "POST", "/problems", package("echo"), content_type="application/zip", authorization=key
    )
    assert status == 201, answer
    bucket = stack.made()["Blobs"]
    stored = boto3.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert all(row["Key"].startswith("problems/") for row in stored)
    assert get(stack, "/problems/echo", key)["title"] == "Echo"


def put_event(bucket: str, key: str) -> dict[str, Any]:
    """What S3 tells of an object."""
    told = {"bucket": {"name": bucket}, "object": {"key": quote_plus(key)}}
    return {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": told}]}


def test_a_package_that_is_put_into_the_bucket_is_a_problem(stack: Stack, key: str) -> None:
    s3, bucket = boto3.client("s3"), stack.made()["Packages"]
    s3.put_object(Bucket=bucket, Key="new ones/said+again.zip", Body=package("said", "Again"))
    with pytest.raises(InvalidPackage):
        stack.invoke("PackagesFunction", put_event(bucket, "new ones/said+again.zip"))

    for title in ("First", "Second"):
        s3.put_object(Bucket=bucket, Key="new ones/again.zip", Body=package("x", title))
        event = put_event(bucket, "new ones/again.zip")
        assert stack.invoke("PackagesFunction", event) == {"installed": ["again"]}
        assert stack.invoke("PackagesFunction", event) == {"installed": ["again"]}
        assert get(stack, "/problems/again", key)["title"] == title

    s3.put_object(Bucket=bucket, Key="large.zip", Body=bytes(65 * 1024 * 1024))
    for name, error in (("large.zip", TooLarge), ("notes.txt", InvalidField)):
        with pytest.raises(error):
            stack.invoke("PackagesFunction", put_event(bucket, name))


def test_the_way_of_a_message_from_the_queue_to_the_bus(
    stack: Stack, hand: HandWorker, valkey: Valkey
) -> None:
    """SQS, intake, Valkey, a worker, notify, EventBridge: by the settings that the stack gives."""
    sqs, made = boto3.client("sqs"), stack.made()
    heard = sqs.create_queue(QueueName="heard")["QueueUrl"]
    events = boto3.client("events")
    bus = f"{NAME}-ends"
    events.put_rule(Name="all", EventBusName=bus, EventPattern='{"source": ["assay"]}')
    target = {"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:heard"}
    events.put_targets(Rule="all", EventBusName=bus, Targets=[target])
    settings = notify_settings(stack, valkey)
    tell(settings)

    body = json.dumps({"code": "print(1)", "language": "python", "problemId": "from-sqs"})
    sqs.send_message(QueueUrl=made["Submissions"], MessageBody=body)
    sqs.send_message(QueueUrl=made["Submissions"], MessageBody="{")
    received = sqs.receive_message(QueueUrl=made["Submissions"], MaxNumberOfMessages=10)
    event = {"Records": [record(it) for it in received["Messages"]]}
    assert len(event["Records"]) == 2
    assert stack.invoke("IntakeFunction", event) == {"batchItemFailures": []}

    hand.finish(hand.claim(), Verdict.ACCEPTED)
    tell(settings)
    [told] = sqs.receive_message(QueueUrl=heard, MaxNumberOfMessages=10)["Messages"]
    detail = json.loads(told["Body"])["detail"]
    assert (detail["problemId"], detail["verdict"]) == ("from-sqs", "accepted")
    letters = sqs.receive_message(
        QueueUrl=made["DeadLetters"], MessageAttributeNames=["All"], MaxNumberOfMessages=10
    )["Messages"]
    assert [it["MessageAttributes"]["Reason"]["StringValue"] for it in letters] == [
        "invalid-request"
    ]


def record(message: dict[str, Any]) -> dict[str, Any]:
    """A message as Lambda hands it over."""
    attributes = message.get("MessageAttributes", {})
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "messageAttributes": {
            name: {"stringValue": it["StringValue"], "dataType": "String"}
            for name, it in attributes.items()
        },
        "eventSource": "aws:sqs",
    }


def notify_settings(stack: Stack, valkey: Valkey) -> Settings:
    """What the task of `notify` is started with."""
    task = boto3.client("ecs").describe_task_definition(taskDefinition=stack.made()["NotifyTask"])
    [container] = task["taskDefinition"]["containerDefinitions"]
    given = {it["name"]: it["value"] for it in container["environment"]}
    assert container["secrets"][0]["name"] == "REDIS_URL"
    return Settings.from_env(given | {"REDIS_URL": valkey.url})


def tell(settings: Settings) -> None:
    """One look of the sender of `notify`."""

    async def main() -> None:
        async with async_client(settings.redis_url) as client:
            deliveries = Deliveries(Store(client, settings))
            await deliveries.tell_where()
            await deliveries.send_due()

    asyncio.run(main())
