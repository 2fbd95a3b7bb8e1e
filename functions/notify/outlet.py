"""The end of each submission, told to a bus of the operator's own: SNS or EventBridge.

Theory of operation. The message is what `problem_done` carries: who, what and the verdict,
never code, output or anything of hidden tests. It was put in line by the Lua call that wrote
the end, and `deliveries.py` calls `send` until it is taken, so it may come twice; `eventId` is
the same each time, and a FIFO topic drops the second. AWS alone is talked to here, by the
operator's own setting and rights; a caller has no part in where it goes.

Why it was not taken is told by the code of the error: messages of AWS name keys and accounts.
boto3 is imported only where the setting asks for it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import msgspec

from shared.settings import SettingsError

_PLACE = re.compile(
    r"sns:(?P<topic>arn:aws[\w-]*:sns:(?P<region>[\w-]+):\d{12}:[\w-]{1,256}(\.fifo)?)"
    r"|eventbridge:(?P<bus>[\w./-]{1,256}"
    r"|arn:aws[\w-]*:events:(?P<bus_region>[\w-]+):\d{12}:event-bus/[\w./-]{1,256})"
)
#: Of one look of the sender; what is left then is tried again much later.
_ATTEMPTS = 2
_CONNECT_S, _READ_S = 3, 10
#: As many as are sent at the same time, see `deliveries.py`.
_THREADS = 8
SOURCE, KIND = "assay", "submission.ended"
#: By these a subscriber of SNS may choose; EventBridge looks into the message itself.
_ATTRIBUTES = ("status", "verdict", "language", "tenant")


class Outlet(Protocol):
    """Somewhere to tell an event."""

    def send(self, event_id: str, body: bytes) -> str:
        """Why it was not taken; empty if it was. Blocks."""
        ...


class Outlets:
    """The outlets that events in line are for: today's setting, and maybe yesterday's."""

    def __init__(self) -> None:
        self._open: dict[str, Outlet] = {}
        #: Threads of their own: the process has few, and AWS may keep one waiting for long.
        self._threads = ThreadPoolExecutor(_THREADS, "outlet")

    def open(self, place: str) -> Outlet:
        """The outlet at a place, such as `sns:arn:aws:sns:eu-central-1:123456789012:ends`.

        Raises:
            SettingsError: it is none.
        """
        if place not in self._open:
            self._open[place] = _open(place)
        return self._open[place]

    async def send(self, place: str, event_id: str, body: bytes) -> str:
        """Why it was not taken; empty if it was."""
        try:
            outlet = self.open(place)
        except SettingsError as error:
            return str(error)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, outlet.send, event_id, body)


def _open(place: str) -> Outlet:
    found = _PLACE.fullmatch(place)
    if found is None:
        why = "is neither sns:<topic ARN> nor eventbridge:<name or ARN of a bus>"
        raise SettingsError(f"events: {place!r} {why}")
    if found["topic"]:
        return _Topic(_client("sns", found["region"]), found["topic"])
    return _Bus(_client("events", found["bus_region"]), found["bus"])


def _client(service: str, region: str | None) -> Any:  # noqa: ANN401 - boto3 has no types
    import boto3
    from botocore.config import Config
    from botocore.exceptions import NoRegionError

    for name in ("boto3", "botocore", "urllib3"):
        # At `debug` they write signatures, whoever has asked them to.
        logging.getLogger(name).setLevel(logging.WARNING)
    retries = {"mode": "standard", "total_max_attempts": _ATTEMPTS}
    config = Config(connect_timeout=_CONNECT_S, read_timeout=_READ_S, retries=retries)
    try:
        return boto3.session.Session().client(service, region_name=region, config=config)
    except NoRegionError:
        raise SettingsError("events: the bus needs a region: AWS_REGION, or its ARN") from None


class _Topic:
    def __init__(self, client: Any, arn: str) -> None:  # noqa: ANN401
        self._client = client
        self._arn = arn

    def send(self, event_id: str, body: bytes) -> str:
        told = msgspec.json.decode(body)
        values = {"eventId": event_id, **{name: told.get(name) for name in _ATTRIBUTES}}
        asked: dict[str, Any] = {
            "TopicArn": self._arn,
            "Message": body.decode(),
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in values.items()
                if value
            },
        }
        if self._arn.endswith(".fifo"):
            # A tenant's name may have letters that SNS takes in no group.
            group = hashlib.sha256(told["tenant"].encode()).hexdigest()[:32]
            asked |= {"MessageGroupId": group, "MessageDeduplicationId": event_id}
        return _why_not(lambda: self._client.publish(**asked))


class _Bus:
    def __init__(self, client: Any, bus: str) -> None:  # noqa: ANN401
        self._client = client
        self._bus = bus

    def send(self, event_id: str, body: bytes) -> str:
        entry = {
            "EventBusName": self._bus,
            "Source": SOURCE,
            "DetailType": KIND,
            "Detail": msgspec.json.encode(
                msgspec.json.decode(body) | {"eventId": event_id}
            ).decode(),
        }
        return _why_not(lambda: self._client.put_events(Entries=[entry]))


def _why_not(call: Any) -> str:  # noqa: ANN401
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = call()
    except ClientError as error:
        return f"AWS refused it: {error.response.get('Error', {}).get('Code', 'unknown')}"
    except BotoCoreError as error:
        return f"AWS was not reached: {type(error).__name__}"
    # EventBridge answers 200 for what it did not take, and says so by entry.
    refused = [row["ErrorCode"] for row in answer.get("Entries", []) if "ErrorCode" in row]
    return f"AWS refused it: {refused[0]}" if refused else ""
