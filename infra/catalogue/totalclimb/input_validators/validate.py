"""Exit code 42 if the input is what the statement promises."""

import re
import sys

lines = sys.stdin.read().split("\n")
number = r"(0|[1-9][0-9]*)"
assert len(lines) == 3 and lines[2] == ""
assert re.fullmatch(number, lines[0]) and re.fullmatch(f"{number}( {number})*", lines[1])
heights = [int(word) for word in lines[1].split(" ")]
assert 1 <= int(lines[0]) <= 10**5 and len(heights) == int(lines[0])
assert max(heights) <= 9000
sys.exit(42)
