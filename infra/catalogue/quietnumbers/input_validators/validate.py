"""Exit code 42 if the input is what the statement promises for a group: validate.py [group]."""

import re
import sys

text = sys.stdin.read()
assert re.fullmatch("(0|[1-9][0-9]{0,18}) (0|[1-9][0-9]{0,18})\n", text)
a, b = map(int, text.split(" "))
assert a <= b <= 10**18
assert "group1" not in sys.argv or b <= 10**4
assert "group2" not in sys.argv or b - a <= 10**4
sys.exit(42)
