"""Open streams and sockets end soon after what opened them does, through the real service."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest
import redis
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from functions.notify.guests import Guests
from infra.local.valkey import Valkey
from shared import keys
from shared.connect import async_client
from shared.credentials import Credentials
from shared.identity import LOCAL, Caller, Role
from shared.listen import LISTEN_FD, listen

PATIENCE_S = 60.0
ROLES = frozenset({Role.READ, Role.SUBMIT})


class House:
    """The host as it is started, asked as from elsewhere."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connections: list[HTTPConnection] = []

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> HTTPResponse:  # noqa: ANN401
        """The beginning of an answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        self.connections.append(connection)
        text = None if body is None else json.dumps(body)
        kind = {} if body is None else {"content-type": "application/json"}
        connection.request(method, path, text, kind | headers)
        return connection.getresponse()

    def told(self, *question: Any, **headers: str) -> Any:  # noqa: ANN401
        """A whole answer, which must be a success."""
        answer = self.ask(*question, **headers)
        text = answer.read()
        assert answer.status < 400, text
        return json.loads(text) if text else {}

    def session(self, name: str) -> dict[str, str]:
        """The cookie of an account that has just been made."""
        token = self.told("POST", "/invites", {})["url"].partition("=")[2]
        answer = self.ask("POST", "/accounts", {"token": token, "name": name})
        answer.read()
        return {"cookie": str(answer.headers["set-cookie"]).partition(";")[0]}

    def stream(self, query: str = "", **headers: str) -> HTTPResponse:
        """Follow all of one's own."""
        answer = self.ask("GET", f"/events/me{query}", **headers)
        assert answer.status == 200
        assert answer.readline().startswith(b"retry:")
        return answer

    @contextlib.contextmanager
    def socket(self, **headers: str) -> Iterator[ClientConnection]:
        """The same over a socket."""
        url = f"ws://127.0.0.1:{self.port}/socket"
        with connect(url, additional_headers=headers, open_timeout=PATIENCE_S) as socket:
            socket.send('{"subscribe": "me"}')
            socket.recv(timeout=PATIENCE_S)  # the reset with which it begins
            yield socket


@pytest.fixture(scope="module")
def house(valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
    folder = tmp_path_factory.mktemp("house")
    with listen("127.0.0.1", 0) as listener, Path(folder, "log").open("wb") as log:
        told = {"REDIS_URL": valkey.url, LISTEN_FD: str(listener.fileno())}
        told["ASSAY_STATE"] = str(folder)
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.host"],
            env=os.environ | told,
            pass_fds=[listener.fileno()],
            stderr=log,
        )
        made = House(listener.getsockname()[1])
        try:
            yield made
        finally:
            for connection in made.connections:
                connection.close()
            process.terminate()
            assert process.wait(PATIENCE_S) == 0
    assert "Traceback" not in Path(folder, "log").read_text()


def api_key(url: str) -> tuple[str, dict[str, str]]:
    """A key of a tenant: its id, and what is shown."""

    async def make() -> Any:  # noqa: ANN401
        async with async_client(url) as client:
            return await Credentials(client).create_key("acme", ROLES)

    issued = asyncio.run(make())
    return issued.key_id, {"authorization": f"Bearer {issued.secret}"}


def revoke(url: str, key_id: str) -> None:
    async def done() -> bool:
        async with async_client(url) as client:
            return await Credentials(client).revoke_key(key_id)

    assert asyncio.run(done())


def expire(url: str, key_id: str) -> None:
    with redis.Redis.from_url(url) as client:
        stored: Any = client.hget(keys.API_KEYS, key_id)
        client.hset(keys.API_KEYS, key_id, json.dumps(json.loads(stored) | {"expiresMs": 1}))


def credentials_of(house: House, url: str, way: str) -> tuple[dict[str, str], Callable[[], None]]:
    """What somebody shows, and what makes that it opens nothing any more."""
    if way in ("revoked", "expired"):
        key_id, shown = api_key(url)
        return shown, partial(revoke if way == "revoked" else expire, url, key_id)
    shown = house.session(f"ada-{way}")
    question: tuple[Any, ...] = {
        "logout": ("POST", "/logout"),
        "password": ("PUT", "/me/password", {"password": "a long new one"}),
        "deleted": ("DELETE", f"/accounts/ada-{way}"),
    }[way]
    who = {} if way == "deleted" else shown
    return shown, partial(house.told, *question, **who)


def test_what_is_open_ends_when_its_credentials_do(house: House, valkey: Valkey) -> None:
    ways = ("revoked", "expired", "logout", "password", "deleted")
    everybody = [credentials_of(house, valkey.url, way) for way in ways]
    _, others = api_key(valkey.url)
    with contextlib.ExitStack() as stack:
        # Given a stream, a stream by a ticket and a socket of each, and of somebody else
        streams, sockets = [], []
        for shown, _ in everybody:
            ticket = house.told("POST", "/ticket", **shown)["ticket"]
            streams += [house.stream(**shown), house.stream(f"?ticket={ticket}")]
            sockets.append(stack.enter_context(house.socket(**shown)))
        other_stream = house.stream(**others)
        other_socket = stack.enter_context(house.socket(**others))
        # When the credentials end
        for _, close in everybody:
            close()
        # Then so does all that they have opened
        for way, socket in zip(ways, sockets, strict=True):
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=PATIENCE_S)
            assert socket.close_code == 4401, way
        for ended in streams:
            ended.read()  # to its end
        for shown, _ in everybody:
            assert house.ask("GET", "/events/me", **shown).status == 401
        # and nothing else
        other_socket.send('{"unsubscribe": "me"}')
        assert json.loads(other_socket.recv(timeout=PATIENCE_S)) == {"stream": "me", "end": True}
        assert other_stream.isclosed() is False


class _Asked(Credentials):
    """Counts what is asked."""

    def __init__(self) -> None:
        self.asked: list[list[Caller]] = []
        self.gone: set[str] = set()
        self.is_away = False

    async def still_open(self, callers: Any) -> list[bool]:  # noqa: ANN401
        if self.is_away:
            raise redis.ConnectionError("away")
        self.asked.append(list(callers))
        return [caller.shown not in self.gone for caller in callers]


def test_each_key_is_asked_for_once_whatever_it_holds_open() -> None:
    credentials = _Asked()
    guests = Guests(credentials, check_s=0.001)
    left: list[str] = []

    async def story() -> None:
        with contextlib.ExitStack() as inside:
            for number in range(500):
                name = f"key:{number % 2}"
                caller = Caller("acme", ROLES, "same name", shown=name)
                inside.enter_context(guests.welcome(caller, partial(left.append, name)))
            inside.enter_context(guests.welcome(LOCAL, lambda: left.append("local")))
            await guests.look()
            assert [len(asked) for asked in credentials.asked] == [2]
            credentials.gone = {"key:1"}
            credentials.is_away = True
            work = asyncio.create_task(guests.run())
            await asyncio.sleep(0.02)
            assert left == [], "while Redis is away nobody is sent away"
            credentials.is_away = False
            while not left:
                await asyncio.sleep(0.001)
            work.cancel()
            assert set(left) == {"key:1"}
            assert len(left) % 250 == 0
        credentials.asked.clear()
        await guests.look()
        assert credentials.asked == []

    asyncio.run(asyncio.wait_for(story(), PATIENCE_S))
