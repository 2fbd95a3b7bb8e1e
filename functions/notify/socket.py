"""`/socket`: the events of many streams over one WebSocket, with the same ids as over SSE.

What the client may say is in `commands.py`. The server sends

    {"stream", "id", "event", "data"}      an event
    {"stream", "end": true}                no more will come
    {"stream", "submitted": true, "ref"?}  the id of what was sent by `submit`
    {"stream"?, "ref"?, "error": {...}}    a problem document

`/socket?stream=<id>&after=<cursor>` subscribes at once, and the server closes when
the last subscription has ended. Closing codes: 1000 at the end, 1012 when the server
shuts down (come back with the cursors), 4401 when what the client has shown opens nothing
any more, 4000 + status after an error in that short form.

Theory of operation. One task listens, one task per subscription follows a stream; they
only meet in `_say`, where a lock keeps a slow client from being waited for by all at
once. The main task waits for the first reason to end, and then ends the others.
"""

from __future__ import annotations

import asyncio
from contextlib import closing, suppress

import msgspec
from starlette.requests import HTTPConnection

from functions.notify import commands
from functions.notify.commands import Command
from functions.notify.desk import Desk
from functions.notify.events import Event, parse_cursor
from functions.notify.guests import Guests
from functions.notify.hub import Hub
from functions.notify.wire import SEND_TIMEOUT_S, ClientStuck, Outlet
from shared import logs
from shared.asgi import Receive, Scope, Send
from shared.ending import end
from shared.errors import (
    AssayError,
    Conflict,
    Internal,
    Overloaded,
    from_exception,
)
from shared.identity import Caller, Role, require
from shared.models import encode
from shared.services import Services
from shared.taking.take import Taking

log = logs.get_logger(__name__)

_MOST_SUBSCRIPTIONS = 64
#: Pings are the server's business (uvicorn, each 20 s), so a quiet stream just waits.
_QUIET_S = 3600.0
_DONE = 1000
_SERVER_LEAVES = 1012
_TRY_LATER = 1013
_SIGNED_OUT = 4401
_CLIENT_GONE = 0


class Socket:
    """The ASGI endpoint."""

    def __init__(
        self,
        hub: Hub,
        guests: Guests,
        services: Services,
        *,
        send_timeout_s: float = SEND_TIMEOUT_S,
    ) -> None:
        self._hub = hub
        self._guests = guests
        self._services = services
        self._taking = Taking(services.store)
        self._send_timeout_s = send_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = require(scope, Role.READ)
        query = HTTPConnection(scope).query_params
        first = (query["stream"], query.get("after")) if "stream" in query else None
        self._hub.take_seat(caller.tenant)
        try:
            outlet = Outlet(receive, send, self._send_timeout_s)
            desk = Desk(self._services, self._taking, caller)
            conversation = _Conversation(self._hub, caller, desk, receive, outlet)
            with self._guests.welcome(caller, conversation.send_away):
                await conversation.run(first)
        finally:
            self._hub.give_seat(caller.tenant)


class _Conversation:
    """One open WebSocket."""

    def __init__(
        self, hub: Hub, caller: Caller, desk: Desk, receive: Receive, outlet: Outlet
    ) -> None:
        self._hub = hub
        self._desk = desk
        self._caller = caller
        self._receive = receive
        self._outlet = outlet
        self._lock = asyncio.Lock()
        self._feeds: dict[str, asyncio.Task[None]] = {}
        self._is_short = False
        #: Completed with the closing code by whoever finds a reason to end.
        self._over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def send_away(self) -> None:
        """What the client has shown opens nothing any more."""
        self._end(_SIGNED_OUT)

    async def run(self, first: tuple[str, str | None] | None) -> None:
        """Talk until either side has enough."""
        await self._receive()  # websocket.connect
        await self._outlet.send({"type": "websocket.accept"})
        revoke = self._hub.on_close(lambda: self._end(_SERVER_LEAVES))
        if first is not None:
            self._is_short = True
            self._subscribe(*first)
        listener = asyncio.create_task(self._listen())
        try:
            code = await self._over
        finally:
            revoke()
            await end([listener, *self._feeds.values()])
        if not self._hub.is_closing:
            await self._desk.leave()
        if code != _CLIENT_GONE:
            with suppress(ClientStuck, OSError, RuntimeError):
                await self._outlet.send({"type": "websocket.close", "code": code})

    async def _listen(self) -> None:
        try:
            while (message := await self._receive())["type"] != "websocket.disconnect":
                command = None
                try:
                    command = commands.read(message)
                    await self._obey(command)
                except ClientStuck:
                    raise
                except Exception as error:
                    await self._refuse(command, error)
        finally:
            self._end(_CLIENT_GONE)

    async def _refuse(self, command: Command | None, error: Exception) -> None:
        problem = from_exception(error)
        if isinstance(problem, Internal):
            log.exception("a command was not carried out", exc_info=error)
        ref = {} if command is None or command.ref is None else {"ref": command.ref}
        await self._complain(None if command is None else command.stream, problem, **ref)

    async def _obey(self, command: Command) -> None:
        await self._desk.check()
        if command.subscribe is not None:
            self._subscribe(command.subscribe, command.after)
        elif command.unsubscribe is not None:
            await self._unsubscribe(command.unsubscribe)
        elif command.submit:
            self._check_room()
            submission_id = await self._desk.submit(command.submit)
            ref = {} if command.ref is None else {"ref": command.ref}
            await self._say({"stream": submission_id, "submitted": True, **ref})
            self._subscribe(submission_id, None)
        else:
            await self._desk.pass_on(command)

    async def _unsubscribe(self, name: str) -> None:
        feed = self._feeds.get(name)
        if feed is not None:
            await end([feed])
        # A feed cancelled in its first moment has not said so itself.
        if feed is None or self._feeds.pop(name, None) is feed:
            await self._say({"stream": name, "end": True})

    def _subscribe(self, name: str, after: str | None) -> None:
        if name in self._feeds:
            raise Conflict("this stream is subscribed already on this socket")
        self._check_room()
        self._feeds[name] = asyncio.create_task(self._feed(name, after))

    def _check_room(self) -> None:
        if len(self._feeds) >= _MOST_SUBSCRIPTIONS:
            raise Overloaded(f"one socket has at most {_MOST_SUBSCRIPTIONS} subscriptions")

    async def _feed(self, name: str, after: str | None) -> None:
        try:
            code = await self._follow(name, after)
            if code == _DONE:
                await self._say({"stream": name, "end": True})
            if self._is_short and len(self._feeds) == 1:
                self._end(code)
        except ClientStuck:
            pass
        finally:
            # Not before the last word: a new subscription of the same may come after it.
            del self._feeds[name]

    async def _follow(self, name: str, after: str | None) -> int:
        """Tell the events to their end; gives the code to close with."""
        try:
            await self._tell(name, after)
        except asyncio.CancelledError:
            if self._over.done():  # else the client has unsubscribed
                raise
        except ClientStuck:
            raise
        except Exception as error:
            problem = from_exception(error)
            if isinstance(problem, Internal):
                log.exception("a stream failed", stream=name)
            await self._complain(name, problem)
            return 4000 + problem.status if problem.status < 500 else _TRY_LATER
        return _SERVER_LEAVES if self._hub.is_closing else _DONE

    async def _tell(self, name: str, after: str | None) -> None:
        cursor = parse_cursor(after, field="after")
        opened = self._hub.follow(
            name, cursor, tenant=self._caller.tenant, most_streams=self._caller.most_streams
        )
        with closing(await opened) as reader:
            while not reader.has_ended and not reader.is_closing:
                for event in await reader.read(_QUIET_S):
                    await self._say(_frame(name, event))

    async def _complain(self, name: str | None, error: AssayError, **more: str) -> None:
        named = {} if name is None else {"stream": name}
        await self._say({**named, **more, "error": error.document()})

    async def _say(self, frame: dict[str, object]) -> None:
        try:
            async with self._lock:
                await self._outlet.send({"type": "websocket.send", "text": encode(frame).decode()})
        except (ClientStuck, OSError, RuntimeError):
            # uvicorn raises an OSError when the client has left, a RuntimeError when it
            # has itself closed the socket.
            self._end(_CLIENT_GONE)
            raise ClientStuck from None

    def _end(self, code: int) -> None:
        if not self._over.done():
            self._over.set_result(code)


def _frame(name: str, event: Event) -> dict[str, object]:
    return {
        "stream": name,
        "id": event.id,
        "event": event.type,
        "data": msgspec.Raw(event.data),
    }
