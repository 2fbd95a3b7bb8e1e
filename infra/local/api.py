"""Assay's own API over the standard library: JSON calls, and event streams that resume."""

from __future__ import annotations

import http.client
import io
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from infra.local.failure import Failure

#: Longer than the heartbeat of any sensible server.
_SILENCE_S = 90.0
#: A host that died is back within a second or two.
_RESUMES = 20
_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 5.0

#: The API key for a server that needs one.
KEY_VARIABLE = "ASSAY_KEY"

#: Event id, type, data.
Event = tuple[str, str, dict[str, Any]]


class Api:
    """One server. A server that cannot be reached or refuses raises `Failure` with code 2.

    It is shown the key of the environment, if there is one; a server that was only started
    for the moment (`is_own`) knows nothing of it.
    """

    def __init__(self, url: str, *, is_own: bool = False) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Failure(f"{url!r} is not an http URL.", 2)
        self.url = url
        self._host = parts.netloc
        self._prefix = parts.path.rstrip("/")
        self._secure = parts.scheme == "https"
        key = "" if is_own else os.environ.get(KEY_VARIABLE, "").strip()
        if not key.isascii() or not key.isprintable():
            raise Failure(f"{KEY_VARIABLE} holds no API key.", 2)
        self._shown = {"Authorization": f"Bearer {key}"} if key else {}

    def json(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """One call; the decoded answer."""
        try:
            content = None if body is None else json.dumps(body).encode()
            headers = {} if body is None else {"Content-Type": "application/json"}
            return self._ask(method, path, content, headers | self._shown)
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from None

    def send(
        self,
        path: str,
        content: BinaryIO,
        kind: str,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Post a file; the decoded answer.

        With an `Idempotency-Key` among the headers it is sent again where it was not answered.
        """
        content.seek(0, io.SEEK_END)
        shown = {"Content-Type": kind, "Content-Length": str(content.tell()), **self._shown}
        shown |= headers or {}
        patience = Patience(_RESUMES if "Idempotency-Key" in shown else 0)
        while True:
            content.seek(0)
            try:
                return self._ask("POST", path, content, shown, passing=patience.has_more)
            except (OSError, http.client.HTTPException) as error:
                is_new = patience.is_fresh and isinstance(error, ConnectionRefusedError)
                if is_new or not patience.pause(error):  # nobody was there from the beginning
                    raise self._unreachable(error) from None

    def results(self, batch_id: str, after: int) -> Iterator[dict[str, Any]]:
        """The results of a batch behind a position, each once, across lost connections.

        A stream that was cut looks like one that has ended, so the batch is asked as well; and one
        on which nothing comes looks like a dead host, though it may be that no program has ended.
        """
        path, patience = f"/batch/{batch_id}", Patience(_RESUMES)
        while True:
            is_silent = False
            try:
                try:
                    for line in self._lines(f"{path}/results?after={after}"):
                        after, patience = int(line["position"]), Patience(_RESUMES)
                        yield line
                except TimeoutError:
                    is_silent = True
                summary = self._ask("GET", path, None, self._shown, passing=True)
                if summary["status"] in ("finished", "cancelled") and after >= summary["total"]:
                    return
                if is_silent:
                    patience = Patience(_RESUMES)
                    continue
                error: Exception = ConnectionResetError("the stream was cut off")
            except (OSError, http.client.HTTPException) as lost:
                error = lost
            if not patience.pause(error):
                raise self._unreachable(error)

    def _lines(self, path: str) -> Iterator[dict[str, Any]]:
        with closing(self._connect()) as connection:
            connection.request("GET", self._prefix + path, headers=self._shown)
            response = connection.getresponse()
            if response.status >= 400:
                _checked(response.status, response.read(), passing=True)
            for line in response:
                if not line.endswith(b"\n"):
                    raise ConnectionResetError("the stream was cut off")
                yield _object(line)

    def _ask(
        self,
        method: str,
        path: str,
        content: BinaryIO | bytes | None,
        headers: Mapping[str, str],
        *,
        passing: bool = False,
    ) -> dict[str, Any]:
        with closing(self._connect()) as connection:
            connection.request(method, self._prefix + path, content, headers)
            response = connection.getresponse()
            return _checked(response.status, response.read(), passing=passing)

    def events(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Type and data of each event, each once, across lost connections.

        It ends when the server says that there is no more; a caller that knows the
        last event stops there.
        """
        cursor, failures = "", 0
        while True:
            try:
                for event_id, kind, data in self._follow(path, cursor):
                    cursor, failures = event_id, 0
                    yield kind, data
                if self._at_end:
                    return
                raise ConnectionResetError("the stream was cut off")
            except (OSError, http.client.HTTPException) as error:
                failures += 1
                if failures > _RESUMES:
                    raise self._unreachable(error) from None
            time.sleep(_PAUSE_S)

    def _follow(self, path: str, cursor: str) -> Iterator[Event]:
        headers = {"Accept": "text/event-stream", **self._shown}
        if cursor:
            headers["Last-Event-ID"] = cursor
        with closing(self._connect()) as connection:
            connection.request("GET", self._prefix + path, headers=headers)
            response = connection.getresponse()
            self._at_end = response.status == 204
            if response.status == 200:
                yield from parse_events(response)
            elif response.status >= 500:
                raise ConnectionError(_detail(response.status, response.read()))
            elif not self._at_end:
                _checked(response.status, response.read())

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._host, timeout=_SILENCE_S)

    def _unreachable(self, error: Exception) -> Failure:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Failure(f"Assay at {self.url} cannot be reached ({reason}): is it running?", 2)


class Patience:
    """So many tries, with longer and longer pauses between them; the first is told."""

    def __init__(self, tries: int) -> None:
        self._left = tries
        self._pause_s = _PAUSE_S
        self.is_fresh = True

    @property
    def has_more(self) -> bool:
        """Whether there is another try."""
        return self._left > 0

    def pause(self, error: Exception) -> bool:
        """Wait before the next try; False: there is none left."""
        if not self.has_more:
            return False
        if self.is_fresh:
            why = str(error).rstrip(".") or type(error).__name__
            print(f"Assay: no answer ({why}); trying again ...", file=sys.stderr, flush=True)
        self.is_fresh = False
        self._left -= 1
        time.sleep(self._pause_s)
        self._pause_s = min(self._pause_s * 1.5, _LONGEST_PAUSE_S)
        return True


def parse_events(lines: Iterable[bytes]) -> Iterator[Event]:
    """Server-sent events from their lines; comments are skipped."""
    fields: dict[str, str] = {}
    cursor = ""
    for raw in lines:
        line = raw.decode().rstrip("\r\n")
        name, _, value = line.partition(":")
        if not line:
            if "data" in fields:
                cursor = fields.get("id", cursor)
                yield cursor, fields.get("event", "message"), _object(fields["data"])
            fields = {}
        elif name == "data" and "data" in fields:
            fields["data"] += "\n" + value.removeprefix(" ")
        elif name:
            fields[name] = value.removeprefix(" ")


def _checked(status: int, content: bytes, *, passing: bool = False) -> dict[str, Any]:
    """The answer; what passes by itself is a lost connection, if somebody waits for it to."""
    if passing and (status == 429 or status >= 500):
        raise ConnectionError(_detail(status, content))
    if status >= 400:
        raise Failure(_detail(status, content), 2)
    return _object(content)


def _object(content: bytes | str) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Failure("That server does not speak Assay's API.", 2)
    return value


def _detail(status: int, content: bytes) -> str:
    """The sentence of a problem document."""
    try:
        problem: Mapping[str, Any] = json.loads(content)
        said = str(problem.get("detail") or problem["title"]).rstrip(".")
        field = str(problem.get("field") or "")
        field = "" if field in said else f"{field}: "
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"The server answered with status {status}."
    return f"Refused: {field}{said}."
