"""What is computed: chance, hashes, texts, the standard library's own state."""

from __future__ import annotations

from tests.execute.start_modes.table import Row

ROWS = [
    Row(
        "seeded chance is the same",
        """
        import random
        random.seed(1); print(random.random(), random.sample(range(99), 5), random.gauss(0, 1))
        print(random.Random("text").getrandbits(64), random.Random(2.5).choice("abc"))
        """,
        out="0.13436424411240122",
    ),
    Row(
        "hashes of texts under a seed",
        """
        print(hash("a"), hash(b"a"), hash(("a", 1)), set("abcdefgh"), {1, "x", 2.5, None} != 0)
        """,
        out="{'",
    ),
    Row("hashes of numbers", "print(hash(1.5), hash(-1), hash(10**30), hash((1, 2)), hash(True))"),
    Row(
        "sets and dicts keep their order",
        """
        print({f"key{n}" for n in range(20)}, list({str(n): n for n in range(20)}),
              frozenset("hello world"), set(range(100, 0, -7)))
        """,
        out="'key",
    ),
    Row(
        "hashlib",
        """
        import hashlib, hmac, zlib, binascii
        print(hashlib.sha256(b"x").hexdigest(), hashlib.md5(b"x").hexdigest(), zlib.crc32(b"x"))
        print(sorted(hashlib.algorithms_available), hmac.new(b"k", b"m", "sha1").hexdigest())
        """,
        out="2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
    ),
    Row(
        "decimal's context is fresh",
        """
        import decimal
        print(decimal.getcontext(), decimal.DefaultContext, decimal.Decimal(1) / 3)
        decimal.getcontext().prec = 5; print(decimal.Decimal(1) / 3)
        with decimal.localcontext() as c: c.prec = 2; print(decimal.Decimal(1) / 3)
        """,
        out="0.3333333333333333333333333333\n0.33333",
    ),
    Row(
        "fractions, statistics and math",
        """
        import fractions, math, statistics, cmath
        print(fractions.Fraction("1/3") + 1, math.comb(50, 25), statistics.stdev([1, 2, 4]))
        print(math.fsum([0.1] * 10), cmath.sqrt(-1), math.nextafter(1, 2), float.fromhex("0x1p-3"))
        """,
        out="4/3",
    ),
    Row(
        "dataclasses, enums and named tuples",
        """
        import dataclasses, enum, collections, typing
        @dataclasses.dataclass(order=True, frozen=True)
        class P: x: int; y: list = dataclasses.field(default_factory=list)
        class C(enum.Enum): RED = enum.auto(); BLUE = "b"
        class F(enum.IntFlag): A = 1; B = 2
        N = collections.namedtuple("N", "a b", defaults=[2])
        class T(typing.NamedTuple): a: int = 1
        print(P(1), dataclasses.asdict(P(1, [2])), list(C), F.A | F.B, C("b"), N(1), T(), C.RED)
        try: P(1).x = 2
        except dataclasses.FrozenInstanceError as e: print(e)
        """,
        out="P(x=1, y=[])",
    ),
    Row(
        "typing",
        """
        import typing
        from typing import *
        T = TypeVar("T")
        class G(Generic[T]): pass
        class Pr(Protocol):
            def f(self) -> int: ...
        @runtime_checkable
        class R(Protocol):
            def f(self) -> int: ...
        class TD(TypedDict, total=False): a: int
        def f(a: "int", b: Optional[str] = None) -> list[int]: ...
        print(G[int], get_type_hints(f), Union[int, str, int], TD.__annotations__, isinstance(3, R))
        print(Literal["a"], get_origin(dict[str, int]), get_args(Callable[[int], str]), Any, Self)
        """,
        out="__main__.G[int]",
    ),
    Row(
        "classes that the program adds to those of the standard library",
        """
        import collections, collections.abc, enum, json, numbers, threading
        class D(collections.UserDict): pass
        class E(json.JSONEncoder):
            def default(self, o): return "default"
        collections.abc.Sequence.register(D); numbers.Number.register(E)
        print(isinstance(D(), collections.abc.Sequence), isinstance(E(), numbers.Number),
              json.dumps(object(), cls=E), json.dumps({"b": [1, 2.5, None]}, indent=1))
        """,
        out="True True",
    ),
    Row(
        "what one changes in the standard library is changed for it",
        """
        import json, math, random, builtins, re, threading, enum
        math.pi = 3; json.dumps = lambda *a: "mine"; builtins.extra = 5; random.random = lambda: 0.5
        print(math.pi, json.dumps(1), extra, random.random(), re.compile("a+").match("aa"))
        json.JSONEncoder.item_separator = ";"; print(json.encoder.JSONEncoder().encode([1, 2]))
        """,
        out="3 mine 5 0.5",
    ),
    Row(
        "re",
        """
        import re
        print(re.findall(r"(?P<a>\\w+)@(\\w+)", "x@y z@w"), re.sub("(?i)A", "b", "aA"))
        try: re.compile("(")
        except re.error as e: print(e, e.pos)
        re.purge()
        """,
        out="[('x', 'y'), ('z', 'w')]",
    ),
    Row(
        "texts and their formats",
        """
        import string, textwrap, unicodedata
        print(f"{3.14159:>10.2f}|{1000000:,}|{'x':*^9}|{255:#x}|{1e100}|{0.1 + 0.2!r}")
        print(string.Template("$a ${b}").substitute(a=1, b=2), "ß".upper(), "ǆ".title())
        print(unicodedata.name("é"), "straße".casefold(), textwrap.wrap("a b c d", 3))
        """,
        out="3.14|1,000,000",
    ),
    Row(
        "bytes, struct, array and memoryview",
        """
        import array, struct
        a = array.array("i", range(4)); m = memoryview(a); m[0] = 9; print(a, m.tolist(), len(m))
        print(struct.pack("<IHb", 1, 2, 3), bytes.fromhex("00ff"), (2**64).to_bytes(9, "little"))
        """,
        out="array('i', [9, 1, 2, 3])",
    ),
    Row(
        "bisect, heapq, itertools, functools and operator",
        """
        import bisect, heapq, itertools as i, functools as f, operator as o
        h = [5, 1, 4]; heapq.heapify(h)
        print(h, bisect.bisect([1, 2, 2, 3], 2), list(i.pairwise(h)))
        print(f.reduce(o.mul, range(1, 9)), list(i.permutations("ab")), f.partial(int, base=2))
        @f.singledispatch
        def g(x): return "any"
        g.register(int, lambda x: "int"); print(g(1), g("x"), heapq.nlargest(2, h))
        """,
        out="[1, 5, 4]",
    ),
    Row(
        "datetime and calendar",
        """
        import datetime as d, calendar, time
        print(d.date(2024, 2, 29) + d.timedelta(365), d.datetime.fromisoformat("2020-01-01T00:00"))
        print(calendar.monthrange(2024, 2), time.strftime("%Y-%j", time.gmtime(0)), d.timezone.utc)
        try: d.datetime.strptime("x", "%Y")
        except ValueError as e: print(e)
        """,
        out="2025-02-28",
    ),
    Row(
        "sqlite",
        """
        import sqlite3
        c = sqlite3.connect(":memory:"); c.execute("create table t(a)")
        c.executemany("insert into t values(?)", [(1,), (2,)])
        print(c.execute("select * from t").fetchall())
        sqlite3.connect("file.db").execute("create table x(y)"); import os; print(os.listdir())
        """,
        out="[(1,), (2,)]",
    ),
    Row(
        "files, folders and archives",
        """
        import gzip, io, os, pathlib, shutil, tarfile, tempfile
        p = pathlib.Path("d/e"); p.mkdir(parents=True); (p / "f.txt").write_text("é\\n")
        print(sorted(map(str, pathlib.Path().rglob("*"))), (p / "f.txt").read_bytes())
        with tempfile.TemporaryDirectory() as t: print(t.startswith("/tmp/"), os.listdir(t))
        print(gzip.decompress(gzip.compress(b"x")), shutil.make_archive("a", "tar", "d"))
        with open("u.txt", "w", encoding="utf-16") as f: f.write("x")
        print(open("u.txt", "rb").read(), io.open is open, open("main.py").encoding)
        """,
        out="b'\\xc3\\xa9\\n'",
    ),
    Row(
        "pickles, copies and shelves",
        """
        import collections, copy, datetime, decimal, pickle, re, copyreg
        for x in (1, "é", [1, {2}], re.compile("a", re.I), decimal.Decimal("1.5"), range(3), len,
                  collections.Counter("aab"), datetime.date(2020, 1, 1), ValueError("x"), int):
            print(pickle.dumps(x), pickle.loads(pickle.dumps(x)), copy.deepcopy(x))
        """,
        out="Counter",
    ),
    Row(
        "coroutines, generators and context managers",
        """
        import contextlib
        async def a(): return 1
        c = a()
        try: c.send(None)
        except StopIteration as e: print(e.value)
        def g():
            got = yield 1
            print("got", got)
            yield from range(3)
        x = g(); print(next(x), x.send("s"), list(x))
        with contextlib.ExitStack() as s: s.callback(print, "left"); print("inside")
        """,
        out="got s",
    ),
    Row(
        "match, walrus, star and slices",
        """
        def f(x):
            match x:
                case [1, *rest] if (n := len(rest)): return rest, n
                case {"a": int(v), **more}: return v, more
                case str() | None: return "text or none"
                case _: return "else"
        print(f([1, 2, 3]), f({"a": 1, "b": 2}), f(None), f(2.5), [*range(9)][::-2])
        """,
        out="([2, 3], 2) (1, {'b': 2})",
    ),
    Row("big numbers", "print(2**4000 % (10**50), len(str(3**5000)), 7**1000 // 3**200, -7 // 2)"),
    Row(
        "disassembly and syntax trees",
        """
        import ast, dis
        def f(x):
            for y in x: print(y + 1)
        for _ in range(100): f([])
        dis.dis(f); print(ast.dump(ast.parse("a = 1 + b")), ast.unparse(ast.parse("x if y else z")))
        """,
        out="FOR_ITER",
    ),
    Row(
        "interned and small objects",
        """
        print(256 is int("256"), "ab" is "a" + "b", () is tuple([]), 257 is int("257"),
              "" is str(), None is None)
        """,
        out="True True True False",
        err="SyntaxWarning",
    ),
    Row(
        "sizes of objects",
        """
        import sys
        print([sys.getsizeof(x) for x in (0, "", "a", [], {}, (), set(), 2.5, 2**100, b"", print)])
        class A: pass
        print(sys.getsizeof(A()), sys.getsizeof(A), sys.getsizeof(sys._getframe()) > 0)
        """,
        out="[28, 49, 50, 56, 64, 40, 216, 24, 40, 33, 72]",
    ),
    Row(
        "unittest and doctest run",
        """
        import doctest, unittest, sys
        def f():
            '''
            >>> f()
            1
            '''
            return 1
        class T(unittest.TestCase):
            def test_a(self): self.assertEqual(f(), 1)
        print(doctest.testmod())
        r = unittest.main(exit=False, verbosity=0).result; print(r.wasSuccessful())
        """,
        out="TestResults(failed=0, attempted=1)\nTrue",
        err="Ran 1 test",
    ),
    Row(
        "logging to stderr",
        """
        import logging
        logging.warning("w %s", 1); logging.getLogger("a.b").error("e", exc_info=ValueError("x"))
        print(logging.root.handlers, logging.getLogger("a").manager.loggerDict)
        """,
        out="Logger a",
        err="WARNING:root:w 1",
    ),
    Row(
        "codecs and normal forms",
        """
        import codecs, unicodedata, html, json, base64, urllib.parse
        print("é".encode("cp1252"), codecs.decode("uryyb", "rot13"), "x".encode("idna"))
        print(unicodedata.normalize("NFD", "é"), html.escape("<&>"), base64.b64encode(b"x"))
        print(codecs.lookup("utf8").name, urllib.parse.quote("é /"), json.loads("[1e3, true]"))
        try: "é".encode("ascii")
        except UnicodeEncodeError as e: print(e)
        """,
        out="hello",
    ),
    Row(
        "counters of the interpreter start at theirs",
        """
        import itertools, threading, tempfile, asyncio, random
        print(next(itertools.count()), repr(threading.Thread()), repr(threading.Timer(1, print)))
        async def f(): return asyncio.current_task().get_name()
        print(asyncio.run(f()))
        """,
        out="Thread-1",
    ),
]
