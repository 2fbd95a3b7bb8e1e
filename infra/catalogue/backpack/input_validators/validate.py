"""Exit code 42 if the input is what the statement promises for a group: validate.py --group G."""

import re
import sys

GROUPS = {"1": (15, 10**9), "2": (40, 10**9), "3": (100, 2000)}
group = sys.argv[2] if sys.argv[1:2] == ["--group"] else ""
most, heaviest = GROUPS.get(group, (100, 10**9))

first, *lines, last = sys.stdin.read().split("\n")
assert last == "" and re.fullmatch("[1-9][0-9]{0,2} [1-9][0-9]{0,9}", first)
n, c = map(int, first.split(" "))
assert n <= most and c <= heaviest and len(lines) == n
for line in lines:
    assert re.fullmatch("[1-9][0-9]{0,6} [1-9][0-9]{0,6}", line)
    assert max(map(int, line.split(" "))) <= 10**6
if group == "2":
    assert len({line.split(" ")[0] for line in lines}) == 1
sys.exit(42)
