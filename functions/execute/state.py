"""The worker's own corner of the state folder. Several workers may share it.

toolchains.json   versions and verdicts that need not be found out again
compiled/         the compile cache
prepared/         precompiled headers and the like, functions/execute/prepare.py

All of it can be removed at any time: what is missing is found out, or compiled, anew.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Whoever reads the file sees the old content or the new one.

    Raises:
        OSError: it could not be written; nothing has changed.
    """
    # Private: a new state folder with other files in it must not be open to others.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd, fresh = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
        os.replace(fresh, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh)
        raise
