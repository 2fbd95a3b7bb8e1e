"""Solutions that would win by anything but the right value: each is refused, or judged on
the plain value that came."""

from __future__ import annotations

import pytest

from functions.execute.judging.calls.harness import Call
from tests.execute.calls.desk import Desk
from tests.execute.calls.solutions import TWO_SUM, TWO_SUMS
from tests.shared.signatures.made import made

ONES = Call("f", made("list[int]"))
EXPECTED = [1, 2]
FORGED = 'open(".assay-result", "a").write("[1, 2]\\n")'

#: name: (verdict, words of the message or of stderr, code)
PYTHON: dict[str, tuple[str, str, str]] = {
    "leaves early": ("runtime-error", "without handing back", "import os\ndef f(): os._exit(0)"),
    "leaves while it is imported": (
        "runtime-error",
        "without handing back",
        "import os; os._exit(0)",
    ),
    "sys.exit": ("runtime-error", "without handing back", "def f(): sys.exit(0)"),
    "own SystemExit": (
        "runtime-error",
        "without handing back",
        "class Out(SystemExit): pass\ndef f(): raise Out()",
    ),
    "writes early": ("runtime-error", "not one JSON value", f"{FORGED}\ndef f(): return [1, 2]"),
    "writes a wrong value early": (
        "runtime-error",
        "not one JSON value",
        f"{FORGED.replace('1, 2', '7')}\ndef f(): return [1, 2]",
    ),
    "appends at exit": (
        "runtime-error",
        "not one JSON value",
        f"import atexit\natexit.register(lambda: {FORGED})\ndef f(): return [1, 2]",
    ),
    "trailing garbage": (
        "runtime-error",
        "not one JSON value",
        "import atexit\natexit.register(lambda: open('.assay-result', 'a').write('x'))\n"
        "def f(): return [1, 2]",
    ),
    "a fork writes too": (
        "runtime-error",
        "not one JSON value",
        "import os\ndef f():\n    if child := os.fork(): os.waitpid(child, 0)\n    return [1, 2]",
    ),
    "prints the answer": (
        "wrong-answer",
        "the result is wrong",
        "def f():\n    print([1, 2])\n    return []",
    ),
    "equal to everything": (
        "wrong-answer",
        "the result is wrong",
        "class Liar(list):\n    __eq__ = lambda *_: True\n    __repr__ = lambda _: '[1, 2]'\n"
        "def f(): return Liar([7])",
    ),
    "an int that says otherwise": (
        "wrong-answer",
        "the result is wrong",
        "class One(int):\n    __eq__ = lambda *_: True\n    __repr__ = lambda _: '1'\n"
        "def f(): return [One(7), 2]",
    ),
    "an object equal to everything": (
        "runtime-error",
        "not JSON serializable",
        "class Any:\n    def __eq__(self, other): return True\ndef f(): return Any()",
    ),
    "bools for ints": (
        "wrong-answer",
        "must be of type int, not a bool",
        "def f(): return [True, 2]",
    ),
    "json patched to nothing": (
        "accepted",
        "",
        "import json\njson.dumps = json.dump = lambda *_, **__: '[7]'\ndef f(): return [1, 2]",
    ),
    "encoder patched": (
        "wrong-answer",
        "the result is wrong",
        "import json\njson.JSONEncoder.encode = lambda *_: '[7]'\ndef f(): return [1, 2]",
    ),
    "the harness patched": (
        "runtime-error",
        "without handing back",
        "import __main__, os\n__main__.write = lambda fd, text: len(text)\ndef f(): os._exit(0)",
    ),
    "os patched": ("runtime-error", "", "import os\nos.open = None\ndef f(): return [1, 2]"),
    "a cycle": ("runtime-error", "ircular", "def f():\n    a = []\n    a.append(a)\n    return a"),
    "a deep list": (
        "runtime-error",
        "",
        "def f():\n    a = []\n    for _ in range(200000): a = [a]\n    return a",
    ),
    "a deep list by hand": (
        "runtime-error",
        "too deeply",
        "import os\ndef f():\n    open('.assay-result', 'w').write('[' * 5000000)\n    os._exit(0)",
    ),
    "a number without an end": (
        "wrong-answer",
        "digits",
        "import os\ndef f():\n    open('.assay-result', 'w').write('1' * 5000000)\n    os._exit(0)",
    ),
    "more than is taken": (
        "runtime-error",
        "without handing back",
        "def f(): return ['x' * 9000000]",
    ),
    "a link to a device": (
        "runtime-error",
        "without handing back",
        "import os\ndef f():\n    os.symlink('/dev/zero', '.assay-result')\n    os._exit(0)",
    ),
    "a folder in its place": (
        "runtime-error",
        "",
        "import os\nos.mkdir('.assay-result')\ndef f(): return [1, 2]",
    ),
    "a thread that stays": (
        "time-limit-exceeded",
        "",
        "import threading\ndef spin():\n    while True: pass\n"
        "def f():\n    threading.Thread(target=spin).start()\n    return [1, 2]",
    ),
    "fails after it handed back": (
        "runtime-error",
        "",
        "import atexit, os\natexit.register(lambda: os._exit(3))\ndef f(): return [1, 2]",
    ),
    "killed after it handed back": (
        "runtime-error",
        "",
        "import atexit, os\n"
        "atexit.register(lambda: os.kill(os.getpid(), 9))\ndef f(): return [1, 2]",
    ),
    "arguments taken before": (
        "accepted",
        "",
        "import sys\nassert sys.stdin.buffer.read() == b''\ndef f(): return [1, 2]",
    ),
}


@pytest.mark.parametrize("execed", [False, True], ids=["fork", "exec"])
@pytest.mark.parametrize("name", PYTHON)
def test_only_the_right_value_wins_in_python(desk: Desk, name: str, execed: bool) -> None:
    verdict, words, code = PYTHON[name]
    cpu_ms = 400 if verdict == "time-limit-exceeded" else 10_000
    called = desk.call("python", ONES, code, [], EXPECTED, execed=execed, cpuTimeMs=cpu_ms)
    said = f"{called.outcome.message} {called.run.stderr.decode()}"
    assert (called.verdict, words in said) == (verdict, True), said
    assert "1, 2" not in str(called.outcome.message)


JAVASCRIPT: dict[str, tuple[str, str, str]] = {
    "leaves early": ("runtime-error", "without handing back", "function f() { process.exit(0); }"),
    "writes early": (
        "runtime-error",
        "not one JSON value",
        "require('fs').writeFileSync('.assay-result', '[1,2]\\n'); function f() { return [1, 2]; }",
    ),
    "says it is something else": (
        "wrong-answer",
        "the result is wrong",
        "function f() { const a = [7]; a.toJSON = a.toString = () => '[1,2]'; return a; }",
    ),
    "JSON and Array patched": (
        "wrong-answer",
        "",
        "JSON.stringify = () => '[1,2]'; Array.isArray = () => false; function f() { return [7]; }",
    ),
    "not a number": ("wrong-answer", "NaN", "function f() { return [NaN, 2]; }"),
    "a promise that never comes": (
        "runtime-error",
        "",
        "function f() { return new Promise(() => {}); }",
    ),
    "a rejected promise": ("runtime-error", "", "async function f() { throw new Error('no'); }"),
    "a function": ("runtime-error", "no value", "function f() { return () => [1, 2]; }"),
    "a cycle": ("runtime-error", "", "function f() { const a = []; a.push(a); return a; }"),
    "a timer that stays": (
        "time-limit-exceeded",
        "",
        "setInterval(() => { for (let i = 0; i < 1e9; i++); }, 1); function f() { return [1, 2]; }",
    ),
}


@pytest.mark.parametrize("name", JAVASCRIPT)
def test_only_the_right_value_wins_in_javascript(desk: Desk, name: str) -> None:
    verdict, words, code = JAVASCRIPT[name]
    cpu_ms = 400 if verdict == "time-limit-exceeded" else 10_000
    called = desk.call("javascript", ONES, code, [], EXPECTED, cpuTimeMs=cpu_ms)
    said = f"{called.outcome.message} {called.run.stderr.decode()}"
    assert (called.verdict, words in said) == (verdict, True), said


NODES = Call("f", made("ListNode", "ListNode"))
TREES = Call("f", made("TreeNode", "TreeNode"))
#: A list of nodes without an end, or a tree that has itself as a child.
CYCLES = [
    ("python", NODES, "def f(a):\n    a.next = a\n    return a"),
    ("python", TREES, "def f(a):\n    a.left = a\n    return a"),
    ("javascript", NODES, "f = (a) => (a.next = a)"),
    ("javascript", TREES, "f = (a) => (a.left = a)"),
    ("cpp17", NODES, "struct Solution { ListNode* f(ListNode* a) { return a->next = a; } };"),
    ("java", TREES, "class Solution { TreeNode f(TreeNode a) { return a.left = a; } }"),
    ("go", TREES, "func f(a *TreeNode) *TreeNode { a.Left = a; return a }"),
]


@pytest.mark.parametrize(("language", "call", "code"), CYCLES, indirect=["language"])
def test_nodes_without_an_end_end_as_a_runtime_error(
    desk: Desk, language: str, call: Call, code: str
) -> None:
    called = desk.call(language, call, code, [[1]], [1])
    assert called.verdict == "runtime-error", called.outcome
    assert b"or a cycle" in called.run.stderr


def test_a_node_class_of_ones_own_is_judged_on_its_plain_values(desk: Desk) -> None:
    own = "class ListNode:\n    def __init__(self, val): self.val, self.next = val, None\n"
    right = f"{own}def f(a): return ListNode(1)"
    assert desk.call("python", NODES, right, [[9]], [1]).verdict == "accepted"
    liar = f"{own}    __eq__ = lambda *_: True\ndef f(a): return ListNode('1')"
    called = desk.call("python", NODES, liar, [[9]], [1])
    assert "must be of type int" in str(called.outcome.message)


@pytest.mark.parametrize("language", ["cpp17", "java", "go"], indirect=True)
def test_leaving_early_hands_nothing_back_in_any_language(desk: Desk, language: str) -> None:
    called = desk.call(language, Call("twoSum", TWO_SUM), TWO_SUMS[language], [[1], -1], [0])
    assert called.verdict == "runtime-error"
    assert "without handing back" in str(called.outcome.message)
