import sys
from math import dist

numbers = list(map(int, sys.stdin.buffer.read().split()))
trees = sorted(set(zip(numbers[1::2], numbers[2::2])))


def half(places):
    """One side of the hull, from its first to its last tree."""
    hull = []
    for x, y in places:
        while len(hull) > 1:
            (a, b), (c, d) = hull[-2:]
            if (c - a) * (y - b) - (d - b) * (x - a) > 0:
                break
            hull.pop()
        hull.append((x, y))
    return hull


fence = half(trees) + half(trees[::-1])
print(sum(dist(a, b) for a, b in zip(fence, fence[1:])))
