"""Exit code 42 if the input is what the statement promises."""

import re
import sys

first, *lines, last = sys.stdin.read().split("\n")
assert last == "" and re.fullmatch("[1-9][0-9]{0,3} [1-9][0-9]{0,3}", first)
rows, columns = map(int, first.split(" "))
assert len(lines) == rows <= 1000 and columns <= 1000
assert all(re.fullmatch(f"[.#S]{{{columns}}}", line) for line in lines)
assert any("S" in line for line in lines)
sys.exit(42)
