"""Exit code 42 if the input is that of a first run."""

import re
import sys

found = re.fullmatch(r"send\n(0|[1-9][0-9]{0,6})\n", sys.stdin.read())
assert found and int(found[1]) < int("{{limit}}")
sys.exit(42)
