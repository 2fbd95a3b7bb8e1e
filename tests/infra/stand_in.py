"""A worker or a host for the supervisor's tests: it comes up, notes what happens, ends.

    python -m tests.infra.stand_in NAME LOG [way]

Ways: `serve` (default), `refuse` (leaves a sentence and ends), `crash` (ends without
one), `deaf` (ignores SIGTERM), `litter` (leaves a grandchild behind that ignores SIGTERM).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType


def main(name: str, log: str, way: str = "serve") -> int:
    ready_fd = int(os.environ["ASSAY_READY_FD"])
    facts = {"isolation": {"level": "none"}, "languages": ["python"]}

    def note(what: str) -> None:
        with Path(log).open("a") as file:
            file.write(f"{name} {what} {os.getpid()}\n")

    def stop(_number: int, _frame: FrameType | None) -> None:
        note("asked")
        if way != "deaf":
            note("ended")
            sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    note("started")
    if way == "refuse":
        os.write(ready_fd, b"failed This machine gives too little.\n")
        return 3
    if way == "crash":
        return 4
    if way == "litter":
        code = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
        litter = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
        Path(log + ".litter").write_text(str(litter.pid))
    os.write(ready_fd, b"ready " + json.dumps(facts).encode() + b"\n")
    os.close(ready_fd)
    while True:
        time.sleep(600)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
