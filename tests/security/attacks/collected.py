"""Attacks on whoever brings files back: links, devices, bombs and odd names."""

from __future__ import annotations

from dataclasses import replace

from functions.execute.engine.program import MIB
from tests.security.table import LIMITS, Attack, Expect

_ONE = {"good.txt": b"good"}
_GOOD = 'open("good.txt", "w").write("good")'

ATTACKS = [
    Attack(
        promise="a link to a file of the system is not followed",
        code=f"""
            import os
            {_GOOD}
            os.symlink("/etc/passwd", "out.txt"); os.symlink("good.txt", "inside.txt")
            os.symlink("@SECRET@", "secret.txt"); os.symlink("/", "root")
            os.symlink("/proc/self/fd/0", "fd.txt"); os.symlink("/proc/self", "self")
        """,
        collect=(
            *("out.txt", "inside.txt", "secret.txt", "root/etc/passwd", "fd.txt"),
            *("self/environ", "self/fd/0", "good.txt"),
        ),
        stdin=b"given",
        expect=Expect(files=_ONE),
    ),
    Attack(
        promise="a link to an endless device is not read",
        code=f"""
            import os
            {_GOOD}
            os.symlink("/dev/urandom", "out.txt"); os.symlink("/dev/zero", "zero.txt")
        """,
        collect=("out.txt", "zero.txt", "good.txt"),
        expect=Expect(files=_ONE),
    ),
    Attack(
        promise="a pipe, a socket or a folder is no file",
        code=f"""
            import os, socket
            {_GOOD}
            os.mkfifo("pipe.txt"); os.mkdir("folder.txt")
            try: socket.socket(socket.AF_UNIX).bind("socket.txt")
            except OSError: pass
        """,
        collect=("pipe.txt", "folder.txt", "socket.txt", ".", "", "/", "good.txt"),
        expect=Expect(files=_ONE),
    ),
    Attack(
        promise="a pipe with a writer does not hold the collector",
        code=f"""
            import os
            {_GOOD}
            os.mkfifo("pipe.txt")
            file = os.open("pipe.txt", os.O_RDWR)
            os.write(file, b"x" * 4096)
        """,
        collect=("pipe.txt", "good.txt"),
        expect=Expect(files=_ONE),
    ),
    Attack(
        promise="names that leave the work folder bring nothing back",
        code=f"{_GOOD}; import os; open(os.environ['TMPDIR'] + '/t.txt', 'w').write('temporary')",
        collect=(
            *("../tmp/t.txt", "../../etc/passwd", "/etc/passwd", "/work/good.txt", "./good.txt/."),
            *("..", "good.txt/", "good.txt/../good.txt", "good.txt"),
        ),
        expect=Expect(files=_ONE),
    ),
    Attack(
        promise="names that are none bring nothing back",
        code=_GOOD,
        collect=(
            "good.txt\0x",
            "\ud800",
            "\udcff",
            "x" * 300,
            "a/" * 3000,
            "\n",
            "%s%n",
            "good.txt",
        ),
        expect=Expect(files=_ONE),
    ),
    Attack(
        promise="odd names are brought back as they are",
        code="""
            odd = ("new\\nline", "gr\\u00fc\\u00dfe", " ", "-rf", "%s", "x" * 255, "__proto__")
            for name in odd:
                open(name, "w").write(name)
        """,
        collect=("new\nline", "grüße", " ", "-rf", "%s", "x" * 255, "__proto__"),
        expect=Expect(
            files={
                name: name.encode()
                for name in ("new\nline", "grüße", " ", "-rf", "%s", "x" * 255, "__proto__")
            }
        ),
    ),
    Attack(
        promise="many names of one large file are bounded together",
        code="""
            import os
            open("a0", "wb").write(b"x" * (10 << 20))
            for number in range(1, 20): os.link("a0", f"a{number}")
        """,
        collect=tuple(f"a{number}" for number in range(20)),
        expect=Expect(files={f"a{number}": b"x" * (10 * MIB) for number in range(3)}),
    ),
    Attack(
        promise="a sparse file too large is left out",
        code=f"""
            import os
            {_GOOD}
            with open("sparse.bin", "wb") as file: file.truncate(200 << 20)
        """,
        limits=replace(LIMITS, file_bytes=256 * MIB),
        collect=("sparse.bin", "good.txt"),
        expect=Expect(files=_ONE),
    ),
    Attack(
        promise="a file a thousand folders deep does not stop the others",
        code=f"""
            import os
            {_GOOD}
            for _ in range(300): os.mkdir("d"); os.chdir("d")
            open("deep.txt", "w").write("deep")
        """,
        collect=("d/" * 300 + "deep.txt", "good.txt"),
        expect=Expect(files={**_ONE, "d/" * 300 + "deep.txt": b"deep"}),
    ),
    Attack(
        promise="a file without any permission is brought back",
        code="""
            import os
            os.umask(0o777)
            os.write(os.open("good.txt", os.O_WRONLY | os.O_CREAT, 0), b"good")
        """,
        collect=("good.txt",),
        expect=Expect(files=_ONE),
        # A user without privileges cannot open it, and will not follow names to change it.
        at={"container/ordinary": Expect()},
    ),
    Attack(
        promise="a file that is replaced by a link is not followed",
        code=f"""
            import os
            {_GOOD}
            os.unlink("given.txt"); os.symlink("/etc/passwd", "given.txt")
            os.unlink("main.py"); os.symlink("/etc/passwd", "main.py")
            os.rename("folder", "old"); os.symlink("/etc", "folder")
        """,
        files={"given.txt": b"given", "folder/passwd": b"given"},
        collect=("given.txt", "main.py", "folder/passwd", "good.txt"),
        expect=Expect(files=_ONE),
    ),
    Attack(
        promise="a file that a process still writes is brought back as it was at the end",
        code="""
            import os
            file = open("good.txt", "w")
            file.write("good"); file.flush()
            if os.fork() == 0:
                while True: file.seek(0); file.write("good"); file.flush()
        """,
        collect=("good.txt",),
        expect=Expect(files=_ONE),
        at={"container": Expect(exit_code=1, stderr_has="PermissionError", files=_ONE)},
    ),
    Attack(
        promise="patterns find regular files only, however many others there are",
        code="""
            import os, socket
            for number in range(200): os.symlink("/etc/passwd", f"link{number}.class")
            for number in range(50): os.mkfifo(f"pipe{number}.class")
            os.makedirs("a/b.class"); os.symlink("/etc", "etc"); os.symlink("..", "a/up")
            for name in ("Good.class", "a/b.class/Deep.class", "new\\nline.class", "\\udcff.class"):
                open(os.fsencode(name), "w").write(name[:1].isascii() * name[0])
            for _ in range(40): os.mkdir("d"); os.chdir("d")
            open("Deeper.class", "w").close()
        """,
        collect_matching=("*.class", "**/*.class", "etc/*", "../*"),
        expect=Expect(files={"Good.class": b"G", "a/b.class/Deep.class": b"a"}),
    ),
]
