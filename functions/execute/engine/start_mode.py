"""Which Python programs may be forked from a nursery instead of being exec'd.

Decided before the start, from the request alone: a program that names something of which
it could see how its interpreter was started gets one started for it alone. Equal to
`python3 main.py` is everything that a forked program can see, except this list, which
the README repeats. Those marked * have to be named in the program's text to be seen, and
so make it an exec; they show only where a program hides the name.

- `sys.modules` holds more from the start *, and with that the subclasses of builtin
  classes *, what is registered with `copyreg`, and what an import hook sees *
- the hash seed and the address layout are those of the nursery, new every 500 runs;
  `random`, `ssl`, `secrets` and `uuid` are reseeded or fresh in each run
- the cyclic garbage collector runs by itself at slightly other moments, and so the order
  in which two modules' objects in cycles are finalised may differ; `gc.get_objects()` *
  and `gc.get_freeze_count()` * tell that what was there before is frozen
- an object that a program hangs on a module or class imported beforehand, and leaves
  there, is not finalised at exit
- a module that a program writes to its folder *while it runs*, and names like one that is
  imported already, does not replace that one
- memory that is shared with the nursery is counted as a bare interpreter's, without the
  modules that are imported already
- the arguments and environment in /proc * are the nursery's; `ru_maxrss` * starts there
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

#: Modules whose subject is the interpreter itself.
_CLOSE_MODULES = (
    *("bdb", "cProfile", "pdb", "profile", "resource", "site", "sitecustomize", "trace"),
    *("tracemalloc", "usercustomize", "warnings"),
)
#: Names by which a program sees or changes how modules come, or what there is in memory.
_CLOSE_NAMES = (
    *("__import__", "__subclasses__", "_run_exitfuncs", "addaudithook", "dispatch_table"),
    *("get_freeze_count", "get_objects", "get_stats", "getallocatedblocks", "getrefcount"),
    *("meta_path", "modules", "path_hooks", "path_importer_cache", "setprofile", "settrace"),
    "unfreeze",
)
_LOOKS_CLOSELY = re.compile(
    rf"^[^\S\n]*(?:import|from)\s[^\n]*\b(?:{'|'.join(_CLOSE_MODULES)})\b"
    rf"|\b(?:{'|'.join(_CLOSE_NAMES)})\b|/proc/".encode(),
    re.MULTILINE,
)
#: How a zip archive ends; it may have any name, and another file's text before it.
_ZIP_END, _ZIP_END_BYTES = b"PK\x05\x06", 22 + 65_535


#: What an exec'd Python has of its own when it comes to its script, and a forked one shares
#: with its nursery: CPython 3.11 on x86-64, less what a forked one has copied by then.
_SHARED_BYTES = 1_750_000
#: Most of that is copied in the end, when the interpreter is taken apart: the peak of a
#: program that needs little itself is there, and is what an exec'd one would have.
_COPIED_AT_EXIT_BYTES = 3_300_000
_UNSURE_BYTES = 500_000


def as_execed_bytes(peak_bytes: int) -> int:
    """The peak memory of a forked run as it would be had it been exec'd.

    Of modules that are imported beforehand nothing is counted: what a program would have
    needed for them is not known.
    """
    sure = min(1.0, max(0.0, (peak_bytes - _COPIED_AT_EXIT_BYTES) / _UNSURE_BYTES))
    return peak_bytes + round(_SHARED_BYTES * sure)


def shadows(files: Iterable[str], imported: frozenset[str]) -> bool:
    """Whether a file has the name of a module that is imported already, in whatever folder."""
    names = {part.split(".")[0] for name in files for part in name.split("/")}
    return not names.isdisjoint(imported)


def looks_closely(files: Mapping[str, bytes]) -> bool:
    """Whether a program, or a module of its own, is about the interpreter itself."""
    return any(
        bool(name.endswith(".py") and _LOOKS_CLOSELY.search(content))
        or _ZIP_END in content[-_ZIP_END_BYTES:]
        for name, content in files.items()
    )


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
        and list(env.items()) == list(nursery_env.items())  # in the same order, too
        and "main.py" in files
        and not shadows((name for name in files if name != "main.py"), imported)
        and not looks_closely(files)
    )
