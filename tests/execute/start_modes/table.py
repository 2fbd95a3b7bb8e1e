"""A row of the differential test: a program, and what shows that it did what it is about.

Each program is run by both ways to start. The answers have to be the same; `exit_code`,
`out` and `err` are there so that two programs failing in the same way prove nothing.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

from functions.execute.engine.program import Limits


@dataclass(frozen=True)
class Row:
    """One promise."""

    promise: str
    code: str
    #: As subprocess has it: a negative one is a signal. None: a limit ends it.
    exit_code: int | None = 0
    #: What stdout has to contain; nothing means: anything but nothing, if stderr is empty.
    out: str = ""
    err: str = ""
    stdin: bytes = b""
    args: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    #: How the engine must have started it where it may choose.
    start: str = "fork"
    silent: bool = False
    limits: Limits = field(default_factory=Limits)

    @property
    def source(self) -> bytes:
        """The text of main.py."""
        return textwrap.dedent(self.code).lstrip("\n").encode()
