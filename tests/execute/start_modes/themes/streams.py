"""Standard streams: buffering, reading by every means, and what the objects say of themselves."""

from __future__ import annotations

from tests.execute.start_modes.table import Row

_LINES = b"one\ntwo\r\nthree\n\nlast without an end"

ROWS = [
    Row("a partial line is flushed at exit", "print('no end', end='')", out="no end"),
    Row(
        "what is written below the buffer comes before what is in it",
        "import os; print('second'); os.write(1, b'first\\n')",
        out="first\nsecond",
    ),
    Row(
        "flushing keeps the order",
        "import os\nfor n in range(5): print(n, flush=True); os.write(1, b'raw\\n')",
        out="0\nraw\n1",
    ),
    Row(
        "stdout is buffered in blocks of the same size",
        """
        import os
        for n in range(3000):
            print(f"{n:08}", end=" ")
            if n % 1000 == 999: os.write(1, b"|")
        """,
        out="|",
    ),
    Row(
        "stderr is buffered by line",
        """
        import os, sys
        sys.stderr.write("partial"); os.write(2, b"<raw>"); sys.stderr.write(" line\\n")
        os.write(2, b"end\\n")
        """,
        err="<raw>partial line\nend",
    ),
    Row(
        "stdout and stderr are what they were at start",
        """
        import sys
        for s in (sys.stdin, sys.stdout, sys.stderr):
            print(s, type(s), s.name, s.mode, s.encoding, s.errors, s.newlines,
                  s.line_buffering, s.write_through, s.isatty(), s.fileno(), s.closed,
                  s.seekable(), s.readable(), s.writable(), s._CHUNK_SIZE)
            print(s.buffer, s.buffer.name, s.buffer.mode, s.buffer.raw, s.buffer.raw.name,
                  s.buffer.raw.mode, s.buffer.raw.closefd, s.buffer.raw._blksize)
        print(sys.stdin is sys.__stdin__, sys.stdout is sys.__stdout__,
              sys.stderr is sys.__stderr__)
        """,
        out="'<stdout>'",
    ),
    Row(
        "the attributes of streams are the same names",
        "import sys\nprint(sorted(vars(sys.stdout)), sorted(vars(sys.stdout.buffer.raw)))",
        out="mode",
    ),
    Row("stdin is read at once", "import sys; print(repr(sys.stdin.read()))", stdin=_LINES),
    Row("stdin is read as bytes", "import sys; print(sys.stdin.buffer.read())", stdin=_LINES),
    Row("stdin is read by lines", "import sys; print(sys.stdin.readlines())", stdin=_LINES),
    Row("stdin is iterated", "import sys\nfor x in sys.stdin: print(repr(x))", stdin=_LINES),
    Row(
        "stdin is read by parts",
        "import sys\nwhile c := sys.stdin.read(3): print(repr(c))",
        stdin=_LINES,
    ),
    Row(
        "input reads to the end and then raises EOFError",
        "while True: print(repr(input()))",
        1,
        err="EOFError: EOF when reading a line",
        stdin=_LINES,
    ),
    Row("input writes its prompt to stdout", "print(input('name? '))", out="name? x", stdin=b"x\n"),
    Row(
        "input flushes stdout first",
        "import os\nprint('before'); input(); os.write(1, b'after\\n')",
        out="before\nafter",
        stdin=b"x\n",
    ),
    Row("no input is an empty stdin", "import sys; print([sys.stdin.read()])", out="['']"),
    Row(
        "ways of reading can be mixed",
        """
        import sys
        print(input(), sys.stdin.readline(), sys.stdin.buffer.tell())
        print(next(sys.stdin)); print(sys.stdin.read())
        """,
        stdin=_LINES,
    ),
    Row(
        "stdin can be read below its buffer",
        "import os, sys\nprint(os.read(0, 4)); print(sys.stdin.read())",
        stdin=_LINES,
    ),
    Row(
        "stdin can be rewound as a file",
        """
        import sys, os
        print(sys.stdin.seekable(), sys.stdin.tell()); print(repr(sys.stdin.readline()))
        print(sys.stdin.tell()); sys.stdin.seek(0); print(repr(sys.stdin.read(5)))
        print(os.lseek(0, 0, os.SEEK_CUR), os.fstat(0).st_size)
        """,
        out="True 0",
        stdin=_LINES,
    ),
    Row(
        "stdin can be mapped into memory",
        "import mmap\nwith mmap.mmap(0, 0, prot=mmap.PROT_READ) as m: print(m[:7])",
        stdin=_LINES,
    ),
    Row(
        "stdin can be opened anew",
        "print(open('/dev/stdin').read()); print(open(0).read())",
        stdin=_LINES,
    ),
    Row(
        "stdout can be opened anew",
        "open(1, 'w', closefd=False).write('a'); open('/dev/stdout', 'w').write('b')",
        out="ab",
    ),
    Row(
        "bytes that are no UTF-8 can be read and written back",
        "import sys; s = sys.stdin.read(); print(ascii(s)); print(s)",
        out="\\udcff",
        stdin=b"a\xff\xfeb",
    ),
    Row(
        "a lone surrogate goes to stdout as the byte it was, and a character is UTF-8",
        "print('\\udc80 é 漢 😀')",
        out="é 漢 😀",
    ),
    Row(
        "what stdout cannot encode raises",
        "print('\\ud800')",
        1,
        err="UnicodeEncodeError",
    ),
    Row(
        "stderr escapes what it cannot encode",
        "import sys; print('\\ud800 ü', file=sys.stderr)",
        err="\\ud800 ü",
    ),
    Row(
        "streams can be reconfigured",
        """
        import sys, os
        sys.stdout.reconfigure(encoding="latin-1", newline="\\r\\n", line_buffering=True)
        sys.stdin.reconfigure(encoding="utf-16-le", errors="replace", newline="")
        print("é"); os.write(1, b"after\\n"); print(ascii(sys.stdin.read()), sys.stdin.newlines)
        """,
        out="after",
        stdin="a\r\nb".encode("utf-16-le"),
    ),
    Row(
        "newlines are remembered",
        "import sys; sys.stdin.read(); print(sys.stdin.newlines)",
        stdin=_LINES,
    ),
    Row(
        "stdout can be replaced and given back",
        """
        import io, sys
        sys.stdout = io.StringIO(); print("hidden"); text = sys.stdout.getvalue()
        sys.stdout = sys.__stdout__; print("shown", repr(text))
        """,
        out="shown 'hidden",
    ),
    Row(
        "stdout can be detached and wrapped anew",
        """
        import io, sys
        sys.stdout = io.TextIOWrapper(sys.stdout.detach(), encoding="utf-16", newline="")
        print("wide")
        """,
        out="w\x00i",
    ),
    Row(
        "stdout can be unbuffered by hand",
        """
        import os, sys
        sys.stdout = os.fdopen(sys.stdout.fileno(), "wb", 0); sys.stdout.write(b"x")
        os.write(1, b"y"); sys.stdout.write(b"z\\n")
        """,
        out="xyz",
    ),
    Row(
        "a closed stdout makes print fail",
        "import sys; sys.stdout.close(); print(1)",
        1,
        err="I/O operation on closed file",
    ),
    Row("a closed stdout is no error at exit", "import sys; sys.stdout.close()", silent=True),
    Row(
        "stdout closed below is an error at exit",
        "import os; print('lost'); os.close(1)",
        120,
        err="Exception ignored in: <_io.TextIOWrapper name='<stdout>'",
    ),
    Row(
        "stderr closed below loses the traceback only",
        "import os; os.close(2); 1/0",
        120,
        silent=True,
    ),
    Row(
        "without stdout print does nothing",
        "import sys; sys.stdout = None; print('lost')",
        silent=True,
    ),
    Row(
        "without stderr a traceback goes nowhere",
        "import sys; sys.stderr = None; 1/0",
        1,
        silent=True,
    ),
    Row(
        "without stdin input raises",
        "import sys; sys.stdin = None; input()",
        1,
        err="lost sys.stdin",
    ),
    Row(
        "a program's own class may be stdout",
        """
        import sys
        class Loud:
            def write(self, text): sys.__stdout__.write(text.upper())
            def flush(self): sys.__stdout__.write("<flush>")
        sys.stdout = Loud(); print("loud")
        """,
        out="LOUD\n<flush>",
    ),
    Row("large output is whole", "for n in range(60000): print(n)", out="59999"),
    Row(
        "large input is whole",
        """
        import sys
        data = sys.stdin.read(); lines = data.split()
        print(len(data), len(lines), sum(map(int, lines)))
        """,
        out="200000",
        stdin=b"".join(b"%d\n" % n for n in range(200_000)),
    ),
    Row(
        "large input is read by lines",
        """
        import sys
        print(sum(int(line) for line in sys.stdin)); print(sys.stdin.readline() == "")
        """,
        out="19999900000",
        stdin=b"".join(b"%d\n" % n for n in range(200_000)),
    ),
    Row(
        "large input is read by input",
        """
        n = int(input()); print(sum(int(input()) for _ in range(n)))
        """,
        stdin=b"20000\n" + b"".join(b"%d\n" % n for n in range(20_000)),
    ),
    Row(
        "fileinput and select see stdin",
        """
        import fileinput, select, sys
        print(select.select([0], [1], [], 0)); print([line for line in fileinput.input()])
        """,
        stdin=_LINES,
    ),
    Row(
        "print goes to C's stdout only by way of the buffer",
        """
        import sys
        print(1, 2, 3, sep="-", end="!\\n", file=sys.stderr); print(*range(5), sep="\\n")
        """,
        out="0\n1",
        err="1-2-3!",
    ),
]
