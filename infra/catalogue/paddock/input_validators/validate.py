"""Exit code 42 if the input is what the statement promises."""

import re
import sys

first, *lines, last = sys.stdin.read().split("\n")
number = "(0|-?[1-9][0-9]{0,6})"
assert last == "" and re.fullmatch("[1-9][0-9]{0,5}", first)
assert len(lines) == int(first) <= 10**5
for line in lines:
    assert re.fullmatch(f"{number} {number}", line)
    assert all(abs(int(word)) <= 10**6 for word in line.split(" "))
sys.exit(42)
