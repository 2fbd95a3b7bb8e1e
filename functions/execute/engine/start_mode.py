"""Which Python programs may be forked from a nursery instead of being exec'd.

Decided before the start, from the request alone. Equal to `python3 main.py` is everything
that a program can see except this list, which the README repeats:

- `sys.modules` holds more from the start; `/proc/self/cmdline` lacks the arguments
- the hash seed and the address layout are those of the nursery, new every 500 runs;
  `random`, `ssl`, `secrets` and `uuid` are reseeded or fresh in each run
- `resource.getrusage().ru_maxrss` starts at the nursery's; `gc.get_freeze_count()` is not 0
- a module that a program writes to its folder *while it runs*, and names like one that
  is imported already, does not replace that one
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

#: Imported before the fork: what programs import most, and nothing that starts threads,
#: opens files or keeps random state that a fork does not renew.
PREIMPORTED = (
    "array",
    "bisect",
    "collections",
    "copy",
    "dataclasses",
    "datetime",
    "enum",
    "fractions",
    "functools",
    "heapq",
    "itertools",
    "json",
    "math",
    "operator",
    "random",
    "re",
    "string",
    "threading",
    "time",
    "typing",
)

#: Programs that look at how the interpreter was started get one started for them alone.
_LOOKS_CLOSELY = re.compile(
    rb"^\s*(?:import|from)\s[^\n]*\b(?:site|sitecustomize|usercustomize|resource|tracemalloc)\b",
    re.MULTILINE,
)


def shadows(files: Iterable[str], imported: frozenset[str]) -> bool:
    """Whether a file beside the program has the name of a module that is imported already."""
    names = {name.split("/")[0].split(".")[0] for name in files}
    return not names.isdisjoint(imported)


def forkable(
    argv: list[str],
    env: Mapping[str, str],
    files: Mapping[str, bytes],
    *,
    binary: str,
    nursery_env: Mapping[str, str],
    imported: frozenset[str],
) -> bool:
    """Whether a run may be forked.

    Args:
        binary: the interpreter that the nursery is.
        nursery_env: the environment it was started with.
        imported: top-level names in its sys.modules.
    """
    return (
        argv[:2] == [binary, "main.py"]
        and env == nursery_env
        and "main.py" in files
        and not shadows((name for name in files if name != "main.py"), imported)
        and not _LOOKS_CLOSELY.search(files["main.py"])
    )
