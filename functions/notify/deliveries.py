"""Sends webhooks and events: an end is told to its `callbackUrl`, and each one to the outlet.

Theory of operation. What is due lies in Redis (`shared/webhooks.py`). Each process looks
once a second, takes some under a lease, and sends them side by side; it takes more as soon as
one is done, and of one tenant, or for the outlet, only so many at the same time: a receiver
that does not answer delays its own tenant and nobody else. A delivery is done
when it was answered by 2xx; else it is due again after a pause that doubles from 5 s to an
hour, with jitter, and after `MOST_ATTEMPTS` it is laid down among the failed ones. A
process that dies in the middle leaves its deliveries to the next one, so a receiver may be
told twice; `webhook-id` is the same each time. The body of a webhook is the result as it is
stored, made when it is sent; that of an event is what `problem_done` said at the end.

The outlet (setting `events`) is of no tenant: what it could not be told is a dead letter of the
operator's. The setting is written where each end reads it, so only this function needs it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from redis.exceptions import RedisError

from functions.notify.outlet import Outlets
from functions.notify.post import Undelivered, post
from shared import keys, logs, scripts, tracing
from shared.batches import Batches
from shared.ending import end
from shared.errors import NotFound
from shared.identity import LOCAL_TENANT
from shared.models import Stored, encode
from shared.store import Store
from shared.webhooks import MOST_FAILED, FailedDelivery, Webhooks, signature

log = logs.get_logger(__name__)

MOST_ATTEMPTS = 12
TIMEOUT_S = 15.0
_LEASE_MS = 60_000
#: Under way in one process, and of one lane.
_AT_ONCE, _AT_ONCE_OF_ONE = 64, 8
_LOOK_S = 1.0
_FIRST_PAUSE_MS, _LONGEST_PAUSE_MS = 5_000, 3_600_000
_MOST_ERROR = 200


@dataclass(frozen=True)
class Delivery:
    """One that is due. Its name is `submission:<id>`, `batch:<id>` or `event:<id>-<epoch>`."""

    name: str
    url: str
    tenant: str
    attempts: int
    body: bytes = b""

    @property
    def id(self) -> str:
        """What its receiver knows it by."""
        return self.name.replace(":", "_")

    @property
    def about(self) -> tuple[str, str]:
        """What has ended: a submission or a batch, and its id."""
        kind, _, name = self.name.partition(":")
        return ("submission", name.partition("-")[0]) if kind == "event" else (kind, name)

    @property
    def lane(self) -> str:
        """What it must not hold up is in another one; `due_deliveries.lua` names them, too."""
        return "event" if self.is_event else f"tenant:{self.tenant}"

    @property
    def is_event(self) -> bool:
        """Whether it is for the outlet."""
        return self.name.startswith("event:")


class _Carrier(Stored):
    """Of a `Spec` what a trace goes on with."""

    traceparent: str = ""


def pause_ms(attempts: int) -> int:
    """How long after so many attempts the next one comes."""
    pause = min(_FIRST_PAUSE_MS * 2 ** (attempts - 1), _LONGEST_PAUSE_MS)
    return int(pause * random.uniform(0.8, 1.2))


def _names(delivery: Delivery) -> dict[str, str]:
    """What a log line says of it: never its URL, which may carry a secret."""
    kind, name = delivery.about
    return {f"{kind}Id": name, "tenant": delivery.tenant}


class Deliveries:
    """The sender of one process."""

    def __init__(
        self,
        store: Store,
        *,
        look_s: float = _LOOK_S,
        timeout_s: float = TIMEOUT_S,
        pause: Callable[[int], int] = pause_ms,
        count: Callable[[str], None] = lambda outcome: None,
    ) -> None:
        self._store = store
        self._client = store.client
        self._webhooks = Webhooks(store.client)
        self._batches = Batches(store.client, store.settings, store.archive)
        self._anywhere = store.settings.webhooks_to == "anywhere"
        self._look_s = look_s
        self._timeout_s = timeout_s
        self._pause = pause
        self._count = count
        self._outlets = Outlets()
        if store.settings.events:
            self._outlets.open(store.settings.events)
        self._is_told = False
        self._under_way: set[asyncio.Task[None]] = set()
        self._lanes: Counter[str] = Counter()

    async def run(self) -> None:
        """Send, until cancelled."""
        try:
            while True:
                begun: list[asyncio.Task[None]] = []
                try:
                    await self.tell_where()
                    begun = await self._begin_due()
                except (RedisError, OSError) as error:
                    log.info("webhooks wait for Redis", error=error)
                except Exception:
                    log.exception("webhooks were not sent")
                await self._rest(was_busy=bool(begun))
        finally:
            await end(self._under_way)

    async def _rest(self, *, was_busy: bool) -> None:
        """Until it is worth looking again: after a moment, or as soon as there is room."""
        pause_s = random.uniform(self._look_s / 2, self._look_s)
        if not self._under_way:
            await asyncio.sleep(0 if was_busy else pause_s)
        elif len(self._under_way) >= _AT_ONCE:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.wait(self._under_way, timeout=pause_s)

    async def tell_where(self) -> None:
        """Write the setting `events` where every end looks, once."""
        if self._is_told:
            return
        if self._store.settings.events:
            where = ["url", self._store.settings.events, "tenant", LOCAL_TENANT]
            await self._client.hset(keys.OUTLET, items=where)
        else:
            await self._client.delete(keys.OUTLET)
        self._is_told = True

    async def send_due(self) -> int:
        """Send what is due now, to its end; gives how many that were."""
        begun = await self._begin_due()
        await asyncio.gather(*begun)
        return len(begun)

    async def _begin_due(self) -> list[asyncio.Task[None]]:
        """Begin to send what is due, as far as there is room."""
        room = _AT_ONCE - len(self._under_way)
        if room <= 0:
            return []
        lanes = [it for pair in self._lanes.items() for it in pair]
        rows = await scripts.acall(
            self._client, "due_deliveries", room, _LEASE_MS, _AT_ONCE_OF_ONE, *lanes
        )
        due = [Delivery(*(it.decode() for it in row[:3]), *row[3:]) for row in rows]
        return [self._begin(delivery) for delivery in due]

    def _begin(self, delivery: Delivery) -> asyncio.Task[None]:
        task = asyncio.create_task(self._send_safely(delivery))
        self._under_way.add(task)
        self._lanes[delivery.lane] += 1

        def is_done(_task: asyncio.Task[None]) -> None:
            self._under_way.discard(task)
            self._lanes[delivery.lane] -= 1
            if not self._lanes[delivery.lane]:
                del self._lanes[delivery.lane]

        task.add_done_callback(is_done)
        return task

    async def _send_safely(self, delivery: Delivery) -> None:
        """What goes wrong on our side leaves it to its lease."""
        try:
            await self._send(delivery)
        except (RedisError, OSError) as error:
            log.info("a webhook or event waits for Redis", **_names(delivery), error=error)
        except Exception:
            log.exception("a webhook or event was not sent", **_names(delivery))

    async def _send(self, delivery: Delivery) -> None:
        parent = await self._traceparent(delivery) if tracing.is_on() else ""
        what = "event" if delivery.is_event else "webhook"
        with tracing.span(what, kind="client", parent=parent, attempt=delivery.attempts):
            await self._try(delivery)

    async def _traceparent(self, delivery: Delivery) -> str:
        """Of the request that sent it; empty if it is not kept, as with large submissions."""
        kind, name = delivery.about
        spec = await self._client.hget(keys.submission(name), "spec") if kind != "batch" else None
        return msgspec.json.decode(spec, type=_Carrier).traceparent if spec else ""

    async def _try(self, delivery: Delivery) -> None:
        try:
            body = await self._body(delivery)
        except NotFound:
            await self._give_up(delivery, "its result is not kept any more")
            return
        try:
            error = await self._tell(delivery, body)
        except Undelivered as undelivered:
            error = str(undelivered)
        if not error:
            self._count("delivered")
            await self._forget(delivery)
        elif delivery.attempts >= MOST_ATTEMPTS:
            await self._give_up(delivery, error)
        else:
            self._count("failed")
            log.info("a webhook or event was not delivered", **_names(delivery), reason=error)
            seconds, _ = await self._client.time()  # whose clock says what is due
            due_ms = seconds * 1000 + self._pause(delivery.attempts)
            await self._client.zadd(keys.DELIVERIES, {delivery.name: due_ms}, xx=True)

    async def _tell(self, delivery: Delivery, body: bytes) -> str:
        if delivery.is_event:
            return await self._outlets.send(delivery.url, delivery.id, body)
        return await self._post(delivery, body)

    async def _body(self, delivery: Delivery) -> bytes:
        if delivery.is_event:
            return delivery.body
        kind, name = delivery.about
        data: object
        if kind == "batch":
            data = await self._batches.summary(name, tenant=delivery.tenant)
        else:
            data = (await self._store.snapshot(name, tenant=delivery.tenant)).result
        return encode({"type": f"{kind}.ended", "data": data})

    async def _post(self, delivery: Delivery, body: bytes) -> str:
        """Why it was not delivered; empty if it was."""
        now_s, delivery_id = int(time.time()), delivery.id
        secret = await self._webhooks.secret(delivery.tenant)
        headers = {
            "User-Agent": "Assay",
            "webhook-id": delivery_id,
            "webhook-timestamp": str(now_s),
            "webhook-signature": signature(secret, delivery_id, now_s, body),
        }
        status = await post(
            delivery.url, body, headers, anywhere=self._anywhere, timeout_s=self._timeout_s
        )
        return "" if 200 <= status < 300 else f"it was answered by {status}"

    async def _forget(self, delivery: Delivery) -> None:
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.zrem(keys.DELIVERIES, delivery.name)
            pipe.delete(keys.delivery(delivery.name))
            await pipe.execute()

    async def _give_up(self, delivery: Delivery, error: str) -> None:
        failed = FailedDelivery(
            id=delivery.id,
            url=delivery.url,
            attempts=delivery.attempts,
            error=error[:_MOST_ERROR],
            at_ms=int(time.time() * 1000),
            body=delivery.body.decode(),
        )
        is_kept = await scripts.acall(
            *(self._client, "give_up", delivery.name, keys.failed_deliveries(delivery.tenant)),
            *(encode(failed), MOST_FAILED, keys.FAILING, delivery.tenant, failed.at_ms),
        )
        if not is_kept:  # what it tells of was deleted while it was under way
            return
        self._count("dead")
        log.warning("a webhook or event is given up", **_names(delivery), reason=error)
