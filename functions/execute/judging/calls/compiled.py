"""Harnesses of the compiled languages: their sources, with what the signature says filled in.

What a harness does before it is in its sources; here are only the types in each language's
own words. `functions/execute/judging/calls/sources.py` reads the sources.
"""

from __future__ import annotations

import re

from functions.execute.judging.calls.sources import Files, filled
from shared.signatures import NODES, Signature, Type

_CPP = {"list": "List<{}>", "optional": "Optional<{}>"}
_CPP_NODES = {"int": "int", "long": "long long", "float": "double", "bool": "bool"}
_CPP_NODES |= {"string": "std::string", "char": "char"}
_JAVA = {"int": "int", "long": "long", "float": "double", "bool": "boolean", "string": "String"}
_JAVA |= {"char": "char"}
_GO = {"int": "int", "long": "int64", "float": "float64", "bool": "bool", "string": "string"}
_GO |= {"char": "byte"}

#: What a Java solution may name without importing it, as people are used to.
_JAVA_IMPORTS = "import java.util.*; import java.util.function.*; import java.util.stream.*; "
_JAVA_IMPORTS += "import java.math.*; "
#: A name of each Go package that is imported where a solution imports nothing itself: by
#: using it, a package that is only talked about is no error.
_GO_PACKAGES = {
    "bufio": "bufio.NewReader",
    "bytes": "bytes.Equal",
    "container/heap": "heap.Init",
    "container/list": "list.New",
    "errors": "errors.New",
    "fmt": "fmt.Sprint",
    "math": "math.Abs",
    "math/big": "big.NewInt",
    "math/bits": "bits.Len",
    "math/rand": "rand.Int",
    "os": "os.Exit",
    "regexp": "regexp.MustCompile",
    "sort": "sort.Ints",
    "strconv": "strconv.Itoa",
    "strings": "strings.Join",
    "sync": "sync.NewCond",
    "time": "time.Now",
    "unicode": "unicode.IsLetter",
}
_GO_PACKAGE = re.compile(r"^[^\S\n]*package\s+\w+", re.MULTILINE)
_GO_IMPORT = re.compile(r"^[^\S\n]*import\b", re.MULTILINE)


def cpp(signature: Signature, code: str) -> Files:
    """main.cpp includes solution.cpp after everything it needs itself."""
    nodes = _node_values(signature, _CPP_NODES)
    given = [f"a{at}" for at in range(len(signature.parameters))]
    lines = [
        f"auto {name} = read<{_cpp(parameter.type)}>(in);"
        for name, parameter in zip(given, signature.parameters, strict=True)
    ]
    lines += ["Solution solution;"]
    calling = f"solution.{signature.name}({', '.join(given)});"
    if signature.in_place is None or signature.cut:
        calling = f"auto result = {calling}"
    result = "result" if signature.in_place is None else given[signature.in_place]
    writing = f"out.put({result});"
    if signature.cut:
        writing = f"out.text += '['; out.put(result); out.text += ','; {writing} out.text += ']';"
    block = "\n".join(f"    {line}" for line in (*lines, calling, writing))
    main = filled(
        "cpp/main.cpp",
        NODES=filled("cpp/nodes.h", **nodes) if nodes else "",
        NODE_READERS=filled("cpp/node_readers.h", **nodes) if nodes else "",
        NODE_WRITERS=filled("cpp/node_writers.h", **nodes) if nodes else "",
        CALL=block,
    )
    return {"main.cpp": main.encode(), "solution.cpp": code.encode()}


def java(signature: Signature, code: str) -> Files:
    """Main.java finds the method by reflection: arrays and lists are both at home there."""
    nodes = _node_values(signature, _JAVA)
    reads = "\n".join(
        f"        if (type == {node}.class) return Nodes.read{node}();"
        for node in ("ListNode", "TreeNode")
    )
    writes = "\n".join(
        f"        else if (value instanceof {node}) write(Nodes.values(({node}) value));"
        for node in ("ListNode", "TreeNode")
    )
    main = filled(
        "java/Main.java",
        FUNCTION=signature.name,
        COUNT=str(len(signature.parameters)),
        IN_PLACE=str(-1 if signature.in_place is None else signature.in_place),
        CUT=str(signature.cut).lower(),
        # Of no nodes at all there is no class to ask: the signature says what null stands for.
        NULL="[]" if signature.result.mentions(*NODES) else "null",
        NODE_READS=reads if nodes else "",
        NODE_WRITES=writes if nodes else "",
    )
    files = {"Main.java": main, "Solution.java": _JAVA_IMPORTS + code}
    if nodes:
        boxes = {name.replace("VALUE", "BOX"): _box(value) for name, value in nodes.items()}
        for name in ("Nodes", "ListNode", "TreeNode"):
            files[f"{name}.java"] = filled(f"java/{name}.java", **nodes, **boxes)
    return {name: text.encode() for name, text in files.items()}


def go(signature: Signature, code: str) -> Files:
    """main.go calls the function in solution.go, which is of the same package."""
    nodes = _node_values(signature, _GO)
    given = [f"a{at}" for at in range(len(signature.parameters))]
    lines = [
        f"{name} := {_go_helper('assay', parameter.type)}(in)"
        for name, parameter in zip(given, signature.parameters, strict=True)
    ]
    calling = f"{signature.name}({', '.join(given)})"
    if signature.in_place is None or signature.cut:
        calling = f"result := {calling}"
    put = _go_helper("assayPut", signature.result)
    result = "result" if signature.in_place is None else given[signature.in_place]
    writing = [f"{put}(out, {result})"]
    if signature.cut:
        before = ['out.add("[")', "assayPutInt(out, result)", 'out.add(",")']
        writing = [*before, *writing, 'out.add("]")']
    block = "\n".join(f"\t{line}" for line in (*lines, calling, *writing))
    files = {
        "main.go": filled("go/main.go", CALL=block),
        "assay.go": filled("go/assay.go"),
        "solution.go": _go_head(code) + code,
    }
    if nodes:
        files["nodes.go"] = filled("go/nodes.go", **nodes)
    return {name: text.encode() for name, text in files.items()}


def _go_head(code: str) -> str:
    """What a solution may leave out, before its first line and on it."""
    head = "" if _GO_PACKAGE.search(code) else "package main; "
    if not head or _GO_IMPORT.search(code):
        return head
    used = [
        (package, example)
        for package, example in _GO_PACKAGES.items()
        if re.search(rf"\b{package.rpartition('/')[2]}\.", code)
    ]
    head += "".join(f'import "{package}"; ' for package, _ in used)
    return head + "".join(f"var _ = {example}; " for _, example in used)


def _go_helper(prefix: str, kind: Type) -> str:
    helper = prefix + kind.kind[0].upper() + kind.kind[1:]
    return helper if kind.inner is None else f"{helper}({_go_helper(prefix, kind.of)})"


def _cpp(kind: Type) -> str:
    if kind.kind in ("ListNode", "TreeNode"):
        return f"{kind.kind}*"
    name = kind.kind.capitalize()
    return name if kind.inner is None else _CPP[kind.kind].format(_cpp(kind.of))


def _node_values(signature: Signature, words: dict[str, str]) -> dict[str, str]:
    """What the nodes hold, in a language's words; empty where there are none."""
    if not any(map(signature.mentions, NODES)):
        return {}
    list_value, tree_value = (words[signature.node_value(kind)] for kind in NODES)
    return {"LIST_VALUE": list_value, "TREE_VALUE": tree_value}


def _box(name: str) -> str:
    return {"int": "Integer", "char": "Character"}.get(name, name[0].upper() + name[1:])
