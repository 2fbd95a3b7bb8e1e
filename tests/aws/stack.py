"""The template as CloudFormation sees it, and what moto makes of it."""

from __future__ import annotations

import base64
import json
import re
import warnings
from pathlib import Path
from typing import Any

import boto3
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from infra.aws import handlers
from infra.aws.handlers import Answer, Container, Handler, settings_of
from tests.aws.conftest import ACCOUNT, REGION

FILE = Path(handlers.__file__).with_name("template.yaml")
NAME = "assay"
DOMAIN = "assay.example.org"
#: What moto's CloudFormation does not make. These are looked at in the template only.
NOT_IN_MOTO = {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::ApiGatewayV2::Stage",
    "AWS::AutoScaling::ScalingPolicy",
    "AWS::CloudFront::Distribution",
    "AWS::CloudWatch::Alarm",
    "AWS::ElastiCache::ParameterGroup",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::SubnetGroup",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SecretsManager::Secret",
}
_PARAMETERS = {
    "Domain": DOMAIN,
    "EdgeCertificate": f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/edge",
    "EdgePrefixes": "pl-a3a144ca",
    "FunctionImage": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/assay:functions",
    "NotifyImage": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/assay:notify",
    "ArchiveImage": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/assay:archive",
    "WorkerImage": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/assay:execute",
    "AlarmEmail": "operator@example.org",
}


class _NoPolicies:
    """SAM asks for the list of AWS's own policies; only names that are none need it."""

    def load(self) -> dict[str, str]:
        return {}


def transformed(**parameters: str) -> dict[str, Any]:
    """The template without SAM: what CloudFormation is given in the end."""
    template = yaml_parse(FILE.read_text())
    found: dict[str, Any] = transform(template, _PARAMETERS | parameters, _NoPolicies())
    return found


def resources(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    found = {
        name: it.get("Properties", {})
        for name, it in template["Resources"].items()
        if it["Type"] == kind
    }
    assert found, f"there is no {kind}"
    return found


def replaced(value: Any, by: dict[str, str]) -> Any:  # noqa: ANN401
    """The same with other things in the place of some `Ref`s."""
    if isinstance(value, dict):
        if set(value) == {"Ref"} and value["Ref"] in by:
            return by[value["Ref"]]
        return {name: replaced(it, by) for name, it in value.items()}
    return [replaced(it, by) for it in value] if isinstance(value, list) else value


class Stack:
    """What was created, in moto, and its functions, which are run in this process."""

    def __init__(self, redis_url: str) -> None:
        parameters = _network() | _PARAMETERS
        acm, secrets = boto3.client("acm"), boto3.client("secretsmanager")
        certificate = acm.request_certificate(DomainName=DOMAIN)["CertificateArn"]
        parameters["Certificate"] = certificate
        secret = secrets.create_secret(Name="cache", SecretString=redis_url)["ARN"]
        self.template = transformed(**parameters)
        # Moto makes no secrets, and gives an object where a bus has its name.
        created = replaced(self.template, {"CacheUrl": secret, "Ends": f"{NAME}-ends"})
        created["Outputs"].pop("Site")
        self._cloud = boto3.client("cloudformation")
        with warnings.catch_warnings():
            # Of what it does not know, each time it is looked at; the tests have the list.
            warnings.filterwarnings("ignore", message=".*not supported by moto", module="moto")
            self._cloud.create_stack(
                StackName=NAME,
                TemplateBody=json.dumps(created),
                Parameters=[
                    {"ParameterKey": name, "ParameterValue": value}
                    for name, value in parameters.items()
                ],
                Capabilities=["CAPABILITY_IAM"],
            )
            self._made = self._list()
        self._routes = routes(self.template)
        self._open: dict[str, tuple[Container, Handler]] = {}

    @property
    def status(self) -> str:
        return str(self._cloud.describe_stacks(StackName=NAME)["Stacks"][0]["StackStatus"])

    def made(self) -> dict[str, str]:
        """Logical ids, and what each is in the account."""
        return self._made

    def _list(self) -> dict[str, str]:
        pages = self._cloud.get_paginator("list_stack_resources").paginate(StackName=NAME)
        rows = [row for page in pages for row in page["StackResourceSummaries"]]
        named = [row for row in rows if row["LogicalResourceId"]]
        return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in named}

    def environment(self, function: str) -> dict[str, str]:
        """The variables that a function of Lambda was created with."""
        found = boto3.client("lambda").get_function_configuration(
            FunctionName=self.made()[function]
        )
        return dict(found["Environment"]["Variables"])

    def invoke(self, function: str, event: dict[str, Any]) -> Answer:
        """Run a function as its image would: by its command, in its environment."""
        if function not in self._open:
            container = Container(settings_of(self.environment(function)))
            self._open[function] = container, self._handler(function, container)
        return self._open[function][1](event, None)

    def _handler(self, function: str, container: Container) -> Handler:
        [command] = self.template["Resources"][function]["Properties"]["ImageConfig"]["Command"]
        module, _, name = command.rpartition(".")
        assert module == handlers.__name__
        assert callable(getattr(handlers, name)), name
        return handlers.handler(container, name)

    def request(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """What the HTTP API does with a request."""
        plain, _, query = path.partition("?")
        event = http_event(method, plain, query, body, headers)
        answer = self.invoke(self._route(method, plain), event)
        text = answer["body"]
        sent = base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode()
        return answer["statusCode"], answer["headers"], sent

    def _route(self, method: str, path: str) -> str:
        """The function of the most specific route, as the HTTP API chooses it."""
        for pattern, key, function in self._routes:
            if key in (method, "ANY") and pattern.fullmatch(path):
                return function
        raise AssertionError("there is always $default")

    def close(self) -> None:
        for container, _ in self._open.values():
            container.close()


def http_event(
    method: str, path: str, query: str, body: bytes, headers: dict[str, str]
) -> dict[str, Any]:
    """An event of an HTTP API, payload 2.0."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    cookies = sent.pop("cookie", "")
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        **({"cookies": cookies.split("; ")} if cookies else {}),
        "headers": {
            "host": DOMAIN,
            "x-forwarded-for": "192.0.2.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
            **sent,
        },
        "requestContext": {
            "accountId": ACCOUNT,
            "domainName": DOMAIN,
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "tests",
            },
            "stage": "$default",
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


Routes = list[tuple[re.Pattern[str], str, str]]


def route_table(template: dict[str, Any]) -> dict[str, str]:
    """Keys of routes as in `infra/aws/routes.py`, and the logical id of the function for each."""
    [api] = [it for it in template["Resources"].values() if it["Type"] == "AWS::ApiGatewayV2::Api"]
    found = {}
    for path, methods in api["Properties"]["Body"]["paths"].items():
        for method, told in methods.items():
            uri = told["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
            named = re.search(r"\$\{(\w+)\.Arn\}", uri)
            assert named is not None
            verb = {"x-amazon-apigateway-any-method": "ANY"}.get(method, method.upper())
            found["$default" if path == "/$default" else f"{verb} {path}"] = named[1]
            if path == "$default":
                found["$default"] = found.pop(f"{verb} {path}")
    return found


def routes(template: dict[str, Any]) -> Routes:
    """The routes, the most specific first."""
    rows = []
    for key, function in route_table(template).items():
        method, _, path = ("ANY", "", "/{rest+}") if key == "$default" else key.partition(" ")
        escaped = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path).replace(r"\+", "+"))
        pattern = re.sub(r"\\\{\w+\+\\\}", ".*", escaped)
        rows.append((key == "$default", "+}" in path, path.count("{"), method == "ANY", pattern,
                     method, function))  # fmt: skip
    rows.sort(key=lambda row: row[:4])
    return [(re.compile(row[4]), row[5], row[6]) for row in rows]


def _network() -> dict[str, str]:
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("abab")
    ]
    return {
        "Vpc": vpc,
        "PrivateSubnets": ",".join(subnets[:2]),
        "PublicSubnets": ",".join(subnets[2:]),
    }
