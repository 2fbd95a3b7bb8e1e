"""A store that speaks the protocol of S3, on loopback: moto's server, which can go away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto.backends import get_backend
from moto.server import ThreadedMotoServer

from shared.blobs_s3 import S3Blobs, connect

BUCKET = "assay-tests"
PLACE = f"s3://{BUCKET}/problems"
SECRET = "never-in-a-log"


class FarStore:
    """One bucket, and the server that it is behind."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        self.port = self._server.get_host_and_port()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.client: Any = boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1")
        self.client.create_bucket(Bucket=BUCKET)

    def blobs(self) -> S3Blobs:
        """The store as one process has it."""
        return S3Blobs(PLACE, connect(self.endpoint, attempts=1))

    def keys(self) -> list[str]:
        """What is in the bucket."""
        rows = self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return [row["Key"] for row in rows]

    def empty(self) -> None:
        """Remove everything."""
        for key in self.keys():
            self.client.delete_object(Bucket=BUCKET, Key=key)

    def damage(self, digest: str) -> None:
        """Put something else in a blob's place."""
        self.client.put_object(Bucket=BUCKET, Key=key_of(digest), Body=b"damaged")

    def age(self, digest: str) -> None:
        """Make a blob as old as can be."""
        stored = get_backend("s3")["123456789012"]["aws"].buckets[BUCKET].keys[key_of(digest)]
        stored.last_modified = datetime(2020, 1, 1, tzinfo=UTC).replace(tzinfo=None)

    def leave(self) -> None:
        """Refuse connections; what is stored stays."""
        self._server.stop()

    def come_back(self) -> None:
        """Listen at the same address again."""
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        self._server.start()


def key_of(digest: str) -> str:
    """Where a blob is in the bucket."""
    return f"problems/{digest[:2]}/{digest}"


@contextmanager
def far_store() -> Iterator[FarStore]:
    """Credentials in the environment, as every tool of AWS has them, and the store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "tests")
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("NO_PROXY", "127.0.0.1")
        for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        store = FarStore()
        try:
            yield store
        finally:
            store.client.close()
            store.leave()
