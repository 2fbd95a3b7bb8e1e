"""Exit code 42 if the input is what the statement promises."""

import re
import sys

first, *lines, last = sys.stdin.read().split("\n")
assert last == "" and re.fullmatch("[1-9][0-9]{0,5} (0|[1-9][0-9]{0,5})", first)
n, m = map(int, first.split(" "))
assert n <= 10**5 and len(lines) == m <= 2 * 10**5
for line in lines:
    assert re.fullmatch("[1-9][0-9]{0,5} [1-9][0-9]{0,5}", line)
    a, b = map(int, line.split(" "))
    assert a != b and max(a, b) <= n
sys.exit(42)
