"""Imports: what lies beside the program, and what shadows what."""

from __future__ import annotations

import io
import zipfile

from tests.execute.start_modes.table import Row


def _zip(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.py", text)
    return buffer.getvalue()


_SHADOW = b"print('mine'); dumps = loads = ascii_letters = None"

ROWS = [
    Row(
        "a module beside the program",
        "import helper; print(helper.x, helper.__file__)",
        out="1 /work/helper.py",
        files={"helper.py": b"x = 1\n"},
    ),
    Row(
        "a package beside the program",
        "from pack.sub import x; import pack; print(x, pack)",
        out="from '/work/pack/__init__.py'",
        files={"pack/__init__.py": b"from . import sub", "pack/sub.py": b"x = 2"},
    ),
    Row(
        "a namespace package beside the program",
        "import space.a; print(space, space.a.x)",
        out="3",
        files={"space/a.py": b"x = 3"},
    ),
    Row(
        "no bytecode is written",
        "import helper, os; print(sorted(os.listdir()))",
        out="['helper.py', 'main.py']",
        files={"helper.py": b""},
    ),
    Row(
        "a module named as one that is imported already",
        "import json; print(json)",
        out="mine",
        files={"json.py": _SHADOW},
        start="exec",
    ),
    Row(
        "a package named as one that is imported already",
        "import json; print(json)",
        out="mine",
        files={"json/__init__.py": _SHADOW},
        start="exec",
    ),
    Row(
        "a module named as one that is not imported already",
        "import csv; print(csv)",
        out="mine",
        files={"csv.py": _SHADOW},
    ),
    Row(
        "a module named as a builtin one",
        "import math, sys; print(sys, math.pi)",
        out="built-in",
        files={"sys.py": _SHADOW},
        start="exec",
    ),
    Row(
        "a module that a module of the standard library imports",
        "import random; print(random)",
        files={"hashlib.py": b"print('mine')\nfrom _hashlib import openssl_sha512 as sha512\n"},
    ),
    Row(
        "a folder on sys.path shadows as well",
        "import sys; sys.path.insert(0, 'lib'); import string; print(string)",
        out="mine",
        files={"lib/string.py": _SHADOW},
        start="exec",
    ),
    Row(
        "a zip file on sys.path shadows as well",
        "import sys; sys.path.insert(0, 'lib.zip'); import string; print(string)",
        out="mine",
        files={"lib.zip": _zip(string="print('mine')")},
        start="exec",
    ),
    Row(
        "a zip file of whatever name",
        "import sys; sys.path.insert(0, 'data'); import json; print(json)",
        out="mine",
        files={"data": b"#!prefix\n" + _zip(json="print('mine')")},
        start="exec",
    ),
    Row(
        "a zip file as a program's data",
        """
        import zipfile
        z = zipfile.ZipFile("data.zip"); print(z.namelist(), z.read("a.py"))
        """,
        out="['a.py']",
        files={"data.zip": _zip(a="x")},
        start="exec",
    ),
    Row(
        "data files are found",
        "print(open('data.txt').read(), open('d/e.csv').read())",
        out="one two",
        files={"data.txt": b"one", "d/e.csv": b"two"},
    ),
    Row(
        "a data file with the name of a module",
        "print(open('string.txt').read())",
        out="one",
        files={"string.txt": b"one"},
        start="exec",
    ),
    Row(
        "the program can import itself",
        """
        if __name__ == "__main__":
            import main; print(main is __import__("sys").modules["__main__"], main.x)
        x = 1
        """,
        out="False 1",
        start="exec",
    ),
    Row(
        "import main runs the program again",
        """
        print(__name__)
        if __name__ == "__main__": import main
        """,
        out="__main__\nmain",
    ),
    Row("an import that fails", "import no_such_module", 1, err="ModuleNotFoundError"),
    Row("packages that the host has are not there", "import numpy", 1, err="ModuleNotFoundError"),
    Row("pip is not there", "import pip", 1, err="ModuleNotFoundError"),
    Row(
        "a circular import",
        "import a",
        1,
        err="partially initialized module",
        files={"a.py": b"import b\nx = b.y\n", "b.py": b"import a\ny = a.x\n"},
    ),
    Row(
        "what python finds where",
        """
        import sys
        print(sys.path, sorted(sys.path_importer_cache), sys.path_hooks, sys.meta_path)
        """,
        out="['/work', ",
        start="exec",
    ),
    Row("sys.path is what it was", "import sys; print(sys.path)", out="['/work', "),
    Row(
        "the importers of paths are what they were",
        """
        import sys
        cache = getattr(sys, "path_" "importer_cache")
        for name in sorted(cache): print(name, cache[name])
        print(getattr(sys, "path_" "hooks"), getattr(sys, "meta_" "path"))
        """,
        out="lib-dynload FileFinder",
    ),
    Row(
        "everything of the standard library that is often used imports",
        """
        import abc, argparse, array, ast, asyncio, base64, bisect, calendar, cmath, collections
        import contextlib, copy, csv, dataclasses, datetime, decimal, difflib, email, enum
        import fractions, functools, glob, graphlib, hashlib, heapq, html, http, inspect, io
        import itertools, json, keyword, logging, math, numbers, operator, os, pathlib, pickle
        import platform, pprint, queue, random, re, secrets, shelve, shlex, shutil, socket
        import statistics, string, struct, subprocess, tempfile, textwrap, threading, time
        import timeit, types, typing, unittest, urllib.request, uuid, weakref, xml.dom, zlib
        import sys
        print(len([n for n in dir() if n != "__annotations__"]))
        for name in sorted(dir()):
            m = globals()[name]
            if type(m) is type(sys): print(m, m.__spec__, sorted(vars(m))[:5], len(vars(m)))
        """,
        out="zlib",
    ),
    Row(
        "the modules that came first look as they do when they are imported",
        """
        import array, bisect, collections, copy, dataclasses, datetime, enum, fractions, math
        import functools, heapq, itertools, json, operator, random, re, string, threading, time
        import typing, collections.abc, decimal, numbers, keyword, types, abc, os, io, codecs
        for m in [v for v in list(globals().values()) if isinstance(v, types.ModuleType)]:
            vars(m).pop("__warningregistry__", None)
            names = [(k, type(v).__name__) for k, v in vars(m).items()]
            print(m, m.__spec__, m.__loader__, m.__package__, names)
        """,
        out="frozen",
    ),
    Row(
        "a module of the standard library can be reloaded",
        """
        import importlib, json, string
        old = string.Formatter; importlib.reload(string); print(old is string.Formatter)
        json.extra = 1; print(importlib.reload(json) is json, json.extra)
        """,
        out="False\nTrue 1",
    ),
    Row(
        "a module can be taken out and imported anew",
        """
        import sys, string
        old = string; del sys.modules["string"]; import string
        print(old is string, string.digits)
        """,
        out="False 0123456789",
        start="exec",
    ),
    Row(
        "what may be imported is found by pkgutil and importlib",
        """
        import importlib.util, pkgutil
        print(importlib.util.find_spec("json"), importlib.util.find_spec("nope"))
        print(sorted(m.name for m in pkgutil.iter_modules(["/work"])))
        """,
        out="['helper', 'main']",
        files={"helper.py": b""},
    ),
    Row(
        "a program that watches imports sees them all",
        """
        import sys
        class Watch:
            def find_spec(self, name, path=None, target=None): print("asked for", name)
        sys.meta_path.insert(0, Watch()); import string, csv
        """,
        out="asked for string",
        start="exec",
    ),
    Row(
        "a program that replaces __import__ sees them all",
        """
        import builtins
        old = builtins.__import__
        builtins.__import__ = lambda name, *a: (print("asked for", name), old(name, *a))[1]
        import csv
        """,
        out="asked for re",
        start="exec",
    ),
    Row(
        "runpy runs another file as the program",
        """
        import runpy
        print(sorted(runpy.run_path("other.py", run_name="__main__"))[-1])
        runpy.run_module("other", run_name="__main__", alter_sys=True)
        """,
        out="other __main__",
        files={"other.py": b"print('other', __name__); z = 1"},
    ),
    Row(
        "a file run by exec is the program's own",
        "exec(open('other.py').read()); print(z)",
        out="other __main__",
        files={"other.py": b"print('other', __name__); z = 1"},
    ),
    Row(
        "resources of a package",
        """
        import importlib.resources
        print(importlib.resources.files("pack").joinpath("data.txt").read_text())
        """,
        out="inside",
        files={"pack/__init__.py": b"", "pack/data.txt": b"inside"},
    ),
    Row(
        "site is looked at in an interpreter of its own",
        "import site; print(site.ENABLE_USER_SITE)",
        out="False",
        start="exec",
    ),
    Row(
        "so it is in a module beside the program",
        "import helper",
        out="False",
        start="exec",
        files={"helper.py": b"import site; print(site.ENABLE_USER_SITE)"},
    ),
    Row(
        "there is no sitecustomize",
        """
        import sys
        mods = getattr(sys, "mod" "ules")
        print([n for n in ("sitecustomize", "usercustomize", "functions", "ctypes") if n in mods])
        try: __import_ = __builtins__.__dict__["__imp" "ort__"]("site" "customize")
        except ImportError as e: print(e)
        """,
        out="[]\nNo module named 'sitecustomize'",
    ),
    Row(
        "quit, exit, copyright, credits, license and help are there",
        """
        print(quit, exit, repr(copyright)[:20], repr(credits)[:20], repr(license)[:20], repr(help))
        """,
        out="Use quit() or Ctrl-D",
    ),
    Row(
        "__main__ is what it is",
        """
        import __main__
        print(list(vars(__main__)), __main__.__spec__, __main__.__loader__, __main__.__cached__)
        print(__main__, __name__, __file__, __doc__, __package__, __annotations__, __builtins__)
        """,
        out="<module '__main__' from '/work/main.py'>",
    ),
    Row(
        "a doc text and annotations",
        "'the doc'\nx: int = 1\nprint(__doc__, __annotations__)",
        out="the doc {'x': <class 'int'>}",
    ),
    Row(
        "future imports",
        "from __future__ import annotations\nx: nope = 1\nprint(__annotations__)",
        out="{'x': 'nope'}",
    ),
]
