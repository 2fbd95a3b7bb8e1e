"""Exit code 42 if the input is right: n, and the heights of a ridge."""

import re
import sys

lines = sys.stdin.read().split("\n")
assert len(lines) == 3 and lines[2] == ""
assert re.fullmatch("[1-9][0-9]{0,3}", lines[0]) and re.fullmatch("[0-9]+( [0-9]+)*", lines[1])
heights = [int(word) for word in lines[1].split(" ")]
assert int(lines[0]) == len(heights) <= 1000 and max(heights) <= 9000
summit = heights.index(max(heights))
assert heights[: summit + 1] == sorted(heights[: summit + 1])
assert heights[summit:] == sorted(heights[summit:], reverse=True)
assert len(set(heights)) == len(heights)
sys.exit(42)
