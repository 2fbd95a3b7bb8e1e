"""Reading a request's JSON body: never more than the limit, errors by the field's name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeVar

import msgspec

from shared.asgi import ClientGone, Receive, Scope, headers_of
from shared.blame import blame, clip
from shared.errors import InvalidRequest, NotJson, TooLarge
from shared.limits import MAX_BODY_BYTES

T = TypeVar("T")


async def read_json(
    scope: Scope, receive: Receive, kind: type[T], *, limit_bytes: int = MAX_BODY_BYTES
) -> T:
    """The body as a `kind`.

    Raises:
        NotJson: it is not declared as JSON.
        TooLarge: it is longer than `limit_bytes`; the rest is not kept.
        InvalidRequest: it is not JSON, or not a `kind`; `InvalidField` where one is to blame.
        ClientGone: the caller went away in the middle.
    """
    return decode(await read_body(scope, receive, limit_bytes=limit_bytes), kind)


async def read_body(scope: Scope, receive: Receive, *, limit_bytes: int = MAX_BODY_BYTES) -> bytes:
    """The bytes of a body that is declared as JSON; raises what `read_json` does."""
    check_type(scope, "application/json")
    parts = [part async for part in stream(scope, receive, limit_bytes=limit_bytes)]
    return b"".join(parts)


def check_type(scope: Scope, *allowed: str) -> str:
    """The content type, which must be one of these.

    Raises:
        NotJson: it is not, or the content is encoded.
    """
    kinds = headers_of(scope, b"content-type")
    found = [kind.partition(";")[0].strip().lower() for kind in kinds]
    if len(found) != 1 or found[0] not in allowed:
        sent = clip(", ".join(kinds)) or "missing"
        raise NotJson(f"the content type is {sent}; taken here: {', '.join(allowed)}")
    for encoding in headers_of(scope, b"content-encoding"):
        if encoding.lower() != "identity":
            raise NotJson(f"the content encoding {clip(encoding)} is not understood")
    return found[0]


async def stream(scope: Scope, receive: Receive, *, limit_bytes: int) -> AsyncIterator[bytes]:
    """The body in pieces, as they come; raises `TooLarge` and `ClientGone`."""
    too_large = TooLarge(f"the body may have {limit_bytes} bytes at most")
    for length in headers_of(scope, b"content-length"):
        if length.isdecimal() and int(length[:20]) > limit_bytes:
            raise too_large
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece = message.get("body", b"")
        size += len(piece)
        if size > limit_bytes:
            raise too_large
        yield piece
        more = message.get("more_body", False)


def decode(body: bytes, kind: type[T], *, what: str = "the body") -> T:
    """Decode JSON into a model; `what` is how it is called where all of it is wrong.

    Raises:
        InvalidRequest: not JSON; `InvalidField`: JSON of another shape, with the field's path.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise blame(str(error), kind, what) from None
    except UnicodeDecodeError:
        raise InvalidRequest(f"{what} is not UTF-8") from None
    except RecursionError:
        raise InvalidRequest(f"{what} is nested too deeply") from None
    except msgspec.DecodeError as error:
        why = str(error).removeprefix("JSON is malformed: ")
        raise InvalidRequest(f"{what} is not JSON: {clip(why)}") from None
