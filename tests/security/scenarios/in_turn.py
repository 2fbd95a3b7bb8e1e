"""From one run to the next, on the same cell."""

from __future__ import annotations

import contextlib
import json
import threading
from typing import TYPE_CHECKING

from functions.execute.engine.cell import Cell
from functions.execute.engine.program import MIB, EngineError, Program
from tests.security.scenarios.registry import PATIENT, scenario
from tests.security.table import Expect

if TYPE_CHECKING:
    from tests.security.runner import Bench

_OBJECTS = """
from tools import *
import fcntl
keep = "@PART@" == "keep"
create = 0o1000 | 0o2000 | 0o600 if keep else 0o600  # IPC_CREAT | IPC_EXCL
call("segment", 29, 4242, 4096, create)
call("semaphores", 64, 4242, 1, create)
call("queue", 68, 4242, create)
call("posix queue", 240, b"assay", 0o102 if keep else 2, 0o600, 0)
import socket
def abstract():
    end = socket.socket(socket.AF_UNIX)
    end.bind("\\0kept") if keep else end.connect("\\0kept")
    if keep: end.listen()
    globals()["end"] = end
tell("abstract", abstract)
import glob
modules = sorted(glob.glob(os.path.dirname(os.__file__) + "/*.py"))
toolchain = os.open(modules[@WORKER@ % len(modules)], os.O_RDONLY)  # others here lock theirs
tell("lock", fcntl.flock, toolchain, fcntl.LOCK_EX | fcntl.LOCK_NB)
for place in (".", os.environ["TMPDIR"], "/dev/shm", "/box", "/var/tmp", "/dev/mqueue"):
    if keep:
        try: open(place + "/kept", "w").close()
        except OSError: pass
    elif os.path.exists(place + "/kept"): print("file kept in", place)
if keep:
    try:
        if os.fork() == 0:
            os.setsid()
            import time
            time.sleep(60)
    except OSError: pass
"""
_NONE = "ENOENT"


@scenario("nothing that a run makes is there for the next one")
def _objects(bench: Bench) -> list[str]:
    closed = bench.engine.level == "container"
    shared = ("segment", "semaphores", "queue")
    counted = bench.engine.level == "full"  # elsewhere there are none: nobody would count them
    made = "".join(f"{name} {'ok' if counted else 'EPERM'}\n" for name in shared)
    gone = "".join(f"{name} {_NONE if counted else 'EPERM'}\n" for name in shared)
    made += "posix queue EMFILE\nabstract ok\nlock ok\n"
    gone += f"posix queue {_NONE}\nabstract ECONNREFUSED\nlock ok\n"
    if closed:
        made = gone = "".join(
            f"{n} EPERM\n" for n in ("segment", "semaphores", "queue", "posix queue")
        )
        made, gone = (text + "abstract EAFNOSUPPORT\nlock ok\n" for text in (made, gone))
    first = bench.cell.run(bench.python_program(_OBJECTS.replace("@PART@", "keep")), PATIENT)
    second = bench.cell.run(bench.python_program(_OBJECTS.replace("@PART@", "look")), PATIENT)
    return Expect(stdout=made).problems(first) + Expect(stdout=gone).problems(second)


_MARK = "import array; mark = array.array('B', b'assay-' + b'marked' * 3); print(len(mark))"
_LOOK = """
import ctypes, re
found = 0
for line in open("/proc/self/maps").readlines():
    span, modes, *_ = line.split()
    if modes.startswith("rw"):
        start, end = (int(part, 16) for part in span.split("-"))
        found += len(re.findall(rb"assay[-](?:marked){3}", ctypes.string_at(start, end - start)))
print(found)
"""


@scenario("nothing of a run is in the memory of the next one")
def _memory(bench: Bench) -> list[str]:
    first = bench.cell.run(bench.python_program(_MARK), PATIENT)
    second = bench.cell.run(bench.python_program(_LOOK), PATIENT)
    return Expect(stdout="24\n").problems(first) + Expect(stdout="0\n").problems(second)


_RANDOM = """
import os, random, secrets, uuid, json, tempfile
print(json.dumps([random.random(), secrets.token_hex(), str(uuid.uuid4()), os.urandom(8).hex(),
                  random.SystemRandom().random(), next(tempfile._get_candidate_names())]))
"""


@scenario("no two runs draw the same numbers")
def _random(bench: Bench) -> list[str]:
    runs = [bench.cell.run(bench.python_program(_RANDOM), PATIENT) for _ in range(4)]
    drawn = list(zip(*(json.loads(run.stdout) for run in runs), strict=True))
    return [f"drawn twice: {values}" for values in drawn if len(set(values)) < len(values)]


@scenario("memory that one run left is not charged to the next")
def _charged(bench: Bench) -> list[str]:
    fill = bench.python_program(
        "import os\nwith open(os.environ['TMPDIR'] + '/big', 'wb') as f:\n"
        "    for _ in range(15): f.write(b'x' * (1 << 20))\n"
        "kept = b'x' * 40_000_000"
    )
    honest = bench.python_program("kept = b'x' * 60_000_000\nimport time; time.sleep(0.03)")
    exact = Expect(least_memory_bytes=60_000_000, most_memory_bytes=60_000_000 + 16 * MIB)
    problems = []
    for _ in range(8):
        problems += Expect().problems(bench.cell.run(fill, PATIENT))
        problems += exact.problems(bench.cell.run(honest, PATIENT))
    return problems


@scenario("a program can be placed and started at once, again and again")
def _busy(bench: Bench) -> list[str]:
    script = Program(argv=("./start",), files={"start": b"#!/bin/sh\nexit 3\n"})
    runs = [bench.cell.run(script, PATIENT) for _ in range(40)]
    return [problem for run in runs for problem in Expect(exit_code=3).problems(run)]


@scenario("a name that leaves the work folder is refused before anything is written")
def _names(bench: Bench) -> list[str]:
    problems = []
    for name in ("../tmp/planted", "/tmp/planted", "a/../../planted", "", "a//b", "."):
        with bench.engine.cell() as cell:
            with contextlib.suppress(EngineError):
                problems.append(f"{name!r} was taken: {cell.run(_planting(name), PATIENT)!r}")
    bench.recover()
    return problems


def _planting(name: str) -> Program:
    return Program(argv=("/bin/true",), files={name: b"planted"})


_READS = "import sys; print(len(sys.stdin.buffer.read()))"
_CLOSES = "import os, sys; os.close(0); print('closed', flush=True); import time; time.sleep(0.1)"


@scenario("input that is fed holds nobody, read or not")
def _fed(bench: Bench) -> list[str]:
    problems = []
    for code, stdout in ((_READS, "3000000\n"), (_CLOSES, "closed\n"), ("pass", "")):
        program = bench.python_program(code)
        feeder = threading.Thread(target=_feed, args=(bench.cell, 3_000_000))
        timer = threading.Timer(0.05, feeder.start)  # once the run is there
        timer.start()
        run = bench.cell.run(program, PATIENT, interactive=True)
        timer.join()
        feeder.join()
        problems += Expect(stdout=stdout).problems(run)
    return problems  # what came too late is not the next run's: the canary has its own


def _feed(cell: Cell, count: int) -> None:
    cell.feed(b"x" * count)
    cell.feed(b"")
