"""What only a fork-server could be attacked by: its memory, its state, its descriptors."""

from __future__ import annotations

import secrets

import pytest

from tests.execute.start_modes.twins import Twins

#: Looks for a marker in all memory that can be read; it is given in two halves.
_SEARCH = """
    import re
    halves = ({left!r}, {right!r})
    found = 0
    for line in open("/pr" "oc/self/maps"):
        first, last = (int(x, 16) for x in line.split()[0].split("-"))
        if "r" not in line.split()[1] or "[v" in line: continue
        with open("/pr" "oc/self/mem", "rb", 0) as memory:
            memory.seek(first)
            try: content = memory.read(last - first)
            except OSError: continue
        for at in re.finditer(halves[0].encode(), content):
            found += content[at.end():at.end() + len(halves[1])] == halves[1].encode()
        del content
    print("found", found)
"""


@pytest.mark.parametrize("place", ["code", "stdin", "argument", "output", "file"])
def test_nothing_of_a_former_run_is_in_the_memory_of_the_next(twins: Twins, place: str) -> None:
    # Given a marker, and a search that does find it where it is
    left, right = secrets.token_hex(8), secrets.token_hex(8)
    search = _SEARCH.format(left=left, right=right)
    own = twins.run(search + f"    kept = {left + right!r}\n")
    assert own.stdout != b"found 0\n"

    # When a run had it in its code, its input, its arguments, its output or its files
    secret = left + right
    for _ in range(3):
        twins.run(
            f"import sys; x = sys.stdin.read(); print(x, sys.argv, {secret!r})"
            if place in ("code", "output")
            else "import sys; print(sys.stdin.read(), sys.argv)",
            stdin=secret.encode() * 100 if place == "stdin" else b"",
            args=(secret,) if place == "argument" else (),
            files={"data.txt": secret.encode()} if place == "file" else {},
        )

    # Then the next one finds nothing
    assert twins.run(search).stdout == b"found 0\n"


_PATCHES = """
    import atexit, builtins, enum, gc, json, math, os, random, re, signal, sys, threading, typing
    math.pi = 3; json.dumps = None; builtins.left = 1; os.environ["LEFT"] = "1"; os.left = 1
    json.JSONEncoder.left = 1; re.compile("left"); random.seed(1); sys.left = 1
    gc.disable(); gc.set_threshold(1); sys.setrecursionlimit(55); os.umask(0); os.chdir("/tmp")
    sys.path.append("left"); getattr(sys, "mod" "ules")["left"] = math; sys.setswitchinterval(1)
    signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pthread_sigmask(0, [signal.SIGUSR1])
    atexit.register(print, "left"); threading.excepthook = threading.left = print
    os.register_at_fork(before=lambda: print("left"), after_in_child=lambda: print("left"))
    getattr(sys, "set" "trace")(lambda *a: None); getattr(sys, "set" "profile")(lambda *a: None)
    threading.stack_size(1 << 20); sys.stdout.write("done\\n")
    getattr(gc, "un" "freeze")(); gc.collect()
"""
_LOOK = """
    import atexit, builtins, enum, gc, json, math, os, random, re, signal, sys, threading, typing
    print(math.pi, json.dumps(1), hasattr(builtins, "left"), os.environ.get("LEFT"))
    print(hasattr(os, "left"), hasattr(json.JSONEncoder, "left"), hasattr(sys, "left"))
    print(gc.isenabled(), gc.get_threshold(), sys.getrecursionlimit(), oct(os.umask(0)))
    print(os.getcwd(), "left" in sys.path, "left" in getattr(sys, "mod" "ules"))
    print(sys.getswitchinterval(), signal.getsignal(signal.SIGTERM), threading.stack_size())
    print(signal.pthread_sigmask(0, []), hasattr(threading, "left"), threading.active_count())
    print(getattr(sys, "get" "trace")(), getattr(sys, "get" "profile")())
    if os.fork(): os.wait()
"""


def test_nothing_that_a_run_changed_is_changed_in_the_next(twins: Twins) -> None:
    before = twins.run(_LOOK)

    assert twins.run(_PATCHES).stdout.startswith(b"done")
    after = twins.run(_LOOK)

    assert b"left" not in before.stdout and before.stdout.startswith(b"3.14159")
    assert (after.stdout, after.stderr) == (before.stdout, before.stderr)


def test_frames_modules_and_objects_show_nothing_of_the_nursery(twins: Twins) -> None:
    run = twins.run("""
        import gc, sys, types
        frames = []
        f = sys._getframe()
        while f: frames.append(f.f_code.co_filename); f = f.f_back
        print(frames)
        mods = getattr(sys, "mod" "ules")
        print([n for n in mods if n.split(".")[0] in ("functions", "sitecustomize", "ctypes")])
        print([p for p in [*sys.path, *getattr(sys, "path_importer" "_cache")] if "nursery" in p])
        objects = getattr(gc, "get_" "objects")()
        print([o for o in objects if isinstance(o, types.FrameType) and o is not sys._getframe()])
        print([o for o in objects if type(o).__module__.startswith(("functions", "_socket"))])
    """)

    assert run.stdout == b"['/work/main.py']\n[]\n[]\n[]\n[]\n"


def test_the_nursery_s_sockets_are_not_there(twins: Twins) -> None:
    run = twins.run("""
        import os, socket
        print(sorted(os.listdir("/pr" "oc/self/fd"))[:3])
        for fd in range(3, 256):
            try: socket.socket(fileno=fd).send(b"c"); print("sent", fd)
            except OSError: pass
    """)

    assert run.stdout == b"['0', '1', '2']\n"
    assert twins.run("print('on')").stdout == b"on\n"


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSTOP", "SIGINT", "SIGTERM", "SIGUSR1"])
def test_a_run_that_signals_everything_it_can_see_ends_nothing_but_itself(
    twins: Twins, name: str
) -> None:
    run = twins.run(f"""
        import os, signal
        for pid in (-1, 1, *range(3, 300)):
            try: os.kill(pid, signal.{name})
            except OSError: pass
        os.kill(1, 0)
    """)

    assert run.exit_code == 1 and b"PermissionError" in run.stderr
    assert twins.run("print('on')").stdout == b"on\n"


def test_chance_is_fresh_in_every_run(chance: Twins) -> None:
    code = """
        import os, random, secrets, ssl, tempfile, uuid
        print(random.random(), random.Random().random(), random.SystemRandom().random(),
              secrets.token_hex(), uuid.uuid4(), uuid.uuid1(), os.urandom(8), ssl.RAND_bytes(8),
              tempfile.mktemp(), random.sample(range(10**9), 2), sep="\\n")
    """
    runs = [chance.run(code).stdout.splitlines() for _ in range(20)]

    assert {len(lines) for lines in runs} == {10}
    for kind in zip(*runs, strict=True):
        assert len(set(kind)) == len(runs)
