"""Installed problems: manifests and files as blobs, an index in Redis.

Theory of operation. A package is stored as one blob for each of its files and one for its
manifest, the encoded `Package`; the index maps a problem's id to the manifest's digest and
what lists need. Files come first, the index last: a problem that is listed is whole. To
install again what is there changes nothing. A submission names the manifest, not the
problem: what is installed later does not change what it is judged by. Blobs that no
installed problem refers to are swept when they are older than any submission that waits.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec
import redis.asyncio

from shared import keys, scripts
from shared.blobs import BlobCache, Blobs, read
from shared.errors import NotFound
from shared.models import encode
from shared.problems import model
from shared.problems.answers import ProblemEntry
from shared.problems.model import File, Package
from shared.problems.reader import Opened

#: A manifest that nobody refers to is kept so long for the submissions that name it.
SWEEP_AFTER_S = 7 * 86_400
_CHUNK = 1024 * 1024


def store_files(opened: Opened, blobs: Blobs) -> str:
    """Put a package's files and its manifest where they are found again; its digest.

    Raises:
        BlobMismatch: the package changed while it was read.
    """
    for digest, file in opened.package.files().items():
        blobs.put(_chunks(opened, file), digest=digest)
    return blobs.put([model.encode(opened.package)])


def _chunks(opened: Opened, file: File) -> Iterable[bytes]:
    with opened.open(file) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def entry_of(package: Package, digest: str) -> ProblemEntry:
    """What the index says of a package."""
    kinds = {
        "scoring" if package.scoring else "pass-fail": True,
        "interactive": package.interactive,
        "multi-pass": package.multi_pass,
        "function": package.extension.function is not None,
    }
    return ProblemEntry(
        id=package.short_name,
        digest=digest,
        name=package.name_in("en"),
        names=package.names,
        difficulty=package.extension.difficulty,
        tags=sorted({*package.extension.tags, *package.keywords}),
        type=[kind for kind, it_is in kinds.items() if it_is],
        languages=None if package.languages is None else list(package.languages),
        time_limit_ms=package.time_limit.explicit_ms,
        memory_bytes=package.limits.memory_bytes,
        code_bytes=package.limits.code_bytes,
        tests=len(package.cases),
        samples=sum(case.sample for case in package.cases),
        warnings=len(package.warnings),
    )


class Problems:
    """The index, for one event loop."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client

    async def all(self) -> list[ProblemEntry]:
        """Every installed problem, by id."""
        values = await self._client.hvals(keys.PROBLEMS)
        return sorted((_entry(value) for value in values), key=lambda entry: entry.id)

    async def find(self, problem_id: str) -> ProblemEntry | None:
        """One problem, if it is installed."""
        value = await self._client.hget(keys.PROBLEMS, problem_id)
        return None if value is None else _entry(value)

    async def get(self, problem_id: str) -> ProblemEntry:
        """One problem.

        Raises:
            NotFound: it is not installed.
        """
        found = await self.find(problem_id)
        if found is None:
            raise NotFound(f"there is no problem {problem_id[:128]!r}")
        return found

    async def put(self, entry: ProblemEntry) -> bool:
        """List a problem whose files are stored; whether it is new."""
        known = await self.find(entry.id)
        now_ms = int(time.time() * 1000)
        entry = msgspec.structs.replace(
            entry, created_ms=known.created_ms if known else now_ms, updated_ms=now_ms
        )
        return not await scripts.acall(self._client, "list_problem", entry.id, encode(entry))

    async def delete(self, problem_id: str) -> None:
        """Take a problem off the list.

        Raises:
            NotFound: it is not on it.
        """
        if not await scripts.acall(self._client, "list_problem", problem_id, ""):
            raise NotFound(f"there is no problem {problem_id[:128]!r}")


def _entry(value: bytes | str) -> ProblemEntry:
    return msgspec.json.decode(value, type=ProblemEntry)


def sweep(blobs: Blobs, listed: Sequence[ProblemEntry]) -> int:
    """Remove what no listed problem refers to and is old; how many blobs. Other users of
    the same store must not exist."""
    used: set[str] = set()
    for entry in listed:
        used.add(entry.digest)
        used.update(model.decode(read(blobs, entry.digest)).files())
    gone = [digest for digest in blobs.old(SWEEP_AFTER_S) if digest not in used]
    for digest in gone:
        blobs.delete(digest)
    return len(gone)


class InstalledPackages:
    """Packages as a worker reads them: by digest, through its bounded cache."""

    def __init__(self, cache: BlobCache) -> None:
        self._cache = cache
        self.package = lru_cache(maxsize=64)(self._package)

    def _package(self, digest: str) -> Package:
        """A package by the digest of its manifest.

        Raises:
            BlobMissing: it is not stored (any more).
        """
        return model.decode(self._cache.read(digest))

    def read(self, file: File) -> bytes:
        """The content of one of a package's files.

        Raises:
            BlobMissing: it is not stored (any more).
        """
        return self._cache.read(file.digest)
