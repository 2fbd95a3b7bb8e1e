"""Exit code 42 if the input is what the statement promises."""

import re
import sys

lines = sys.stdin.read().split("\n")
number = r"[1-9][0-9]*"
assert len(lines) == 3 and lines[2] == ""
assert re.fullmatch(f"{number} {number}", lines[0])
assert re.fullmatch(f"{number}( {number})*", lines[1])
n, k = map(int, lines[0].split(" "))
sizes = [int(word) for word in lines[1].split(" ")]
assert 1 <= k <= n <= 10**5 and len(sizes) == n and max(sizes) <= 10**9
sys.exit(42)
