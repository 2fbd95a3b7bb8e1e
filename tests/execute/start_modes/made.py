"""Small programs out of statements: prints, loops, functions, exceptions, containers, exits."""

from __future__ import annotations

import textwrap

from hypothesis import strategies as st

_NAMES = st.sampled_from(["a", "b", "c", "d"])
_LITERALS = st.one_of(
    st.integers(-5, 300).map(str),
    st.text("aé漢\n'\"\\{}x", max_size=6).map(repr),
    st.floats(allow_nan=True, width=16).map(lambda x: f"float('{x}')"),
    st.sampled_from(["None", "True", "b'\\xff'", "()", "[]", "{}", "{1, 'x'}", "range(3)", "..."]),
)
_CALLS = (
    *("len", "str", "repr", "sorted", "list", "tuple", "set", "dict", "int", "float", "bool"),
    *("sum", "min", "max", "abs", "hash", "type", "iter", "next", "reversed", "ascii", "chr"),
    *("json.dumps", "math.sqrt", "collections.Counter", "re.escape", "input", "open"),
)
_METHODS = (
    *("upper()", "split()", "append(1)", "pop()", "items()", "get('x')", "encode()", "copy()"),
    *("index(1)", "add('k')", "update(a=1)", "format(1, 2)", "strip()", "no_such_method()"),
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operator = st.sampled_from(["+", "*", "-", "/", "//", "%", "==", "<", "and", "or", "in", "is"])
    return st.one_of(
        st.tuples(inner, operator, inner).map(lambda x: f"({x[0]} {x[1]} {x[2]})"),
        st.tuples(st.sampled_from(_CALLS), inner).map(lambda x: f"{x[0]}({x[1]})"),
        st.tuples(inner, st.sampled_from(_METHODS)).map(lambda x: f"({x[0]}).{x[1]}"),
        st.tuples(inner, inner).map(lambda x: f"({x[0]})[{x[1]}]"),
        st.lists(inner, max_size=3).map(lambda x: f"[{', '.join(x)}]"),
        st.tuples(inner, inner).map(lambda x: "{" + f"{x[0]}: {x[1]}" + "}"),
        inner.map(lambda x: "f'{" + x.replace("'", '"').replace("\\", "") + "!r:>9}'"),
        inner.map(lambda x: f"[n for n in {x}]"),
    )


_EXPRESSIONS = st.recursive(st.one_of(_NAMES, _LITERALS), _larger, max_leaves=5)
_SIMPLE = st.one_of(
    _EXPRESSIONS.map(lambda e: f"print({e})"),
    _EXPRESSIONS.map(lambda e: f"print({e}, end=' ', file=sys.stderr)"),
    st.tuples(_NAMES, _EXPRESSIONS).map(lambda x: f"{x[0]} = {x[1]}"),
    st.tuples(_NAMES, _EXPRESSIONS).map(lambda x: f"{x[0]} += {x[1]}"),
    _NAMES.map(lambda n: f"del {n}"),
    _EXPRESSIONS.map(lambda e: f"assert {e}"),
    _EXPRESSIONS.map(lambda e: f"raise ValueError({e})"),
    _EXPRESSIONS.map(lambda e: f"sys.exit({e})"),
    _EXPRESSIONS.map(lambda e: f"atexit.register(print, {e})"),
    st.sampled_from(
        [
            *("print(input())", "gc.collect()", "print(sys.stdin.read())", "sys.stdout.flush()"),
            *("break", "return", "yield 1", "import helper", "pass pass", "global a", "await b"),
        ]
    ),
)


def _blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    body = st.lists(inner, min_size=1, max_size=3).map(
        lambda lines: textwrap.indent("\n".join(lines), "    ")
    )
    return st.one_of(
        st.tuples(_NAMES, _EXPRESSIONS, body).map(lambda x: f"for {x[0]} in {x[1]}:\n{x[2]}"),
        st.tuples(_EXPRESSIONS, body, body).map(lambda x: f"if {x[0]}:\n{x[1]}\nelse:\n{x[2]}"),
        st.tuples(body, body, body).map(
            lambda x: (
                f"try:\n{x[0]}\nexcept Exception as e:\n    print(repr(e))\n{x[1]}\n"
                f"finally:\n{x[2]}"
            )
        ),
        st.tuples(_NAMES, body).map(lambda x: f"def {x[0]}(a=1, *b):\n{x[1]}\n{x[0]}()"),
        st.tuples(_NAMES, body).map(
            lambda x: f"class {x[0]}:\n    def __del__(self): print('del')\n{x[1]}\nc = {x[0]}()"
        ),
        st.tuples(_NAMES, body).map(
            lambda x: (
                f"def {x[0]}():\n{x[1]}\nt = threading.Thread(target={x[0]}); t.start()\nt.join()"
            )
        ),
    )


_STATEMENTS = st.recursive(_SIMPLE, _blocks, max_leaves=6)
_HEAD = "import atexit, collections, gc, json, math, re, sys, threading\na = 1; b = 'x'; c = [2]\n"


def programs() -> st.SearchStrategy[str]:
    """A strategy for whole programs; many of them fail, and not all of them compile."""
    return st.lists(_STATEMENTS, min_size=1, max_size=6).map(
        lambda statements: _HEAD + "\n".join(statements) + "\n"
    )
