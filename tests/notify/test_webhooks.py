"""Webhooks: told once it has ended, signed, again until it is heard, and only to the public."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import redis

from functions.notify.deliveries import MOST_ATTEMPTS, Deliveries, pause_ms
from infra.local.valkey import Valkey
from shared import keys, scripts
from shared.connect import async_client
from shared.ending import end
from shared.settings import Settings
from shared.store import Store
from shared.webhooks import FailedDelivery, Webhooks
from tests.notify.following import run
from tests.shared import submissions as subs
from tests.support import emptied


class Receiver(ThreadingHTTPServer):
    """Somebody's server. It answers what it is told to, and notes what it was told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        #: While it is not set, nobody gets an answer.
        self.gate = threading.Event()
        self.gate.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?x=1"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Receiver)
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        server.heard.append((headers | {"target": self.path}, body))
        server.gate.wait(60)
        self.send_response(server.answers.pop(0) if server.answers else 204)
        self.send_header("location", server.url)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def redis_url(own_valkey: Valkey) -> str:
    """Of a store that no other sender looks into, as the servers of other tests do."""
    return emptied(own_valkey)


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.gate.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def submitted(client: redis.Redis, callback: str, tenant: str = "local") -> str:
    """A submission with a callback, as the store writes it."""
    submission_id = uuid.uuid4().hex
    text = subs.spec("print()")
    answer = scripts.call(
        *(client, "submit", submission_id, tenant, "", "python", text, "e1", "", 600),
        *(1000, 1 << 30, 1000, 1 << 30, "default", "*", "", "", "", "", 0, "", callback),
    )
    assert answer == b"queued"
    return submission_id


def ended(client: redis.Redis, callback: str, tenant: str = "local") -> str:
    submission_id = submitted(client, callback, tenant)
    subs.cancel(client, submission_id)
    return submission_id


@asynccontextmanager
async def sender(url: str, *, webhooks_to: str = "anywhere") -> AsyncIterator[Deliveries]:
    settings = Settings(redis_url=url, webhooks_to=webhooks_to)
    async with async_client(url) as client:
        yield Deliveries(Store(client, settings), timeout_s=20, pause=lambda _: -1000)


def send(url: str, *, rounds: int = 1, webhooks_to: str = "anywhere") -> None:
    """What a process does in so many looks."""

    async def main() -> None:
        async with sender(url, webhooks_to=webhooks_to) as deliveries:
            for _ in range(rounds):
                await deliveries.send_due()

    run(main())


def send_all(url: str, *, webhooks_to: str = "anywhere") -> None:
    """Until everything is settled, one way or the other."""

    async def main() -> None:
        async with sender(url, webhooks_to=webhooks_to) as deliveries, async_client(url) as client:
            while await client.exists(keys.DELIVERIES):
                await deliveries.send_due()

    run(main())


def failed(url: str) -> list[FailedDelivery]:
    async def main() -> list[FailedDelivery]:
        async with async_client(url) as client:
            return await Webhooks(client).failed("local")

    return run(main())


def test_an_end_is_told_with_a_signature_that_anybody_can_check(
    redis_url: str, client: redis.Redis, receiver: Receiver
) -> None:
    submission_id = submitted(client, receiver.url)
    send(redis_url)
    assert receiver.heard == [], "it has not ended"

    subs.cancel(client, submission_id)
    send(redis_url, rounds=3)

    [(headers, body)] = receiver.heard
    told = json.loads(body)
    assert told["type"] == "submission.ended"
    assert (told["data"]["id"], told["data"]["status"]) == (submission_id, "cancelled")
    assert headers["target"] == "/hook?x=1"
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == f"submission_{submission_id}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 600
    stored: Any = client.get(keys.webhook_secret("local"))
    secret = base64.b64decode(stored.decode().removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert not client.exists(keys.DELIVERIES, keys.delivery(f"submission:{submission_id}"))


def test_it_is_sent_again_by_any_process_until_it_is_heard(
    redis_url: str, client: redis.Redis, receiver: Receiver
) -> None:
    receiver.answers += [500, 404, 302, 200]
    submission_id = ended(client, receiver.url)
    for _ in range(6):  # each time another process
        send(redis_url)
    assert len(receiver.heard) == 4, "a redirect is not followed, and counts as no"
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1
    assert len({body for _, body in receiver.heard}) == 1
    assert not client.exists(keys.DELIVERIES, keys.delivery(f"submission:{submission_id}"))


def test_what_is_never_heard_is_laid_down_with_its_reason(
    redis_url: str, client: redis.Redis, receiver: Receiver
) -> None:
    receiver.answers += [503] * MOST_ATTEMPTS
    submission_id = ended(client, receiver.url)
    send_all(redis_url)
    assert len(receiver.heard) == MOST_ATTEMPTS
    [letter] = failed(redis_url)
    assert (letter.id, letter.url, letter.attempts) == (
        f"submission_{submission_id}", receiver.url, MOST_ATTEMPTS,
    )  # fmt: skip
    assert "503" in letter.error
    assert not client.exists(keys.DELIVERIES)


def test_a_sender_that_dies_leaves_its_delivery_to_the_next(
    redis_url: str, client: redis.Redis, receiver: Receiver
) -> None:
    # Given one that took a delivery and died
    submission_id = ended(client, receiver.url)
    [taken] = scripts.call(client, "due_deliveries", 10, 60_000, 8)
    assert taken[0].decode() == f"submission:{submission_id}"
    # While its lease lasts, nobody else sends it; then somebody does
    send(redis_url)
    assert receiver.heard == []
    client.zadd(keys.DELIVERIES, {taken[0]: 0})
    send(redis_url)
    assert len(receiver.heard) == 1


def test_a_receiver_that_does_not_answer_delays_nobody_but_its_tenant(
    redis_url: str, client: redis.Redis, receiver: Receiver
) -> None:
    async def until(is_so: Callable[[], Any]) -> None:
        async with asyncio.timeout(60):
            while not is_so():
                await asyncio.sleep(0.02)

    async def main(tarpit: Receiver) -> None:
        async with sender(redis_url) as deliveries:
            working = asyncio.create_task(deliveries.run())
            # Then who comes behind all of them is told while not one of them is answered
            await until(lambda: receiver.heard)
            assert len(tarpit.heard) <= 8
            tarpit.gate.set()
            await until(lambda: not client.exists(keys.DELIVERIES))
            await end([working])

    with receiving() as tarpit:
        tarpit.gate.clear()
        # When a tenant has more to be told than is sent at the same time, to who never answers
        held = {ended(client, tarpit.url, "acme") for _ in range(80)}
        ended(client, receiver.url)
        run(main(tarpit))
        told = [headers["webhook-id"] for headers, _ in tarpit.heard]
    assert sorted(told) == sorted(f"submission_{it}" for it in held), "each once"


def test_pauses_grow_and_have_an_end() -> None:
    for attempts in range(1, MOST_ATTEMPTS):
        assert 0.8 * 5_000 <= pause_ms(attempts) <= 1.2 * 3_600_000
    assert pause_ms(6) > pause_ms(1) * 10


def test_the_end_of_a_batch_is_told(
    redis_url: str, client: redis.Redis, receiver: Receiver
) -> None:
    opened = scripts.call(
        client, "batch_open", "b" * 32, "local", "e1", 60_000, "", "", 0, receiver.url
    )
    assert opened == b"filling"
    item = subs.submitted(client)
    client.hset(keys.submission(item), "batch", "b" * 32)
    client.hincrby(keys.batch("b" * 32), "total", 1)
    client.sadd(keys.batch_left("b" * 32), item)
    scripts.call(client, "batch_seal", "b" * 32, 0, 600)
    subs.cancel(client, item)
    send(redis_url)
    [(headers, body)] = receiver.heard
    told = json.loads(body)
    assert (told["type"], told["data"]["status"]) == ("batch.ended", "finished")
    assert headers["webhook-id"] == "batch_" + "b" * 32


def test_nothing_is_sent_into_private_networks_unless_that_is_allowed(
    redis_url: str, client: redis.Redis, receiver: Receiver
) -> None:
    port = receiver.server_port
    for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1", "0"):
        ended(client, f"http://{host}:{port}/")
    send_all(redis_url, webhooks_to="public")
    assert receiver.heard == []
    letters = failed(redis_url)
    assert len(letters) == 6
    assert {letter.error for letter in letters} <= {
        "the host has an address that is not public", "the host is not known",
    }  # fmt: skip
