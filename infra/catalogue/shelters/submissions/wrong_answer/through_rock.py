# As the crow flies.
import sys

rows, columns, *lines = sys.stdin.read().split()
free = [(y, x) for y, line in enumerate(lines) for x, field in enumerate(line) if field != "#"]
shelters = [(y, x) for y, x in free if lines[y][x] == "S"]
print(max(min(abs(y - v) + abs(x - u) for v, u in shelters) for y, x in free))
