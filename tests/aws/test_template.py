"""infra/aws/template.yaml: valid, made, and as careful as it says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint

from infra.aws import routes
from infra.local.host import FUNCTIONS
from shared.settings import Settings, env_names
from tests.aws.conftest import aws_environment
from tests.aws.stack import FILE, resources, route_table, transformed

_SUBNETS = {"PrivateSubnets": "subnet-1,subnet-2", "PublicSubnets": "subnet-3,subnet-4"}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    with aws_environment():
        return transformed(Vpc="vpc-1", Certificate="arn:aws:acm:x:1:certificate/a", **_SUBNETS)


def test_cfn_lint_has_nothing_to_say() -> None:
    found = [f"{it.rule.id} {it.message} (line {it.linenumber})" for it in lint(FILE.read_text())]
    assert found == []


def test_hadolint_has_nothing_to_say_of_the_image() -> None:
    tool = Path(sys.executable).with_name("hadolint")
    image = FILE.with_name("Dockerfile")
    done = subprocess.run([tool, image], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")


_IMPORTS = """
import importlib, sys
from infra.containers.slim import NOT_FOR_WEB

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"tests", *NOT_FOR_WEB} or name.startswith("infra.local"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
import infra.aws.handlers
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def test_the_image_has_all_that_its_functions_import() -> None:
    """It has neither the one-machine host nor what only workers need."""
    copied = FILE.with_name("Dockerfile").read_text()
    apps = [name for name in FUNCTIONS if name != routes.APART]
    assert all(f"functions/{name}" in copied for name in apps)
    modules = [f"functions.{name}.app" for name in apps]
    modules += ["functions.submit.sqs", "functions.problems.incoming", "boto3", "mangum"]
    command = [sys.executable, "-c", _IMPORTS, *modules]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_each_path_leads_to_the_function_that_answers_it(template: dict[str, Any]) -> None:
    functions = resources(template, "AWS::Lambda::Function")
    served = {
        key: functions[name]["ImageConfig"]["Command"][0].rpartition(".")[2]
        for key, name in route_table(template).items()
    }
    asked = {key: {"web": "pages"}.get(name, name) for key, name in routes.table().items()}
    assert served == asked, "python -m infra.aws.routes writes them anew"
    assert routes.written(FILE.read_text()) == FILE.read_text()


def test_what_stays_open_is_led_past_the_http_api(template: dict[str, Any]) -> None:
    [edge] = resources(template, "AWS::CloudFront::Distribution").values()
    behaviors = edge["DistributionConfig"]["CacheBehaviors"]
    assert {it["PathPattern"] for it in behaviors} == routes.apart()
    assert {it["TargetOriginId"] for it in behaviors} == {"notify"}


def test_every_setting_that_is_given_is_one(template: dict[str, Any]) -> None:
    known = {name for spec in Settings.__dataclass_fields__.values() for name in env_names(spec)}
    given = [
        (name, variables)
        for name, it in resources(template, "AWS::Lambda::Function").items()
        for variables in [it["Environment"]["Variables"]]
    ]
    given += [
        (name, {row["Name"]: row["Value"] for row in container["Environment"]})
        for name, it in resources(template, "AWS::ECS::TaskDefinition").items()
        for container in it["ContainerDefinitions"]
    ]
    for name, variables in given:
        assert set(variables) <= known | {"REDIS_URL_SECRET"}, name
        Settings.from_env({key: str(it) for key, it in variables.items() if isinstance(it, str)})


def test_the_password_is_in_no_variable(template: dict[str, Any]) -> None:
    for kind in ("AWS::Lambda::Function", "AWS::ECS::TaskDefinition"):
        text = json.dumps(resources(template, kind))
        assert "resolve:secretsmanager" not in text
        assert "CacheToken" not in text
    for it in resources(template, "AWS::ECS::TaskDefinition").values():
        [container] = it["ContainerDefinitions"]
        assert container["Secrets"] == [{"Name": "REDIS_URL", "ValueFrom": {"Ref": "CacheUrl"}}]


def allowances(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each statement that allows something, with who it is for."""
    rows = [(name, it["PolicyDocument"]) for name, it in
            resources(template, "AWS::IAM::ManagedPolicy").items()]  # fmt: skip
    rows += [
        (name, policy["PolicyDocument"])
        for name, it in resources(template, "AWS::IAM::Role").items()
        for policy in it.get("Policies", [])
    ]
    for name, document in rows:
        for statement in document["Statement"]:
            if statement["Effect"] == "Allow":
                yield name, statement


def test_nobody_may_do_everything_or_anything_to_everything(template: dict[str, Any]) -> None:
    found = list(allowances(template))
    assert len(found) >= 6
    for name, statement in found:
        actions = statement["Action"]
        for action in actions if isinstance(actions, list) else [actions]:
            assert "*" not in action, (name, action)
        assert statement["Resource"] != "*", name
    allowed = {
        "AmazonEC2ContainerServiceforEC2Role",
        "AmazonECSTaskExecutionRolePolicy",
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaSQSQueueExecutionRole",
        "AWSLambdaVPCAccessExecutionRole",
        "AWSXrayWriteOnlyAccess",
    }
    for name, it in resources(template, "AWS::IAM::Role").items():
        for arn in it.get("ManagedPolicyArns", []):
            if "::aws:policy/" in json.dumps(arn):
                text = arn if isinstance(arn, str) else arn["Fn::Sub"]
                assert text.rpartition("/")[2] in allowed, name


def test_only_who_writes_files_may_write_them(template: dict[str, Any]) -> None:
    writers = {
        name
        for name, it in resources(template, "AWS::IAM::Role").items()
        if {"Ref": "WritesBlobs"} in it.get("ManagedPolicyArns", [])
    }
    assert writers == {
        "AccessFunctionRole",
        "ArchiveFunctionRole",
        "ArchiveRole",
        "PackagesFunctionRole",
        "ProblemsFunctionRole",
    }
    worker = template["Resources"]["WorkerRole"]["Properties"]
    assert worker["ManagedPolicyArns"] == [{"Ref": "ReadsBlobs"}]
    assert "Policies" not in worker


def test_the_store_is_encrypted_and_evicts_nothing(template: dict[str, Any]) -> None:
    [cache] = resources(template, "AWS::ElastiCache::ReplicationGroup").values()
    assert cache["TransitEncryptionEnabled"] is True
    assert cache["AtRestEncryptionEnabled"] is True
    assert "AuthToken" in cache
    assert "NumNodeGroups" not in cache, "one primary: no cluster"
    [parameters] = resources(template, "AWS::ElastiCache::ParameterGroup").values()
    assert parameters["Properties"] == {"maxmemory-policy": "noeviction"}


def test_somebody_is_called_when_messages_wait_or_our_errors_happen(
    template: dict[str, Any],
) -> None:
    alarms = resources(template, "AWS::CloudWatch::Alarm")
    watched = {(it["Namespace"], it["MetricName"]) for it in alarms.values()}
    assert ("AWS/SQS", "ApproximateAgeOfOldestMessage") in watched
    assert ("AWS/Events", "MatchedEvents") in watched
    assert all(it["AlarmActions"] == [{"Ref": "Calls"}] for it in alarms.values())
    [rule] = resources(template, "AWS::Events::Rule").values()
    assert rule["EventPattern"]["detail"] == {"verdict": ["judge-error"]}


def test_only_the_worker_is_privileged_and_it_is_on_machines_of_its_own(
    template: dict[str, Any],
) -> None:
    tasks = resources(template, "AWS::ECS::TaskDefinition")
    privileged = {
        name for name, it in tasks.items() if it["ContainerDefinitions"][0].get("Privileged")
    }
    assert privileged == {"WorkerTask"}
    assert tasks["WorkerTask"]["RequiresCompatibilities"] == ["EC2"]
    [machine] = resources(template, "AWS::EC2::LaunchTemplate").values()
    assert machine["LaunchTemplateData"]["MetadataOptions"] == {
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
    }
    for name in ("NotifyTask", "ArchiveTask"):
        assert tasks[name]["ContainerDefinitions"][0]["ReadonlyRootFilesystem"] is True
