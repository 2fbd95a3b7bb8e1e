"""The shelf of `shelf.py` in a bucket: one object for each name, conditions kept by the store."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Iterator
from typing import Any, cast

from botocore.exceptions import ClientError

from shared.blobs import BlobMissing
from shared.blobs_s3 import GONE, TAKEN, Client, code_of, errors
from shared.shelf import Kept, Listed, NameMissing, NameTaken, check_name


class S3Shelf:
    """Named things as objects below the prefix of the blobs."""

    def __init__(self, client: Client, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def _object(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{check_name(name)}"}

    def put(self, name: str, content: bytes, *, over: str = "") -> None:
        condition = {"IfMatch": over} if over else {"IfNoneMatch": "*"}
        check = base64.b64encode(hashlib.sha256(content).digest()).decode()
        where = self._object(name)
        with errors(name):
            try:
                self._client.put_object(**where, **condition, Body=content, ChecksumSHA256=check)
            except ClientError as error:
                if code_of(error) in TAKEN or (over and code_of(error) in GONE):
                    raise NameTaken(name) from None
                raise

    def get(self, name: str) -> Kept:
        with _missing(name), errors(name):
            answer = self._client.get_object(**self._object(name))
            with contextlib.closing(answer["Body"]) as body:
                return Kept(body.read(), str(answer["ETag"]))

    def delete(self, name: str) -> None:
        with contextlib.suppress(BlobMissing), errors(name):
            self._client.delete_object(**self._object(name))

    def names(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        below = self._prefix + check_name(f"{prefix}any").removesuffix("any")
        where = {"Bucket": self._bucket, "Prefix": below}
        if after:
            where["StartAfter"] = self._prefix + check_name(after)
        pages = iter(self._client.get_paginator("list_objects_v2").paginate(**where))
        while True:
            with errors(below):
                page: dict[str, Any] | None = next(pages, None)
            if page is None:
                return
            for row in page.get("Contents", ()):
                name = cast(str, row["Key"]).removeprefix(self._prefix)
                yield Listed(name, row["LastModified"].timestamp())


@contextlib.contextmanager
def _missing(name: str) -> Iterator[None]:
    try:
        yield
    except BlobMissing:
        raise NameMissing(f"there is no {name}") from None
