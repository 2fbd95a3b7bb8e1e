"""What Lambda calls: `infra.aws.handlers.submit`, one name for each function.

Theory of operation. A container of Lambda serves one event at a time, for hours, and is frozen
in between. So the event loop, the app and its connections are made at the first event and
stay; Mangum turns an event of the HTTP API into ASGI and runs it on that loop, without a
lifespan of its own, which would open and close everything each time. A connection that died
in the ice is found dead by its next command and made anew (`shared/connect.py`).

The app is the very one that `python -m functions.<name>` serves, without its work beside
requests: nothing runs between events, so that work is on ECS (`notify`, the archiver), and the
services are opened before the app adds any. Credentials are always needed: whoever calls is
not on this machine.

The URL of Valkey holds its password, so it is no variable of the function: `REDIS_URL_SECRET`
names the secret of Secrets Manager, and it is read when a container starts.
"""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import unquote_plus

import uvloop
from mangum import Mangum

from shared import logs
from shared.failure import Failure
from shared.services import Services
from shared.serving import assemble
from shared.settings import Settings

Event = Mapping[str, Any]
Answer = dict[str, Any]
Handler = Callable[[Event, object], Answer]


def settings_of(environ: Mapping[str, str]) -> Settings:
    """The settings of an environment, with what is secret fetched."""
    secret = environ.get("REDIS_URL_SECRET", "")
    if not secret:
        return Settings.from_env(environ)
    import boto3

    found = boto3.client("secretsmanager").get_secret_value(SecretId=secret)
    return Settings.from_env({**environ, "REDIS_URL": found["SecretString"]})


class Container:
    """What one container of Lambda keeps from one event to the next."""

    def __init__(self, settings: Settings) -> None:
        if not settings.redis_url:
            raise Failure("REDIS_URL_SECRET or REDIS_URL is needed.")
        self.loop = uvloop.new_event_loop()
        self.services = Services(replace(settings, auth="always"))
        self._opened = AsyncExitStack()
        self.loop.run_until_complete(self._open())

    async def _open(self) -> None:
        await self.services.store.check_schema()
        await self._opened.enter_async_context(self.services)

    def close(self) -> None:
        """Hang up. Lambda never says when; tests do."""
        self.loop.run_until_complete(self._opened.aclose())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


def web(container: Container, name: str) -> Handler:
    """The app of one function, for events of an HTTP API."""
    routes = importlib.import_module(f"functions.{name}.app").routes
    asyncio.set_event_loop(container.loop)
    adapter = Mangum(assemble(container.services, routes), lifespan="off")

    def answer(event: Event, context: object) -> Answer:
        asyncio.set_event_loop(container.loop)  # which is where Mangum looks for it
        return adapter(dict(event), context)  # type: ignore[arg-type]

    return answer


def queue(container: Container) -> Handler:
    """Submissions that come from SQS: the answer names those that are to come again."""
    from functions.submit.sqs import from_event, intake_of

    intake = intake_of(container.services)

    def take(event: Event, _context: object) -> Answer:
        messages = [from_event(record) for record in event["Records"]]
        again = container.loop.run_until_complete(intake.take_all(messages))
        return {"batchItemFailures": [{"itemIdentifier": name} for name in again]}

    return take


def bucket(container: Container) -> Handler:
    """Problem packages that are put into a bucket; one that cannot be installed is raised."""
    import boto3

    from functions.problems.incoming import Incoming

    incoming = Incoming(container.services, boto3.client("s3"))

    def install(event: Event, _context: object) -> Answer:
        async def all_of_it() -> list[str]:
            places = [record["s3"] for record in event["Records"]]
            # In an event a key is written as in the query of a URL.
            named = [(it["bucket"]["name"], unquote_plus(it["object"]["key"])) for it in places]
            return [await incoming.install(*place) for place in named]

        return {"installed": container.loop.run_until_complete(all_of_it())}

    return install


#: What is called by other events than those of the HTTP API.
_OTHERS = {"intake": queue, "packages": bucket}


@cache
def _container() -> Container:
    settings = settings_of(os.environ)
    logs.configure(settings, os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "lambda"))
    return Container(settings)


@cache
def _served(name: str) -> Handler:
    return handler(_container(), name)


def handler(container: Container, name: str) -> Handler:
    """What the function of this name below does, in a container."""
    if name in _OTHERS:
        return _OTHERS[name](container)
    return web(container, {"pages": "web"}.get(name, name))


def _called(name: str) -> Handler:
    """What Lambda calls; nothing is opened before the first event."""

    def call(event: Event, context: object) -> Answer:
        return _served(name)(event, context)

    return call


# Over HTTP: the function of the same name, and of `archive` its route; the archiver is on ECS.
submit = _called("submit")
result = _called("result")
problems = _called("problems")
access = _called("access")
admin = _called("admin")
archive = _called("archive")
pages = _called("pages")  # functions/web
intake = _called("intake")  # functions/submit, from SQS
packages = _called("packages")  # functions/problems, from S3
