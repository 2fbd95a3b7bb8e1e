"""How a process tells the one that started it that it is ready, or why it cannot be.

It is given the write end of a pipe in `ASSAY_READY_FD`. It writes one line, then closes:
`ready {json}` when it serves, or `failed <one sentence>` before it exits. Without a pipe
it says nothing: a platform asks `/readyz`.
"""

from __future__ import annotations

import contextlib
import os

READY_FD = "ASSAY_READY_FD"


def is_heard() -> bool:
    """Whether somebody started us who listens."""
    return bool(os.environ.get(READY_FD))


def announce(line: str) -> bool:
    """Write the line, once; False if nobody listens."""
    fd = os.environ.pop(READY_FD, "")
    if fd:
        with contextlib.suppress(BrokenPipeError), os.fdopen(int(fd), "w") as pipe:
            pipe.write(line + "\n")
    return bool(fd)
