"""Exit code 42 if the input is what the statement promises."""

import re
import sys

first, *lines, last = sys.stdin.read().split("\n")
assert last == "" and re.fullmatch("[1-9][0-9]?", first) and len(lines) == int(first) <= 50
for line in lines:
    assert re.fullmatch("[ -~]{1,60}", line) and line == line.strip()
sys.exit(42)
