# Wraps the trees like a gift. Never comes back to where it began if that is a double tree.
import sys
from math import dist

numbers = list(map(int, sys.stdin.buffer.read().split()))
trees = list(zip(numbers[1::2], numbers[2::2]))
start = now = min(reversed(range(len(trees))), key=trees.__getitem__)
length = 0.0
while True:
    a, b = trees[now]
    best = None
    for i, (x, y) in enumerate(trees):
        if i == now:
            continue
        if best is not None:
            c, d = trees[best]
            side = (c - a) * (y - b) - (d - b) * (x - a)
            if side > 0 or side == 0 and dist((a, b), (x, y)) <= dist((a, b), (c, d)):
                continue
        best = i
    if best is None:
        break
    length += dist((a, b), trees[best])
    now = best
    if now == start:
        break
print(length)
