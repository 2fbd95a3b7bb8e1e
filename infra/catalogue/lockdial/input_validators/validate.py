"""Exit code 42 if the input is right: n, and the number that opens the safe."""

import re
import sys

text = sys.stdin.read()
assert re.fullmatch(r"[1-9][0-9]{0,9} [1-9][0-9]{0,9}\n", text)
n, number = map(int, text.split())
assert number <= n <= 10**9
sys.exit(42)
