"""Exit code 42 if the input is what the statement promises."""

import re
import sys

assert re.fullmatch(r"[a-z.<]{1,200000}\n", sys.stdin.read())
sys.exit(42)
