"""What an editor shows first of a function problem: the function, in the words people know."""

from __future__ import annotations

from collections.abc import Callable

from shared.signatures.signature import Parameter, Signature
from shared.signatures.types import NODES, Type

_INDENT = "    "
_SCALARS = {
    "python": ("int", "int", "float", "bool", "str", "str"),
    "javascript": ("number", "number", "number", "boolean", "string", "string"),
    "java": ("int", "long", "double", "boolean", "String", "char"),
    "cpp": ("int", "long long", "double", "bool", "string", "char"),
    "go": ("int", "int64", "float64", "bool", "string", "byte"),
}
_ORDER = ("int", "long", "float", "bool", "string", "char")
_BOXES = {"int": "Integer", "char": "Character"}


def starters(signature: Signature) -> dict[str, str]:
    """The starter of each language there is one for."""
    return {language: starter(signature, language) for language in _STARTERS}


def starter(signature: Signature, language: str, body: str = "") -> str:
    """The starter of a language.

    Args:
        body: statements to put into the function.

    Raises:
        KeyError: there is none for that language.
    """
    return _STARTERS[language](signature, body)


def _python(signature: Signature, body: str) -> str:
    given = ", ".join(f"{it.name}: {_python_type(it.type)}" for it in signature.parameters)
    returns = _python_type(signature.returns)
    text = "".join(
        f"# class {node}:\n#     def __init__(self, val={default}, {', '.join(links)}):\n"
        + "".join(f"#         self.{name} = {name}\n" for name in ("val", *names))
        for node, default, names in _nodes(signature, {"string": '""', "char": '""'})
        for links in [[f"{name}=None" for name in names]]
    )
    comma = ", " if given else ""
    return (
        f"{text}class Solution:\n"
        f"    def {signature.name}(self{comma}{given}) -> {returns}:\n"
        f"        {body or 'pass'}\n"
    )


def _nodes(
    signature: Signature, defaults: dict[str, str]
) -> list[tuple[str, str, tuple[str, ...]]]:
    """The node classes of a signature: name, value of a node without one, links."""
    links = {"ListNode": ("next",), "TreeNode": ("left", "right")}
    return [
        (node, defaults.get(signature.node_value(node), "0"), links[node])
        for node in NODES
        if signature.mentions(node)
    ]


def _python_type(kind: Type) -> str:
    if kind.kind == "void":
        return "None"
    if kind.kind in NODES:
        return f"Optional[{kind.kind}]"
    if kind.inner is not None:
        return f"{kind.kind.capitalize()}[{_python_type(kind.of)}]"
    return _scalar("python", kind)


def _scalar(family: str, kind: Type) -> str:
    return _SCALARS[family][_ORDER.index(kind.kind)]


def _javascript(signature: Signature, body: str) -> str:
    lines = [f" * @param {{{_node_type(it.type)}}} {it.name}" for it in signature.parameters]
    lines.append(f" * @return {{{_node_type(signature.returns)}}}")
    given = ", ".join(it.name for it in signature.parameters)
    head = "\n".join(["/**", *_definitions(signature, " * "), *lines, " */"])
    return f"{head}\nvar {signature.name} = function({given}) {{\n{_INDENT}{body}\n}};\n"


def _typescript(signature: Signature, body: str) -> str:
    given = ", ".join(f"{it.name}: {_node_type(it.type)}" for it in signature.parameters)
    head = "".join(f"{line}\n" for line in _definitions(signature, "// "))
    returns = _node_type(signature.returns)
    return f"{head}function {signature.name}({given}): {returns} {{\n{_INDENT}{body}\n}}\n"


def _definitions(signature: Signature, prefix: str) -> list[str]:
    """How a node looks in JavaScript, as a comment."""
    return [
        f"{prefix}class {node} {{ constructor(val, {', '.join(names)}) }}"
        for node, _, names in _nodes(signature, {})
    ]


def _node_type(kind: Type) -> str:
    if kind.kind in NODES:
        return f"{kind.kind} | null"
    if kind.kind == "optional":
        return f"{_node_type(kind.of)} | null"
    if kind.inner is not None:
        inner = _node_type(kind.of)
        return f"({inner})[]" if " " in inner else f"{inner}[]"
    return "void" if kind.kind == "void" else _scalar("javascript", kind)


def _java(signature: Signature, body: str) -> str:
    given = ", ".join(f"{_java_type(it.type)} {it.name}" for it in signature.parameters)
    fields = "".join(
        f"// class {node} {{ {_java_type(value)} val; {node} {', '.join(names)}; }}\n"
        for node, _, names in _nodes(signature, {})
        for value in [Type(signature.node_value(node))]
    )
    returns = _java_type(signature.returns)
    return (
        f"{fields}class Solution {{\n{_INDENT}public {returns} {signature.name}({given}) {{\n"
        f"{_INDENT * 2}{body}\n{_INDENT}}}\n}}\n"
    )


def _java_type(kind: Type) -> str:
    if kind.kind == "list":
        return f"{_java_type(kind.of)}[]"
    if kind.kind == "optional":
        name = _java_type(kind.of)
        return name if name.endswith("[]") else _BOXES.get(name, name[0].upper() + name[1:])
    return kind.kind if kind.kind in (*NODES, "void") else _scalar("java", kind)


def _cpp(signature: Signature, body: str) -> str:
    def declared(parameter: Parameter) -> str:
        by = "& " if parameter.type.kind == "list" else " "
        return f"{_cpp_type(parameter.type)}{by}{parameter.name}"

    given = ", ".join(map(declared, signature.parameters))
    fields = "".join(
        f"// struct {node} {{ {_cpp_type(value)} val; {node} {', '.join(links)}; }};\n"
        for node, _, names in _nodes(signature, {})
        for value in [Type(signature.node_value(node))]
        for links in [[f"*{name}" for name in names]]
    )
    return (
        f"{fields}class Solution {{\npublic:\n"
        f"{_INDENT}{_cpp_type(signature.returns)} {signature.name}({given}) {{\n"
        f"{_INDENT * 2}{body}\n{_INDENT}}}\n}};\n"
    )


def _cpp_type(kind: Type) -> str:
    if kind.kind in NODES:
        return f"{kind.kind}*"
    if kind.kind in ("list", "optional"):
        name = "vector" if kind.kind == "list" else "optional"
        return f"{name}<{_cpp_type(kind.of)}>"
    return "void" if kind.kind == "void" else _scalar("cpp", kind)


def _go(signature: Signature, body: str) -> str:
    given = ", ".join(f"{it.name} {_go_type(it.type)}" for it in signature.parameters)
    returns = _go_type(signature.returns)
    fields = "".join(
        f"// type {node} struct {{ Val {_go_type(value)}; {', '.join(links)} *{node} }}\n"
        for node, _, names in _nodes(signature, {})
        for value in [Type(signature.node_value(node))]
        for links in [[name.capitalize() for name in names]]
    )
    space = " " if returns else ""
    return f"{fields}func {signature.name}({given}) {returns}{space}{{\n{_INDENT}{body}\n}}\n"


def _go_type(kind: Type) -> str:
    if kind.kind in NODES:
        return f"*{kind.kind}"
    if kind.kind in ("list", "optional"):
        return f"{'[]' if kind.kind == 'list' else '*'}{_go_type(kind.of)}"
    return "" if kind.kind == "void" else _scalar("go", kind)


_STARTERS: dict[str, Callable[[Signature, str], str]] = {
    "python": _python,
    "javascript": _javascript,
    "typescript": _typescript,
    "java": _java,
    "cpp17": _cpp,
    "cpp20": _cpp,
    "go": _go,
}
