"""Reading a request's JSON body: never more than the limit, errors by the field's name."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from shared.asgi import ClientGone, Receive, Scope, headers_of
from shared.errors import InvalidField, InvalidRequest, NotJson, TooLarge
from shared.limits import MAX_BODY_BYTES

T = TypeVar("T")

#: A caller's own words come back in an error, but not megabytes of them.
_MOST_ECHO = 200


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
    _check_type(scope)
    return decode(await _read(scope, receive, limit_bytes), kind)


def _check_type(scope: Scope) -> None:
    kinds = headers_of(scope, b"content-type")
    if [kind.partition(";")[0].strip().lower() for kind in kinds] != ["application/json"]:
        raise NotJson(f"the content type is {_clip(', '.join(kinds)) or 'missing'}")
    for encoding in headers_of(scope, b"content-encoding"):
        if encoding.lower() != "identity":
            raise NotJson(f"the content encoding {_clip(encoding)} is not understood")


async def _read(scope: Scope, receive: Receive, limit_bytes: int) -> bytes:
    too_large = TooLarge(f"the body may have {limit_bytes} bytes at most")
    for length in headers_of(scope, b"content-length"):
        if length.isdecimal() and int(length[:20]) > limit_bytes:
            raise too_large
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > limit_bytes:
            raise too_large
        more = message.get("more_body", False)
    return bytes(body)


def decode(body: bytes, kind: type[T]) -> T:
    """Decode JSON into a model.

    Raises:
        InvalidRequest: not JSON; `InvalidField`: JSON of another shape, with the field's path.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise _blame(str(error)) from None
    except UnicodeDecodeError:
        raise InvalidRequest("the body is not UTF-8") from None
    except RecursionError:
        raise InvalidRequest("the body is nested too deeply") from None
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"the body is not JSON: {_clip(str(error))}") from None


_PATH = re.compile(r"\$((?:\.\w+|\[\d+\])*)")
_NAMED = re.compile(r"Object (?:contains unknown|missing required) field `(.*)`", re.DOTALL)


def _blame(message: str) -> InvalidRequest:
    """Turn msgspec's "Expected `int`, got `str` - at `$.limits.cpuTimeMs`" into ours."""
    what, _, where = message.rpartition(" - at `")
    path = _PATH.fullmatch(where.removesuffix("`"))
    if path is None or not what:
        what, parts = message, []
    else:
        parts = [path[1].removeprefix(".")]
    if named := _NAMED.fullmatch(what):
        parts.append(named[1])
    field = ".".join(part for part in parts if part)
    if not field:
        return InvalidRequest(_clip(what))
    return InvalidField(_clip(what), field=_clip(field))


def _clip(text: str) -> str:
    return text if len(text) <= _MOST_ECHO else text[:_MOST_ECHO] + "…"
