"""Two runs at the same time, on two cells."""

from __future__ import annotations

import ctypes
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from functions.execute.engine.program import Run
from tests.security.table import LIMITS, Expect

if TYPE_CHECKING:
    from tests.security.runner import Bench

from tests.security.scenarios.registry import FOREVER, PATIENT, meanwhile, scenario

_BOMB = """
import os
print("bomb", flush=True)
while True:
    try: os.fork()
    except OSError: pass
"""


@scenario("a fork bomb next door harms no neighbour")
def _bomb(bench: Bench) -> list[str]:
    with meanwhile(bench.neighbour, bench.python_program(_BOMB), LIMITS) as answers:
        problems = bench.canary(bench.cell)
        problems += Expect(exit_code=9).problems(
            bench.cell.run(bench.python_program("raise SystemExit(9)"), PATIENT)
        )
    if not isinstance(answers[0], Run) or not answers[0].outcome.is_limit:
        problems.append(f"the bomb ended with {answers[0]!r}")
    return problems + bench.canary(bench.neighbour)


@scenario("runs next to each other have their own memory limits")
def _limits(bench: Bench) -> list[str]:
    code = "print('x', flush=True)\nkept = b'x' * 70_000_000\nimport time; time.sleep(0.3)"
    with meanwhile(bench.neighbour, bench.python_program(code), PATIENT) as answers:
        own = bench.cell.run(bench.python_program(code), PATIENT)
    problems = Expect(stdout="x\n").problems(own)
    for answer in answers:
        problems += (
            Expect(stdout="x\n").problems(answer) if isinstance(answer, Run) else [repr(answer)]
        )
    return problems


_BY_NUMBER = """
from tools import *
buffer = ctypes.create_string_buffer(b"\\1" * 256, 256)
memory, semaphores, queue = @IDS@
call("attach", 30, memory, 0, 0)
call("look", 31, memory, 2, buffer)
call("remove", 31, memory, 0, 0)
call("set", 66, semaphores, 0, 16, 1)
call("raise", 65, semaphores, b"\\0\\0\\1\\0\\0\\0", 1)
call("wait", 220, semaphores, b"\\0\\0\\1\\0\\0\\0", 1, 0)
call("end", 66, semaphores, 0, 0, 0)
call("read", 70, queue, buffer, 50, 0, 0o4000)
call("write", 69, queue, buffer, 8, 0o4000)
call("close", 71, queue, 0, 0)
call("posix queue", 241, b"assay-security-@WORKER@")
"""


@scenario("what others share is not reached by its number")
def _by_number(bench: Bench) -> list[str]:
    libc = ctypes.CDLL(None)
    everybody = 0o1666  # IPC_CREAT | 0666: were it to be seen, it could be had
    ids = (libc.shmget(0, 4096, everybody), libc.semget(0, 1, everybody), libc.msgget(0, everybody))
    try:
        libc.msgsnd(ids[2], (1).to_bytes(8, "little") + b"not yours", 9, 0)
        before = _objects(ids)
        code = _BY_NUMBER.replace("@IDS@", repr(ids))
        run = bench.cell.run(bench.python_program(code), PATIENT)
        after = _objects(ids)
    finally:
        libc.shmctl(ids[0], 0, 0)
        libc.semctl(ids[1], 0, 0, 0)
        libc.msgctl(ids[2], 0, 0)
    lines = [line.split() for line in run.stdout.decode().splitlines()]
    closed = bench.engine.level == "container"
    wanted = {"EPERM"} if closed else {"EINVAL", "ENOENT"}  # there it has its own, which are none
    problems = [] if before == after and len(before) == 3 else [f"{before} became {after}"]
    if len(lines) != 11 or {words[-1] for words in lines} != wanted:
        problems.append(f"it was told {lines}")
    return problems


def _objects(ids: tuple[int, int, int]) -> list[list[str]]:
    """What the kernel says of the machine's own objects, less who looked and when."""
    found = []
    for kind, identifier in zip(("shm", "sem", "msg"), ids, strict=True):
        lines = Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:]
        found += [words[:5] for words in map(str.split, lines) if words[1] == str(identifier)]
    return found


_HIDE = """
import os, socket, sys, time
open("secret", "w").write("mine"); open(os.environ["TMPDIR"] + "/secret", "w").write("mine")
try:
    end = socket.socket(socket.AF_UNIX); end.bind("\\0next-door"); end.listen()
    other = socket.socket(); other.bind(("0.0.0.0", 4242)); other.listen()
except OSError: pass
print(os.getpid(), os.getcwd(), os.environ["TMPDIR"], flush=True)
time.sleep(60)
"""
_SEEK = """
from tools import *
import socket
pid, work, temporary = "@PID@", "@WORK@", "@TMP@"
if work != os.getcwd():  # one name means one's own elsewhere
    for path in (work, temporary):
        for name in ("", "/secret"):
            try: open(path + name) if name else os.listdir(path); print("SEEN", path)
            except OSError: pass
else:
    print(os.path.exists("secret"), os.path.exists(temporary + "/secret"))
for address in ("\\0next-door", ("127.0.0.1", 4242)):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    try: socket.socket(family).connect(address); print("CONNECTED")
    except OSError: pass
for path in ("environ", "mem", "fd", "cwd/secret", "root/work/secret", "maps"):
    if int(pid) != os.getpid():
        try: open(f"/proc/{pid}/{path}").close(); print("SEEN", path)
        except OSError: pass
if int(pid) != os.getpid():
    refused("kill", os.kill, int(pid), 9)
    try: os.kill(int(pid), 0); print("NAMED")
    except OSError: pass
"""


@scenario("neighbours do not see each other")
def _neighbours(bench: Bench) -> list[str]:
    told: list[bytes] = []
    started = threading.Event()

    def listen(_: str, data: bytes) -> None:
        told.append(data)
        started.set()

    thread = threading.Thread(
        target=lambda: bench.neighbour.run(bench.python_program(_HIDE), FOREVER, on_output=listen)
    )
    thread.start()
    started.wait(20)
    pid, work, temporary = b"".join(told).decode().split()
    code = _SEEK.replace("@PID@", pid).replace("@WORK@", work).replace("@TMP@", temporary)
    run = bench.cell.run(bench.python_program(code), PATIENT)
    bench.neighbour.kill()
    thread.join()
    bench.neighbour.renew()
    closed = bench.engine.level == "container"
    missing = "False False\n"
    refusal = run.stdout.decode().replace("kill [Errno 3] No such process\n", "")
    expected = "" if closed else missing
    return Expect(stdout=expected).problems(replace(run, stdout=refusal.encode()))
