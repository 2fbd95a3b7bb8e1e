"""What a client may say on `/socket`. Each frame is one of

{"subscribe": "<stream>", "after"?: "<cursor>"}    follow a stream
{"unsubscribe": "<stream>"}
{"submit": {...}, "ref"?: "<anything>"}            as `POST /submit`; then it is followed
{"stdin": "<id>", "data": "...", "encoding"?: "base64"}
{"eof": "<id>"}                                    its stdin ends
{"signal": "<id>", "name": "SIGINT"}
"""

from __future__ import annotations

import base64
import binascii
from typing import Literal

import msgspec

from shared.asgi import Message
from shared.body import decode
from shared.errors import InvalidField, InvalidRequest, TooLarge
from shared.models import Wire

#: The host lets no larger one through; a larger program is sent by `POST /submit`.
MOST_FRAME_BYTES = 64 * 1024
_VERBS = ("subscribe", "unsubscribe", "submit", "stdin", "eof", "signal")


class Command(Wire):
    """A frame of the client."""

    subscribe: str | None = None
    unsubscribe: str | None = None
    #: JSON of a `SubmitRequest`; empty where there is none.
    submit: msgspec.Raw = msgspec.Raw(b"")
    stdin: str | None = None
    eof: str | None = None
    signal: str | None = None
    after: str | None = None
    ref: str | None = None
    data: str = ""
    encoding: Literal["utf-8", "base64"] = "utf-8"
    name: str = ""

    @property
    def stream(self) -> str | None:
        """The stream that it is about, if it names one."""
        named = (self.subscribe, self.unsubscribe, self.stdin, self.eof, self.signal)
        return next((it for it in named if it is not None), None)

    def bytes(self) -> bytes:
        """The data.

        Raises:
            InvalidField: it is not what the encoding says.
        """
        if self.encoding == "utf-8":
            return self.data.encode()
        try:
            return base64.b64decode(self.data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidField(f"the data is not base64: {error}", field="data") from None


def read(message: Message) -> Command:
    """Read a frame of the client.

    Raises:
        InvalidRequest, TooLarge: it is not one of the commands.
    """
    frame = message.get("text") or message.get("bytes") or ""
    if isinstance(frame, str):
        frame = frame.encode()
    if len(frame) > MOST_FRAME_BYTES:
        raise TooLarge(f"a frame has at most {MOST_FRAME_BYTES} bytes")
    command = decode(frame, Command)
    named = [getattr(command, verb) is not None for verb in _VERBS if verb != "submit"]
    if sum(named) + bool(command.submit) != 1:
        raise InvalidRequest(f"a frame has exactly one of {', '.join(_VERBS)}")
    return command
