"""Calls the function that solution.py defines. This file is Assay's, and carries values only."""

import bisect
import builtins
import collections
import copy
import functools
import heapq
import itertools
import json
import math
import operator
import os
import random
import re
import string
import sys
import typing

CALL = {}
OFFERED = (
    (typing, "Any Callable Deque DefaultDict Dict Generator Iterable Iterator List Mapping"),
    (typing, "NamedTuple Optional Sequence Set Tuple TypeVar Union"),
    (collections, "Counter OrderedDict defaultdict deque namedtuple"),
    (functools, "cache cached_property cmp_to_key lru_cache partial reduce total_ordering"),
    (heapq, "heapify heappop heappush heappushpop heapreplace merge nlargest nsmallest"),
    (itertools, "accumulate chain combinations count cycle groupby islice pairwise"),
    (itertools, "permutations product repeat starmap takewhile zip_longest"),
    (math, "ceil comb dist factorial floor gcd hypot inf isqrt lcm log log2 perm pi prod sqrt"),
    (bisect, "bisect_left bisect_right insort insort_left insort_right"),
    (copy, "deepcopy"),
    (operator, "attrgetter itemgetter"),
)
MODULES = (bisect, collections, copy, functools, heapq, itertools, json, math, operator)
# Taken before solution.py can put something else in their place.
dumps, write, show = json.dumps, os.write, sys.excepthook


def without_us(kind, error, trace):
    """A traceback begins in solution.py."""
    while trace and trace.tb_frame.f_globals.get("CALL") is CALL:
        trace = trace.tb_next
    show(kind, error.with_traceback(trace), trace)


def main():
    sys.excepthook = without_us
    sys.setrecursionlimit(100_000)
    for module, names in OFFERED:
        for name in names.split():
            setattr(builtins, name, getattr(module, name))
    for module in (*MODULES, random, re, string, sys, typing):
        setattr(builtins, module.__name__, module)
    arguments = [json.loads(line) for line in sys.stdin.buffer if line.strip()]
    kinds, back = CALL["parameters"], None
    if CALL["converts"]:
        from assay_values import back, there

        arguments = [there(kind, value) for kind, value in zip(kinds, arguments)]
    import solution

    name, place = CALL["function"], CALL["inPlace"]
    if hasattr(solution, "Solution") and hasattr(solution.Solution, name):
        call = getattr(solution.Solution(), name)
    elif hasattr(solution, name):
        call = getattr(solution, name)
    else:
        sys.exit(f"solution.py has neither a method Solution.{name} nor a function {name}")
    result = call(*arguments)
    if place is not None:
        count, result = result, arguments[place]
    if back:
        result = back(CALL["result"], result)
    if CALL["cut"]:
        result = [count, result]
    text = dumps(result).encode() + b"\n"
    # Appending: whatever else is written there makes it two values, which is none.
    fd = os.open(".assay-result", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    while text:
        text = text[write(fd, text) :]
    os.close(fd)


main()
