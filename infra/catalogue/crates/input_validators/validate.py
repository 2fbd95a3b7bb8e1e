"""Exit code 42 if the input is what the statement promises."""

import re
import sys

first, *lines, last = sys.stdin.read().split("\n")
assert last == "" and re.fullmatch("[1-9][0-9]{0,5}", first)
assert len(lines) == int(first) <= 10**5
for line in lines:
    assert re.fullmatch("[1-9][0-9]{0,6} [1-9][0-9]{0,6}", line)
    assert max(map(int, line.split(" "))) <= 10**6
sys.exit(42)
