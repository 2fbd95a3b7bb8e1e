"""The broker against a real server: woken rather than polling, and nothing is stranded."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import dramatiq
import pytest
import redis
from dramatiq.errors import ConnectionClosed

from infra.local.valkey import Valkey, url_of
from shared import keys, queue
from shared.queue import WakeBroker
from tests.infra.eventually import eventually
from tests.shared import submissions as subs

QUEUE = "work"
#: What a consumer that polls would wait; one that is woken does not, however busy the machine is.
POLL_MS = 20_000
WOKEN_WITHIN_S = 15.0


@pytest.fixture
def broker(redis_url: str) -> Iterator[WakeBroker]:
    with broker_on(redis_url) as made:
        yield made


@contextmanager
def broker_on(url: str) -> Iterator[WakeBroker]:
    made = WakeBroker(url)
    made.declare_queue(QUEUE)
    with closing(made):
        yield made


def send(broker: WakeBroker, *args: Any) -> None:  # noqa: ANN401
    """Enqueue a message whose arguments a test knows again."""
    broker.enqueue(
        dramatiq.Message[Any](queue_name=QUEUE, actor_name="none", args=args, kwargs={}, options={})
    )


def consumer_of(broker: WakeBroker, *, prefetch: int = 8, poll_ms: int = POLL_MS) -> Any:  # noqa: ANN401
    return broker.consume(QUEUE, prefetch=prefetch, timeout=poll_ms)


def receive(consumer: Any, within_s: float = 30.0) -> Any:  # noqa: ANN401
    """The next message, however often the consumer has to look for it."""
    deadline = time.monotonic() + within_s
    while (message := next(consumer)) is None:
        assert time.monotonic() < deadline, "no message came"
    return message


class Later:
    """Something done in a thread while the test waits, joined at the end."""

    def __init__(self, what: Any, *args: Any) -> None:  # noqa: ANN401
        self._thread = threading.Timer(0.3, what, args)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._thread.join()


def test_an_idle_consumer_is_woken_by_a_message(broker: WakeBroker) -> None:
    consumer = consumer_of(broker)
    began = time.monotonic()

    with Later(send, broker, 1):
        message = receive(consumer)

    assert message.args == (1,)
    assert time.monotonic() - began < WOKEN_WITHIN_S < POLL_MS / 1000


def test_a_message_that_comes_just_before_a_consumer_waits_still_wakes_it(
    broker: WakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = consumer_of(broker)
    fetch = WakeBroker._dispatch

    def fetch_then_lose_the_race(self: WakeBroker, command: str) -> Any:  # noqa: ANN401
        monkeypatch.setattr(WakeBroker, "_dispatch", fetch)

        def call(*args: Any) -> Any:  # noqa: ANN401
            found = fetch(self, command)(*args)
            send(broker, "in between")
            return found

        return call

    monkeypatch.setattr(WakeBroker, "_dispatch", fetch_then_lose_the_race)
    began = time.monotonic()

    assert receive(consumer).args == ("in between",)
    assert time.monotonic() - began < WOKEN_WITHIN_S


def test_one_message_reaches_one_of_many_consumers(redis_url: str) -> None:
    seen: list[int] = []

    def consume(broker: WakeBroker) -> None:
        consumer = consumer_of(broker, poll_ms=500)
        for _ in range(4):
            if (message := next(consumer)) is not None:
                seen.append(message.args[0])
                consumer.ack(message)

    with broker_on(redis_url) as one, broker_on(redis_url) as other:
        threads = [threading.Thread(target=consume, args=(it,)) for it in (one, other)]
        for thread in threads:
            thread.start()
        for number in range(3):
            send(one, number)
        for thread in threads:
            thread.join()

    assert sorted(seen) == [0, 1, 2]


def test_a_consumer_whose_slots_are_full_fetches_at_the_next_ack(broker: WakeBroker) -> None:
    consumer = consumer_of(broker, prefetch=1)
    for number in (1, 2):
        send(broker, number)
    first = receive(consumer)
    began = time.monotonic()

    with Later(consumer.ack, first):
        second = receive(consumer)
        waited_s = time.monotonic() - began

    assert (first.args, second.args) == ((1,), (2,))
    assert 0.2 < waited_s < WOKEN_WITHIN_S  # not before the ack, and not a poll later


def test_a_failed_message_frees_its_slot_as_well(broker: WakeBroker) -> None:
    consumer = consumer_of(broker, prefetch=1)
    for number in (1, 2):
        send(broker, number)
    first = receive(consumer)
    began = time.monotonic()

    with Later(consumer.nack, first):
        assert receive(consumer).args == (2,)

    assert time.monotonic() - began < WOKEN_WITHIN_S


def test_messages_of_a_dead_worker_come_back_by_the_clock(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "MAINTENANCE_INTERVAL_S", 0.2)
    with broker_on(redis_url) as dead, broker_on(redis_url) as living:
        living.heartbeat_timeout = 300
        for number in range(3):
            send(dead, number)
        fetched = consumer_of(dead)
        assert receive(fetched).args == (0,)  # and two more are in its memory: then it dies

        consumer = consumer_of(living, poll_ms=50)
        again = sorted(receive(consumer).args[0] for _ in range(3))

    assert again == [0, 1, 2]


def test_messages_of_a_living_worker_stay_with_it(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "MAINTENANCE_INTERVAL_S", 0.05)
    with broker_on(redis_url) as one, broker_on(redis_url) as other:
        send(one, 1)
        consumer = consumer_of(one, poll_ms=20)
        message = receive(consumer)
        others = consumer_of(other, poll_ms=20)

        for _ in range(8):  # maintenance and take-back run on both, many times
            assert next(consumer) is None
            assert next(others) is None

        consumer.ack(message)
        assert not one.client.exists(keys.dramatiq_messages(QUEUE))


class Proxy:
    """Between a broker and its server; can lose the reply to a command, as a network does."""

    def __init__(self, server: Path, folder: Path) -> None:
        self.path = folder / "proxy.sock"
        self.lost = 0
        self._lose = b""
        self._server = server
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def lose_reply_to(self, command: bytes) -> None:
        """The next command with these bytes in it is carried out; its reply never comes."""
        self._lose = command

    def close(self) -> None:
        for end in (self._listener, *self._ends):
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self._listener.accept()
            except OSError:
                return
            theirs = socket.socket(socket.AF_UNIX)
            theirs.connect(str(self._server))
            self._ends += [ours, theirs]
            threading.Thread(target=self._carry, args=(ours, theirs), daemon=True).start()

    def _carry(self, ours: socket.socket, theirs: socket.socket) -> None:
        losing = False
        try:
            while True:
                for end in select.select([ours, theirs], [], [])[0]:
                    data = end.recv(1 << 20)
                    if not data:
                        raise ConnectionResetError
                    if end is ours and self._lose and self._lose in data:
                        losing, self._lose = True, b""
                    if end is theirs and losing:
                        self.lost += 1
                        raise ConnectionResetError
                    (theirs if end is ours else ours).sendall(data)
        except (OSError, ValueError):
            for end in (ours, theirs):
                end.close()


@pytest.fixture
def proxy(valkey: Valkey, redis_url: str, tmp_path: Path) -> Iterator[Proxy]:
    assert redis_url == valkey.url
    with closing(Proxy(valkey.socket, tmp_path)) as between:
        yield between


def test_messages_whose_fetch_reply_was_lost_are_taken_back(
    redis_url: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "MAINTENANCE_INTERVAL_S", 0.2)
    with broker_on(redis_url) as sender, broker_on(url_of(proxy.path)) as broker:
        consumer = consumer_of(broker, poll_ms=50)
        assert next(consumer) is None
        for number in range(3):
            send(sender, number)

        proxy.lose_reply_to(b"fetch")
        again = sorted(receive(consumer).args[0] for _ in range(3))

        assert proxy.lost == 1
        assert again == [0, 1, 2]


def test_a_consumer_made_anew_takes_back_what_its_predecessor_never_handled(
    broker: WakeBroker,
) -> None:
    for number in range(3):
        send(broker, number)
    lost = consumer_of(broker)
    held = receive(lost)  # this one is being worked on; two more were fetched with it

    consumer = consumer_of(broker, poll_ms=50)

    assert sorted(receive(consumer).args[0] for _ in range(2)) == [1, 2]
    assert next(consumer) is None
    consumer.ack(held)


def test_what_is_acked_while_the_lost_are_looked_for_is_not_lost(
    broker: WakeBroker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = consumer_of(broker, poll_ms=50)
    send(broker, "one")
    message = receive(consumer)
    read = broker.client.smembers

    def read_and_be_overtaken(key: str) -> Any:  # noqa: ANN401
        found = read(key)
        consumer.ack(message)
        return found

    monkeypatch.setattr(broker.client, "smembers", read_and_be_overtaken)
    consumer._take_back()
    assert "dropped" not in caplog.text


def test_an_enqueue_whose_reply_was_lost_is_told_or_done_but_never_forgotten(
    redis_url: str, proxy: Proxy
) -> None:
    with broker_on(redis_url) as reader, broker_on(url_of(proxy.path)) as broker:
        send(broker, "first")  # its scripts are loaded
        proxy.lose_reply_to(b"second")

        send(broker, "second")

        consumer = consumer_of(reader, poll_ms=50)
        assert proxy.lost == 1
        assert {receive(consumer).args[0] for _ in range(2)} == {"first", "second"}


@pytest.mark.parametrize(
    "body", [None, b"", b"no json", b'{"actor_name":"x"}'], ids=["gone", "empty", "text", "partial"]
)
def test_a_message_that_cannot_be_read_is_dropped_at_the_next_start(
    broker: WakeBroker, body: bytes | None
) -> None:
    if body is not None:
        broker.client.hset(keys.dramatiq_messages(QUEUE), "spoilt", body)
    broker.client.rpush(keys.dramatiq_queue(QUEUE), "spoilt")
    send(broker, "good")
    reached: list[str] = []

    for _ in range(3):  # as Dramatiq's consumer thread does: made anew after an error
        consumer = consumer_of(broker, poll_ms=50)
        try:
            while not reached:
                reached.append(receive(consumer).args[0])
        except Exception as error:
            assert not isinstance(error, (ConnectionClosed, AssertionError))

    assert reached == ["good"]
    assert not broker.client.hexists(keys.dramatiq_messages(QUEUE), "spoilt")
    assert not broker.client.exists(keys.dramatiq_queue(QUEUE))


def test_a_server_that_is_away_is_a_closed_connection_to_dramatiq(tmp_path: Path) -> None:
    with Valkey(tmp_path) as server, broker_on(server.url) as broker:
        consumer = consumer_of(broker, poll_ms=50)
        server.kill()

        with pytest.raises(ConnectionClosed):
            next(consumer)
        with pytest.raises(ConnectionClosed):
            consumer_of(broker)

        server.start()
        eventually(lambda: broker.client.ping())
        send(broker, "back")
        assert receive(consumer_of(broker)).args == ("back",)


def test_wake_tokens_do_not_pile_up_while_nobody_listens(redis_url: str) -> None:
    """Rings of the store's scripts are bounded; so is what an idle machine has to work off."""
    with redis.Redis.from_url(redis_url) as client:
        for _ in range(300):
            subs.submitted(client)
        assert client.llen(keys.wake_list("execute")) <= 256
        assert client.llen(keys.dramatiq_queue("execute")) <= 256
        assert client.zcard(keys.READY) == 300


def test_a_full_redis_still_hands_out_what_it_holds(redis_url: str) -> None:
    # Given a message that waits in a Redis which has become full since
    with broker_on(redis_url) as broker, redis.Redis.from_url(redis_url) as client:
        send(broker, "waiting")
        client.config_set("maxmemory", 1)
        try:
            # When a worker looks for work
            message = receive(consumer := consumer_of(broker))
            # Then it is given it, and can acknowledge it
            assert message.args == ("waiting",)
            consumer.ack(message)
            assert client.hlen(keys.dramatiq_messages(QUEUE)) == 0
        finally:
            client.config_set("maxmemory", 0)
