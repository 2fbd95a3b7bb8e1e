"""What cannot be equal: each point of the list in start_mode.py, pinned."""

from __future__ import annotations

import pytest

from functions.execute.engine.program import MIB
from functions.execute.engine.start_mode import as_execed_bytes, forkable, looks_closely, shadows
from tests.execute.start_modes.table import Row
from tests.execute.start_modes.twins import Twins


def both(twins: Twins, code: str, **row: object) -> tuple[str, str]:
    """The outputs of a program, forked and exec'd."""
    made = Row("", code, **row)  # type: ignore[arg-type]
    forked, execed = twins.fork(made), twins.exec(made)
    assert (forked.start_mode, execed.start_mode) == ("fork", "exec")
    assert not forked.stderr and not execed.stderr
    return forked.stdout.decode().strip(), execed.stdout.decode().strip()


def test_more_modules_are_there_from_the_start(twins: Twins) -> None:
    code = 'import sys; print(*sorted(getattr(sys, "mod" "ules")))'
    forked, execed = (set(text.split()) for text in both(twins, code))

    assert execed < forked
    assert {"json", "typing", "random"} <= forked - execed


def test_what_is_shared_is_frozen_for_the_collector(twins: Twins) -> None:
    forked, execed = both(twins, 'import gc; print(getattr(gc, "get_freeze" "_count")() > 0)')
    assert (forked, execed) == ("True", "False")


def test_the_moment_of_a_collection_differs_but_not_what_is_finalised(twins: Twins) -> None:
    code = """
        import helper
        class B:
            def __del__(self): print("del b")
        b = B(); print("end")
    """
    helper = b"class A:\n def __del__(self): print('del a')\na = A()\n"
    forked, execed = both(twins, code, files={"helper.py": helper})

    assert sorted(forked.split()) == sorted(execed.split())
    assert forked.startswith("end") and execed.startswith("end")


def test_what_hangs_on_a_shared_module_is_not_finalised(twins: Twins) -> None:
    code = """
        import json
        class A:
            def __del__(self): print("del")
        json.held = A(); print("end")
    """
    assert both(twins, code) == ("end", "end\ndel")


def test_a_module_written_while_it_runs_does_not_replace_one_that_is_there(twins: Twins) -> None:
    code = """
        open("string.py", "w").write("x = 'mine'")
        import string
        print(getattr(string, "x", "the library's"))
    """
    assert both(twins, code) == ("the library's", "mine")


def test_the_kernel_knows_the_nursery_s_arguments(twins: Twins) -> None:
    code = 'print(open("/pr" "oc/self/cmdline").read().split("\\0")[1:-1])'
    assert both(twins, code, args=("a",)) == ("['main.py']", "['main.py', 'a']")


@pytest.mark.parametrize("mib", [0, 10, 100])
def test_both_ways_tell_about_the_same_memory(twins: Twins, mib: int) -> None:
    row = Row("", f"x = bytearray({mib * MIB}); x[::4096] = b'x' * len(x[::4096]); print(1)")
    forked = sorted(twins.fork(row).peak_memory_bytes for _ in range(5))[2]
    execed = sorted(twins.exec(row).peak_memory_bytes for _ in range(5))[2]

    # The kernel itself counts by 256 KiB and core, so on two each figure is good to 512 KiB.
    assert abs(forked - execed) < 0.1 * execed + 2 * 512 * 1024


def test_a_larger_peak_is_never_told_as_a_smaller_one() -> None:
    told = [as_execed_bytes(peak) for peak in range(0, 20 * MIB, 10_000)]
    assert told == sorted(told)


@pytest.mark.parametrize(
    "text",
    [
        *("import site", "from resource import getrusage", "import os, sys, tracemalloc"),
        *("    import warnings", "print(sys.modules)", "x = object.__subclasses__()"),
        *("open('/proc/self/status')", "m = __import__('os')", "sys.meta_path.clear()"),
        *("import cProfile as c", "gc.get_objects()", "sys.settrace(f)"),
    ],
)
def test_a_program_that_looks_closely_is_known(text: str) -> None:
    assert looks_closely({"main.py": f"import gc, sys\n{text}\n".encode()})
    assert looks_closely({"main.py": b"", "d/other.py": text.encode()})


@pytest.mark.parametrize(
    "text", ["import sys", "site = 3", "print('my resource')", "website = modulesx = 1", ""]
)
def test_a_program_that_does_not_is_forked(text: str) -> None:
    assert not looks_closely({"main.py": text.encode(), "data.csv": b"import site"})


def test_shadows_are_found_in_every_folder() -> None:
    imported = frozenset({"json", "re"})
    assert shadows(["json.py"], imported) and shadows(["a/b/re/__init__.py"], imported)
    assert not shadows(["main.py", "a/jsonx.py", "rex"], imported)


def test_what_else_decides() -> None:
    def can(**other: object) -> bool:
        usual = {"argv": ["/py", "main.py"], "env": {"A": "1", "B": "2"}, "files": {"main.py": b""}}
        known = {"binary": "/py", "nursery_env": {"A": "1", "B": "2"}, "imported": frozenset("j")}
        return forkable(**(usual | known | other))  # type: ignore[arg-type]

    assert can() and can(argv=["/py", "main.py", "x"])
    assert not can(argv=["/py", "-O", "main.py"]) and not can(argv=["/other", "main.py"])
    assert not can(env={"A": "1"}) and not can(env={"B": "2", "A": "1"})
    assert not can(files={}) and not can(files={"main.py": b"", "j.py": b""})
