"""Exit code 42 if the input is what the statement promises."""

import re
import sys

first, *lines, last = sys.stdin.read().split("\n")
number = r"(0|[1-9][0-9]{0,3})(\.[0-9]{1,3})?"
assert last == "" and re.fullmatch("[1-9][0-9]{0,3}", first)
assert len(lines) == int(first) <= 1000
for line in lines:
    assert re.fullmatch(f"{number} {number}", line)
    assert all(0.001 <= float(word) <= 1000 for word in line.split(" "))
sys.exit(42)
