"""Messages of SQS: as Lambda hands them over, and as a process receives them itself.

`Consumer` is for places without Lambda: with `ASSAY_QUEUE` set, `python -m functions.submit`
asks for messages by long-polling, takes them by the same `Intake`, and deletes what was
settled. A message that is to come again is left alone: its visibility timeout brings it back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from functions.submit.intake import Intake, LayDown, Message
from shared import logs
from shared.errors import AssayError
from shared.services import Services
from shared.settings import SettingsError

log = logs.get_logger(__name__)

#: As SQS has it: a message has so many attributes, and its reason takes three.
_MOST_ATTRIBUTES = 10
_MOST_DETAIL = 500
_AT_ONCE = 10
#: Shorter than SQS allows, for a thread that waits cannot be told to stop.
_POLL_S = 5
_CONNECT_S, _READ_S = 3, 30
_AGAIN_S = 5.0


def from_event(record: Mapping[str, Any]) -> Message:
    """A record of the event that Lambda is given."""
    attributes = record.get("messageAttributes") or {}
    return Message(
        record["messageId"], record["body"], _strings(attributes, lambda it: it.get("stringValue"))
    )


def from_received(received: Mapping[str, Any]) -> Message:
    """A message of `ReceiveMessage`."""
    attributes = received.get("MessageAttributes") or {}
    return Message(
        received["MessageId"],
        received["Body"],
        _strings(attributes, lambda it: it.get("StringValue")),
    )


def _strings(attributes: Mapping[str, Any], value: Callable[[Any], Any]) -> dict[str, str]:
    """The attributes that are text; others say nothing to us."""
    found = {name: value(it) for name, it in attributes.items()}
    return {name: text for name, text in found.items() if isinstance(text, str) and text}


def connect(queue: str) -> Any:  # noqa: ANN401 - boto3 has no types
    """A client for the queues of the region of `queue`.

    Raises:
        SettingsError: it is no URL, or no region is known.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import NoRegionError

    if not queue.startswith(("https://", "http://")):
        raise SettingsError(f"a queue is given by its URL, not as {queue!r}")
    for name in ("boto3", "botocore", "urllib3"):
        # At `debug` they write whole requests, whoever has asked them to.
        logging.getLogger(name).setLevel(logging.WARNING)
    config = Config(
        connect_timeout=_CONNECT_S,
        read_timeout=_READ_S,
        retries={"mode": "standard", "total_max_attempts": 3},
    )
    try:
        return boto3.session.Session().client("sqs", config=config)
    except NoRegionError:
        raise SettingsError("a queue needs a region: AWS_REGION") from None


def dead_letters(client: Any, queue: str) -> LayDown:  # noqa: ANN401
    """Lays messages down in the queue, as they were, with `Reason`, `Detail` and `MessageId`."""

    async def lay_down(message: Message, error: AssayError) -> None:
        told = {"Reason": error.slug, "Detail": _carried(error.detail), "MessageId": message.id}
        kept = [it for it in message.attributes.items() if it[0] not in told]
        attributes = dict(kept[: _MOST_ATTRIBUTES - len(told)]) | told
        await asyncio.to_thread(
            client.send_message,
            QueueUrl=queue,
            MessageBody=message.body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        )

    return lay_down


def _carried(detail: str) -> str:
    """What SQS takes: a detail may echo characters that it refuses."""
    return "".join(it if it.isprintable() else "?" for it in detail)[:_MOST_DETAIL]


def intake_of(services: Services) -> Intake:
    """The intake as the settings have it.

    Raises:
        SettingsError: they do not go together.
    """
    queue = services.settings.queue_dead_letters
    return Intake(services.store, dead_letters(connect(queue), queue) if queue else None)


def consuming(services: Services) -> list[Callable[[], Coroutine[Any, Any, None]]]:
    """What runs beside the routes: asking the queue of the settings, if they name one.

    Raises:
        SettingsError: they do not go together.
    """
    queue = services.settings.queue
    return [Consumer(connect(queue), queue, intake_of(services)).run] if queue else []


class Consumer:
    """Takes what is in one queue, as long as it runs."""

    def __init__(self, client: Any, queue: str, intake: Intake, *, poll_s: int = _POLL_S) -> None:  # noqa: ANN401
        self._client = client
        self._queue = queue
        self._intake = intake
        self._poll_s = poll_s

    async def run(self) -> None:
        """Take messages, until cancelled."""
        from botocore.exceptions import BotoCoreError, ClientError

        while True:
            try:
                await self.take_some()
            except (BotoCoreError, ClientError) as error:
                log.warning("the queue was not reached", error=error)
                await asyncio.sleep(_AGAIN_S)
            except Exception:
                log.exception("messages were not taken")
                await asyncio.sleep(_AGAIN_S)

    async def take_some(self) -> int:
        """Wait for messages and take them; gives how many were settled.

        One that was taken and not deleted comes again, and is the same submission.
        """
        answer = await asyncio.to_thread(
            self._client.receive_message,
            QueueUrl=self._queue,
            MaxNumberOfMessages=_AT_ONCE,
            WaitTimeSeconds=self._poll_s,
            MessageAttributeNames=["All"],
        )
        received = answer.get("Messages", [])
        again = set(await self._intake.take_all([from_received(it) for it in received]))
        entries = [
            {"Id": str(number), "ReceiptHandle": it["ReceiptHandle"]}
            for number, it in enumerate(received)
            if it["MessageId"] not in again
        ]
        if entries:
            await asyncio.to_thread(
                self._client.delete_message_batch, QueueUrl=self._queue, Entries=entries
            )
        return len(entries)
