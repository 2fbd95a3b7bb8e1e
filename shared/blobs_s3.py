"""Blobs in a bucket of S3, or of any store that speaks its protocol.

Theory of operation. A blob is the object `prefix/ab/abcdef...`, laid out as in a folder, so
that moving from one to the other is a copy. Content is spooled first, in memory while it
is small and on disk beyond that: only then its name is known. It is stored on the
condition that nothing has the name, and finding it taken is success. What is read is spooled
and compared with its name before anybody gets a byte of it: a damaged object is told,
and never served.

Every call has a timeout and a bounded number of attempts. What is left then is
`BlobsAway`, which a caller sees as 503. Credentials come from where all tools of AWS have
them; logs hold the codes of errors and no more. This file is imported only where the
setting asks for it: boto3 and a client are 0.2 s of a start and 23 MiB of each process.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
import re
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared import logs
from shared.blobs import DIGEST, BlobDamaged, BlobMismatch, BlobMissing, BlobsAway
from shared.settings import SettingsError
from shared.shelf import Shelf

_LOG = logs.get_logger(__name__)
_PLACE = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<prefix>(/[\w.=-]+)*)/?")
#: Larger content goes up in parts of this size; so much of a blob is in memory at most.
_PART = 8 * 1024 * 1024
_CHUNK = 256 * 1024
#: Of one request, by boto3; a body that breaks off or is damaged is fetched twice.
_ATTEMPTS = 4
_CONNECT_S, _READ_S = 3, 20
_TRIES = 2
_RETRY_AFTER_S = 5
#: A blob that was stored longer ago is made young again when it is asked for.
_REFRESH = timedelta(days=1)
#: Parts of an upload that a killed writer left are removed after so long.
_STALE = timedelta(hours=1)
GONE = {"404", "NoSuchKey", "NotFound"}
#: Somebody else stored it meanwhile, or is at it, or our own first attempt had succeeded.
TAKEN = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409", "NoSuchUpload"}


class Client(Protocol):
    """What we use of boto3's client."""

    def head_object(self, **asked: object) -> dict[str, Any]: ...
    def get_object(self, **asked: object) -> dict[str, Any]: ...
    def put_object(self, **asked: object) -> dict[str, Any]: ...
    def copy_object(self, **asked: object) -> dict[str, Any]: ...
    def delete_object(self, **asked: object) -> dict[str, Any]: ...
    def create_multipart_upload(self, **asked: object) -> dict[str, Any]: ...
    def upload_part(self, **asked: object) -> dict[str, Any]: ...
    def complete_multipart_upload(self, **asked: object) -> dict[str, Any]: ...
    def abort_multipart_upload(self, **asked: object) -> dict[str, Any]: ...
    def get_paginator(self, name: str) -> Any: ...  # noqa: ANN401


def connect(endpoint: str = "", attempts: int = 0) -> Client:
    """A client for S3, or for the store at `endpoint`; 0 attempts are the usual number.

    Raises:
        SettingsError: the endpoint is no address.
    """
    for name in ("boto3", "botocore", "s3transfer", "urllib3"):
        # At `debug` they would write whole requests, signatures included.
        logging.getLogger(name).setLevel(logging.WARNING)
    config = Config(
        connect_timeout=_CONNECT_S,
        read_timeout=_READ_S,
        retries={"mode": "standard", "total_max_attempts": attempts or _ATTEMPTS},
        max_pool_connections=32,
        s3={"addressing_style": "path"} if endpoint else None,
        # Ours are stronger, and not every store knows the ones that boto3 adds.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    session = boto3.session.Session()
    region = session.region_name or ("us-east-1" if endpoint else None)
    try:
        client = session.client(
            "s3", region_name=region, endpoint_url=endpoint or None, config=config
        )
    except ValueError:
        raise SettingsError(f"blobs_endpoint: {endpoint!r} is no address") from None
    return cast(Client, client)


class S3Blobs:
    """Blobs as objects below one prefix, which must be used by one Assay only."""

    def __init__(self, place: str, client: Client) -> None:
        found = _PLACE.fullmatch(place)
        if found is None:
            raise SettingsError(f"blobs: {place!r} is not s3://bucket or s3://bucket/prefix")
        self._client = client
        self._bucket = found["bucket"]
        self._prefix = f"{found['prefix'].strip('/')}/".lstrip("/")

    def _object(self, digest: str) -> dict[str, str]:
        if not DIGEST.fullmatch(digest):
            raise BlobMissing(f"{digest[:80]!r} is no digest")
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{digest[:2]}/{digest}"}

    def put(self, chunks: Iterable[bytes], *, digest: str = "") -> str:
        if digest and self.has(digest):
            return digest
        with tempfile.SpooledTemporaryFile(max_size=_PART) as file:
            found = _spool(chunks, file)
            if digest and found != digest:
                raise BlobMismatch(f"the content has the digest {found}, not {digest}")
            for _ in range(_TRIES):
                file.seek(0)
                with errors(found):
                    if self._stored(self._object(found), file, found):
                        return found
                if self.has(found):
                    return found
        raise BlobsAway("others store the same file at this moment", retry_after_s=_RETRY_AFTER_S)

    def _stored(self, where: dict[str, str], file: IO[bytes], digest: str) -> bool:
        """Store a spooled file; False if its name was taken meanwhile."""
        content = file.read(_PART + 1)
        try:
            if len(content) > _PART:
                file.seek(0)
                self._put_parts(where, file)
            else:
                check = base64.b64encode(bytes.fromhex(digest)).decode()
                self._client.put_object(
                    **where, Body=content, ChecksumSHA256=check, IfNoneMatch="*"
                )
        except ClientError as error:
            if code_of(error) in TAKEN:
                return False
            raise
        return True

    def _put_parts(self, where: dict[str, str], file: IO[bytes]) -> None:
        begun = self._client.create_multipart_upload(**where, ChecksumAlgorithm="SHA256")
        upload = {**where, "UploadId": begun["UploadId"]}
        parts: list[dict[str, object]] = []
        try:
            while part := file.read(_PART):
                named = {
                    "PartNumber": len(parts) + 1,
                    "ChecksumSHA256": base64.b64encode(hashlib.sha256(part).digest()).decode(),
                }
                done = self._client.upload_part(**upload, **named, Body=part)
                parts.append({**named, "ETag": done["ETag"]})
            self._client.complete_multipart_upload(
                **upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
            )
        except BaseException:
            with contextlib.suppress(ClientError, BotoCoreError):
                self._client.abort_multipart_upload(**upload)
            raise

    def open(self, digest: str) -> BinaryIO:
        for last in (False, True):
            file = tempfile.SpooledTemporaryFile(max_size=_PART)  # noqa: SIM115 - it is given away
            try:
                with errors(digest):
                    if self._fetched(digest, file):
                        file.seek(0)
                        return cast(BinaryIO, file)
            except BlobsAway:
                if last:
                    file.close()
                    raise
            except BaseException:
                file.close()
                raise
            file.close()
        _LOG.error("an object is damaged", key=self._object(digest)["Key"])
        raise BlobDamaged("a stored file is damaged; it has been logged")

    def _fetched(self, digest: str, file: IO[bytes]) -> bool:
        """Whether an object is what its name says; it is in `file` then."""
        with contextlib.closing(self._client.get_object(**self._object(digest))["Body"]) as body:
            return _spool(body.iter_chunks(_CHUNK), file) == digest

    def has(self, digest: str) -> bool:
        try:
            where = self._object(digest)
            with errors(digest):
                stored: datetime = self._client.head_object(**where)["LastModified"]
                if datetime.now(UTC) - stored > _REFRESH:
                    self._client.copy_object(**where, CopySource=where, MetadataDirective="REPLACE")
        except BlobMissing:
            return False
        return True

    def delete(self, digest: str) -> None:
        with contextlib.suppress(BlobMissing), errors(digest):
            self._client.delete_object(**self._object(digest))

    def old(self, than_s: float) -> Iterator[str]:
        before = datetime.now(UTC) - timedelta(seconds=than_s)
        for it in self._listed("list_objects_v2", "Contents"):
            digest = it["Key"].rpartition("/")[2]
            if DIGEST.fullmatch(digest) and it["LastModified"] < before:
                yield digest
        for it in self._listed("list_multipart_uploads", "Uploads"):
            if it["Initiated"] < datetime.now(UTC) - _STALE:
                with contextlib.suppress(BlobMissing), errors(it["Key"]):
                    self._client.abort_multipart_upload(
                        Bucket=self._bucket, Key=it["Key"], UploadId=it["UploadId"]
                    )

    def _listed(self, operation: str, rows: str) -> Iterator[dict[str, Any]]:
        pages = iter(
            self._client.get_paginator(operation).paginate(Bucket=self._bucket, Prefix=self._prefix)
        )
        while True:
            with errors(self._prefix):
                page = next(pages, None)
            if page is None:
                return
            yield from page.get(rows, ())

    def local(self, digest: str) -> Path | None:
        return None

    def shelf(self) -> Shelf:
        from shared.shelf_s3 import S3Shelf  # which is made of this file

        return S3Shelf(self._client, self._bucket, self._prefix)


def _spool(chunks: Iterable[bytes], file: IO[bytes]) -> str:
    """Write everything; its digest."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
        file.write(chunk)
    return digest.hexdigest()


def code_of(error: ClientError) -> str:
    """What the store calls it."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextlib.contextmanager
def errors(what: str) -> Iterator[None]:
    """Turn boto3's errors into ours."""
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        if code in GONE:
            raise BlobMissing(f"there is no blob {what}") from None
        told = f"{error.operation_name} was answered {code}"
    except BotoCoreError as error:
        told = type(error).__name__
    else:
        return
    _LOG.warning("the store of files cannot be used", reason=told)
    raise BlobsAway(
        "the store of files cannot be reached at the moment", retry_after_s=_RETRY_AFTER_S
    )
