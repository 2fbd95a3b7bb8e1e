"""Problem packages that are put into a bucket: installed as `POST /problems` installs them.

The name of the object is the problem's id: `twosum.zip` is `twosum`. It is fetched as it is
now, whatever the event says of it, so events that come twice or in another order end with
the newest package. Who may write to the bucket may install problems; the bucket's policy says who.
What cannot be installed is raised, for whoever calls to retry or to lay down.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from functions.problems.take_in import take_in
from shared import logs
from shared.errors import InvalidField, TooLarge
from shared.services import Services

_LOG = logs.get_logger(__name__)
_CHUNK = 256 * 1024


class Incoming:
    """Installs what comes into buckets."""

    def __init__(self, services: Services, client: Any) -> None:  # noqa: ANN401 - boto3's S3
        self._services = services
        self._client = client

    async def install(self, bucket: str, key: str) -> str:
        """Install the package; gives its problem's id.

        Raises:
            InvalidField: the object's name is none of a package.
            InvalidPackage, TooLarge: it cannot be honoured.
        """
        name = PurePosixPath(key)
        if name.suffix != ".zip":
            raise InvalidField(
                "a package is a .zip, by whose name the problem is called", field="id"
            )
        with tempfile.TemporaryDirectory(prefix="assay-package-") as folder:
            path = Path(folder, "-.zip")
            await asyncio.to_thread(self._fetch, bucket, key, path)
            entry, warnings = await asyncio.to_thread(
                take_in, path, self._services.blobs, name.stem, None
            )
            await self._services.problems.put(entry)
        _LOG.info("a package is installed", problemId=entry.id, warnings=len(warnings))
        return entry.id

    def _fetch(self, bucket: str, key: str, path: Path) -> None:
        most, received = self._services.settings.max_package_bytes, 0
        body = self._client.get_object(Bucket=bucket, Key=key)["Body"]
        with body, path.open("wb") as file:
            while chunk := body.read(_CHUNK):
                received += len(chunk)
                if received > most:
                    raise TooLarge(f"a package may have {most} bytes at most")
                file.write(chunk)
