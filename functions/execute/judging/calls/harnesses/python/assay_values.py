"""Values that are more than their JSON: linked lists, trees, floats. This file is Assay's."""

import builtins
from collections import deque

MOST_NODES = 1_000_000


class ListNode:
    def __init__(self, val=0, next=None):
        self.val = val
        self.next = next


class TreeNode:
    def __init__(self, val=0, left=None, right=None):
        self.val = val
        self.left = left
        self.right = right


builtins.ListNode, builtins.TreeNode = ListNode, TreeNode


def there(kind, value):
    """What the function is given for a value."""
    name = kind[0]
    if name == "ListNode":
        first = None
        for entry in reversed(value):
            first = ListNode(entry, first)
        return first
    if name == "TreeNode":
        return tree(value)
    if value is not None and name == "optional":
        return there(kind[1], value)
    if name == "list":
        return [there(kind[1], entry) for entry in value]
    return float(value) if name == "float" and value is not None else value


def tree(values):
    if not values or values[0] is None:
        return None
    root = TreeNode(values[0])
    parents, entries = deque([root]), iter(values[1:])
    while parents:
        parent = parents.popleft()
        for side in ("left", "right"):
            value = next(entries, None)
            if value is not None:
                node = TreeNode(value)
                setattr(parent, side, node)
                parents.append(node)
    return root


def back(kind, value):
    """The plain value of what the function gave."""
    name = kind[0]
    if name == "ListNode":
        return values_of_list(value)
    if name == "TreeNode":
        return values_of_tree(value)
    if name == "optional":
        return None if value is None else back(kind[1], value)
    if name == "list" and isinstance(value, (list, tuple)):
        return [back(kind[1], entry) for entry in value]
    return value


def values_of_list(node):
    values = []
    while node is not None:
        values.append(node.val)
        node = node.next
        if len(values) > MOST_NODES:
            raise SystemExit(f"the list has more than {MOST_NODES} nodes, or a cycle")
    return values


def values_of_tree(root):
    values, nodes = [], deque([root] if root is not None else [])
    while nodes:
        node = nodes.popleft()
        values.append(None if node is None else node.val)
        if node is not None:
            nodes += (node.left, node.right)
        if len(values) > MOST_NODES:
            raise SystemExit(f"the tree has more than {MOST_NODES} nodes, or a cycle")
    while values and values[-1] is None:
        values.pop()
    return values
