"""YAML from strangers: plain data only, bounded, and honest about mistakes.

PyYAML's safe loader makes no objects, but it would follow aliases without end ("billion
laughs"), recurse as deep as the text, and let the last of two equal keys win. Here the
graph of nodes is measured before any value is built from it.
"""

from __future__ import annotations

from typing import Any

import yaml

from shared.problems.model import PackageError

MAX_YAML_BYTES = 1024 * 1024
#: Values of one document, each alias counted as all that it stands for.
MAX_NODES = 100_000
MAX_DEPTH = 64


def load_yaml(content: bytes, file: str) -> dict[str, Any]:
    """The mapping that a file holds; an empty file is an empty one.

    Raises:
        PackageError: it is not UTF-8, not YAML, not a mapping, or too large.
    """
    if len(content) > MAX_YAML_BYTES:
        raise PackageError(file, "", f"has more than {MAX_YAML_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PackageError(file, "", f"is not UTF-8 (byte {error.start})") from None
    try:
        value = _construct(text, file)
    except yaml.MarkedYAMLError as error:
        raise PackageError(file, "", f"is not YAML: {_place(error)}") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise PackageError(file, "", f"is not YAML: {str(error)[:200]}") from None
    except RecursionError:
        raise PackageError(file, "", "is nested too deeply") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise PackageError(file, "", "must be a mapping of keys to values")
    return {str(key): each for key, each in value.items()}


def _construct(text: str, file: str) -> object:
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _measure(node, file, {}, 0)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _measure(node: yaml.Node, file: str, known: dict[int, int], depth: int) -> int:
    """How many values a node stands for, with all its aliases followed.

    Raises:
        PackageError: too many, too deep, within itself, or two equal keys.
    """
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) in known:
        count = known[id(node)]
        if count < 0:
            raise PackageError(file, "", "contains an alias of what it stands in")
        return count
    if depth > MAX_DEPTH:
        raise PackageError(file, "", "is nested too deeply")
    known[id(node)] = -1
    if isinstance(node, yaml.MappingNode):
        _check_keys(node, file)
        children = [child for pair in node.value for child in pair]
    else:
        children = list(node.value)
    total = 1 + sum(_measure(child, file, known, depth + 1) for child in children)
    if total > MAX_NODES:
        raise PackageError(file, "", f"has more than {MAX_NODES} values")
    known[id(node)] = total
    return total


def _check_keys(node: yaml.MappingNode, file: str) -> None:
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise PackageError(file, "", f"has a key that is no text ({_line(key)})")
        if key.value in seen and key.value != "<<":
            raise PackageError(file, str(key.value), f"is there twice ({_line(key)})")
        seen.add(key.value)


def _line(node: yaml.Node) -> str:
    return f"line {node.start_mark.line + 1}"


def _place(error: yaml.MarkedYAMLError) -> str:
    what = str(error.problem or error.context or "it cannot be understood")[:200]
    mark = error.problem_mark or error.context_mark
    return f"{what} (line {mark.line + 1})" if mark else what
