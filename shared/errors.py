"""Every error a caller can meet, and the one shape they all have (RFC 9457).

    AssayError
    ├── InvalidRequest     400  body, query or header that cannot be understood
    │   ├── InvalidField   400  one field is wrong; `field` names it
    │   └── InvalidPackage 400  a problem package; `field` names the file and the key
    ├── Unauthorized       401  credentials are missing, wrong or no longer good
    ├── Forbidden          403  wrong Host or Origin, or a role that is missing
    ├── NotFound           404  no such submission, route or problem
    ├── MethodNotAllowed   405
    ├── TooSlow            408  what was announced did not come in time
    ├── Conflict           409  the request contradicts what is stored
    ├── TooLarge           413  the body is past its limit
    ├── NotJson            415  the content type is not JSON
    ├── TooMany            429  too many of yours; `Retry-After` says when to come back
    ├── HeadTooLarge       431  the headers, or their number, are past their limit
    ├── Internal           500  our fault; the details are in the log only
    ├── Overloaded         503  no room for more now; `Retry-After` says when to come back
    └── Unavailable        503  Redis, or the store of files, is away

On the wire: `{"type", "title", "status", "detail"}` and, where one is to blame, `"field"`: its
path in the body (`tests[0].limits.cpuTimeMs`), or the name of the header or query parameter.
`type` is stable: clients switch on it.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

import redis.exceptions


class AssayError(Exception):
    """The base: a problem that is told to the caller in one shape."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str = "", *, field: str = "", retry_after_s: int = 0) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.field = field
        self.retry_after_s = retry_after_s

    def document(self) -> dict[str, Any]:
        """The problem document, ready to be encoded as `application/problem+json`."""
        body: dict[str, Any] = {
            "type": f"urn:assay:error:{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.field:
            body["field"] = self.field
        return body


class InvalidRequest(AssayError):
    status = 400
    slug = "invalid-request"
    title = "The request cannot be understood"


class InvalidField(InvalidRequest):
    """Its detail names the field, whoever raised it: some only show the detail."""

    slug = "invalid-field"
    title = "A field is not valid"

    def __init__(self, detail: str = "", *, field: str = "", retry_after_s: int = 0) -> None:
        if detail and field and not re.search(rf"(?<!\w){re.escape(field)}(?!\w)", detail):
            detail = f"{field}: {detail}"
        super().__init__(detail, field=field, retry_after_s=retry_after_s)


class InvalidPackage(InvalidRequest):
    slug = "invalid-package"
    title = "The problem package cannot be used"


class Unauthorized(AssayError):
    status = 401
    slug = "unauthorized"
    title = "Credentials are needed"


class Forbidden(AssayError):
    status = 403
    slug = "forbidden"
    title = "Not allowed"


class NotFound(AssayError):
    status = 404
    slug = "not-found"
    title = "Not found"


class MethodNotAllowed(AssayError):
    status = 405
    slug = "method-not-allowed"
    title = "Method not allowed"


class TooSlow(AssayError):
    status = 408
    slug = "too-slow"
    title = "The request came too slowly"


class Conflict(AssayError):
    status = 409
    slug = "conflict"
    title = "The request contradicts what is stored"


class TooLarge(AssayError):
    status = 413
    slug = "too-large"
    title = "The body is too large"


class NotJson(AssayError):
    status = 415
    slug = "not-json"
    title = "The content type is not taken here"


class TooMany(AssayError):
    status = 429
    slug = "rate-limited"
    title = "Too many requests or submissions of yours"


class HeadTooLarge(AssayError):
    status = 431
    slug = "head-too-large"
    title = "The headers are too large"


class Internal(AssayError):
    pass


class Overloaded(AssayError):
    status = 503
    slug = "overloaded"
    title = "Too busy at the moment"


class Unavailable(AssayError):
    status = 503
    slug = "unavailable"
    title = "Not available at the moment"


#: Answers of a living Redis that pass by themselves; any other is a mistake of ours.
_PASSING = (redis.exceptions.ReadOnlyError, redis.exceptions.ClusterDownError)


def from_exception(error: Exception) -> AssayError:
    """The one place where foreign exceptions become ours."""
    if isinstance(error, AssayError):
        return error
    if isinstance(error, redis.exceptions.OutOfMemoryError):
        return Overloaded("the store is full", retry_after_s=5)
    if isinstance(error, redis.exceptions.ResponseError) and not isinstance(error, _PASSING):
        return Internal("something went wrong on our side; it has been logged")
    if isinstance(error, redis.exceptions.RedisError | ConnectionError | TimeoutError):
        return Unavailable("the store cannot be reached at the moment", retry_after_s=2)
    return Internal("something went wrong on our side; it has been logged")
