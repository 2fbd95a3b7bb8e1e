"""Exit code 42 if the input is what the statement promises."""

import re
import sys

text = sys.stdin.read()
assert re.fullmatch(r"[1-9][0-9]{0,18}\n", text) and int(text) <= 10**18
sys.exit(42)
