"""Two runs at the same time, on two cells."""

from __future__ import annotations

import threading
from dataclasses import replace
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
